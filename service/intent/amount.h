/* amount: one sum of money as people write it: "$1,200", "3k", "50 bucks", "一两百块", "two hundred dollars". */
#ifndef INTENT_AMOUNT_H
#define INTENT_AMOUNT_H

#include "base/base.h"

/* In hundredths of the unit, whatever the currency. lo < hi where the words are vague (一两百). */
struct amount {
	int64_t lo, hi;
	int64_t scale;    /* the unit that was said: 1, 100, 1000, 10000 (k, 千, 万) */
	char currency[4]; /* "" when none was named */
};
/* s: plain text. locale settles "$" and 元. False when it is no amount, or one over 10^12. */
bool amount_read(struct str s, struct str locale, struct amount *out);
struct money amount_money(int64_t hundredths, const char *currency);

#endif
