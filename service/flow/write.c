/* The insert response of API.md section 2, and what the ledger keeps of it. */
#include "flow/candidate.h"

#include <stdio.h>
#include <string.h>

/* ---- small pieces ---------------------------------------------------------------------- */

static void put_member(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "\"%s\":", name);
	buf_put_json(out, value);
}

/* A number with at most 4 decimals, the same on every machine. */
static void put_score(struct buf *out, const char *name, double v)
{
	buf_printf(out, "\"%s\":%.4f", name, v < 0 ? 0 : v > 1 ? 1 : v);
}

static void put_money(struct buf *out, const char *name, struct money m)
{
	buf_printf(out, ",\"%s\":", name);
	if (m.currency[0])
		buf_printf(out, "{\"amount\":%lld,\"currency\":\"%s\"}", (long long)m.minor, m.currency);
	else
		buf_put(out, STR("null"));
}

bool flow_price_fresh(const struct insert *in, const struct product *p)
{
	int64_t days = place_limits(in->shelf->rules->policy)->price_days;
	return days == 0 || p->updated_ms == 0 || in->r.now_ms == 0 || in->r.now_ms - p->updated_ms <= days * 86400000;
}

static void put_product(const struct shelf *s, const struct product *p, bool priced, struct buf *out)
{
	const struct catalog *c = s->catalog;
	buf_put(out, STR("{"));
	put_member(out, "merchant", catalog_merchant_of(c, p)->id);
	buf_putc(out, ',');
	put_member(out, "id", p->id);
	buf_putc(out, ',');
	put_member(out, "title", p->title);
	buf_putc(out, ',');
	put_member(out, "brand", p->brand);
	buf_putc(out, ',');
	put_member(out, "category", p->category);
	put_money(out, "price", priced ? product_price(p) : (struct money){0});
	buf_putc(out, ',');
	put_member(out, "image", p->image);
	buf_putc(out, ',');
	put_member(out, "availability", availability_name(p->availability));
	buf_putc(out, '}');
}

void flow_product_json(const struct shelf *s, const struct product *p, struct buf *out)
{
	put_product(s, p, true, out);
}

static void put_parts(struct buf *out, const struct match_ranked *r)
{
	buf_putc(out, '{');
	put_score(out, "content", r->content);
	buf_putc(out, ',');
	put_score(out, "phrase", r->phrase);
	buf_putc(out, ',');
	put_score(out, "title", r->title);
	buf_putc(out, ',');
	put_score(out, "category", r->category);
	buf_putc(out, '}');
}

static void put_rivals(struct buf *out, const struct insert *in, const struct placed *p)
{
	const struct catalog *c = in->shelf->catalog;
	buf_putc(out, '[');
	for (uint32_t i = 0; i < p->rival_count; i++) {
		const struct product *r = catalog_product(c, p->rivals[i].product);
		buf_put(out, i ? STR(",{") : STR("{"));
		put_member(out, "merchant", catalog_merchant_of(c, r)->id);
		buf_putc(out, ',');
		put_member(out, "id", r->id);
		buf_putc(out, ',');
		put_score(out, "score", p->rivals[i].score);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

/* What spoke for and against the place, but what says nothing. */
static void put_facts(struct buf *out, const struct placed *p)
{
	const char *comma = "";
	buf_printf(out, ",\"chance\":%.4f,\"facts\":{", p->chance);
	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (p->pull[i] > -0.005f && p->pull[i] < 0.005f)
			continue;
		buf_printf(out, "%s\"%s\":%.2f", comma, weigh_name((enum fact)i), (double)p->pull[i]);
		comma = ",";
	}
	buf_putc(out, '}');
}

/* Parts and rivals cost bytes: only when asked to explain. */
static void put_why(struct buf *out, const struct insert *in, const struct placed *p)
{
	struct match_phrase phrase = match_phrase(in->shelf->match, p->phrase);
	buf_put(out, STR(",\"why\":{"));
	put_member(out, "phrase", phrase.text);
	buf_putc(out, ',');
	put_member(out, "kind", match_kind_name(phrase.kind));
	buf_putc(out, ',');
	put_score(out, "score", p->why.score);
	buf_put(out, STR(",\"parts\":"));
	if (in->r.explain) {
		put_parts(out, &p->why);
		buf_put(out, STR(",\"rivals\":"));
		put_rivals(out, in, p);
		buf_printf(out, ",\"telling\":%.4f,\"products\":%u", phrase.telling, phrase.total);
		if (p->on_words)
			put_facts(out, p);
	} else {
		buf_put(out, STR("{},\"rivals\":[]"));
	}
	buf_putc(out, '}');
}

/* ---- links ------------------------------------------------------------------------------------ */

/* url_citation as chat completions have it; flat: as responses do. */
static void put_citation(struct buf *out, const struct insert *in, const struct placed *p, int64_t start, int64_t end, bool flat)
{
	const struct product *product = catalog_product(in->shelf->catalog, p->product);
	buf_printf(out, "{\"type\":\"url_citation\",%s\"start_index\":%lld,\"end_index\":%lld,", flat ? "" : "\"url_citation\":{", (long long)start,
		(long long)end);
	put_member(out, "url", p->url);
	buf_put(out, STR(",\"title\":"));
	struct buf title;
	buf_init(&title, 1u << 16);
	if (in->locale)
		buf_put(&title, in->locale->title);
	buf_put(&title, product->title);
	buf_put_json(out, buf_str(&title));
	buf_done(&title);
	buf_put(out, flat ? STR("}") : STR("}}"));
}

static void put_annotation(struct buf *out, const struct insert *in, const struct placed *p)
{
	struct str raw = buf_str(&in->raw);
	buf_put(out, STR(",\"annotation\":"));
	put_citation(out, in, p, flow_points(str_sub(raw, 0, p->start)), flow_points(str_sub(raw, 0, p->end)), false);
}

size_t insert_citations(const struct insert *in, bool flat, struct buf *out)
{
	struct str raw = buf_str(&in->raw);
	size_t n = 0;
	if (!in->finished || in->abandoned || !place_limits(in->shelf->rules->policy)->renders_disclosure)
		return 0;
	for (uint32_t i = 0; i < in->placed_count; i++) {
		const struct placed *p = &in->placed[i];
		if (!p->on_words || p->existing)
			continue;
		buf_put(out, n++ ? STR(",") : STR(""));
		put_citation(out, in, p, insert_shift(in, flow_points(str_sub(raw, 0, p->start)), false),
			insert_shift(in, flow_points(str_sub(raw, 0, p->end)), true), flat);
	}
	return n;
}

static void put_link(struct buf *out, const struct insert *in, const struct placed *p)
{
	char id[LINK_ID_TEXT + 1];
	link_id_write(p->id, id);
	buf_putc(out, '{');
	buf_printf(out, "\"id\":\"lnk_%s\",", id);
	if (p->on_words) {
		buf_printf(out, "\"start\":%u,\"end\":%u,", p->start, p->end);
		put_member(out, "text", str_sub(buf_str(&in->raw), p->start, p->end));
	} else {
		buf_put(out, STR("\"start\":null,\"end\":null,\"text\":null"));
	}
	buf_putc(out, ',');
	put_member(out, "url", p->url);
	buf_put(out, STR(",\"product\":"));
	const struct product *product = catalog_product(in->shelf->catalog, p->product);
	put_product(in->shelf, product, flow_price_fresh(in, product), out);
	if (p->phrase != UINT32_MAX)
		put_why(out, in, p);
	if (!p->on_words && !p->existing && &in->placed[p->card] != p) {
		link_id_write(in->placed[p->card].id, id);
		buf_printf(out, ",\"offer_of\":\"lnk_%s\"", id);
	}
	if (p->existing)
		buf_put(out, STR(",\"existing\":true"));
	if (in->r.form == FORM_ANNOTATIONS)
		put_annotation(out, in, p);
	buf_putc(out, '}');
}

/* In order of the text; cards in order of choice. */
static void put_links(struct buf *out, const struct insert *in)
{
	uint32_t order[PLACE_MAX_LINKS];
	const uint32_t n = in->placed_count;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = i;
		for (; j > 0 && in->placed[order[j - 1]].start > in->placed[i].start; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	buf_put(out, STR(",\"links\":["));
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			buf_putc(out, ',');
		put_link(out, in, &in->placed[order[i]]);
	}
	buf_putc(out, ']');
}

static void put_edits(struct buf *out, const struct insert *in)
{
	struct str inserts = buf_str(&in->inserts);
	buf_put(out, STR(",\"edits\":["));
	for (uint32_t i = 0; i < in->edit_count; i++) {
		const struct edit *e = &in->edit[i];
		buf_printf(out, "%s{\"at\":%u,\"insert\":", i ? "," : "", e->at);
		buf_put_json(out, str_sub(inserts, e->text, e->text + e->n));
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

/* ---- the response ---------------------------------------------------------------------------------- */

static void put_intent(struct buf *out, const struct intent *i)
{
	buf_put(out, STR(",\"intent\":{"));
	put_member(out, "class", intent_class_name(i->class));
	buf_putc(out, ',');
	put_score(out, "score", i->score);
	buf_put(out, STR(",\"signals\":["));
	for (uint32_t k = 0; k < i->signal_count; k++) {
		if (k)
			buf_putc(out, ',');
		buf_put_json(out, i->signals[k]);
	}
	buf_put(out, STR("]}"));
}

static void put_fields(struct buf *out, const struct insert *in, int64_t took_us)
{
	buf_put(out, STR("\"decision\":"));
	buf_put(out, in->placed_count ? STR("\"linked\"") : STR("\"none\""));
	buf_put(out, STR(",\"reason\":"));
	if (in->abandoned)
		buf_put(out, STR("\"unavailable\""));
	else if (in->reason.n)
		buf_put_json(out, in->reason);
	else
		buf_put(out, STR("null"));
	put_intent(out, &in->intent);
	put_links(out, in);
	put_edits(out, in);
	buf_putc(out, ',');
	bool noticed = in->placed_count && in->locale;
	put_member(out, "disclosure", noticed ? in->locale->notice : STR(""));
	buf_put(out, STR(",\"caps\":"));
	caps_write(&in->caps, out);
	buf_putc(out, ',');
	put_member(out, "catalog", catalog_name(in->shelf->catalog));
	buf_printf(out, ",\"took_us\":%lld", (long long)took_us);
}

static void put_insertion(struct buf *out, const struct insert *in)
{
	char id[LINK_ID_TEXT + 1];
	link_id_write(in->insertion, id);
	buf_printf(out, "\"insertion\":\"ins_%s\",", id);
}

void insert_write_json(const struct insert *in, const struct str *answer, int64_t took_us, struct buf *out)
{
	buf_putc(out, '{');
	if (in->r.id_json.n) {
		buf_put(out, STR("\"id\":"));
		buf_put(out, in->r.id_json);
		buf_putc(out, ',');
	}
	put_insertion(out, in);
	if (answer) {
		put_member(out, "answer", *answer);
		buf_putc(out, ',');
	}
	put_fields(out, in, took_us);
	buf_putc(out, '}');
}

void insert_write_fields(const struct insert *in, int64_t took_us, struct buf *out)
{
	buf_putc(out, ',');
	if (in->r.id_json.n) {
		buf_put(out, STR("\"id\":"));
		buf_put(out, in->r.id_json);
		buf_putc(out, ',');
	}
	put_insertion(out, in);
	put_fields(out, in, took_us);
}

void insert_write_unavailable(const struct insert_request *r, int64_t took_us, struct buf *out)
{
	buf_putc(out, '{');
	if (r->id_json.n) {
		buf_put(out, STR("\"id\":"));
		buf_put(out, r->id_json);
		buf_putc(out, ',');
	}
	buf_put(out, STR("\"insertion\":null,"));
	put_member(out, "answer", r->answer);
	buf_printf(out,
		",\"decision\":\"none\",\"reason\":\"unavailable\",\"intent\":{\"class\":\"none\",\"score\":0,\"signals\":[]},\"links\":[],\"edits\":[],"
		"\"disclosure\":\"\",\"caps\":{},\"catalog\":null,\"took_us\":%lld}",
		(long long)took_us);
}

/* ---- the record --------------------------------------------------------------------------------------- */

void flow_put_name(char *out, size_t size, struct str s)
{
	struct str cut = str_sub(s, 0, size - 1);
	cut.n = utf8_whole(cut);
	if (cut.n)
		memcpy(out, cut.p, cut.n);
	out[cut.n] = '\0';
}

static struct ledger_id ledger_id_of(struct link_id id)
{
	struct ledger_id l;
	memcpy(l.b, id.b, sizeof l.b);
	return l;
}

static void record_links(const struct insert *in, struct ledger_insertion *out)
{
	const struct catalog *c = in->shelf->catalog;
	for (uint32_t i = 0; i < in->placed_count && out->link_count < LEDGER_MAX_LINKS; i++) {
		const struct placed *p = &in->placed[i];
		const struct product *product = catalog_product(c, p->product);
		struct ledger_link *l = &out->link[out->link_count++];
		*l = (struct ledger_link){.link = ledger_id_of(p->id), .product_key = product->key, .existing = p->existing};
		flow_put_name(l->merchant, sizeof l->merchant, catalog_merchant_of(c, product)->id);
		flow_put_name(l->product, sizeof l->product, product->id);
		if (p->phrase != UINT32_MAX)
			flow_put_name(l->phrase, sizeof l->phrase, match_phrase(in->shelf->match, p->phrase).text);
	}
}

bool insert_record(const struct insert *in, int64_t now, struct ledger_insertion *out)
{
	if (in->r.dry_run)
		return false;
	const struct insert_request *r = &in->r;
	*out = (struct ledger_insertion){
		.insertion = ledger_id_of(in->insertion),
		.at_ms = now,
		.request_hash = flow_pseudonym(in->shelf->keys, "request", r->request_id),
		.conversation_hash = flow_pseudonym(in->shelf->keys, "conversation", r->conversation_id),
		.user_hash = flow_pseudonym(in->shelf->keys, "user", r->user_id),
		.eligible = in->intent.class == INTENT_CONSUMER && !r->opt_out && !in->holdout,
		.holdout = in->holdout,
		.once = r->request_id.n > 0,
		.prompt_tokens = r->prompt_tokens,
		.completion_tokens = r->completion_tokens,
		.cost = r->cost,
	};
	flow_put_name(out->decision, sizeof out->decision, in->placed_count ? STR("linked") : STR("none"));
	flow_put_name(out->reason, sizeof out->reason, in->abandoned ? STR("unavailable") : in->reason);
	flow_put_name(out->class, sizeof out->class, intent_class_name(in->intent.class));
	flow_put_name(out->form, sizeof out->form, form_name(r->form));
	flow_put_name(out->locale, sizeof out->locale, r->locale);
	flow_put_name(out->app, sizeof out->app, r->app);
	flow_put_name(out->model, sizeof out->model, r->model);
	record_links(in, out);
	demand_record(in, out);
	caps_record(in->shelf->caps, &in->shelf->rules->caps, out);
	return true;
}
