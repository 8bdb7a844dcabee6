/* The classes that one click alone does not show: scanners, duplicates, too many. */
#include "ledger/traffic.h"

#include <string.h>

void traffic_init(struct traffic *t)
{
	visits_init(&t->link, DUPLICATE_MS);
	visits_init(&t->answer, DUPLICATE_MS);
	visits_init(&t->offer, UNIQUE_MS);
	pace_init(&t->visitor);
	pace_init(&t->network);
}

void traffic_done(struct traffic *t)
{
	visits_done(&t->link);
	visits_done(&t->answer);
	visits_done(&t->offer);
	pace_done(&t->visitor);
	pace_done(&t->network);
}

void traffic_keep(struct traffic *t)
{
	visits_keep(&t->link);
	visits_keep(&t->answer);
	visits_keep(&t->offer);
}

void traffic_undo(struct traffic *t)
{
	visits_undo(&t->link);
	visits_undo(&t->answer);
	visits_undo(&t->offer);
}

static bool given(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return true;
	return false;
}

static void offer_key(const struct ledger_click *c, uint8_t out[16])
{
	uint64_t half[2] = {c->product_key, hash_bytes(str_of(c->merchant), c->product_key)};
	memcpy(out, half, 16);
}

/* Nothing is served and clicked in one moment by a person; a clock that went back tells nothing. */
static bool just_served(const struct ledger_click *c, int64_t served_ms)
{
	int64_t since;
	if (!c->scanner_ms || served_ms == INT64_MIN || __builtin_sub_overflow(c->at_ms, served_ms, &since))
		return false;
	return since >= 0 && since < c->scanner_ms;
}

static bool too_fast(struct traffic *t, const struct ledger_click *c, const char **rule)
{
	uint8_t network[16] = {0};
	memcpy(network, c->network, sizeof(c->network));
	bool many = c->visitor_per_minute && pace_count(&t->visitor, c->visitor, c->at_ms) > c->visitor_per_minute;
	bool crowd = c->network_per_minute && given(c->network, sizeof(c->network)) &&
		     pace_count(&t->network, network, c->at_ms) > c->network_per_minute;
	*rule = many ? "velocity:visitor" : "velocity:network";
	return many || crowd;
}

static struct traffic_verdict judge_person(struct traffic *t, const struct ledger_click *c, int64_t served_ms)
{
	struct traffic_verdict v = {.class = c->class, .rule = c->rule};
	const char *fast;
	bool soon = just_served(c, served_ms);
	if (too_fast(t, c, &fast))
		return (struct traffic_verdict){CLICK_RATE, fast, false};
	if (visits_recent(&t->link, c->link.b, c->visitor, c->at_ms))
		return (struct traffic_verdict){CLICK_DUPLICATE, "same link and visitor", false};
	if (soon && !c->vouched)
		return (struct traffic_verdict){CLICK_BOT, "scanner:first seconds", false};
	if (soon && !c->fetch_metadata && visits_recent(&t->answer, c->insertion.b, c->visitor, c->at_ms))
		return (struct traffic_verdict){CLICK_BOT, "scanner:every link", false};
	return v;
}

enum status traffic_recall(struct traffic *t, const struct ledger_click *c)
{
	uint8_t offer[16];
	offer_key(c, offer);
	enum status s = visits_put(&t->link, c->link.b, c->visitor, c->at_ms);
	if (s == OK)
		s = visits_put(&t->answer, c->insertion.b, c->visitor, c->at_ms);
	return s == OK ? visits_put(&t->offer, offer, c->visitor, c->at_ms) : s;
}

struct traffic_verdict traffic_judge(struct traffic *t, const struct ledger_click *c, int64_t served_ms)
{
	struct traffic_verdict v = {.class = c->class, .rule = c->rule, .unique = c->class == CLICK_HUMAN};
	uint8_t offer[16];
	if (c->class != CLICK_HUMAN || !given(c->visitor, sizeof(c->visitor)))
		return v;
	v = judge_person(t, c, served_ms);
	offer_key(c, offer);
	v.unique = v.class == CLICK_HUMAN && !visits_recent(&t->offer, offer, c->visitor, c->at_ms);
	if (v.class == CLICK_HUMAN)
		err_ignore(traffic_recall(t, c));
	return v;
}
