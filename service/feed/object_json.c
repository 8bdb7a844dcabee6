/* A line as jansson's object: for the formats that are read as trees. */
#include "feed/reader.h"

#include <jansson.h>

json_t *json_line(struct intake *in, struct str line)
{
	json_error_t why;
	json_t *o;

	if (!utf8_valid(line)) {
		err_ignore(intake_refuse(in, STR_NONE, "", "is not valid UTF-8"));
		return NULL;
	}
	o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &why);
	if (!o) {
		err_ignore(intake_refuse(in, STR_NONE, "", "no JSON: %s", why.text));
	} else if (!json_is_object(o)) {
		err_ignore(intake_refuse(in, STR_NONE, "", "must be a JSON object"));
		json_decref(o);
		o = NULL;
	}
	return o;
}
