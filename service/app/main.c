/* inlay: the one program. Finds the command, reads its options, runs it. */
#include "app/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {&command_serve, &command_insert, &command_replay, &command_check, &command_push, &command_report,
	&command_verify, &command_forget, &command_import, &command_key_create, &command_key_revoke, &command_key_list,
	&command_bench_scan, &command_bench_retrieve, &command_bench_insert};

int complain(const struct err *e)
{
	fprintf(stderr, "inlay: %s%s%s\n", e->where, e->where[0] ? ": " : "", e->text);
	return EXIT_FAILED;
}

int complain_usage(const struct err *e)
{
	complain(e);
	return EXIT_USAGE;
}

/* Is argv the words of c? Returns how many, 0 if not. */
static int words_match(const struct command *c, int argc, char **argv)
{
	struct str rest = str_of(c->words);
	int n = 0;
	while (rest.n) {
		struct str word = str_cut(&rest, ' ');
		if (n >= argc || !str_eq(word, str_of(argv[n])))
			return 0;
		n++;
	}
	return n;
}

static void print_overview(FILE *to)
{
	fputs("inlay: honest affiliate links for the answers of AI assistants\n\nusage: inlay COMMAND [--help] [OPTION ...]\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-14s %s\n", commands[i]->words, commands[i]->about);
	fputs("\nExit codes: 0 done, 1 the work failed, 2 wrong usage.\n", to);
}

static int print_help(const struct command *c)
{
	struct buf out;
	struct config none;
	buf_init(&out, 1 << 20);
	buf_printf(&out, "usage: inlay %s%s%s [OPTION ...]\n%s\n\n", c->words, *c->operands ? " " : "", c->operands, c->about);
	options_help((struct option_table){c->own, c->own_count, NULL}, &out);
	options_help(config_table(&none, c->config), &out);
	if (c->config == CONFIG_ALL)
		buf_put(&out, STR("\nEvery option is also a key of inlay.yaml (max_answer: 64K) and a variable (INLAY_MAX_ANSWER=64K).\n"
				  "Order: default, file, environment, flag.\n"));
	fputs(out.p ? out.p : "", stdout);
	buf_done(&out);
	return EXIT_DONE;
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int read_and_run(const struct command *c, int argc, char **argv, void *own)
{
	struct config config = {0};
	struct err e = {0};
	struct option_table tables[] = {{c->own, c->own_count, own}, config_table(&config, c->config)};
	char **operand = argv; /* written over what was read already */
	size_t operands = 0;
	enum status s = c->config == CONFIG_NONE ? OK : config_read(&config, options_peek(argc, argv, "config"), &e);
	if (s == OK)
		s = options_default(tables[0], &e);
	if (s == OK)
		s = options_environment(tables[0], &e);
	if (s == OK)
		s = options_flags(tables, ARRAY_LEN(tables), argc, argv, operand, &operands, &e);
	if (s == OK && (operands < c->min_operands || operands > c->max_operands))
		s = err_set(&e, E_INPUT, "", "usage: inlay %s %s (see inlay %s --help)", c->words, c->operands, c->words);
	config.flag_count = operands ? 0 : argc; /* operands were written over it */
	config.flags = argv;
	int code = s == OK ? c->run(&config, own, operand, operands) : complain_usage(&e);
	config_done(&config);
	return code;
}

static int run(const struct command *c, int argc, char **argv)
{
	if (asks_help(argc, argv))
		return print_help(c);
	void *own = calloc(1, c->own_size ? c->own_size : 1);
	int code = own ? read_and_run(c, argc, argv, own) : EXIT_FAILED;
	free(own);
	return code;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		int n = words_match(commands[i], argc - 1, argv + 1);
		if (n)
			return run(commands[i], argc - 1 - n, argv + 1 + n);
	}
	bool help = argc < 2 || asks_help(argc - 1, argv + 1);
	print_overview(help && argc > 1 ? stdout : stderr);
	return help && argc > 1 ? EXIT_DONE : EXIT_USAGE;
}
