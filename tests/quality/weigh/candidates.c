/* candidates: every phrase of a set of answers that could be linked, with its facts: what fit.py beside it fits the weights of
 * rules/matching.yaml on. usage: candidates CATALOG... < requests.jsonl > candidates.tsv */
#include "feed/feed.h"
#include "flow/candidate.h"
#include "app/rulebook.h"
#include "link/link.h"

#include <stdio.h>
#include <stdlib.h>

static void complain(const struct err *e)
{
	fprintf(stderr, "candidates: %s: %s\n", e->where, e->text);
	exit(1);
}

static void put(void *arg, const struct insert *in, const struct candidate *c)
{
	const struct product *p = catalog_product(in->shelf->catalog, c->ranked[0].product);
	const struct str *id = arg;
	const struct text_token *t = text_tokens(in->text);
	printf("%.*s\t%u\t%u\t%.*s\t%.*s\t%.*s", (int)id->n, id->p, t[c->first].start, t[c->last].end, (int)c->words.text.n,
		c->words.text.p, (int)p->id.n, p->id.p, (int)p->category.n, p->category.p);
	for (size_t i = 0; i < FACT_COUNT; i++)
		printf("\t%.4f", c->fact[i]);
	putchar('\n');
}

static struct shelf *open_shelf(int count, char **path)
{
	const struct feed_options o = {.lenient = true, .max_bytes = (size_t)4 << 30, .now_ms = now_ms()};
	struct feed_parts parts = {0};
	struct feed_report report = {0};
	struct flow_rules *rules;
	struct link_keys *keys;
	struct catalog *c;
	struct shelf *s;
	struct err e = {0};
	enum status st = rulebook_read("rules", "catalogs", "", &rules, &e);
	for (int i = 0; st == OK && i < count; i++)
		st = feed_read_file(path[i], STR_NONE, &o, &parts, &report, &e);
	if (st == OK)
		st = catalog_new(parts.part, parts.count, STR("files"), &c, &e);
	if (st == OK)
		st = link_keys_parse(link_test_secret(), &keys, &e);
	if (st == OK)
		st = shelf_new(c, rules, keys, STR_NONE, 0, &s, &e);
	if (st != OK)
		complain(&e);
	return s;
}

static void judge(struct shelf *s, struct str line)
{
	struct arena *a = arena_new(64u << 20);
	struct insert_request r;
	struct insert *in;
	struct err e = {0};
	struct buf out;
	if (!a || insert_request_parse(line, true, INSERT_MAX_ANSWER, a, &r, &e) != OK || insert_new(s, &r, &in, &e) != OK)
		complain(&e);
	buf_init(&out, 64u << 20);
	in->gate = STR_NONE; /* what intent misses has candidates too */
	in->intent.class = INTENT_CONSUMER;
	in->trace = put;
	in->trace_arg = &r.id_json;
	if (insert_feed(in, r.answer, &out) != OK || insert_finish(in, &out) != OK)
		fprintf(stderr, "candidates: an answer was not read\n");
	buf_done(&out);
	insert_free(in);
	arena_free(a);
}

int main(int argc, char **argv)
{
	struct shelf *s = open_shelf(argc - 1, argv + 1);
	char *line = NULL;
	size_t room = 0;
	printf("id\tstart\tend\tphrase\tproduct\tcategory");
	for (size_t i = 0; i < FACT_COUNT; i++)
		printf("\t%s", weigh_name((enum fact)i));
	putchar('\n');
	for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;)
		judge(s, str_trim((struct str){line, (size_t)n}));
	free(line);
	shelf_unref(s);
	return 0;
}
