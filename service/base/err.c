/* Errors as values: a status, and a sentence for a person where the caller wants one. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

#undef err_set
enum status err_set(struct err *e, enum status s, const char *where, const char *fmt, ...)
{
	if (!e)
		return s;
	e->status = s;
	snprintf(e->where, sizeof e->where, "%s", where ? where : "");
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	e->text[utf8_whole((struct str){e->text, strlen(e->text)})] = '\0';
	return s;
}

const char *status_name(enum status s)
{
	switch (s) {
	case OK:
		return "ok";
	case E_NOMEM:
		return "out of memory";
	case E_INPUT:
		return "bad input";
	case E_MISSING:
		return "not found";
	case E_CONFLICT:
		return "conflict";
	case E_BUSY:
		return "busy";
	case E_IO:
		return "input/output error";
	case E_DENIED:
		return "denied";
	case E_BUG:
		break;
	}
	return "internal error";
}

void err_ignore(enum status s)
{
	(void)s;
}
