/* Code points: what they are to tokens and to emphasis, and how they fold. */
#include "text/scan.h"

#include <utf8proc.h>

static const struct pair {
	uint32_t from, to;
} t2s[] = {
#include "t2s.inc"
};

static uint32_t simplified(uint32_t cp)
{
	size_t lo = 0, hi = ARRAY_LEN(t2s);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (t2s[mid].from < cp)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < ARRAY_LEN(t2s) && t2s[lo].from == cp ? t2s[lo].to : cp;
}

static bool between(uint32_t cp, uint32_t lo, uint32_t hi)
{
	return cp >= lo && cp <= hi;
}

static bool is_han(uint32_t cp)
{
	return between(cp, 0x4E00, 0x9FFF) || between(cp, 0x3400, 0x4DBF) || between(cp, 0x20000, 0x3FFFD) || between(cp, 0xF900, 0xFAFF) ||
	       cp == 0x3005 || cp == 0x3007;
}

static bool is_kana(uint32_t cp)
{
	return between(cp, 0x3041, 0x3096) || between(cp, 0x309D, 0x309F) || between(cp, 0x30A1, 0x30FA) || between(cp, 0x30FC, 0x30FF) ||
	       between(cp, 0x31F0, 0x31FF) || between(cp, 0xFF66, 0xFF9D);
}

static bool is_hangul(uint32_t cp)
{
	return between(cp, 0xAC00, 0xD7A3) || between(cp, 0x1100, 0x11FF) || between(cp, 0x3131, 0x318E) || between(cp, 0x3105, 0x312F);
}

static bool is_voice_mark(uint32_t cp)
{
	return cp == 0x3099 || cp == 0x309A || cp == 0xFF9E || cp == 0xFF9F;
}

static bool is_dropped(uint32_t cp)
{
	return cp == 0xAD || between(cp, 0x200B, 0x200F) || between(cp, 0x2060, 0x2064) || cp == 0xFEFF || between(cp, 0xFE00, 0xFE0F) ||
	       between(cp, 0xE0100, 0xE01EF) || cp == 0x180E || cp == 0x61C || cp == 0x34F || between(cp, 0x202A, 0x202E);
}

static enum point_class ascii_class(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return POINT_DIGIT;
	if (is_alpha((int)c))
		return POINT_WORD;
	switch (c) {
	case ' ':
	case '\t':
	case '\v':
	case '\f':
		return POINT_SPACE;
	case '/':
	case '&':
	case '+':
	case '#':
		return POINT_SOFT;
	case '-':
		return POINT_DASH;
	case '\'':
		return POINT_QUOTE;
	case '.':
	case ',':
	case ':':
		return POINT_DOT;
	case ';':
		return POINT_CLAUSE;
	case '!':
	case '?':
	case '\n':
	case '\r':
		return POINT_SENTENCE;
	default:
		return POINT_HARD;
	}
}

static enum point_class mark_class(uint32_t cp)
{
	switch (cp) {
	case 0x2019:
	case 0x2BC:
		return POINT_QUOTE;
	case 0x2010:
	case 0x2011:
	case 0x2012:
	case 0x2013:
	case 0x2212:
		return POINT_DASH;
	case 0x3002: /* 。 */
	case 0xFF01:
	case 0xFF1F:
	case 0xFF61:
	case 0x2028:
	case 0x2029:
	case 0x203C:
	case 0x2049:
		return POINT_SENTENCE;
	case 0x3001: /* 、 */
	case 0xFF0C:
	case 0xFF1B:
	case 0xFF1A:
	case 0xFF64:
	case 0x2014: /* — */
	case 0x2015:
	case 0x2026:
		return POINT_CLAUSE;
	case 0xB7: /* · in names */
	case 0x30FB:
	case 0x2027:
	case 0xFF65:
	case 0xFF06: /* ＆ */
	case 0xFF0B:
	case 0xFF0D:
	case 0xFF0F:
	case 0xAE: /* (R), TM and the like stand after names */
	case 0xA9:
	case 0x2122:
	case 0x2120:
		return POINT_SOFT;
	default:
		return POINT_HARD;
	}
}

/* An enumerator's or a picture's compatibility form is not the letters of a word. */
static bool is_enclosed(uint32_t cp)
{
	return between(cp, 0x2460, 0x24FF) || between(cp, 0x2776, 0x2793) || between(cp, 0x3200, 0x32FF) || between(cp, 0x1F100, 0x1F2FF);
}

static enum point_class letter_class(uint32_t cp, utf8proc_category_t c)
{
	switch (c) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
		return POINT_WORD;
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return is_enclosed(cp) ? POINT_CLAUSE : POINT_DIGIT;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return POINT_MARK;
	case UTF8PROC_CATEGORY_ZS:
		return POINT_SPACE;
	default:
		return mark_class(cp);
	}
}

enum point_class point_class(uint32_t cp)
{
	if (cp < 0x80)
		return ascii_class(cp);
	if (is_han(cp) || is_kana(cp) || is_hangul(cp))
		return POINT_HAN;
	if (is_voice_mark(cp))
		return POINT_MARK;
	if (is_dropped(cp))
		return POINT_DROP;
	return letter_class(cp, utf8proc_category((utf8proc_int32_t)cp));
}

uint32_t point_voiced(uint32_t kana, uint32_t mark)
{
	bool half = mark == 0x309A || mark == 0xFF9F;
	uint32_t k = kana >= 0x30A1 && kana <= 0x30F6 ? kana - 0x60 : kana; /* as hiragana */
	uint32_t shift = kana - k;
	if (between(k, 0x306F, 0x307B) && (k - 0x306F) % 3 == 0) /* ha hi hu he ho */
		return k + shift + (half ? 2 : 1);
	if (half)
		return 0;
	if (between(k, 0x304B, 0x3062) && (k - 0x304B) % 2 == 0) /* ka .. ti */
		return k + shift + 1;
	if (k == 0x3064 || k == 0x3066 || k == 0x3068) /* tu te to */
		return k + shift + 1;
	return k == 0x3046 ? 0x3094 + shift : 0;
}

/* Letters that carry their stroke inside, which no decomposition takes away. */
static uint32_t unstroked(uint32_t cp, uint32_t *second)
{
	*second = 0;
	switch (cp) {
	case 0xE6:
		*second = 'e';
		return 'a';
	case 0x153:
		*second = 'e';
		return 'o';
	case 0xF8:
		return 'o';
	case 0x111:
	case 0xF0:
		return 'd';
	case 0x142:
		return 'l';
	case 0x127:
		return 'h';
	case 0x131:
		return 'i';
	default:
		return cp;
	}
}

static bool takes_marks(uint32_t letter)
{
	return is_alpha((int)(letter < 0x80 ? letter : 0)) || between(letter, 0x370, 0x3FF);
}

static size_t fold_marks(const utf8proc_int32_t *from, size_t n, uint32_t *base, uint32_t *out)
{
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t second, cp = unstroked((uint32_t)from[i], &second);
		if (between(cp, 0x300, 0x36F) && takes_marks(*base))
			continue;
		uint32_t voiced = m > 0 && is_voice_mark(cp) ? point_voiced(out[m - 1], cp) : 0;
		if (voiced != 0) {
			out[m - 1] = voiced;
			continue;
		}
		if (!between(cp, 0x300, 0x36F))
			*base = cp;
		out[m++] = simplified(cp);
		if (second != 0)
			out[m++] = second;
	}
	return m;
}

size_t point_fold(uint32_t cp, uint32_t *base, uint32_t out[POINT_FOLD_MAX])
{
	if (cp < 0x80) {
		*base = out[0] = cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
		return 1;
	}
	if (between(cp, 0x4E00, 0x9FFF) || between(cp, 0xAC00, 0xD7A3)) {
		*base = cp;
		out[0] = simplified(cp);
		return 1;
	}
	if (is_dropped(cp) || (between(cp, 0x80, 0x2150) && mark_class(cp) == POINT_SOFT && cp != 0xB7 && cp != 0x2027))
		return 0;
	utf8proc_int32_t parts[POINT_FOLD_MAX / 2];
	int last = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(
	        (utf8proc_int32_t)cp, parts, ARRAY_LEN(parts), UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &last);
	if (n < 0 || (size_t)n > ARRAY_LEN(parts)) { /* a ligature of a whole phrase: itself */
		out[0] = cp;
		return 1;
	}
	return fold_marks(parts, (size_t)n, base, out);
}

/* Unicode's punctuation by category, as CommonMark 0.30 asks; later versions add symbols, hence SIDE_UNSURE. */
enum side point_side(uint32_t cp)
{
	if (cp < 0x80)
		return is_blank((int)cp) || (cp >= '\n' && cp <= '\r') ? SIDE_SPACE : is_punct((int)cp) ? SIDE_PUNCT : SIDE_OTHER;
	switch (utf8proc_category((utf8proc_int32_t)cp)) {
	case UTF8PROC_CATEGORY_ZS:
		return SIDE_SPACE;
	case UTF8PROC_CATEGORY_PC:
	case UTF8PROC_CATEGORY_PD:
	case UTF8PROC_CATEGORY_PS:
	case UTF8PROC_CATEGORY_PE:
	case UTF8PROC_CATEGORY_PI:
	case UTF8PROC_CATEGORY_PF:
	case UTF8PROC_CATEGORY_PO:
		return SIDE_PUNCT;
	case UTF8PROC_CATEGORY_SM:
	case UTF8PROC_CATEGORY_SC:
	case UTF8PROC_CATEGORY_SK:
	case UTF8PROC_CATEGORY_SO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return SIDE_UNSURE;
	default:
		return SIDE_OTHER;
	}
}

static void fold_put(uint32_t cp, uint32_t *base, struct buf *out)
{
	uint32_t parts[POINT_FOLD_MAX];
	size_t n = point_fold(cp, base, parts);
	for (size_t i = 0; i < n; i++) {
		char bytes[4];
		buf_put(out, (struct str){bytes, (size_t)utf8_put(bytes, parts[i])});
	}
}

void text_fold(struct str s, struct buf *out)
{
	uint32_t base = 0, kana = 0;
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		int n = utf8_next(str_sub(s, i, s.n), &cp);
		if (n < 0) {
			buf_putc(out, '\n');
			base = 0;
			i++;
			continue;
		}
		uint32_t voiced = is_voice_mark(cp) && !out->failed && out->n >= 3 ? point_voiced(kana, cp) : 0;
		if (voiced != 0) { /* kana fold to three bytes each */
			out->n -= 3;
			cp = voiced;
		}
		size_t before = out->n;
		fold_put(cp, &base, out);
		kana = is_kana(cp) && out->n == before + 3 ? base : 0;
		i += (size_t)n;
	}
}
