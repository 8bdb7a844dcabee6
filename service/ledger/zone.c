/* TZif version 2 or later (RFC 8536): transitions as 64-bit seconds, and for the time after them the rule in the footer. */
#include "ledger/zone.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ZONE_FILE_MAX = 1 << 20, MAX_TRANSITIONS = 4096 };

/* One side of a footer's rule, as in "M3.2.0/2": the week-th weekday of month, at second of the day. */
struct change {
	int month, week, weekday;
	int32_t second;
};
struct zone {
	size_t n;
	int64_t *at;    /* seconds, rising */
	int32_t *after; /* offset from at[i] on */
	int32_t first;  /* offset before at[0] */
	bool has_rule, has_summer; /* footer understood; with daylight saving */
	int32_t standard, summer;
	struct change begin, end;
	bool utc;
};

/* ---- footer --------------------------------------------------------------------------------- */

static bool take_number(struct str *s, int *out)
{
	int v = 0;
	size_t i = 0;
	for (; i < s->n && i < 4 && isdigit((unsigned char)s->p[i]); i++)
		v = v * 10 + (s->p[i] - '0');
	*s = str_sub(*s, i, s->n);
	*out = v;
	return i > 0;
}

static bool take_char(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

/* "EST", or "<+0330>". */
static bool take_name(struct str *s)
{
	size_t i = 0;
	if (take_char(s, '<')) {
		i = str_find(*s, STR(">"), 0);
		*s = str_sub(*s, i + 1, s->n);
		return i > 0;
	}
	while (i < s->n && isalpha((unsigned char)s->p[i]))
		i++;
	*s = str_sub(*s, i, s->n);
	return i >= 3;
}

/* [+-]h[h][:mm[:ss]] */
static bool take_time(struct str *s, int32_t *out)
{
	bool minus = take_char(s, '-');
	if (!minus)
		take_char(s, '+');
	int h = 0, m = 0, sec = 0;
	if (!take_number(s, &h) || h > 167)
		return false;
	if (take_char(s, ':') && !take_number(s, &m))
		return false;
	if (take_char(s, ':') && !take_number(s, &sec))
		return false;
	int32_t v = h * 3600 + m * 60 + sec;
	*out = minus ? -v : v;
	return true;
}

static bool take_change(struct str *s, struct change *out)
{
	out->second = 7200;
	return take_char(s, ',') && take_char(s, 'M') && take_number(s, &out->month) && take_char(s, '.') && take_number(s, &out->week)
	       && take_char(s, '.') && take_number(s, &out->weekday) && out->month >= 1 && out->month <= 12 && out->week >= 1 && out->week <= 5
	       && out->weekday <= 6 && (!take_char(s, '/') || take_time(s, &out->second));
}

/* POSIX writes offsets west of Greenwich as positive. Rules by day of year (J) are not understood: the last transition then holds. */
static void parse_footer(struct zone *z, struct str s)
{
	int32_t west;
	if (!take_name(&s) || !take_time(&s, &west))
		return;
	z->standard = -west;
	if (!s.n) {
		z->has_rule = true;
		return;
	}
	if (!take_name(&s))
		return;
	z->summer = z->standard + 3600;
	if (s.n && s.p[0] != ',') {
		if (!take_time(&s, &west))
			return;
		z->summer = -west;
	}
	z->has_summer = z->has_rule = take_change(&s, &z->begin) && take_change(&s, &z->end) && !s.n;
}

/* Days since 1970 of a civil date, proleptic Gregorian. */
static int64_t days_of(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t change_second(const struct change *c, int64_t year)
{
	int64_t first = days_of(year, c->month, 1);
	int64_t weekday = ((first + 4) % 7 + 7) % 7;
	int64_t day = first + (c->weekday - weekday + 7) % 7 + 7 * (c->week - 1);
	int64_t next_month = c->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, c->month + 1, 1);
	if (day >= next_month)
		day -= 7;
	return day * 86400 + c->second;
}

static int32_t by_rule(const struct zone *z, int64_t utc)
{
	if (!z->has_summer)
		return z->standard;
	int64_t local = utc + z->standard;
	int64_t year = 1970 + local / 31556952;
	while (days_of(year + 1, 1, 1) * 86400 <= local)
		year++;
	while (days_of(year, 1, 1) * 86400 > local)
		year--;
	int64_t begin = change_second(&z->begin, year) - z->standard, end = change_second(&z->end, year) - z->summer;
	bool summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
	return summer ? z->summer : z->standard;
}

/* ---- the file ----------------------------------------------------------------------------------- */

static int64_t get_be(const char *p, int bytes)
{
	uint64_t v = 0;
	for (int i = 0; i < bytes; i++)
		v = v << 8 | (uint8_t)p[i];
	return bytes == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

struct header {
	size_t isut, isstd, leap, time, type, chars;
};

static bool get_header(struct str s, struct header *h)
{
	if (s.n < 44 || memcmp(s.p, "TZif", 4) != 0 || s.p[4] < '2')
		return false;
	size_t *field[] = {&h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars};
	for (int i = 0; i < 6; i++) {
		int64_t v = get_be(s.p + 20 + 4 * i, 4);
		if (v < 0 || v > MAX_TRANSITIONS)
			return false;
		*field[i] = (size_t)v;
	}
	return h->type > 0;
}

static size_t block_size(const struct header *h, size_t time_size)
{
	return h->time * time_size + h->time + h->type * 6 + h->chars + h->leap * (time_size + 4) + h->isstd + h->isut;
}

static bool fill(struct zone *z, const char *p, const struct header *h)
{
	const char *index = p + h->time * 8, *types = index + h->time;
	for (size_t i = 0; i < h->time; i++) {
		size_t type = (uint8_t)index[i];
		if (type >= h->type)
			return false;
		z->at[i] = get_be(p + 8 * i, 8);
		z->after[i] = (int32_t)get_be(types + 6 * type, 4);
		if (i && z->at[i] <= z->at[i - 1])
			return false;
	}
	z->n = h->time;
	z->first = (int32_t)get_be(types, 4);
	return true;
}

enum status zone_parse(struct str s, struct zone **out, struct err *e)
{
	struct header h;
	if (!get_header(s, &h))
		return err_set(e, E_INPUT, "tz", "not a TZif file of version 2");
	size_t first = 44 + block_size(&h, 4);
	struct str second = str_sub(s, first, s.n);
	if (first > s.n || !get_header(second, &h) || 44 + block_size(&h, 8) > second.n)
		return err_set(e, E_INPUT, "tz", "a TZif file that is cut short");
	struct zone *z = calloc(1, sizeof(*z));
	if (z) {
		z->at = calloc(h.time + 1, sizeof(*z->at));
		z->after = calloc(h.time + 1, sizeof(*z->after));
	}
	if (!z || !z->at || !z->after) {
		zone_free(z);
		return err_set(e, E_NOMEM, "tz", "out of memory");
	}
	if (!fill(z, second.p + 44, &h)) {
		zone_free(z);
		return err_set(e, E_INPUT, "tz", "a TZif file with transitions out of order");
	}
	parse_footer(z, str_trim(str_sub(second, 44 + block_size(&h, 8), second.n)));
	*out = z;
	return OK;
}

static bool name_safe(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && !strchr("+-_/", name.p[i]))
			return false;
	return name.n < 64 && name.p[0] != '/';
}

enum status zone_load(struct str name, struct zone **out, struct err *e)
{
	if (!name.n || str_eq(name, STR("UTC")) || str_eq(name, STR("Z"))) {
		*out = calloc(1, sizeof(**out));
		if (!*out)
			return err_set(e, E_NOMEM, "tz", "out of memory");
		(*out)->utc = true;
		return OK;
	}
	char path[128] = "/usr/share/zoneinfo/", *bytes;
	size_t n;
	if (!name_safe(name))
		return err_set(e, E_INPUT, "tz", "expected an IANA time zone such as Europe/Berlin");
	memcpy(path + strlen(path), name.p, name.n);
	if (file_read(path, ZONE_FILE_MAX, &bytes, &n, NULL) != OK)
		return err_set(e, E_INPUT, "tz", "no time zone of this name on this machine");
	enum status s = zone_parse((struct str){bytes, n}, out, e);
	free(bytes);
	return s;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->at);
	free(z->after);
	free(z);
}

bool zone_is_utc(const struct zone *z)
{
	return z->utc;
}

int32_t zone_offset_s(const struct zone *z, int64_t utc_ms)
{
	if (z->utc)
		return 0;
	int64_t t = utc_ms / 1000 - (utc_ms % 1000 < 0);
	if (z->has_rule && (!z->n || t >= z->at[z->n - 1]))
		return by_rule(z, t);
	size_t low = 0, high = z->n; /* the first transition after t */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (z->at[mid] <= t)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? z->after[low - 1] : z->first;
}

int64_t zone_instant(const struct zone *z, int64_t local_ms)
{
	/* The offsets a day before and after are the two candidates; the larger one gives the earlier instant. */
	int64_t a = zone_offset_s(z, local_ms - 86400000), b = zone_offset_s(z, local_ms + 86400000);
	int64_t early = local_ms - (a > b ? a : b) * 1000, late = local_ms - (a > b ? b : a) * 1000;
	if (zone_offset_s(z, early) * INT64_C(1000) + early == local_ms)
		return early;
	if (zone_offset_s(z, late) * INT64_C(1000) + late == local_ms)
		return late;
	/* A gap: find the change between the two. */
	int64_t low = early, high = late;
	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;
		if (zone_offset_s(z, mid) == zone_offset_s(z, early))
			low = mid;
		else
			high = mid;
	}
	return high;
}
