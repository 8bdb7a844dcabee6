/* The entry of a merchant in inlay:merchants. */
#include "feed/cache.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHUNKS (1u << 20)

void entry_write(const struct entry *en, struct buf *out)
{
	buf_put(out, STR("{\"merchant\":"));
	merchant_write_json(&en->merchant, false, out);
	buf_put(out, STR(",\"generation\":"));
	buf_put_json(out, en->generation);
	buf_put(out, STR(",\"version\":"));
	buf_put_json(out, en->version);
	buf_printf(out, ",\"chunks\":%llu,\"count\":%llu,\"digest\":", (unsigned long long)en->chunks, (unsigned long long)en->count);
	buf_put_json(out, en->digest);
	if (en->changes > 0) {
		buf_put(out, STR(",\"base\":"));
		buf_put_json(out, en->base);
		buf_printf(out, ",\"changes\":%llu,\"changed\":%llu,\"changes_digest\":", (unsigned long long)en->changes, (unsigned long long)en->changed);
		buf_put_json(out, en->changes_digest);
	}
	buf_putc(out, '}');
}

void gone_line_write(struct str id, struct buf *out)
{
	buf_put(out, STR("{\"id\":"));
	buf_put_json(out, id);
	buf_put(out, STR(",\"deleted\":true}"));
}

bool gone_line_read(struct str line, struct arena *a, struct str *id_out)
{
	/* Most lines are products; they end otherwise. */
	json_t *o = str_ends(line, STR(",\"deleted\":true}")) ? json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *id = json_object_get(o, "id");
	bool gone = json_object_size(o) == 2 && json_is_string(id) && json_is_true(json_object_get(o, "deleted"));

	if (gone)
		*id_out = arena_take_str(a, (struct str){json_string_value(id), json_string_length(id)});
	json_decref(o);
	return gone;
}

static bool take_text(const json_t *o, const char *name, struct arena *a, struct str *out)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_string(v) || json_string_length(v) == 0 || json_string_length(v) > 200)
		return false;
	*out = arena_take_str(a, (struct str){json_string_value(v), json_string_length(v)});
	return true;
}

static bool take_number(const json_t *o, const char *name, uint64_t max, uint64_t *out)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

static enum status read_object(struct str merchant, const json_t *o, struct arena *a, struct entry *out, struct err *e)
{
	struct entry en = {0};
	char *json;
	enum status s;

	if (!take_text(o, "generation", a, &en.generation) || !take_text(o, "version", a, &en.version) ||
		!take_text(o, "digest", a, &en.digest) || !take_number(o, "chunks", MAX_CHUNKS, &en.chunks) ||
		!take_number(o, "count", (uint64_t)MAX_CHUNKS * CHUNK_LINES, &en.count))
		return err_set(e, E_INPUT, "redis", "the entry of %.*s is not ours", STR_ARG(merchant));
	if (json_object_get(o, "changes") == NULL)
		en.base = en.generation;
	else if (!take_text(o, "base", a, &en.base) || !take_text(o, "changes_digest", a, &en.changes_digest) ||
		!take_number(o, "changes", MAX_CHUNKS, &en.changes) || !take_number(o, "changed", (uint64_t)MAX_CHUNKS * CHUNK_LINES, &en.changed))
		return err_set(e, E_INPUT, "redis", "the entry of %.*s is not ours", STR_ARG(merchant));
	json = json_dumps(json_object_get(o, "merchant"), JSON_COMPACT);
	s = merchant_parse_json(merchant, str_of(json), a, &en.merchant, e);
	free(json);
	if (s == OK)
		*out = en;
	return s;
}

enum status entry_read(struct str merchant, struct str json, struct arena *a, struct entry *out, struct err *e)
{
	json_t *o = json.n ? json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	enum status s = read_object(merchant, o, a, out, e);

	json_decref(o);
	return s;
}
