/* Conversions and postbacks: parsed and verified by flow, booked by the ledger; answered after the commit. */
#include "http/door.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMMIT_WAIT_S 5

/* A conversion on its way through the scribe. Counted, since the commit may come after the door gave up waiting; the arena
 * holds the rules that the conversion borrows. */
struct errand {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int refs;
	bool settled;
	enum status status;
	struct ledger_booking booking;
	struct ledger_conversion conversion;
	struct arena *arena;
};

static struct errand *errand_new(void)
{
	struct errand *x = calloc(1, sizeof *x);
	pthread_condattr_t attr;

	if (!x)
		return NULL;
	x->arena = arena_new(8u << 20);
	if (!x->arena) {
		free(x);
		return NULL;
	}
	x->refs = 1;
	pthread_mutex_init(&x->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&x->wake, &attr);
	pthread_condattr_destroy(&attr);
	return x;
}

static void errand_unref(struct errand *x)
{
	pthread_mutex_lock(&x->lock);
	int left = --x->refs;
	pthread_mutex_unlock(&x->lock);
	if (left)
		return;
	arena_free(x->arena);
	pthread_cond_destroy(&x->wake);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

static void booked(void *arg, enum status s, const struct ledger_booking *booking)
{
	struct errand *x = arg;

	pthread_mutex_lock(&x->lock);
	x->settled = true;
	x->status = s;
	if (booking)
		x->booking = *booking;
	pthread_cond_signal(&x->wake);
	pthread_mutex_unlock(&x->lock);
	errand_unref(x);
}

/* OK: booking is filled. E_BUSY: not known to be durable within the bound. */
static enum status book(struct ledger *l, struct errand *x)
{
	struct timespec until;
	int waited = 0;

	x->refs = 2;
	enum status s = ledger_submit(l, LEDGER_CONVERSION, &x->conversion, booked, x);
	if (s) {
		x->refs = 1;
		return s;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += COMMIT_WAIT_S;
	pthread_mutex_lock(&x->lock);
	while (!x->settled && waited == 0)
		waited = pthread_cond_timedwait(&x->wake, &x->lock, &until);
	s = x->settled ? x->status : E_BUSY;
	pthread_mutex_unlock(&x->lock);
	return s;
}

/* An order falls under the terms of its date. */
static enum status terms_of_its_date(struct ledger *l, struct errand *x, struct err *e)
{
	struct buf json;
	buf_init(&json, 1u << 20);
	enum status s = ledger_merchant_then(l, str_of(x->conversion.merchant), x->conversion.occurred_at_ms, &json, NULL);
	if (s == OK)
		s = credit_terms_of(buf_str(&json), x->arena, &x->conversion, e);
	else if (s == E_MISSING || s == E_BUSY) /* the present ones; a store that is away is no reason to lose an order */
		s = OK;
	else
		s = err_set(e, s, "", "the merchant's terms cannot be read");
	buf_done(&json);
	return s;
}

/* quietly: a sender that cannot mend what it sent is told that it was received. */
static void book_and_answer(struct request *r, struct errand *x, bool quietly)
{
	struct err e = {0};
	enum status s = terms_of_its_date(r->server->services.ledger, x, &e);
	if (s) {
		problem_of(r, s, &e);
		return;
	}
	s = book(r->server->services.ledger, x);

	if (s) {
		problem(r, 503, "the order could not be made durable, send it again");
		return;
	}
	if (x->booking.booking == BOOKED_REPLAY || x->booking.booking == BOOKED_KEY_TAKEN) {
		if (idempotency_replay(r, &x->conversion.key) == E_MISSING)
			problem(r, 503, "the stored reply has just expired, send the order again");
		return;
	}
	if (x->booking.booking == BOOKED_REFUSED && !quietly) {
		problem(r, 422, "%s", x->booking.detail);
		return;
	}
	metric_add(METRIC_CONVERSIONS, 1);
	credit_write_json(&x->conversion, &x->booking, &r->reply.body);
	reply_json(r, 200);
}

/* ---- POST /v1/conversions ---------------------------------------------------------------- */

static void convert(struct request *r, struct shelf *shelf, const struct ledger_idempotency *key, struct errand *x)
{
	struct err e = {0};
	enum status s = credit_parse_json(shelf, r->bytes, now_ms(), x->arena, &x->conversion, &e);

	x->conversion.key = *key;
	x->conversion.reply = credit_write_json;
	if (s)
		problem_of(r, s, &e);
	else if (merchant_admitted(r, str_of(x->conversion.merchant)))
		book_and_answer(r, x, false);
}

/* Shelf and errand for one message; false after a problem. */
static bool prepare(struct request *r, struct shelf **shelf, struct errand **x)
{
	*shelf = shelf_get(r->server->services.slot);
	*x = *shelf ? errand_new() : NULL;
	if (*x)
		return true;
	problem(r, 503, *shelf ? "no memory" : "merchants are still being loaded");
	if (*shelf)
		shelf_unref(*shelf);
	return false;
}

enum turn answer_conversion(struct request *r)
{
	struct ledger_idempotency key;
	struct shelf *shelf;
	struct errand *x;

	if (!json_admitted(r) || !idempotency_begin(r, &key))
		return ANSWERED;
	if (prepare(r, &shelf, &x)) {
		convert(r, shelf, &key, x);
		errand_unref(x);
		shelf_unref(shelf);
	}
	idempotency_release(r, &key);
	return ANSWERED;
}

/* ---- GET|POST /v1/postback/{m} --------------------------------------------------------------- */

static enum status read_form(struct request *r, struct params *out, struct err *e)
{
	struct params form = {0};
	struct credit_param *all = ARENA_TAKE(r->arena, struct credit_param, PARAMS_MAX * 2);

	enum status s = params_parse(r->bytes, r->arena, &form, e);
	if (s || !all)
		return s ? s : E_NOMEM;
	for (size_t i = 0; i < r->query.n; i++)
		all[i] = r->query.p[i];
	for (size_t i = 0; i < form.n; i++)
		all[r->query.n + i] = form.p[i];
	*out = (struct params){all, r->query.n + form.n};
	return OK;
}

static enum status read_postback(struct request *r, struct shelf *shelf, struct errand *x, struct err *e)
{
	struct str type = media_type(request_header(r, "Content-Type")), m = r->segment[0];
	struct params p = r->query;
	bool post = strcmp(r->method, "POST") == 0;

	if (post && (str_eq_nocase(type, STR("application/json")) || str_ends(type, STR("+json"))))
		return credit_parse_webhook(shelf, m, r->bytes, request_header(r, "webhook-id"), request_header(r, "webhook-timestamp"),
		        request_header(r, "webhook-signature"), now_ms(), x->arena, &x->conversion, e);
	enum status s = post ? read_form(r, &p, e) : OK;
	return s ? s : credit_parse_postback(shelf, m, p.p, p.n, now_ms(), x->arena, &x->conversion, e);
}

static bool postback_type_admitted(struct request *r)
{
	struct str type = media_type(request_header(r, "Content-Type"));

	if (strcmp(r->method, "POST") != 0 || type.n == 0 || str_eq_nocase(type, STR("application/x-www-form-urlencoded")) ||
	        str_eq_nocase(type, STR("application/json")) || str_ends(type, STR("+json")))
		return true;
	problem(r, 415, "a form or JSON is wanted");
	return false;
}

enum turn answer_postback(struct request *r)
{
	struct shelf *shelf;
	struct errand *x;
	struct err e = {0};

	reply_header(&r->reply, "Cache-Control", "no-store");
	if (!postback_type_admitted(r) || !prepare(r, &shelf, &x))
		return ANSWERED;
	enum status s = read_postback(r, shelf, x, &e);
	if (s)
		problem_of(r, s, &e);
	else
		book_and_answer(r, x, true);
	errand_unref(x);
	shelf_unref(shelf);
	return ANSWERED;
}
