/* options: one kind of table for everything a person can set. A row makes the flag (--max-answer), the environment
 * variable (INLAY_MAX_ANSWER), the key in inlay.yaml (max_answer) and the line of --help.
 * Texts are borrowed: from argv, from the environment, or from the arena the file was parsed into. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "base/base.h"

enum option_kind {
	OPTION_TEXT,   /* const char * */
	OPTION_WHOLE,  /* int64_t in [min, max] */
	OPTION_BYTES,  /* int64_t; "64K", "1M", "2G" are understood */
	OPTION_SWITCH, /* bool; as a flag it needs no value */
	OPTION_TEXTS,  /* struct texts; the flag may be repeated; not in files */
};
#define TEXTS_MAX 64
struct texts {
	const char *item[TEXTS_MAX];
	size_t count;
};

struct option {
	const char *name;
	enum option_kind kind;
	const char *fallback; /* as a person would write it; NULL: empty, 0, false */
	const char *unit;     /* "HOST:PORT", "ms"; what stands behind the flag in --help */
	int64_t min, max;     /* numbers only */
	const char *help;
	size_t offset;        /* of the field in the struct that the table describes */
	bool own_only;        /* a flag alone: neither environment nor file */
};
struct option_table {
	const struct option *row;
	size_t count;
	void *target;
};

/* All fields to their defaults. E_BUG when a table contradicts itself. */
MUST_USE enum status options_default(struct option_table t, struct err *e);
/* The map of a configuration file: unknown keys are refused with their line. Texts stay in the document's arena. */
MUST_USE enum status options_file(struct option_table t, const struct doc *file, struct err *e);
MUST_USE enum status options_environment(struct option_table t, struct err *e);
/* Flags of any of the tables; the rest are operands, written over argv from the start. "--" ends the flags. */
MUST_USE enum status options_flags(const struct option_table *t, size_t tables, int argc, char **argv, char **operand, size_t *operands, struct err *e);
/* Value of one flag before anything else is read (--config), or NULL. */
const char *options_peek(int argc, char **argv, const char *name);
void options_help(struct option_table t, struct buf *out);

#endif
