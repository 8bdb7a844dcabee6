/* Media types of requests. */
#include "http/door.h"

struct str media_type(struct str header)
{
	return str_trim(str_cut(&header, ';'));
}

bool json_admitted(struct request *r)
{
	struct str type = media_type(request_header(r, "Content-Type"));

	if (type.n == 0 || str_eq_nocase(type, STR("application/json")) || str_eq_nocase(type, STR("text/json")) || str_ends(type, STR("+json")))
		return true;
	problem(r, 415, "application/json is wanted");
	return false;
}
