/* One call of an insert stream: {"stream","seq","delta","end"}; on the first call these stand among the fields of the request. */
#include "http/door.h"

#include <jansson.h>

static enum status read_text(const json_t *o, const char *key, const char *pointer, struct arena *a, struct str *out, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return OK;
	if (!json_is_string(v))
		return err_set(e, E_INPUT, pointer, "a string is wanted");
	*out = arena_take_str(a, (struct str){json_string_value(v), json_string_length(v)});
	return out->p ? OK : err_set(e, E_NOMEM, pointer, "too long");
}

static enum status read_call(const json_t *o, struct arena *a, struct stream_call *c, struct err *e)
{
	enum status s = read_text(o, "stream", "/stream", a, &c->stream, e);

	if (s == OK)
		s = read_text(o, "delta", "/delta", a, &c->delta, e);
	if (s)
		return s;
	const json_t *seq = json_object_get(o, "seq"), *end = json_object_get(o, "end");
	if (seq && !json_is_integer(seq))
		return err_set(e, E_INPUT, "/seq", "a whole number is wanted");
	if (end && !json_is_boolean(end))
		return err_set(e, E_INPUT, "/end", "true or false is wanted");
	c->seq = seq ? json_integer_value(seq) : 0;
	c->end = json_is_true(end);
	if (seq && c->seq < 1)
		return err_set(e, E_INPUT, "/seq", "counts from 1");
	return OK;
}

enum status stream_call_parse(struct str json, struct arena *a, struct stream_call *out, struct err *e)
{
	struct stream_call c = {0};
	json_error_t why;
	json_t *o = json_loadb(json.n ? json.p : "", json.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);

	if (!o)
		return err_set(e, E_INPUT, "", "not JSON: %s", why.text);
	enum status s = json_is_object(o) ? read_call(o, a, &c, e) : err_set(e, E_INPUT, "", "an object is wanted");
	json_decref(o);
	if (s == OK)
		*out = c;
	return s;
}
