/* Generated Markdown, English and Chinese, all constructs mixed: wherever text_wrap allows a link the page stays exact under
 * md4c in three dialects, all cuttings agree, and so does an appended paragraph. Seeded: a failure prints its document.
 *
 * Known deviations of md4c 0.4.8 from CommonMark, where the scanner refuses rather than chooses:
 * - an address in a link's destination goes on to the next white space and eats delimiter runs on the way;
 * - rows of a table go on through headings, fences and HTML; lazy lines never belong to a table;
 * - a closing fence outside its list item closes it; "<prefix>" begins an HTML block of <pre>; h2..h6 and textarea do not;
 * - fences and HTML blocks may be indented by four columns inside a paragraph; "* " with only blanks interrupts one;
 * - any $ opens math and the next of its length closes it, undoing the delimiter runs between them. */
#include <setjmp.h>
#include <stdarg.h>

#include "wrapping.h"

#include <cmocka.h>

#define DOCUMENTS 2000

struct gen {
	uint64_t seed;
	struct buf out;
};

static uint64_t pick(struct gen *g, uint64_t n)
{
	g->seed = hash_mix(g->seed + 0x9E3779B97F4A7C15u);
	return g->seed % n;
}

static void put(struct gen *g, const char *s)
{
	buf_put(&g->out, str_of(s));
}

static const char *const words[] = {"Sony", "WH-1000XM5", "headphones", "the", "best", "for", "skin", "面膜", "敏感肌", "推荐", "耳机",
        "吗", "是", "H&M", "Levi's", "5.0", "1,000", "i", "snake_case", "a*b", "5 * 3", "<3", "a < b", "C++", "(2nd Gen)", "（二代）",
        "café", "ﬁt", "ＡＢＣ", "™", "foo@", "v1.2.3", "50%", "e.g.", "かな", "ｶﾞ", "한국어", "😀"};
static const char *const gaps[] = {" ", " ", " ", " ", "", "", ", ", ". ", "，", "。", "、", "：", ": ", " - ", "—", "!", "？", "; ", "/",
        "-", "(", ") ", "“", "”", "  ", "\\", "&", "&amp;", "&nbsp;", "<br>", "~", "…"};
static const char *const openers[] = {"*", "**", "***", "_", "__", "~~", "`", "``", "$", "$$", "[", "![", "<b>", "<span class=\"x\">",
        "\\(", "\\[", "<!-- ", "(", "**", "**", "*"};
static const char *const closers[] = {"*", "**", "***", "_", "__", "~~", "`", "``", "$", "$$", "](http://x.y/z)", "](i.png \"t\")", "</b>",
        "</span>", "\\)", "\\]", " -->", ")", "**", "**", "*"};
static const char *const oddities[] = {"**", "*", "_", "`", "$", "[", "]", "](", "<", "<a", ">", "\\*", "https://a.b/c_d", "www.a.bc",
        "a.b@c.de", "<http://a.b/>", "<a@b.cc>", "[x]", "[^1]", "[a][b]", "[a]: /u", "|", "$50", "$1,299", "&#35;", "<img src=x>", "<!x",
        "http:", "\x80", "\xE4\xBD", "```", "~~~", "***", "\\"};

static void sentence(struct gen *g, int depth)
{
	for (uint64_t n = 1 + pick(g, 6); n > 0; n--) {
		uint64_t what = pick(g, 12), k = pick(g, ARRAY_LEN(openers));
		if (what == 0) {
			put(g, oddities[pick(g, ARRAY_LEN(oddities))]);
		} else if (what < 4 && depth < 3) {
			put(g, openers[k]);
			if (pick(g, 2))
				put(g, words[pick(g, ARRAY_LEN(words))]);
			else
				sentence(g, depth + 1);
			put(g, closers[pick(g, 12) ? k : pick(g, ARRAY_LEN(closers))]);
		} else {
			put(g, words[pick(g, ARRAY_LEN(words))]);
		}
		put(g, gaps[pick(g, ARRAY_LEN(gaps))]);
	}
}

static const char *const marks[] = {
        "- ", "* ", "+ ", "1. ", "2) ", "10. ", "*   ", "-    ", "> ", ">", "   - ", "- [ ] ", "- [x] ", "-", "1.", "     "};
static const char *const prefixes[] = {"", "", "", "", "", "  ", "   ", "    ", "\t", "> ", ">", "      ", "> > ", " > "};

static void table(struct gen *g, const char *prefix)
{
	static const char *const rules[] = {"|---|---|", "| :--- | ---: |", "---|---", "|-|-|", "|---|", "|:-:|---|"};
	for (uint64_t row = 0, n = 2 + pick(g, 3); row < n; row++) {
		put(g, prefix);
		if (row == 1) {
			put(g, rules[pick(g, ARRAY_LEN(rules))]);
		} else {
			put(g, pick(g, 4) ? "| " : "");
			sentence(g, 1);
			put(g, " | ");
			sentence(g, 1);
			put(g, pick(g, 4) ? " |" : "");
		}
		put(g, pick(g, 20) ? "\n" : "\n\n");
	}
}

static void fence(struct gen *g, const char *prefix)
{
	const char *mark = pick(g, 2) ? "```" : "~~~";
	put(g, prefix);
	put(g, mark);
	put(g, pick(g, 2) ? "c\n" : "\n");
	put(g, prefix);
	sentence(g, 2);
	put(g, "\n");
	if (pick(g, 8)) {
		put(g, pick(g, 6) ? prefix : "");
		put(g, mark);
		put(g, "\n");
	}
}

static void line(struct gen *g, const char *prefix)
{
	static const char *const whole[] = {"---", "***", "===", "- - -", "# Title words", "## 面膜 推荐 ##", "#", "[a]: http://b.c",
	        "<div>", "</div>", "<details>", "<br>", "<!-- c -->", "<script>", "</script>", "<b>", "<h2>x</h2>", "    code words",
	        "\tcode", "...", "|---|", "-", "1.", "*", "***bold***", "<?x", "<span a=\"b\">", "__x__"};
	put(g, prefix);
	switch (pick(g, 6)) {
	case 0:
		put(g, whole[pick(g, ARRAY_LEN(whole))]);
		break;
	case 1:
	case 2:
		put(g, marks[pick(g, ARRAY_LEN(marks))]);
		if (pick(g, 4) == 0)
			put(g, marks[pick(g, ARRAY_LEN(marks))]);
		sentence(g, 0);
		break;
	default:
		sentence(g, 0);
	}
	static const char *const ends[] = {"\n", "\n", "\n", "\n\n", "\n\n", "  \n", "\r\n", "\\\n", "\n \n"};
	put(g, ends[pick(g, ARRAY_LEN(ends))]);
}

static void document(struct gen *g)
{
	buf_clear(&g->out);
	if (pick(g, 30) == 0)
		put(g, "---\n");
	for (uint64_t n = 1 + pick(g, 8); n > 0; n--) {
		const char *prefix = prefixes[pick(g, ARRAY_LEN(prefixes))];
		uint64_t what = pick(g, 12);
		if (what == 0)
			table(g, prefix);
		else if (what == 1)
			fence(g, prefix);
		else
			line(g, prefix);
	}
}

static void run(uint64_t from, uint64_t to)
{
	struct gen g = {0};
	size_t count = 0, words_seen = 0;
	buf_init(&g.out, 1 << 16);
	for (uint64_t i = from; i < to; i++) {
		g.seed = hash_mix(i);
		document(&g);
		struct str s = buf_str(&g.out);
		bool ok = cut_check(s, i + 1) && cut_check(s, 0) && append_check(s) && wrap_check(s, true, &count);
		if (!ok)
			fprintf(stderr, "document %llu\n", (unsigned long long)i);
		assert_true(ok);
		struct text *t = wrap_scan(s);
		words_seen += text_count(t);
		text_free(t);
	}
	printf("%zu tokens, %zu links judged\n", words_seen, count);
	assert_true(count > (to - from)); /* it must not pass by refusing everything */
	buf_done(&g.out);
}

static void documents(void **state)
{
	(void)state;
	run(0, DOCUMENTS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(documents)};
	if (argc == 3) { /* other seeds, by hand */
		run(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
