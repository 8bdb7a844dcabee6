/* OpenAI's flat product feed as JSON Lines: each object becomes a flat record of texts. */
#include "feed/reader.h"

#include <jansson.h>

#define MAX_FIELDS 512

static struct str scalar_text(struct arena *a, const json_t *v)
{
	if (json_is_string(v))
		return (struct str){json_string_value(v), json_string_length(v)};
	if (json_is_boolean(v))
		return json_is_true(v) ? STR("true") : STR("false");
	if (json_is_integer(v))
		return arena_take_printf(a, "%lld", (long long)json_integer_value(v));
	if (json_is_real(v))
		return arena_take_printf(a, "%.15g", json_real_value(v));
	return STR_NONE;
}

static size_t add_variants(struct intake *in, json_t *variants, struct field *field, size_t n)
{
	const char *name;
	json_t *v;

	json_object_foreach(variants, name, v)
	{
		if (n == MAX_FIELDS)
			break;
		field[n].name = arena_take_printf(in->scratch, "variant_dict.%s", name);
		field[n++].value = scalar_text(in->scratch, v);
	}
	return n;
}

static enum status take_object(struct intake *in, json_t *o)
{
	struct field *field = ARENA_TAKE(in->scratch, struct field, MAX_FIELDS);
	const char *name;
	size_t n = 0;
	json_t *v;

	if (!field)
		return err_set(in->e, E_NOMEM, "", "no memory for a line");
	json_object_foreach(o, name, v)
	{
		if (n == MAX_FIELDS)
			return intake_refuse(in, STR_NONE, "", "has more than %d fields", MAX_FIELDS);
		field[n].name = str_of(name);
		field[n].value = scalar_text(in->scratch, v);
		n += field[n].value.n > 0;
	}
	return flat_take(in, field, add_variants(in, json_object_get(o, "variant_dict"), field, n));
}

enum status openai_line(struct intake *in, struct str line)
{
	json_t *o = json_line(in, line);
	enum status s = o ? take_object(in, o) : OK;

	json_decref(o);
	return s;
}
