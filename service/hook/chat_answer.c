/* What streams and whole answers share: one insert a text, fed with what JSON strings say; trouble costs links, never text. */
#include "hook/chat.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DELTA (1u << 20)
#define MAX_TOLD (4u << 20)

enum dialect dialect_of(struct str path)
{
	if (str_eq(path, STR("/v1/chat/completions")))
		return DIALECT_COMPLETIONS;
	if (str_eq(path, STR("/v1/responses")))
		return DIALECT_RESPONSES;
	return str_eq(path, STR("/v1/messages")) ? DIALECT_MESSAGES : DIALECT_NONE;
}

static const char *error_type(enum dialect d, int status)
{
	if (d == DIALECT_MESSAGES && (status == 401 || status == 403))
		return status == 401 ? "authentication_error" : "permission_error";
	if (status == 429)
		return "rate_limit_error";
	if (status >= 500)
		return d == DIALECT_MESSAGES ? "api_error" : "server_error";
	return status == 404 && d == DIALECT_MESSAGES ? "not_found_error" : "invalid_request_error";
}

void dialect_error(enum dialect d, int status, const char *code, struct str message, struct buf *out)
{
	const char *type = error_type(d, status);
	if (d == DIALECT_MESSAGES)
		buf_printf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", type);
	else
		buf_put(out, STR("{\"error\":{\"message\":"));
	buf_put_json(out, message);
	if (d == DIALECT_MESSAGES)
		buf_put(out, STR("}}"));
	else
		buf_printf(out, ",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}", type, code);
}

void chat_init(struct chat *c, enum dialect d, struct shelf *s, const struct insert_request *q)
{
	*c = (struct chat){.dialect = d, .q = q, .sequence = -1, .prompt_tokens = -1, .completion_tokens = -1};
	c->shelf = s ? shelf_ref(s) : NULL;
	buf_init(&c->scratch, MAX_DELTA);
	buf_init(&c->text, 2 * MAX_DELTA);
	buf_init(&c->body, 4 * MAX_DELTA);
	buf_init(&c->head, 4096);
	sse_init(&c->sse);
}

void chat_prepare(struct chat *c)
{
	if (insert_new(c->shelf, c->q, &c->ready, NULL) != OK)
		c->ready = NULL;
}

static void choice_done(struct chat_choice *k)
{
	insert_free(k->in);
	buf_done(&k->came);
	buf_done(&k->gave);
	free((void *)(uintptr_t)k->item.p);
}

void chat_done(struct chat *c)
{
	insert_free(c->ready);
	for (size_t i = 0; i < c->count; i++)
		choice_done(&c->choice[i]);
	free(c->choice);
	buf_done(&c->scratch);
	buf_done(&c->text);
	buf_done(&c->body);
	buf_done(&c->head);
	sse_done(&c->sse);
	if (c->shelf)
		shelf_unref(c->shelf);
	c->shelf = NULL;
}

struct chat_choice *chat_choice_find(struct chat *c, int64_t index)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->choice[i].index == index)
			return &c->choice[i];
	return NULL;
}

struct chat_choice *chat_choice_of(struct chat *c, int64_t index)
{
	struct chat_choice *k = chat_choice_find(c, index);
	if (k)
		return k;
	struct chat_choice *more = c->count < CHAT_MAX_CHOICES ? realloc(c->choice, (c->count + 1) * sizeof *more) : NULL;
	if (!more)
		return NULL;
	c->choice = more;
	k = &more[c->count++];
	*k = (struct chat_choice){.index = index};
	buf_init(&k->came, MAX_TOLD);
	buf_init(&k->gave, MAX_TOLD);
	return k;
}

/* ---- feeding ------------------------------------------------------------------------------- */

/* Texts of one answer come one after the other: the later ones are decided as if the earlier had been said before. */
static enum status begin_later(struct chat *c, struct chat_choice *k)
{
	struct insert_request q = *c->q;
	struct insert_turn *turn = malloc((q.turn_count + c->count) * sizeof *turn);
	if (!turn)
		return E_NOMEM;
	if (q.turn_count)
		memcpy(turn, q.turns, q.turn_count * sizeof *turn);
	for (size_t i = 0; i < c->count; i++)
		if (c->choice[i].gave.n)
			turn[q.turn_count++] = (struct insert_turn){STR("assistant"), buf_str(&c->choice[i].gave)};
	q.turns = turn;
	enum status s = insert_new(c->shelf, &q, &k->in, NULL);
	free(turn);
	return s;
}

static bool has_insert(struct chat *c, struct chat_choice *k)
{
	bool later = c->dialect != DIALECT_COMPLETIONS && c->count > 1;
	if (k->in)
		return true;
	k->begun = true;
	if (!later && c->ready) {
		k->in = c->ready;
		c->ready = NULL;
	} else if ((later ? begin_later(c, k) : insert_new(c->shelf, c->q, &k->in, NULL)) != OK) {
		k->in = NULL;
		metric_add(METRIC_INSERT_UNAVAILABLE, 1);
	}
	k->idle = k->in && insert_idle(k->in);
	return k->in != NULL;
}

static void remember(struct chat *c, struct chat_choice *k, struct str came, struct str gave)
{
	k->fed += came.n;
	k->put += gave.n;
	if (c->dialect == DIALECT_COMPLETIONS)
		return;
	buf_put(&k->came, came);
	buf_put(&k->gave, gave);
}

void chat_give_up(struct chat *c, struct chat_choice *k, struct buf *out)
{
	size_t before = out->n;
	if (k->in && !k->closed)
		insert_abandon(k->in, out);
	remember(c, k, STR_NONE, str_sub(buf_str(out), before, out->n));
	k->closed = true;
}

void chat_finish(struct chat *c, struct chat_choice *k, struct buf *out)
{
	size_t before = out->n;
	if (k->closed)
		return;
	k->finished = k->in && insert_finish(k->in, out) == OK;
	if (k->finished)
		remember(c, k, STR_NONE, str_sub(buf_str(out), before, out->n));
	else
		chat_give_up(c, k, out);
	k->closed = true;
}

bool chat_feed(struct chat *c, struct chat_choice *k, struct str value)
{
	buf_clear(&c->scratch);
	buf_clear(&c->text);
	if (!has_insert(c, k) || !span_text(value, &k->high, &c->scratch)) {
		chat_give_up(c, k, &c->text);
		chat_pass(c, k, value);
		return false;
	}
	struct str said = buf_str(&c->scratch);
	if (insert_feed(k->in, said, &c->text) != OK) { /* as if these bytes had not come */
		insert_abandon(k->in, &c->text);
		err_ignore(insert_feed(k->in, said, &c->text)); /* passes */
		k->closed = true;
	}
	remember(c, k, said, buf_str(&c->text));
	return true;
}

void chat_pass(struct chat *c, struct chat_choice *k, struct str value)
{
	uint32_t high = 0;
	buf_clear(&c->scratch);
	k->begun = true;
	if (span_text(value, &high, &c->scratch) && !high)
		remember(c, k, buf_str(&c->scratch), buf_str(&c->scratch));
	else
		k->came.failed = true; /* what was told is not known: it is not told again in our words */
}

bool chat_whole_text(struct chat *c, struct chat_choice *k, struct str value)
{
	bool fine = chat_feed(c, k, value) && !k->high && !k->closed;
	chat_finish(c, k, &c->text);
	if (!fine) { /* what is not changed is not counted */
		insert_free(k->in);
		k->in = NULL;
	}
	return fine;
}

void chat_put_text(struct chat_choice *k, struct str text, bool last, struct buf *out)
{
	buf_put_json(out, text);
	if (!last || !k->high)
		return;
	out->n -= !out->failed;
	buf_printf(out, "\\u%04x\"", k->high);
	k->high = 0;
}

/* ---- annotations of the upstream ------------------------------------------------------------- */

static bool is_offset(struct str key, bool *end)
{
	*end = str_eq(key, STR("\"end_index\""));
	return *end || str_eq(key, STR("\"start_index\""));
}

/* Offsets stand in the annotation itself or in the object that it is named for. */
static void shift_in(const struct chat_choice *k, struct str object, struct str all, size_t *copied, struct buf *out, int depth)
{
	struct span_walk w;
	struct str key, value;
	int64_t index;
	bool end;
	span_enter(&w, object);
	while (!out->failed && span_member(&w, &key, &value)) {
		if (span_is(value, '{') && depth > 0)
			shift_in(k, value, all, copied, out, depth - 1);
		if (!is_offset(key, &end) || !span_integer(value, &index) || index < 0)
			continue;
		size_t from = (size_t)(value.p - all.p);
		buf_put(out, str_sub(all, *copied, from));
		buf_printf(out, "%lld", (long long)insert_shift(k->in, index, end));
		*copied = from + value.n;
	}
}

bool chat_shift(const struct chat_choice *k, struct str annotations, struct buf *out)
{
	struct span_walk w;
	struct str item;
	size_t copied = 0;
	if (!k->in || (!span_is(annotations, '[') && !span_is(annotations, '{')))
		return false;
	span_enter(&w, annotations);
	if (span_is(annotations, '{'))
		shift_in(k, annotations, annotations, &copied, out, 1);
	else
		while (!out->failed && span_item(&w, &item))
			if (span_is(item, '{'))
				shift_in(k, item, annotations, &copied, out, 1);
	buf_put(out, str_sub(annotations, copied, annotations.n));
	return copied > 0;
}

/* ---- edits ---------------------------------------------------------------------------------------- */

void rewrite_at(struct rewriting *r, struct str value)
{
	size_t from = (size_t)(value.p - r->raw.p);
	buf_put(r->out, str_sub(r->raw, r->copied, from));
	r->copied = from + value.n;
}

void rewrite_rest(struct rewriting *r)
{
	buf_put(r->out, str_sub(r->raw, r->copied, r->raw.n));
	r->copied = r->raw.n;
}

void rewrite_notes(struct rewriting *r, const struct chat_choice *k, struct str notes)
{
	struct buf moved;
	buf_init(&moved, MAX_DELTA);
	if (notes.n && chat_shift(k, notes, &moved) && !moved.failed) {
		rewrite_at(r, notes);
		buf_put(r->out, buf_str(&moved));
	}
	buf_done(&moved);
}

void rewrite_all_notes(struct rewriting *r, const struct chat_choice *k, struct str notes)
{
	struct buf all;
	buf_init(&all, MAX_DELTA);
	if (!notes.n)
		buf_put(&all, STR(",\"annotations\":["));
	else if (!span_is(notes, '[') || !chat_shift(k, notes, &all)) {
		buf_clear(&all);
		buf_put(&all, span_is(notes, '[') ? notes : STR("[]"));
	}
	if (all.failed) { /* too long to be taken along: theirs stay as they are */
		buf_done(&all);
		return;
	}
	all.n -= notes.n != 0; /* its bracket */
	size_t before = all.n;
	struct str theirs = buf_str(&all);
	if (notes.n && str_trim(str_sub(theirs, 1, theirs.n)).n)
		buf_putc(&all, ',');
	bool cited = k->in && insert_citations(k->in, r->c->dialect == DIALECT_RESPONSES, &all);
	if (!cited)
		all.n = before;
	buf_putc(&all, ']');
	if (!all.failed && (cited || (notes.n && span_is(notes, '[') && !str_eq(buf_str(&all), notes)))) {
		if (notes.n)
			rewrite_at(r, notes);
		buf_put(r->out, buf_str(&all));
	}
	buf_done(&all);
}

bool chat_whole(struct chat *c, struct str body, struct buf *out)
{
	static void (*const whole[])(struct rewriting *r, struct str root) = {
		[DIALECT_COMPLETIONS] = completions_whole, [DIALECT_RESPONSES] = responses_whole, [DIALECT_MESSAGES] = messages_whole};
	struct rewriting r = {.c = c, .raw = body, .out = out};
	struct str root;
	size_t before = out->n;
	if (!span_document(body, &root) || !span_is(root, '{'))
		return false;
	whole[c->dialect](&r, root);
	bool trouble = r.bad || out->failed;
	for (size_t i = 0; trouble && i < c->count; i++) {
		insert_free(c->choice[i].in);
		c->choice[i].in = NULL;
	}
	if (trouble || r.copied == 0) {
		out->n = before;
		out->failed = false;
		return false;
	}
	rewrite_rest(&r);
	return !out->failed;
}

/* ---- the end ------------------------------------------------------------------------------------ */

void chat_read_usage(struct chat *c, struct str usage)
{
	struct span_walk w;
	struct str key, value;
	int64_t n;
	if (!span_is(usage, '{'))
		return;
	span_enter(&w, usage);
	while (span_member(&w, &key, &value))
		if (span_integer(value, &n) && n >= 0) {
			if (str_eq(key, STR("\"prompt_tokens\"")) || str_eq(key, STR("\"input_tokens\"")))
				c->prompt_tokens = n;
			else if (str_eq(key, STR("\"completion_tokens\"")) || str_eq(key, STR("\"output_tokens\"")))
				c->completion_tokens = n;
		}
}

/* Of a choice that did not come to its end only what went out counts. */
static bool counts(struct chat *c, struct chat_choice *k)
{
	if (!k->in || k->finished)
		return k->in != NULL;
	if (k->put + insert_held(k->in) <= k->fed)
		return false;
	buf_clear(&c->text);
	chat_give_up(c, k, &c->text);
	return insert_linked(k->in);
}

void chat_book(const struct insert *in, void (*record)(void *arg, const struct ledger_insertion *rec), void *arg)
{
	struct ledger_insertion rec;
	metric_add(insert_linked(in) ? METRIC_INSERT_LINKED : METRIC_INSERT_NONE, 1);
	if (!insert_record(in, now_ms(), &rec))
		return;
	for (uint32_t n = 0; n < rec.link_count; n++)
		metric_add(METRIC_LINKS, !rec.link[n].existing);
	if (record)
		record(arg, &rec);
}

void chat_record(struct chat *c, void (*record)(void *arg, const struct ledger_insertion *rec), void *arg)
{
	bool first = true;
	for (size_t i = 0; i < c->count; i++) {
		struct chat_choice *k = &c->choice[i];
		if (!counts(c, k))
			continue;
		insert_usage(k->in, first ? c->prompt_tokens : -1, first ? c->completion_tokens : -1);
		first = false;
		chat_book(k->in, record, arg);
	}
}

uint32_t chat_links(const struct chat *c)
{
	uint32_t n = 0;
	for (size_t i = 0; i < c->count; i++)
		n += c->choice[i].in ? insert_link_count(c->choice[i].in) : 0;
	return n;
}
