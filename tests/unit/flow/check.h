/* The universal checks of an insert (API.md section 2): edits are the whole truth, stream == whole, own output unchanged, the page stays. */
#ifndef CHECK_H
#define CHECK_H

#include "kit.h"
#include "../page.h"

#include <jansson.h>

struct checked {
	char *answer; /* the output, malloc'd */
	json_t *response;
	size_t most_held;
};

static inline void checked_done(struct checked *c)
{
	free(c->answer);
	json_decref(c->response);
}

static inline json_t *check_response(struct insert *in, struct str answer)
{
	struct buf b;
	buf_init(&b, 64u << 20);
	insert_write_json(in, &answer, 0, &b);
	json_error_t e;
	json_t *j = json_loadb(b.p, b.n, 0, &e);
	if (!j && utf8_valid(answer)) {
		fprintf(stderr, "response is not JSON: %s at %d\n%.*s\n", e.text, e.position, (int)b.n, b.p);
		abort();
	}
	buf_done(&b);
	return j;
}

/* Feeds the answer in pieces of the sizes that next() gives (0: the rest). */
static inline struct checked check_cut(struct shelf *s, const struct insert_request *r, size_t (*next)(void *), void *arg)
{
	struct insert *in = NULL;
	struct err e = {0};
	struct buf out;
	struct checked c = {0};
	buf_init(&out, 64u << 20);
	kit_ok(insert_new(s, r, &in, &e), &e);
	for (size_t at = 0; at < r->answer.n;) {
		size_t n = next ? next(arg) : 0;
		n = n == 0 || n > r->answer.n - at ? r->answer.n - at : n;
		kit_ok(insert_feed(in, str_sub(r->answer, at, at + n), &out), &e);
		at += n;
		if (insert_held(in) > c.most_held)
			c.most_held = insert_held(in);
	}
	kit_ok(insert_finish(in, &out), &e);
	c.response = check_response(in, buf_str(&out));
	c.answer = buf_steal(&out, NULL);
	insert_free(in);
	return c;
}

static inline void check_fail(const char *what, struct str a, struct str b)
{
	fprintf(stderr, "%s\n--- one\n%.*s\n--- other\n%.*s\n---\n", what, (int)a.n, a.p, (int)b.n, b.p);
	abort();
}

/* Only insertions; applied to the original they give the answer. */
static inline void check_edits(struct str original, const struct checked *c)
{
	if (!c->response)
		return; /* malformed UTF-8 cannot come through a door: only the bytes matter */
	struct buf b;
	buf_init(&b, 64u << 20);
	size_t at = 0, i;
	json_t *edit;
	json_array_foreach(json_object_get(c->response, "edits"), i, edit) {
		size_t to = (size_t)json_integer_value(json_object_get(edit, "at"));
		if (to < at || to > original.n)
			check_fail("edits out of order", original, str_of(c->answer));
		buf_put(&b, str_sub(original, at, to));
		buf_put(&b, str_of(json_string_value(json_object_get(edit, "insert"))));
		at = to;
	}
	buf_put(&b, str_sub(original, at, original.n));
	if (!str_eq(buf_str(&b), str_of(c->answer)))
		check_fail("edits do not give the answer", buf_str(&b), str_of(c->answer));
	buf_done(&b);
}

/* The rendered page less our links, labels and closing block is the original's, in every dialect. */
static inline void check_page(struct str original, const struct checked *c)
{
	if (!c->response)
		return; /* malformed UTF-8 cannot come through a door: only the bytes matter */
	static const struct str labels[] = {{" (Ad)", 5}, {" （广告）", 13}, {" （廣告）", 13}};
	const json_t *edits = json_object_get(c->response, "edits"), *last = json_array_get(edits, json_array_size(edits) - 1);
	const char *insert = json_string_value(json_object_get(last, "insert"));
	bool block = insert && (size_t)json_integer_value(json_object_get(last, "at")) == original.n && strncmp(insert, "](", 2) != 0;
	struct page_rules r = {STR(KIT_PUBLIC "/c/"), labels, ARRAY_LEN(labels), block ? str_of(insert) : STR("")};
	size_t dialect;
	if (str_find(original, r.url_prefix, 0) == original.n && !page_equal(original, str_of(c->answer), &r, &dialect))
		check_fail(dialect ? "the page changed (GitHub)" : "the page changed (CommonMark)", original, str_of(c->answer));
}

/* Its own output fed again: the same bytes, no edits, the links listed as existing. */
static inline void check_again(struct shelf *s, const struct insert_request *r, const struct checked *c)
{
	struct insert_request again = *r;
	again.answer = str_of(c->answer);
	if (again.answer.n > INSERT_MAX_ANSWER)
		return;
	struct checked d = check_cut(s, &again, NULL, NULL);
	if (!c->response || !d.response) {
		if (strcmp(d.answer, c->answer) != 0)
			check_fail("own output was changed", str_of(c->answer), str_of(d.answer));
		checked_done(&d);
		return;
	}
	if (strcmp(d.answer, c->answer) != 0 || json_array_size(json_object_get(d.response, "edits")) != 0)
		check_fail("own output was changed", str_of(c->answer), str_of(d.answer));
	size_t i;
	json_t *link;
	json_array_foreach(json_object_get(d.response, "links"), i, link)
		if (r->form != FORM_ANNOTATIONS && !json_is_true(json_object_get(link, "existing")))
			check_fail("a link is not known as existing", str_of(c->answer), str_of(json_string_value(json_object_get(link, "text"))));
	if (json_array_size(json_object_get(d.response, "links")) != json_array_size(json_object_get(c->response, "links")))
		check_fail("links were lost on the way", str_of(c->answer), str_of(d.answer));
	checked_done(&d);
}

#endif
