/* plain.c: folding for rules. */
#include "intent/plain.h"
#include "text/text.h"

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool hyphen_in_word(struct str s, size_t i)
{
	if (s.p[i] != '-' || i == 0 || i + 1 >= s.n)
		return false;
	char before = s.p[i - 1], after = s.p[i + 1];
	bool word_before = letter(before) || (before >= '0' && before <= '9');
	bool word_after = letter(after) || (after >= '0' && after <= '9');
	return word_before && word_after && (letter(before) || letter(after));
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

/* ' and ' of typographers: E2 80 98 and E2 80 99. */
static bool curly_apostrophe(struct str s, size_t i)
{
	return i + 2 < s.n && (uint8_t)s.p[i] == 0xE2 && (uint8_t)s.p[i + 1] == 0x80 && ((uint8_t)s.p[i + 2] == 0x98 || (uint8_t)s.p[i + 2] == 0x99);
}

static void tidy(struct str folded, struct buf *out)
{
	char last = '\0'; /* a space at the head stays: the text may be the rest of a sentence */
	for (size_t i = 0; i < folded.n; i++) {
		char c = folded.p[i];
		if (curly_apostrophe(folded, i)) {
			c = '\'';
			i += 2;
		} else if (hyphen_in_word(folded, i) || blank(c)) {
			c = ' ';
		}
		if (c != ' ' || (last != ' ' && last != '\n'))
			buf_putc(out, c);
		last = c;
	}
}

bool plain_text(struct str raw, struct buf *out)
{
	struct buf folded;
	buf_init(&folded, raw.n * 12 + 64);
	text_fold(raw, &folded);
	size_t before = out->n;
	if (!folded.failed)
		tidy(buf_str(&folded), out);
	bool good = !folded.failed && !out->failed && utf8_valid(str_sub(buf_str(out), before, out->n));
	buf_done(&folded);
	return good;
}

unsigned plain_scripts(struct str plain)
{
	unsigned seen = 0;
	for (size_t i = 0; i < plain.n && seen != (PLAIN_LATIN | PLAIN_HAN); i++) {
		uint8_t c = (uint8_t)plain.p[i];
		if (letter(plain.p[i]))
			seen |= PLAIN_LATIN;
		else if (c >= 0xE3 && c <= 0xE9)
			seen |= PLAIN_HAN;
	}
	return seen == 0 ? PLAIN_LATIN | PLAIN_HAN : seen; /* figures alone may be of any */
}
