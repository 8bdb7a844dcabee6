/* Times as values: milliseconds since 1970 UTC, RFC 3339 at the border. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* Days since 1970 of a civil date (Hinnant's algorithm: http://howardhinnant.github.io/date_algorithms.html). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_of(int64_t days, int *y, int *m, int *d)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

/* n digits at *s, moved over. */
static bool digits(struct str *s, size_t n, int64_t *out)
{
	if (s->n < n || s->p[0] == '-' || !str_int(str_sub(*s, 0, n), out))
		return false;
	*s = str_sub(*s, n, s->n);
	return true;
}

static bool skip(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

static bool days_fit(int64_t y, int64_t m, int64_t d)
{
	static const int month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	return m >= 1 && m <= 12 && d >= 1 && d <= month[m - 1] + (m == 2 && leap);
}

/* "+08:00", "Z": minutes east. */
static bool zone(struct str *s, int64_t *minutes)
{
	*minutes = 0;
	if (skip(s, 'Z') || skip(s, 'z'))
		return true;
	int64_t h, m, sign = skip(s, '+') ? 1 : skip(s, '-') ? -1 : 0;
	if (!sign || !digits(s, 2, &h) || !skip(s, ':') || !digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*minutes = sign * (h * 60 + m);
	return true;
}

static bool clock_part(struct str *s, int64_t *ms)
{
	int64_t h, m, sec, frac = 0, east;
	if (!digits(s, 2, &h) || !skip(s, ':') || !digits(s, 2, &m) || !skip(s, ':') || !digits(s, 2, &sec) || h > 23 || m > 59 || sec > 60)
		return false;
	if (skip(s, '.')) {
		size_t n = 0;
		while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
			n++;
		if (n == 0 || n > 9)
			return false;
		for (size_t i = 0; i < 3; i++)
			frac = frac * 10 + (i < n ? s->p[i] - '0' : 0);
		*s = str_sub(*s, n, s->n);
	}
	if (!zone(s, &east))
		return false;
	*ms = ((h * 60 + m - east) * 60 + sec) * 1000 + frac;
	return true;
}

enum status time_parse(struct str s, int64_t *ms_out, struct err *e)
{
	struct str rest = s;
	int64_t y, m, d, ms = 0;
	bool ok = digits(&rest, 4, &y) && skip(&rest, '-') && digits(&rest, 2, &m) && skip(&rest, '-') && digits(&rest, 2, &d) && days_fit(y, m, d);
	if (ok && rest.n)
		ok = (skip(&rest, 'T') || skip(&rest, 't') || skip(&rest, ' ')) && clock_part(&rest, &ms) && rest.n == 0;
	if (!ok)
		return err_set(e, E_INPUT, "time", "not an RFC 3339 time");
	*ms_out = days_of(y, m, d) * 86400000 + ms;
	return OK;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void time_day(int64_t ms, char out[16])
{
	int y, m, d;
	civil_of(floor_div(ms, 86400000), &y, &m, &d);
	snprintf(out, 16, "%04d-%02u-%02u", y % 10000, (unsigned)m % 100, (unsigned)d % 100);
}

void time_format(int64_t ms, char out[32])
{
	int64_t in_day = ms - floor_div(ms, 86400000) * 86400000;
	char day[16];
	time_day(ms, day);
	snprintf(out, 32, "%s%c%02u:%02u:%02u.%03uZ", day, 'T', (unsigned)(in_day / 3600000), (unsigned)(in_day / 60000 % 60),
		(unsigned)(in_day / 1000 % 60), (unsigned)(in_day % 1000));
}

static int64_t read_clock(clockid_t id, int64_t per_second)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * per_second + t.tv_nsec / (1000000000 / per_second);
}

int64_t now_ms(void)
{
	return read_clock(CLOCK_REALTIME, 1000);
}

int64_t mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

void random_bytes(void *out, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = getrandom((char *)out + got, n - got, 0);
		if (r <= 0)
			abort();
		got += (size_t)r;
	}
}
