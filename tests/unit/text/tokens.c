/* Tokens, folding, gaps and numbers; which text is barred; single cases of wrapping. */
#include <setjmp.h>
#include <stdarg.h>

#include "wrapping.h"

#include <cmocka.h>

static void expect_fold(const char *from, const char *to)
{
	struct buf out;
	buf_init(&out, 1024);
	text_fold(str_of(from), &out);
	assert_string_equal(out.p ? out.p : "", to);
	buf_done(&out);
}

static void folding(void **state)
{
	(void)state;
	expect_fold("Sony WH-1000XM5", "sony wh-1000xm5");
	expect_fold("ＳＯＮＹ　１２３", "sony 123");
	expect_fold("Café ÉCLAIR", "cafe eclair");
	expect_fold("Cafe\u0301", "cafe");
	expect_fold("ﬁt Straße", "fit strasse");
	expect_fold("Łódź Ørsted Æon", "lodz orsted aeon");
	expect_fold("體驗補水面膜", "体验补水面膜");
	expect_fold("面\u00ad膜\u200b油\ufe0f", "面膜油");
	expect_fold("ｶﾞｰﾄﾞ", "ガード");
	expect_fold("が", "が");
	expect_fold("か\u3099", "が");
	expect_fold("йод", "и\u0306од");
	expect_fold("Sony™", "sony");
	expect_fold("한국어", "한국어");
	expect_fold("a\xff"
	            "b",
	        "a\nb");
	expect_fold("", "");
}

/* "tok|tok" with the gap before each as a digit: "5wh 1 1000xm5". */
static void expect_tokens_of(struct text *t, const char *want)
{
	struct buf out;
	buf_init(&out, 4096);
	for (size_t i = 0; i < text_count(t); i++)
		buf_printf(&out, "%s%d%.*s", i ? " " : "", text_tokens(t)[i].gap, STR_ARG(text_folded(t, i)));
	assert_string_equal(out.p ? out.p : "", want);
	buf_done(&out);
	text_free(t);
}

static void expect_tokens(const char *markdown, const char *want)
{
	expect_tokens_of(wrap_scan(str_of(markdown)), want);
}

static void words(void **state)
{
	(void)state;
	expect_tokens("WH-1000XM5", "5wh 11000xm5");
	expect_tokens("索尼WH面膜", "5索 0尼 0wh 0面 0膜");
	expect_tokens("Levi's 'jeans'", "5levi 1s 2jeans");
	expect_tokens("v1.2, 1,000 or 10:30.", "5v1 12 31 1000 1or 110 130");
	expect_tokens("One. Two! 三。四，五", "5one 4two 4三 4四 3五");
	expect_tokens("a - b -- c—d", "5a 3b 3c 3d");
	expect_tokens("Soft\u00adhyphen", "5softhyphen");
	expect_tokens("e\u0301a", "5ea");
	expect_tokens("Sony™ X", "5sony 1x");
	expect_tokens("AT&T H&amp;M", "5at 1t 1h 2m");
	expect_tokens("line\nbreak\n\npara", "5line 4break 5para");
	expect_tokens("a<br>b", "5a 4b");
	expect_tokens("\x80 bad", "5bad");
	expect_tokens("", "");
}

static void plain(void **state)
{
	(void)state;
	struct text *t = text_new_plain(100);
	assert_int_equal(text_feed(t, STR("# **not** `md`\nnext\n\nlast http://x.y")), OK);
	assert_int_equal(text_finish(t), OK);
	expect_tokens_of(t, "5not 2md 4next 5last 1http 3x 1y");
}

static void no_tokens(void **state)
{
	(void)state;
	expect_tokens("```\ncode\n```\nx", "5x");
	expect_tokens("    code\n\nx", "5x");
	expect_tokens("a `code` b", "5a 2b");
	expect_tokens("a `open b\n\nc", "5a 5c");
	expect_tokens("see https://x.com/abc def", "5see 2def");
	expect_tokens("see www.x.com def", "5see 2def");
	expect_tokens("<div>\nhtml\n</div>\n\nx", "5x");
	expect_tokens("<!-- a -->\nx", "5x");
	expect_tokens("---\ntitle: Sony\n---\nx", "5x");
	expect_tokens("a <http://x.y> b <c@d.ef> f", "5a 2b 2f");
	expect_tokens("[a](http://b.c \"t\") d", "5a 2d");
}

/* Flags of the token with these folded bytes. */
static unsigned flags_of(const char *markdown, const char *word)
{
	struct text *t = wrap_scan(str_of(markdown));
	unsigned flags = 0xFFFF;
	for (size_t i = 0; i < text_count(t); i++) {
		if (str_eq(text_folded(t, i), str_of(word)))
			flags = text_tokens(t)[i].flags;
	}
	text_free(t);
	assert_int_not_equal(flags, 0xFFFF);
	return flags;
}

static void flags(void **state)
{
	(void)state;
	assert_int_equal(flags_of("# sony", "sony"), TEXT_BARRED | TEXT_HEADING);
	assert_int_equal(flags_of("> sony", "sony"), TEXT_QUOTED);
	assert_int_equal(flags_of("> a\nsony", "sony"), TEXT_QUOTED);
	assert_int_equal(flags_of("[sony](x)", "sony"), TEXT_BARRED | TEXT_LINKED);
	assert_int_equal(flags_of("**sony**", "sony"), TEXT_EMPHASIS);
	assert_int_equal(flags_of("|a|b|\n|---|---|\n|sony|c|", "sony"), TEXT_CELL);
	assert_int_equal(flags_of("open [ sony", "sony"), TEXT_BARRED | TEXT_LINKED);
	assert_int_equal(flags_of("costs $5 sony", "sony"), TEXT_BARRED);
	assert_int_equal(flags_of("costs $5 to $6 sony", "sony"), 0);
	assert_int_equal(flags_of("costs $5\n\nsony", "sony"), 0);
	assert_int_equal(flags_of("I <3 sony, a < b", "sony"), 0);
	assert_int_equal(flags_of("5 * 3 sony", "sony"), 0);
	assert_int_equal(flags_of("<b>sony</b>", "sony"), TEXT_BARRED);
	assert_int_equal(flags_of("<b>x</b> sony", "sony"), 0);
	assert_int_equal(flags_of("x<br>sony", "sony"), 0);
	assert_int_equal(flags_of("\\(x sony", "sony"), TEXT_BARRED);
	assert_int_equal(flags_of("[a]: sony", "sony"), TEXT_BARRED);
	assert_int_equal(flags_of("- [ ] sony", "sony"), 0);
	assert_int_equal(flags_of("1. **a**: b\n   - sony", "sony"), 0);
}

/* What is put around the words: the text with the link as "{...}", or "no". */
static void expect_wrap(const char *markdown, const char *words_of, const char *want)
{
	struct str s = str_of(markdown), w = str_of(words_of);
	struct text *t = wrap_scan(s);
	uint32_t at = (uint32_t)str_find(s, w, 0), from, to;
	struct buf out;
	buf_init(&out, 1024);
	if (text_wrap(t, at, at + (uint32_t)w.n, true, &from, &to) == WRAP_YES)
		buf_printf(&out, "%.*s{%.*s}%s", (int)from, markdown, (int)(to - from), markdown + from, markdown + to);
	else
		buf_put(&out, STR("no"));
	assert_string_equal(out.p, want);
	buf_done(&out);
	text_free(t);
}

static void wrapping(void **state)
{
	(void)state;
	expect_wrap("buy 面膜 now", "面膜", "buy {面膜} now");
	expect_wrap("是**面膜**吗", "面膜", "是{**面膜**}吗");
	expect_wrap("是**补水面膜**吗", "面膜", "no");
	expect_wrap("1. **Sony WH-1000XM5**: good", "Sony WH-1000XM5", "1. {**Sony WH-1000XM5**}: good");
	expect_wrap("- **best Sony**: x", "Sony", "- **best {Sony}**: x");
	expect_wrap("- **推荐面膜**：好", "面膜", "- **推荐{面膜}**：好");
	expect_wrap("**a是**面膜**吗", "面膜", "no");
	expect_wrap("*面膜*和", "面膜", "{*面膜*}和");
	expect_wrap("snake_case", "snake", "no");
	expect_wrap("sony.com", "sony", "no");
	expect_wrap("2.狗零食", "狗零食", "2.{狗零食}");
	expect_wrap("tents/lanterns", "lanterns", "tents/{lanterns}");
	expect_wrap("shop.example/lanterns", "lanterns", "no");
	expect_wrap("word(x)", "word", "no");
	expect_wrap("![word](x)", "word", "no");
	expect_wrap("a !word", "word", "no");
	expect_wrap("me.you@x.com", "me", "no");
	expect_wrap("use H&M now", "H&M", "use {H&M} now");
	expect_wrap("x &M; y", "M", "no");
	expect_wrap("two\nlines", "two\nlines", "no");
	expect_wrap("one, two", "one, two", "no");
	expect_wrap("half word", "alf", "no");
	expect_wrap("Title Sony\n===", "Sony", "Title {Sony}\n===");
	expect_wrap("|Sony|b|\n|---|---|", "Sony", "|{Sony}|b|\n|---|---|");
}

/* WAIT only while something behind could change the answer. */
static void waiting(void **state)
{
	(void)state;
	struct text *t = text_new(100);
	uint32_t from, to;
	assert_int_equal(text_feed(t, STR("是**面膜")), OK);
	assert_int_equal(text_wrap(t, 5, 11, true, &from, &to), WRAP_WAIT);
	assert_int_equal(text_feed(t, STR("**")), OK);
	assert_int_equal(text_wrap(t, 5, 11, true, &from, &to), WRAP_WAIT);
	assert_int_equal(text_feed(t, STR("吗")), OK);
	assert_int_equal(text_wrap(t, 5, 11, true, &from, &to), WRAP_YES);
	assert_int_equal(from, 3);
	assert_int_equal(to, 13);
	assert_false(text_may_append(t));
	text_free(t);
}

static void numbers(void **state)
{
	(void)state;
	struct text *t = text_new(100);
	assert_int_equal(text_feed(t, STR("One, two. Thr")), OK);
	assert_int_equal(text_count(t), 2);
	assert_int_equal(text_settled(t), 10);
	assert_int_equal(text_clauses_over(t), 2);
	assert_int_equal(text_feed(t, STR("ee\n\nfour")), OK);
	assert_int_equal(text_finish(t), OK);
	assert_int_equal(text_count(t), 4);
	assert_int_equal(text_tokens(t)[2].sentence, 1);
	assert_int_equal(text_tokens(t)[3].block, 1);
	text_reset(t);
	assert_int_equal(text_count(t), 0);
	assert_int_equal(text_feed(t, STR("again")), OK);
	assert_int_equal(text_finish(t), OK);
	assert_int_equal(text_count(t), 1);
	assert_int_equal(text_feed(t, STR("more")), E_NOMEM); /* after the end */
	text_free(t);
	t = text_new(3);
	assert_int_equal(text_feed(t, STR("four")), E_NOMEM);
	text_free(t);
}

static bool may_append(const char *markdown)
{
	struct text *t = wrap_scan(str_of(markdown));
	bool may = text_may_append(t);
	text_free(t);
	return may;
}

static void appending(void **state)
{
	(void)state;
	assert_true(may_append("words"));
	assert_true(may_append("- item\n  - item"));
	assert_true(may_append("```\nx\n```"));
	assert_false(may_append("```\nx"));
	assert_false(may_append("<!-- x"));
	assert_false(may_append("<script>\nx\n\ny"));
	assert_false(may_append("$$\nx"));
	assert_false(may_append("\\[\nx"));
}

/* A megabyte of what makes careless parsers quadratic, in one piece and byte by byte; a rescan would not come to an end. */
static void pathological(void **state)
{
	(void)state;
	static const char *const units[] = {"[", "*", "**a", "`", "``` ", "<", "<a ", "<!--", "&", "&a", "$", "> ", "- ", "* ", "1. ", " ",
	        "\t", "=", "a\n=", "-", "- -", "_a_ ", "](", "[a](", "\\(", "|", "|-", "\r", "\n", "a@", "www.", "http://", "<!", "\xE4",
	        "\xCC\x81", "\xE2\x80\x8B", "a\xE2\x80\x8B", "~", "<b>", "</b>", "#", "0"};
	for (size_t u = 0; u < ARRAY_LEN(units); u++) {
		struct str unit = str_of(units[u]);
		struct text *whole = text_new(1 << 20), *cut = text_new(1 << 20);
		for (size_t n = 0; n + unit.n <= 1 << 18; n += unit.n) {
			for (size_t i = 0; i < unit.n; i++)
				assert_int_equal(text_feed(cut, str_sub(unit, i, i + 1)), OK);
		}
		assert_int_equal(text_feed(whole, text_source(cut)), OK);
		assert_int_equal(text_finish(whole), OK);
		assert_int_equal(text_finish(cut), OK);
		assert_true(same_tokens(whole, cut));
		text_free(whole);
		text_free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(folding), cmocka_unit_test(words), cmocka_unit_test(plain),
	        cmocka_unit_test(no_tokens), cmocka_unit_test(flags), cmocka_unit_test(wrapping), cmocka_unit_test(waiting),
	        cmocka_unit_test(numbers), cmocka_unit_test(appending), cmocka_unit_test(pathological)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
