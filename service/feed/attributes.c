/* Attributes are kept as text for matching, "name: value; name: value", and written as the object that gives just that text
 * again, or as the text where no object would. */
#include "feed/reader.h"

#define MAX_PAIRS 64

struct split {
	struct str name[MAX_PAIRS], value[MAX_PAIRS];
	size_t n;
};

static bool name_is_new(const struct split *s, struct str name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->name[i], name))
			return false;
	return true;
}

/* False unless joining the pairs again gives text. */
static bool split_text(struct str text, struct split *s)
{
	s->n = 0;
	while (text.n > 0) {
		size_t end = str_find(text, STR("; "), 0), colon = str_find(str_sub(text, 0, end), STR(": "), 0);
		struct str name = str_sub(text, 0, colon);
		if (s->n == MAX_PAIRS || colon == end || !name.n || name.n != str_trim(name).n || !name_is_new(s, name))
			return false;
		s->name[s->n] = name;
		s->value[s->n++] = str_sub(text, colon + 2, end);
		if (end + 2 == text.n)
			return false;
		text = end < text.n ? str_sub(text, end + 2, text.n) : STR_NONE;
	}
	return true;
}

void attributes_put_json(struct buf *out, struct str text)
{
	struct split s;

	if (!text.n)
		return;
	buf_put(out, STR(",\"attributes\":"));
	if (!split_text(text, &s)) {
		buf_put_json(out, text);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		buf_putc(out, i ? ',' : '{');
		buf_put_json(out, s.name[i]);
		buf_putc(out, ':');
		buf_put_json(out, s.value[i]);
	}
	buf_putc(out, '}');
}
