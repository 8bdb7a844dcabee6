/* Inside the feeder: what its files (feeder, feeder_shelf, feeder_load, feeder_change, feeder_bell) share. */
#ifndef APP_FEEDER_STATE_H
#define APP_FEEDER_STATE_H

#include "app/feeder.h"
#include "app/stock.h"

#include <pthread.h>

#define URL_TEXT 1024

struct feeder {
	struct ledger *ledger;
	struct shelf_slot *slot;
	const struct link_keys *keys;
	size_t max_part;
	uint64_t seed;
	struct stock *stock;
	struct feed_cache *cache; /* the bell thread's alone, but for feed_cache_stop */

	pthread_mutex_t change; /* held from reading a part to writing ledger and stock: changes have one order */

	pthread_mutex_t build; /* what follows, and the order of shelves; not held while a base is built */
	pthread_cond_t settled; /* a base has been built, or could not be */
	struct flow_rules *rules;
	char public_url[URL_TEXT];
	struct shelf *base; /* what shelves are laid over, or NULL */
	bool base_old;      /* it has other rules or another URL */
	bool building, folding; /* a thread builds a base; the folder is asked to */
	unsigned failures;      /* of bases */
	uint64_t built; /* stock version of the published shelf */
	bool published;

	pthread_mutex_t flag_lock;
	pthread_cond_t flagged;
	bool loaded, stop;

	pthread_t loader, clock, bell, folder;
	bool has_loader, has_clock, has_bell, has_folder;
};

/* feeder_shelf.c: publishes what the stock holds now, unless another thread has just done so. name: "" or a name of its own. */
MUST_USE enum status feeder_publish(struct feeder *f, struct str name, struct err *e);
void *feeder_fold_run(void *feeder);
/* For the folder to end. */
void feeder_fold_stop(struct feeder *f);
/* Sleeps up to ms, less when the feeder stops; true: it stops. */
bool feeder_pause(struct feeder *f, int ms);
bool feeder_loaded(struct feeder *f);
void feeder_set_loaded(struct feeder *f);
void feeder_log_error(const char *event, struct str merchant, const struct err *e);

/* feeder_load.c: merchants without products; then everything; then only what the ledger has and the stock has not. */
MUST_USE enum status feeder_load_merchants(struct feeder *f, struct err *e);
MUST_USE enum status feeder_load_catalogs(struct feeder *f, struct err *e);
/* feeder_bell.c */
void *feeder_bell_run(void *feeder);

#endif
