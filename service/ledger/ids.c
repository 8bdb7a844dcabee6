/* Event ids and the names of classes and states. An id is 48 bits of time in ms, 16 of sequence, 16 of node, 48 random: time-ordered, so
 * that the indexes over them only grow at the end (facts: server 4.1). */
#include "ledger/store.h"

#include <string.h>

static void put_be(uint8_t *out, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

struct ledger_id ledger_new_id(struct ledger *l, int64_t now_ms)
{
	struct ledger_id id;
	pthread_mutex_lock(&l->id_mutex);
	if (now_ms > l->id_ms) {
		l->id_ms = now_ms;
		l->id_sequence = 0;
	} else if (++l->id_sequence > UINT16_MAX) {
		l->id_ms++;
		l->id_sequence = 0;
	}
	put_be(id.b, (uint64_t)l->id_ms, 6);
	put_be(id.b + 6, l->id_sequence, 2);
	pthread_mutex_unlock(&l->id_mutex);
	memcpy(id.b + 8, l->node, 2);
	random_bytes(id.b + 10, 6);
	return id;
}

void ids_continue(struct ledger *l, const struct ledger_id *last)
{
	uint64_t ms = 0;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | last->b[i];
	/* Its sequence within that ms is not taken up again. */
	if ((int64_t)ms >= l->id_ms)
		l->id_ms = (int64_t)ms + 1;
}

static const char *const click_names[] = {"human", "bot", "preview", "prefetch", "duplicate", "rate", "stale"};
static const char *const status_names[] = {"pending", "approved", "declined", "reversed", "paid"};

struct str click_class_name(enum click_class c)
{
	return (size_t)c < ARRAY_LEN(click_names) ? str_of(click_names[c]) : STR("unknown");
}

struct str order_status_name(enum order_status s)
{
	return (size_t)s < ARRAY_LEN(status_names) ? str_of(status_names[s]) : STR("unknown");
}

bool order_status_parse(struct str s, enum order_status *out)
{
	for (size_t i = 0; i < ARRAY_LEN(status_names); i++) {
		if (!str_eq(s, str_of(status_names[i])))
			continue;
		*out = (enum order_status)i;
		return true;
	}
	return false;
}
