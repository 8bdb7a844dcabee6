/* From a catalog's URL to the shop's own. */
#include "link/unwrap.h"

#define MAX_LAYERS 4 /* of networks around a URL: more is a game */
#define MAX_BYTES 65536

/* ---- one layer ------------------------------------------------------------------------------ */

static bool starts_url(struct str s)
{
	const struct str HEADS[] = {STR("http://"), STR("https://"), STR("http%3a"), STR("https%3a")};

	for (size_t i = 0; i < ARRAY_LEN(HEADS); i++)
		if (str_eq_nocase(str_sub(s, 0, HEADS[i].n), HEADS[i]))
			return true;
	return false;
}

size_t unwrap_tail(const struct network_rule *r, struct str url, const struct url *u)
{
	size_t start = (size_t)(u->path.p - url.p), end = start + u->path.n;

	for (size_t at = start; r->tail.n > 0 && at < end; at++) {
		at = str_find(url, r->tail, at);
		if (at < end && starts_url(str_sub(url, at + r->tail.n, url.n)))
			return at + r->tail.n;
	}
	return url.n;
}

/* Only what is a URL counts. */
static bool put_destination(struct buf *out, struct str s, bool encoded)
{
	struct url u;
	size_t mark = out->n;

	if (!starts_url(s))
		return false;
	if (encoded)
		url_decode(out, s);
	else
		buf_put(out, s);
	if (!out->failed && url_split(str_sub(buf_str(out), mark, out->n), &u, NULL) == OK)
		return true;
	out->n = mark;
	return false;
}

/* The end of a path may hold the URL as it is or encoded. */
static bool put_tail(struct buf *out, struct str tail)
{
	return put_destination(out, tail, tail.n < 5 || (tail.p[4] != ':' && (tail.n < 6 || tail.p[5] != ':')));
}

bool unwrap_once(struct buf *out, const struct network_rule *r, struct str url, const struct url *u)
{
	struct str query = u->query, pair, name, value;
	size_t tail = unwrap_tail(r, url, u);

	if (tail < url.n)
		return put_tail(out, str_sub(url, tail, url.n));
	while (url_next_pair(&query, &pair, &name, &value))
		for (size_t i = 0; i < r->destination.n; i++)
			if (url_name_is(name, r->destination.p[i]) && put_destination(out, value, true))
				return true;
	return false;
}

/* ---- whose layer ---------------------------------------------------------------------------- */

static const struct network_rule *wrapper_of(const struct link_networks *n, const struct merchant *m, struct str host)
{
	const struct network_rule *own = n->of[m->network];

	if (own && network_on_host(own, m, host))
		return own;
	for (size_t i = 0; i < n->count; i++)
		if (network_on_host(&n->rule[i], NULL, host))
			return &n->rule[i];
	return NULL;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool holds_word(struct str s, struct str word)
{
	for (size_t at = str_find(s, word, 0); word.n > 0 && at < s.n; at = str_find(s, word, at + 1)) {
		size_t end = at + word.n;
		if ((at == 0 || !is_word(s.p[at - 1])) && (end == s.n || !is_word(s.p[end])))
			return true;
	}
	return false;
}

/* Both in one spelling. */
bool wrapped_is_ours(const struct network_rule *r, const struct merchant *m, struct str url)
{
	struct fill f = {.m = m};
	struct buf mark, safe_mark, safe_url;
	struct str missing;
	bool ours = r->identity.n > 0 && parameter_of_click(r, m).name.n > 0;

	buf_init(&mark, MAX_BYTES);
	buf_init(&safe_mark, MAX_BYTES);
	buf_init(&safe_url, MAX_BYTES);
	if (ours && template_fill(&mark, r->identity, &f, false, &missing)) {
		struct str rest = buf_str(&mark);
		url_put_safe(&safe_mark, str_cut(&rest, '?'));
		url_put_safe(&safe_url, url);
	}
	ours = ours && holds_word(buf_str(&safe_url), buf_str(&safe_mark));
	buf_done(&mark);
	buf_done(&safe_mark);
	buf_done(&safe_url);
	return ours;
}

/* ---- cleaning --------------------------------------------------------------------------------- */

static bool is_tracking(const struct words *strip, struct str name)
{
	for (size_t i = 0; i < strip->n; i++) {
		struct str w = strip->p[i];
		bool open = w.p[w.n - 1] == '*';
		if (open ? url_name_starts(name, str_sub(w, 0, w.n - 1)) : url_name_is(name, w))
			return true;
	}
	return false;
}

bool strips_parameter(const struct link_networks *n, const struct merchant *m, struct str name)
{
	const struct network_rule *r = n->of[m->network];

	if (is_tracking(&n->strip, name))
		return true;
	for (size_t i = 0; r && r->kind == WRAP_DIRECT && i < parameter_count(r, m); i++)
		if (url_name_is(name, parameter_at(r, m, i).name))
			return true;
	return false;
}

static void put_lower(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
}

static void put_clean(struct buf *out, const struct link_networks *n, const struct merchant *m, const struct url *u)
{
	struct str query = u->query, pair, name, value;
	char sep = '?';

	put_lower(out, u->scheme);
	buf_put(out, STR("://"));
	put_lower(out, u->host);
	if (u->port.n > 0)
		buf_printf(out, ":%.*s", STR_ARG(u->port));
	buf_put(out, u->path.n > 0 ? u->path : STR("/"));
	while (url_next_pair(&query, &pair, &name, &value)) {
		if (strips_parameter(n, m, name))
			continue;
		buf_putc(out, sep);
		buf_put(out, pair);
		sep = '&';
	}
	if (u->has_fragment) {
		buf_putc(out, '#');
		buf_put(out, u->fragment);
	}
}

/* ---- all layers ------------------------------------------------------------------------------- */

enum layer { LAYER_NONE, LAYER_OFF, LAYER_OPAQUE, LAYER_LOST };

/* Whether a parameter for the destination holds more than a number or a name: something the network might follow although
 * it reads as no URL here ("//evil.example"). */
static bool hints_destination(const struct network_rule *r, const struct url *u)
{
	struct str query = u->query, pair, name, value;

	while (url_next_pair(&query, &pair, &name, &value))
		for (size_t i = 0; i < r->destination.n; i++)
			for (size_t c = 0; url_name_is(name, r->destination.p[i]) && c < value.n; c++)
				if (!is_word(value.p[c]) && value.p[c] != '-' && value.p[c] != '_')
					return true;
	return false;
}

/* Takes one layer off: the inner URL into inner. */
static enum layer take_layer(struct bare *b, struct buf *inner, const struct link_networks *n, const struct merchant *m, struct str url,
	const struct url *u, bool outermost)
{
	const struct network_rule *r = wrapper_of(n, m, u->host);
	bool ours, tail;

	if (!r)
		return LAYER_NONE;
	ours = outermost && r == n->of[m->network] && wrapped_is_ours(r, m, url);
	tail = unwrap_tail(r, url, u) < url.n;
	if (unwrap_once(inner, r, url, u)) {
		b->kept = ours && !tail;
		return LAYER_OFF;
	}
	b->kept = b->opaque = ours && !tail && !hints_destination(r, u);
	if (b->opaque)
		return LAYER_OPAQUE;
	return merchant_has_host(m, u->host) ? LAYER_NONE : LAYER_LOST;
}

static enum status find(struct bare *b, struct buf inner[2], const struct link_networks *n, const struct merchant *m, struct str url,
	struct err *e)
{
	bool kept = false;

	for (int layer = 0; layer <= MAX_LAYERS; layer++) {
		struct buf *next = &inner[layer % 2];
		struct url u;
		enum status s = url_split(url, &u, e);
		if (s != OK)
			return s;
		buf_clear(next);
		switch (take_layer(b, next, n, m, url, &u, layer == 0)) {
		case LAYER_NONE:
			put_clean(&b->url, n, m, &u);
			b->kept = kept;
			return b->url.failed ? err_set(e, E_NOMEM, "url", "out of memory") : OK;
		case LAYER_OPAQUE:
			return OK;
		case LAYER_LOST:
			return err_set(e, E_INPUT, "url", "a network's link that does not show where it leads");
		case LAYER_OFF:
			kept = kept || b->kept;
			b->kept = false;
			url = buf_str(next);
		}
	}
	return err_set(e, E_INPUT, "url", "wrapped by too many networks");
}

enum status bare_find(struct bare *b, const struct link_networks *n, const struct merchant *m, struct str url, struct err *e)
{
	struct buf inner[2];
	enum status s;

	*b = (struct bare){0};
	buf_init(&b->url, MAX_BYTES);
	buf_init(&inner[0], MAX_BYTES);
	buf_init(&inner[1], MAX_BYTES);
	s = find(b, inner, n, m, url, e);
	buf_done(&inner[0]);
	buf_done(&inner[1]);
	return s;
}

void bare_done(struct bare *b)
{
	buf_done(&b->url);
}
