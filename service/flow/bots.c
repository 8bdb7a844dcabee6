/* Which clicks are people's, as far as the request itself tells: its headers first, then what it calls itself. */
#include "flow/bots.h"

#include <string.h>

enum { AGENT_MAX = 1024, PART_MIN = 2 };

/* ---- lists --------------------------------------------------------------------------------------- */

static unsigned bucket_of(const char *p)
{
	return ((unsigned char)p[0] * 37u + (unsigned char)p[1]) % BOT_BUCKETS;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Lists of patterns that others publish are regular expressions; most are plain text with a few escapes. False: it is not. */
static bool plain_pattern(struct str pattern, struct arena *a, struct str *out)
{
	char *to = ARENA_TAKE(a, char, pattern.n + 1);
	size_t n = 0;
	for (size_t i = 0; to && i < pattern.n; i++) {
		char c = pattern.p[i];
		if (c == '\\' && i + 1 < pattern.n && strchr("/.-+()[]{}?*|^$!:; ", pattern.p[i + 1]))
			c = pattern.p[++i];
		else if (strchr("\\[](){}*+?|$", c) || (c == '^' && i))
			return false;
		to[n++] = c;
	}
	*out = (struct str){to, n};
	return to && n;
}

/* An item of a list: the text itself, or a map with a `pattern`. */
static bool read_part(const struct doc *item, struct arena *a, struct str *out)
{
	if (item->kind == DOC_SCALAR) {
		*out = item->text;
		return true;
	}
	struct str pattern = doc_text(item, "pattern", STR_NONE);
	return item->kind == DOC_MAP && pattern.n && plain_pattern(pattern, a, out);
}

struct gathered {
	struct str *part;
	bool *anchored;
	size_t n;
};

static enum status add_part(struct gathered *g, const struct doc *item, struct arena *a, struct err *e)
{
	struct str text;
	if (!read_part(item, a, &text))
		return OK; /* an expression that this list cannot hold */
	bool anchored = text.n && text.p[0] == '^';
	text = str_sub(text, anchored, text.n);
	if (text.n < PART_MIN)
		return err_set(e, E_INPUT, "bots", "line %d: a part of a user agent has at least two characters", item->line);
	char *copy = ARENA_TAKE(a, char, text.n + 1);
	for (size_t i = 0; copy && i < text.n; i++)
		copy[i] = lower(text.p[i]);
	g->part[g->n] = (struct str){copy, copy ? text.n : 0};
	g->anchored[g->n] = anchored;
	g->n += copy != NULL;
	return OK;
}

static enum status add_list(struct gathered *g, const struct doc *list, struct arena *a, struct err *e)
{
	enum status s = OK;
	if (list && list->kind != DOC_LIST)
		return err_set(e, E_INPUT, "bots", "line %d: a list is wanted", list->line);
	for (size_t i = 0; list && i < list->count && s == OK; i++)
		s = add_part(g, &list->items[i], a, e);
	return s;
}

/* Counting sort by bucket. */
static void lay_out(struct bot_list *l, const struct gathered *g, struct arena *a)
{
	uint32_t *bucket = ARENA_TAKE(a, uint32_t, BOT_BUCKETS + 1), *next = ARENA_TAKE(a, uint32_t, BOT_BUCKETS);
	struct str *part = ARENA_TAKE(a, struct str, g->n + 1);
	bool *anchored = ARENA_TAKE(a, bool, g->n + 1);
	if (!bucket || !next || !part || !anchored)
		return;
	for (size_t i = 0; i < g->n; i++)
		bucket[bucket_of(g->part[i].p) + 1]++;
	for (size_t b = 0; b < BOT_BUCKETS; b++) {
		next[b] = bucket[b];
		bucket[b + 1] += bucket[b];
	}
	for (size_t i = 0; i < g->n; i++) {
		uint32_t at = next[bucket_of(g->part[i].p)]++;
		part[at] = g->part[i];
		anchored[at] = g->anchored[i];
	}
	*l = (struct bot_list){part, anchored, g->n, bucket};
}

static size_t items(const struct doc *list)
{
	return list ? list->count : 0;
}

static enum status read_list(struct bot_list *l, const struct doc *rules, const struct doc *own, struct arena *a, struct err *e)
{
	size_t most = items(rules) + items(own) + 1;
	struct gathered g = {ARENA_TAKE(a, struct str, most), ARENA_TAKE(a, bool, most), 0};
	if (!g.part || !g.anchored)
		return err_set(e, E_NOMEM, "bots", "out of memory");
	enum status s = add_list(&g, rules, a, e);
	if (s == OK)
		s = add_list(&g, own, a, e);
	if (s == OK)
		lay_out(l, &g, a);
	return s == OK && !l->bucket ? err_set(e, E_NOMEM, "bots", "out of memory") : s;
}

static enum status read_limits(const struct doc *rules, struct bot_rules *out, struct err *e)
{
	const struct doc *velocity = doc_get(rules, "velocity");
	enum status s = doc_int(velocity, "visitor_per_minute", 0, &out->visitor_per_minute, e);
	if (s == OK)
		s = doc_int(velocity, "network_per_minute", 0, &out->network_per_minute, e);
	if (s == OK)
		s = doc_int(rules, "scanner_ms", 0, &out->scanner_ms, e);
	if (s != OK)
		return s;
	bool sane = out->visitor_per_minute >= 0 && out->visitor_per_minute <= 1000000 && out->network_per_minute >= 0 &&
		    out->network_per_minute <= 1000000 && out->scanner_ms >= 0 && out->scanner_ms <= 60000;
	return sane ? OK : err_set(e, E_INPUT, "velocity", "limits are from 0 to 1000000, scanner_ms to 60000");
}

enum status bots_read(const struct doc *rules, const struct doc *own, struct arena *a, struct bot_rules *out, struct err *e)
{
	const char *const names[] = {"people", "previews", "bots", "devices"};
	struct bot_list *const lists[] = {&out->people, &out->previews, &out->bots, &out->devices};
	bool bare = own && own->kind == DOC_LIST;
	if (own && own->kind == DOC_SCALAR && own->text.n)
		return err_set(e, E_INPUT, "bots", "a list of parts of user agents is wanted");
	enum status s = read_limits(rules, out, e);
	for (size_t i = 0; i < ARRAY_LEN(lists) && s == OK; i++) {
		const struct doc *mine = bare ? lists[i] == &out->bots ? own : NULL : doc_get(own, names[i]);
		s = read_list(lists[i], doc_get(rules, names[i]), mine, a, e);
	}
	return s;
}

/* ---- a user agent --------------------------------------------------------------------------------- */

/* The part that stands at offset i, or NULL. */
static const struct str *found_at(const struct bot_list *l, struct str agent, size_t i)
{
	unsigned b = bucket_of(agent.p + i);
	for (uint32_t k = l->bucket[b]; k < l->bucket[b + 1]; k++)
		if ((!l->anchored[k] || i == 0) && l->part[k].n <= agent.n - i && memcmp(l->part[k].p, agent.p + i, l->part[k].n) == 0)
			return &l->part[k];
	return NULL;
}

static bool holds(const struct bot_list *l, struct str agent)
{
	for (size_t i = 0; l->count && i + PART_MIN <= agent.n; i++)
		if (found_at(l, agent, i))
			return true;
	return false;
}

/* In lower case, without the names of people's apps. */
static struct str simplify(const struct bot_list *people, struct str agent, char out[AGENT_MAX])
{
	size_t n = agent.n < AGENT_MAX ? agent.n : AGENT_MAX;
	for (size_t i = 0; i < n; i++)
		out[i] = lower(agent.p[i]);
	for (size_t i = 0; people->count && i + PART_MIN <= n; i++) {
		const struct str *p = found_at(people, (struct str){out, n}, i);
		if (!p)
			continue;
		memset(out + i, ' ', p->n);
		i += p->n - 1;
	}
	return (struct str){out, n};
}

/* "name@host.tld", as crawlers leave it; versions are written with @ too, and are digits. */
static bool has_mail(struct str s)
{
	for (size_t i = 1; i + 3 < s.n; i++) {
		if (s.p[i] != '@' || s.p[i + 1] < 'a' || s.p[i + 1] > 'z')
			continue;
		size_t dot = str_find(s, STR("."), i + 2);
		return dot + 2 < s.n && s.p[dot + 1] >= 'a' && s.p[dot + 1] <= 'z';
	}
	return false;
}

static struct bot_verdict judge_agent(const struct bot_rules *b, struct str agent)
{
	char room[AGENT_MAX];
	if (!str_trim(agent).n)
		return (struct bot_verdict){CLICK_BOT, "agent:none"};
	struct str s = simplify(&b->people, agent, room);
	if (holds(&b->previews, s))
		return (struct bot_verdict){CLICK_PREVIEW, "agent:preview"};
	if (holds(&b->bots, s))
		return (struct bot_verdict){CLICK_BOT, "agent:bot"};
	if (has_mail(s))
		return (struct bot_verdict){CLICK_BOT, "agent:address"};
	if (b->devices.count && !holds(&b->devices, s))
		return (struct bot_verdict){CLICK_BOT, "agent:no device"};
	return (struct bot_verdict){CLICK_HUMAN, ""};
}

/* ---- a request -------------------------------------------------------------------------------------- */

static bool has_word(struct str s, struct str word)
{
	for (size_t i = 0; i + word.n <= s.n; i++)
		if (str_eq_nocase(str_sub(s, i, i + word.n), word))
			return true;
	return false;
}

static bool is_prefetch(const struct follow_request *r)
{
	for (size_t i = 0; i < ARRAY_LEN(r->purpose); i++)
		if (has_word(r->purpose[i], STR("prefetch")) || has_word(r->purpose[i], STR("prerender")) ||
			has_word(r->purpose[i], STR("preview")))
			return true;
	return false;
}

struct bot_verdict bots_judge(const struct bot_rules *b, const struct follow_request *r, bool agent_seen)
{
	if (is_prefetch(r))
		return (struct bot_verdict){CLICK_PREFETCH, "header:purpose"};
	struct bot_verdict v = {CLICK_HUMAN, ""};
	if (agent_seen)
		v = judge_agent(b, r->user_agent);
	if (v.class != CLICK_HUMAN)
		return v;
	if (r->fetch_mode.n && !str_eq_nocase(r->fetch_mode, STR("navigate")))
		return (struct bot_verdict){CLICK_BOT, "fetch:mode"};
	if (r->fetch_dest.n && !str_eq_nocase(r->fetch_dest, STR("document")))
		return (struct bot_verdict){CLICK_BOT, "fetch:dest"};
	return v;
}
