/* Money: integer minor units, ISO 4217 exponents (facts: affiliate section 6), decimal strings, rates in ppm. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Active codes by exponent; all others in the list of two decimals. */
static const char zero[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
static const char four[] = "CLF UYW";
static const char two[] =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC "
        "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW "
        "KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK "
        "PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

static bool listed(const char *codes, struct str code)
{
	for (struct str rest = str_of(codes); rest.n;)
		if (str_eq(str_cut(&rest, ' '), code))
			return true;
	return false;
}

int money_exponent(const char *currency)
{
	struct str code = str_of(currency);
	if (code.n != 3)
		return -1;
	return listed(two, code) ? 2 : listed(zero, code) ? 0 : listed(three, code) ? 3 : listed(four, code) ? 4 : -1;
}

bool money_currency(struct str code, char out[4])
{
	char up[4] = "";
	if (code.n != 3)
		return false;
	for (int i = 0; i < 3; i++)
		up[i] = (char)(code.p[i] >= 'a' && code.p[i] <= 'z' ? code.p[i] - 32 : code.p[i]);
	if (money_exponent(up) < 0)
		return false;
	memcpy(out, up, 4);
	return true;
}

enum status money_parse(struct str decimal, const char *currency, struct money *out, struct err *e)
{
	int exponent = money_exponent(currency);
	if (exponent < 0)
		return err_set(e, E_INPUT, "currency", "not an ISO 4217 currency");
	struct str frac = decimal, whole = str_cut(&frac, '.');
	bool has_point = whole.n < decimal.n;
	if ((has_point && frac.n == 0) || frac.n > (size_t)exponent || whole.n > 16)
		return err_set(e, E_INPUT, "amount", "not a decimal with at most %d places", exponent);
	char digits[32];
	size_t n = 0;
	memcpy(digits, whole.p, whole.n);
	n += whole.n;
	for (size_t i = 0; i < (size_t)exponent; i++)
		digits[n++] = i < frac.n ? frac.p[i] : '0';
	int64_t minor;
	bool bare = whole.n == 0 || (whole.n == 1 && whole.p[0] == '-');
	if (bare || !str_int((struct str){digits, n}, &minor))
		return err_set(e, E_INPUT, "amount", "not a decimal number");
	out->minor = minor;
	memcpy(out->currency, currency, 4);
	return OK;
}

int64_t money_micro(const char *currency)
{
	static const int64_t micro[] = {1000000, 100000, 10000, 1000, 100};
	int exponent = money_exponent(currency);
	return exponent < 0 ? 0 : micro[exponent];
}

/* Digits only, and no more of them than asked for. */
static bool digits_in(struct str s, size_t most)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n <= most;
}

/* v / d, half to even; both not negative. */
static int64_t half_even(int64_t v, int64_t d)
{
	int64_t whole = v / d, rest = v % d * 2;
	return whole + (rest > d || (rest == d && whole % 2));
}

enum { FINE_PLACES = 8, FINE_WHOLE = 12 };

enum status money_parse_fine(struct str decimal, const char *currency, struct money *out, int64_t *rest_out, struct err *e)
{
	int64_t unit = money_micro(currency), fine = 0, whole_part = 0;
	if (!unit)
		return err_set(e, E_INPUT, "currency", "not an ISO 4217 currency");
	bool sign = decimal.n && (decimal.p[0] == '-' || decimal.p[0] == '+'), below = sign && decimal.p[0] == '-';
	struct str frac = str_sub(decimal, sign, decimal.n), whole = str_cut(&frac, '.');
	bool pointed = whole.n + sign < decimal.n;
	if (!whole.n || !digits_in(whole, FINE_WHOLE) || !digits_in(frac, FINE_PLACES) || (pointed && !frac.n))
		return err_set(e, E_INPUT, "amount", "not a decimal number with at most %d digits and %d places", FINE_WHOLE, FINE_PLACES);
	for (size_t i = 0; i < whole.n; i++)
		whole_part = whole_part * 10 + (whole.p[i] - '0');
	for (size_t i = 0; i < FINE_PLACES; i++)
		fine = fine * 10 + (i < frac.n ? frac.p[i] - '0' : 0);
	int64_t micro = whole_part * 1000000 + half_even(fine, 100), minor = half_even(micro, unit);
	out->minor = below ? -minor : minor;
	*rest_out = below ? minor * unit - micro : micro - minor * unit;
	memcpy(out->currency, currency, 4);
	return OK;
}

enum status money_parse_text(struct str s, struct money *out, struct err *e)
{
	struct str b = str_trim(s), a = str_cut(&b, ' ');
	b = str_trim(b);
	char currency[4];
	if (money_currency(b, currency))
		return money_parse(a, currency, out, e);
	if (money_currency(a, currency))
		return money_parse(b, currency, out, e);
	return err_set(e, E_INPUT, "price", "expected a number and a currency, like \"15.00 USD\"");
}

size_t money_decimal(struct money m, char out[32])
{
	int exponent = money_exponent(m.currency);
	uint64_t v = m.minor < 0 ? 0 - (uint64_t)m.minor : (uint64_t)m.minor, unit = 1;
	for (int i = 0; i < exponent; i++)
		unit *= 10;
	const char *sign = m.minor < 0 ? "-" : "";
	int n = exponent > 0
	                ? snprintf(out, 32, "%s%llu.%0*llu", sign, (unsigned long long)(v / unit), exponent, (unsigned long long)(v % unit))
	                : snprintf(out, 32, "%s%llu", sign, (unsigned long long)v);
	return (size_t)n;
}

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

int64_t money_ppm(int64_t amount, int64_t ppm)
{
	wide product = (wide)amount * ppm;
	bool negative = product < 0;
	uwide p = negative ? -(uwide)product : (uwide)product;
	uint64_t q = (uint64_t)(p / 1000000), r = (uint64_t)(p % 1000000);
	if (r > 500000 || (r == 500000 && (q & 1)))
		q++;
	return negative ? -(int64_t)q : (int64_t)q;
}
