/* The same request on two shelves, and the links that differ. Nothing is recorded. */
#include "flow/core.h"

static struct str merchant_of(const struct insert *in, const struct product *p)
{
	return catalog_merchant_of(in->shelf->catalog, p)->id;
}

/* Numbers of products belong to one snapshot: across two, merchant and id count. */
static bool same_product(const struct insert *a, const struct placed *x, const struct insert *b, const struct placed *y)
{
	const struct product *p = catalog_product(a->shelf->catalog, x->product), *q = catalog_product(b->shelf->catalog, y->product);
	return str_eq(p->id, q->id) && str_eq(merchant_of(a, p), merchant_of(b, q));
}

/* Links on the same words, or, where they stand on none, of the same product. */
static bool same_place(const struct insert *a, const struct placed *x, const struct insert *b, const struct placed *y)
{
	if (x->on_words != y->on_words)
		return false;
	return x->on_words ? x->start == y->start && x->end == y->end : same_product(a, x, b, y);
}

static const struct placed *find_place(const struct insert *in, const struct placed *x, const struct insert *of)
{
	for (uint32_t i = 0; i < in->placed_count; i++)
		if (same_place(of, x, in, &in->placed[i]))
			return &in->placed[i];
	return NULL;
}

static void put_place(const struct insert *in, const struct placed *x, struct buf *out)
{
	if (!x->on_words) {
		buf_put(out, STR("{\"start\":null,\"end\":null,\"text\":null"));
		return;
	}
	buf_printf(out, "{\"start\":%u,\"end\":%u,\"text\":", x->start, x->end);
	buf_put_json(out, str_sub(buf_str(&in->raw), x->start, x->end));
}

static void put_side(const char *name, const struct insert *in, const struct placed *x, struct buf *out)
{
	buf_printf(out, ",\"%s\":", name);
	flow_product_json(in->shelf, catalog_product(in->shelf->catalog, x->product), out);
}

/* The links of `in` that `other` has not, as a JSON list; how many. */
static uint64_t put_only(const struct insert *in, const struct insert *other, struct buf *out)
{
	uint64_t n = 0;
	buf_putc(out, '[');
	for (uint32_t i = 0; i < in->placed_count; i++) {
		const struct placed *x = &in->placed[i];
		if (find_place(other, x, in))
			continue;
		if (n++)
			buf_putc(out, ',');
		put_place(in, x, out);
		put_side("product", in, x, out);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	return n;
}

static uint64_t put_changed(const struct insert *a, const struct insert *b, struct buf *out)
{
	uint64_t n = 0;
	buf_putc(out, '[');
	for (uint32_t i = 0; i < a->placed_count; i++) {
		const struct placed *x = &a->placed[i], *y = find_place(b, x, a);
		if (!y || same_product(a, x, b, y))
			continue;
		if (n++)
			buf_putc(out, ',');
		put_place(a, x, out);
		put_side("a", a, x, out);
		put_side("b", b, y, out);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	return n;
}

static void put_reason(const char *name, const struct insert *in, struct buf *out)
{
	buf_printf(out, "\"%s\":", name);
	if (in->placed_count > 0)
		buf_put(out, STR("\"linked\""));
	else
		buf_put_json(out, in->reason);
}

static void put_head(const struct insert_request *r, const struct replay *so_far, struct buf *out)
{
	buf_printf(out, "%s\n{\"request\":%llu,\"id\":", so_far->different + so_far->failed ? "," : "", (unsigned long long)so_far->requests);
	buf_put(out, r->id_json.n ? r->id_json : STR("null"));
}

static void put_difference(const struct insert *a, const struct insert *b, const struct insert_request *r, struct replay *to, struct buf *out)
{
	size_t before = out->n;
	put_head(r, to, out);
	buf_put(out, STR(",\"decision\":{"));
	put_reason("a", a, out);
	buf_putc(out, ',');
	put_reason("b", b, out);
	buf_put(out, STR("},\"only_a\":"));
	uint64_t only_a = put_only(a, b, out);
	buf_put(out, STR(",\"only_b\":"));
	uint64_t only_b = put_only(b, a, out);
	buf_put(out, STR(",\"changed\":"));
	uint64_t changed = put_changed(a, b, out);
	buf_putc(out, '}');
	to->links_a += a->placed_count;
	to->links_b += b->placed_count;
	to->only_a += only_a;
	to->only_b += only_b;
	to->changed += changed;
	if (only_a + only_b + changed > 0)
		to->different++;
	else
		out->n = before;
}

void replay_request(struct shelf *a, struct shelf *b, const struct insert_request *r, struct replay *to, struct buf *out)
{
	struct insert *x = NULL, *y = NULL;
	struct buf answer;
	buf_init(&answer, (size_t)64 << 20);
	insert_whole(a, r, &x, &answer);
	buf_clear(&answer);
	insert_whole(b, r, &y, &answer);
	buf_done(&answer);
	to->requests++;
	if (x && y) {
		put_difference(x, y, r, to, out);
	} else {
		put_head(r, to, out);
		buf_put(out, STR(",\"error\":\"it could not be worked on\"}"));
		to->failed++;
	}
	insert_free(x);
	insert_free(y);
}

void replay_write_totals(const struct replay *t, struct buf *out)
{
	buf_printf(out, "{\"requests\":%llu,\"different\":%llu,\"failed\":%llu,\"links_a\":%llu,\"links_b\":%llu,", (unsigned long long)t->requests,
		(unsigned long long)t->different, (unsigned long long)t->failed, (unsigned long long)t->links_a, (unsigned long long)t->links_b);
	buf_printf(out, "\"only_a\":%llu,\"only_b\":%llu,\"changed\":%llu}", (unsigned long long)t->only_a, (unsigned long long)t->only_b,
		(unsigned long long)t->changed);
}
