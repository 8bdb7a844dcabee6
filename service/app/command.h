/* What one command of the command line is: its words, its options, what it runs. */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/config.h"
#include "app/options.h"

/* Exit codes, everywhere. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *words;    /* "catalog push" */
	const char *operands; /* "FILE", for the usage line */
	size_t min_operands, max_operands;
	const char *about;
	enum config_use config; /* which rows of the configuration it takes */
	const struct option *own;
	size_t own_count, own_size; /* its own rows, and the struct they fill (zeroed) */
	int (*run)(const struct config *c, const void *own, char **operand, size_t operands);
};

extern const struct command command_serve, command_insert, command_replay, command_check, command_push, command_report, command_verify, command_forget, command_import,
	command_key_create, command_key_revoke, command_key_list;
extern const struct command command_bench_scan;
extern const struct command command_bench_retrieve, command_bench_insert;

/* "inlay: where: text" on stderr; returns EXIT_FAILED, or EXIT_USAGE where usage is true. */
int complain(const struct err *e);
int complain_usage(const struct err *e);

#endif
