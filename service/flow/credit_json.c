/* The conversion of API.md section 6 as JSON, read strictly; errors carry JSON pointers. */
#include "flow/credit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static enum status load(struct str json, json_t **out, struct err *e)
{
	json_error_t je;
	json_t *root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &je);
	if (!root)
		return err_set(e, E_INPUT, "", "not JSON: %s (line %d)", je.text, je.line);
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(e, E_INPUT, "", "must be a JSON object");
	}
	*out = root;
	return OK;
}

static json_t *field(const json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);
	return json_is_null(v) ? NULL : v;
}

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

enum status credit_json_merchant(struct str json, struct arena *a, struct str *out, struct err *e)
{
	json_t *root;
	enum status s = load(json, &root, e);
	if (s != OK)
		return s;
	json_t *m = field(root, "merchant");
	if (json_is_string(m))
		*out = arena_take_str(a, text_of(m));
	else
		s = err_set(e, E_INPUT, "/merchant", m ? "must be a string" : "is required");
	json_decref(root);
	return s;
}

static enum status read_text(const json_t *o, const char *name, char *out, size_t size, struct err *e)
{
	const json_t *v = field(o, name);
	char pointer[48];
	snprintf(pointer, sizeof pointer, "/%s", name);
	if (!v)
		return OK;
	if (!json_is_string(v))
		return err_set(e, E_INPUT, pointer, "must be a string");
	return credit_text(text_of(v), pointer, out, size, e);
}

static enum status read_money(const json_t *o, const char *name, const char *pointer, bool *has, struct money *out, struct err *e)
{
	const json_t *v = field(o, name), *amount = json_object_get(v, "amount"), *currency = json_object_get(v, "currency");
	if (!v)
		return OK;
	struct money m = {0};
	if (!json_is_integer(amount) || !json_is_string(currency) || !money_currency(text_of(currency), m.currency))
		return err_set(e, E_INPUT, pointer, "must be {\"amount\": minor units, \"currency\": ISO 4217 code}");
	m.minor = json_integer_value(amount);
	if (m.minor > INT64_MAX / 1000000 || m.minor < -(INT64_MAX / 1000000))
		return err_set(e, E_INPUT, pointer, "the amount is too large");
	*out = m;
	*has = true;
	return OK;
}

static enum status read_item(const json_t *v, size_t i, struct ledger_item *out, struct err *e)
{
	char pointer[48];
	bool has_total = false;
	snprintf(pointer, sizeof pointer, "/items/%zu", i);
	if (!json_is_object(v))
		return err_set(e, E_INPUT, pointer, "must be an object");
	const json_t *quantity = field(v, "quantity");
	out->quantity = quantity ? json_integer_value(quantity) : 1;
	if (quantity && (!json_is_integer(quantity) || out->quantity < 0))
		return err_set(e, E_INPUT, pointer, "quantity must be a whole number, 0 or more");
	enum status s = read_text(v, "id", out->id, sizeof out->id, e);
	if (s == OK)
		s = read_text(v, "category", out->category, sizeof out->category, e);
	if (s == OK)
		s = read_money(v, "total", pointer, &has_total, &out->total, e);
	return s;
}

static enum status read_items(const json_t *root, struct ledger_conversion *c, struct err *e)
{
	const json_t *items = field(root, "items");
	if (!items)
		return OK;
	if (!json_is_array(items) || json_array_size(items) > LEDGER_MAX_ITEMS)
		return err_set(e, E_INPUT, "/items", "must be a list of at most %d items", LEDGER_MAX_ITEMS);
	enum status s = OK;
	for (size_t i = 0; s == OK && i < json_array_size(items); i++)
		s = read_item(json_array_get(items, i), i, &c->item[c->item_count++], e);
	return s;
}

static enum status read_state(const json_t *root, struct ledger_conversion *c, struct err *e)
{
	const json_t *click = field(root, "click_id"), *status = field(root, "status"), *at = field(root, "occurred_at");
	if (click && !json_is_string(click))
		return err_set(e, E_INPUT, "/click_id", "must be a string");
	if (status && (!json_is_string(status) || !order_status_parse(text_of(status), &c->status)))
		return err_set(e, E_INPUT, "/status", "must be pending, approved, declined, reversed or paid");
	if (at && (!json_is_string(at) || time_parse(text_of(at), &c->occurred_at_ms, NULL) != OK))
		return err_set(e, E_INPUT, "/occurred_at", "must be an RFC 3339 time");
	if (!click || json_string_length(click) == 0)
		return OK;
	enum status s = credit_click(text_of(click), c, e);
	/* Who reports an order himself can look again; what a network sends is booked all the same. */
	return strcmp(c->source, "webhook") == 0 ? OK : s;
}

enum status credit_read_json(struct str json, struct ledger_conversion *c, struct err *e)
{
	json_t *root;
	enum status s = load(json, &root, e);
	if (s != OK)
		return s;
	s = read_text(root, "order_id", c->order_id, sizeof c->order_id, e);
	if (s == OK)
		s = read_state(root, c, e);
	if (s == OK)
		s = read_money(root, "total", "/total", &c->has_total, &c->total, e);
	if (s == OK)
		s = read_money(root, "adjustment", "/adjustment", &c->has_adjustment, &c->adjustment, e);
	if (s == OK)
		s = read_money(root, "commission", "/commission", &c->has_commission, &c->commission, e);
	if (s == OK)
		s = read_items(root, c, e);
	json_decref(root);
	return s == OK ? credit_check(c, e) : s;
}
