/* What goes back upstream: text that carries our own links, labels and closing blocks, as it was before we put them there, so that a model
 * does not learn to write our markup. own.c knows our markup; here its cuts are taken out. */
#include "flow/core.h"

#include <stdlib.h>

/* A look that costs nothing for the texts that cannot hold anything of ours. */
static bool may_be_ours(const struct place_policy *p, struct str text)
{
	if (str_find(text, STR("]("), 0) < text.n)
		return true;
	for (size_t i = 0; i < place_locale_count(p); i++)
		if (str_find(text, place_locale_at(p, i)->notice, 0) < text.n)
			return true;
	return false;
}

/* Where the text before a closing block or notice ends: the gap above it is ours too. */
static size_t above(struct str raw, size_t at)
{
	while (at > 0 && raw.p[at - 1] == '\n')
		at--;
	return at;
}

static void put_rest(const struct own *o, struct str raw, struct buf *out)
{
	size_t from = 0;
	for (uint32_t i = 0; i < o->cut_count; i++) {
		const struct own_cut *c = &o->cut[i];
		bool closing = (o->notice_seen || o->tail_seen) && str_trim(str_sub(raw, c->to, raw.n)).n == 0 && (c->from == 0 || raw.p[c->from - 1] == '\n');
		size_t to = closing ? above(raw, c->from) : c->from;
		if (to > from)
			buf_put(out, str_sub(raw, from, to));
		from = closing ? raw.n : c->to;
	}
	buf_put(out, str_sub(raw, from, raw.n));
}

bool flow_restore(struct shelf *s, struct str text, struct buf *out)
{
	if (text.n > INSERT_MAX_ANSWER || !may_be_ours(s->rules->policy, text))
		return false;
	struct insert *in = calloc(1, sizeof *in);
	if (!in)
		return false;
	in->shelf = s;
	in->text = text_new(INSERT_MAX_ANSWER);
	buf_init(&in->raw, INSERT_MAX_ANSWER);
	buf_put(&in->raw, text);
	bool ours = in->text && !in->raw.failed && own_feed(in) == OK && own_finish(in) == OK && in->own.cut_count > 0;
	if (ours)
		put_rest(&in->own, buf_str(&in->raw), out);
	text_free(in->text);
	buf_done(&in->raw);
	free(in);
	return ours;
}

/* ---- indexes into an answer that others have made ---------------------------------------- */

int64_t flow_points(struct str s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

int64_t insert_shift(const struct insert *in, int64_t index, bool end)
{
	int64_t more = 0;
	for (uint32_t i = 0; i < in->edit_count; i++) {
		const struct edit *e = &in->edit[i];
		if (end ? e->before >= index : e->before > index)
			break;
		more += e->more;
	}
	return index + more;
}

void insert_usage(struct insert *in, int64_t prompt_tokens, int64_t completion_tokens)
{
	in->r.prompt_tokens = prompt_tokens;
	in->r.completion_tokens = completion_tokens;
}
