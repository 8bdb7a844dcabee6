/* amount.c: digits, Chinese and English number words, and the names of currencies. */
#include "intent/amount.h"

#include <string.h>

enum { HUNDREDTHS = 100 };
#define AMOUNT_MAX ((int64_t)1000000000000 * HUNDREDTHS)

/* ---- currencies --------------------------------------------------------------------- */

/* "" marks the two words whose meaning depends on the place: "$" and 元. Longest first where one begins another. */
static const struct {
	const char *word, *currency;
} currency_words[] = {
	{"us$", "USD"}, {"hk$", "HKD"}, {"nt$", "TWD"}, {"au$", "AUD"}, {"a$", "AUD"}, {"ca$", "CAD"}, {"c$", "CAD"}, {"s$", "SGD"},
	{"us dollar", "USD"}, {"dollar", "$"}, {"buck", "$"}, {"$", "$"}, {"usd", "USD"}, {"£", "GBP"}, {"gbp", "GBP"}, {"pound", "GBP"}, {"quid", "GBP"},
	{"€", "EUR"}, {"euro", "EUR"}, {"eur", "EUR"}, {"人民币", "CNY"}, {"rmb", "CNY"}, {"cny", "CNY"}, {"yuan", "CNY"}, {"美元", "USD"}, {"美金", "USD"},
	{"刀", "USD"}, {"港币", "HKD"}, {"港元", "HKD"}, {"hkd", "HKD"}, {"新台币", "TWD"}, {"台币", "TWD"}, {"twd", "TWD"}, {"欧元", "EUR"}, {"英镑", "GBP"},
	{"日元", "JPY"}, {"日圆", "JPY"}, {"yen", "JPY"}, {"jpy", "JPY"}, {"cad", "CAD"}, {"aud", "AUD"}, {"sgd", "SGD"}, {"₹", "INR"}, {"inr", "INR"},
	{"rupee", "INR"}, {"块", "元"}, {"元", "元"}, {"圆", "元"}, {"¥", "元"},
};

static const struct {
	const char *locale, *dollar, *yuan;
} places[] = {
	{"zh-TW", "TWD", "TWD"}, {"zh-Hant-TW", "TWD", "TWD"}, {"zh-HK", "HKD", "HKD"}, {"zh-Hant-HK", "HKD", "HKD"}, {"en-CA", "CAD", "CNY"},
	{"fr-CA", "CAD", "CNY"}, {"en-AU", "AUD", "CNY"}, {"en-NZ", "NZD", "CNY"}, {"en-SG", "SGD", "CNY"}, {"en-HK", "HKD", "HKD"}, {"ja", "USD", "JPY"},
};

static const char *place_currency(const char *sign, struct str locale)
{
	bool dollar = strcmp(sign, "$") == 0;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (locale.n >= strlen(places[i].locale) && str_eq_nocase(str_sub(locale, 0, strlen(places[i].locale)), str_of(places[i].locale)))
			return dollar ? places[i].dollar : places[i].yuan;
	return dollar ? "USD" : "CNY";
}

static void find_currency(struct str s, struct str locale, char out[4])
{
	memset(out, 0, 4);
	for (size_t i = 0; i < ARRAY_LEN(currency_words); i++) {
		if (str_find(s, str_of(currency_words[i].word), 0) == s.n)
			continue;
		const char *currency = currency_words[i].currency;
		bool local = strcmp(currency, "$") == 0 || strcmp(currency, "元") == 0;
		memcpy(out, local ? place_currency(currency, locale) : currency, 4);
		return;
	}
}

/* ---- digits ---------------------------------------------------------------------------- */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "1,299.5" at the head of s, in hundredths; *used are its bytes. */
static bool read_digits(struct str s, int64_t *out, size_t *used)
{
	int64_t value = 0;
	size_t i = 0;
	for (; i < s.n && (digit(s.p[i]) || (s.p[i] == ',' && i + 3 < s.n && digit(s.p[i + 1]))); i++) {
		if (s.p[i] == ',')
			continue;
		value = value * 10 + (s.p[i] - '0');
		if (value > AMOUNT_MAX / HUNDREDTHS)
			return false;
	}
	if (i == 0)
		return false;
	value *= HUNDREDTHS;
	if (i + 1 < s.n && s.p[i] == '.' && digit(s.p[i + 1])) {
		value += (s.p[++i] - '0') * 10;
		if (++i < s.n && digit(s.p[i]))
			value += s.p[i++] - '0';
	}
	*out = value;
	*used = i;
	return true;
}

/* The unit behind digits: k, w, 百, 千, 万. */
static int64_t unit_behind(struct str s)
{
	static const struct {
		const char *word;
		int64_t scale;
	} units[] = {{"千", 1000}, {"万", 10000}, {"百", 100}, {"k", 1000}, {"w", 10000}};
	s = str_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (str_starts(s, str_of(units[i].word)) && !(s.n > 1 && s.p[0] < 0x7F && s.p[0] > 0 && s.p[1] >= 'a' && s.p[1] <= 'z'))
			return units[i].scale;
	return 1;
}

/* ---- Chinese number words ------------------------------------------------------------------ */

/* Both ends at once: 一两百 is 100 to 200, 几百 is 100 to 1000. */
struct span {
	int64_t lo, hi;
};

static int han_digit(struct str c)
{
	static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
	for (int i = 0; i < 10; i++)
		if (str_eq(c, str_of(digits[i])))
			return i;
	return str_eq(c, STR("两")) ? 2 : -1;
}

static int64_t han_unit(struct str c)
{
	return str_eq(c, STR("十")) ? 10 : str_eq(c, STR("百")) ? 100 : str_eq(c, STR("千")) ? 1000 : str_eq(c, STR("万")) ? 10000 : 0;
}

struct han_number {
	struct span sum, digit;
	int digits;         /* pending digits: 0, 1, or 2 for "one or two" */
	int64_t last_unit;
};

static bool han_put(struct han_number *h, struct str c)
{
	int d = han_digit(c);
	int64_t unit = han_unit(c);
	if (str_eq(c, STR("几")) && h->digits == 0) {
		h->digit = (struct span){1, 10};
		h->digits = 2;
	} else if (d >= 0 && h->digits < 2) {
		h->digit = h->digits == 0 ? (struct span){d, d} : (struct span){h->digit.lo, d};
		h->digits++;
	} else if (unit > 0 && unit == 10000 && h->sum.hi > 0) {
		h->sum = (struct span){(h->sum.lo + h->digit.lo) * unit, (h->sum.hi + h->digit.hi) * unit};
		h->digit = (struct span){0, 0};
		h->digits = 0;
		h->last_unit = unit;
	} else if (unit > 0) {
		struct span times = h->digits == 0 ? (struct span){1, 1} : h->digit;
		h->sum = (struct span){h->sum.lo + times.lo * unit, h->sum.hi + times.hi * unit};
		h->digit = (struct span){0, 0};
		h->digits = 0;
		h->last_unit = unit;
	} else {
		return false;
	}
	return h->sum.hi <= AMOUNT_MAX / HUNDREDTHS;
}

static bool read_han(struct str s, struct span *out)
{
	struct han_number h = {.last_unit = 0};
	size_t i = 0;
	while (i < s.n) {
		uint32_t cp;
		int n = utf8_next(str_sub(s, i, s.n), &cp);
		if (n <= 0 || !han_put(&h, str_sub(s, i, i + (size_t)n)))
			break;
		i += (size_t)n;
	}
	if (i == 0)
		return false;
	/* 两千五 is 2500: a last digit counts tenths of the last unit */
	int64_t tail = h.last_unit >= 100 ? h.last_unit / 10 : 1;
	*out = (struct span){(h.sum.lo + h.digit.lo * tail) * HUNDREDTHS, (h.sum.hi + h.digit.hi * tail) * HUNDREDTHS};
	return out->hi > 0;
}

/* ---- English number words --------------------------------------------------------------------- */

static const struct {
	const char *word;
	int value;
} english[] = {
	{"a", 1}, {"one", 1}, {"two", 2}, {"couple", 2}, {"three", 3}, {"four", 4}, {"five", 5}, {"six", 6}, {"seven", 7}, {"eight", 8}, {"nine", 9}, {"ten", 10},
	{"fifteen", 15}, {"twenty", 20}, {"thirty", 30}, {"forty", 40}, {"fifty", 50}, {"sixty", 60}, {"seventy", 70}, {"eighty", 80}, {"ninety", 90},
	{"hundred", 100}, {"thousand", 1000}, {"grand", 1000},
};

static int english_value(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(english); i++)
		if (str_eq(word, str_of(english[i].word)))
			return english[i].value;
	return 0;
}

static bool read_english(struct str s, int64_t *out)
{
	int64_t total = 0, part = 0;
	while (s.n > 0) {
		int value = english_value(str_cut(&s, ' '));
		if (value == 0)
			break;
		if (value < 100) {
			part += value;
			continue;
		}
		part = (part == 0 ? 1 : part) * value;
		if (value == 1000) {
			total += part;
			part = 0;
		}
		if (total + part > AMOUNT_MAX / HUNDREDTHS)
			return false;
	}
	*out = (total + part) * HUNDREDTHS;
	return *out > 0;
}

/* ---- the whole ------------------------------------------------------------------------------------ */

static size_t first_digit(struct str s)
{
	size_t i = 0;
	while (i < s.n && !digit(s.p[i]))
		i++;
	return i;
}

bool amount_read(struct str s, struct str locale, struct amount *out)
{
	struct amount got = {.scale = 1};
	struct span span = {0, 0};
	size_t used;
	s = str_trim(s);
	size_t at = first_digit(s);
	if (at < s.n) {
		if (!read_digits(str_sub(s, at, s.n), &span.lo, &used))
			return false;
		got.scale = unit_behind(str_sub(s, at + used, s.n));
		span.lo *= got.scale;
		span.hi = span.lo;
	} else if (!read_han(s, &span)) {
		if (!read_english(s, &span.lo))
			return false;
		span.hi = span.lo;
	}
	if (span.hi <= 0 || span.hi > AMOUNT_MAX)
		return false;
	got.lo = span.lo;
	got.hi = span.hi;
	find_currency(s, locale, got.currency);
	*out = got;
	return true;
}

struct money amount_money(int64_t hundredths, const char *currency)
{
	struct money m = {.minor = hundredths};
	memcpy(m.currency, currency, 4);
	int exponent = currency[0] == '\0' ? 2 : money_exponent(currency);
	for (; exponent >= 0 && exponent < 2; exponent++)
		m.minor /= 10;
	for (; exponent > 2; exponent--)
		m.minor *= 10;
	return m;
}
