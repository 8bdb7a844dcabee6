/* inlay catalog check: what a feed of any accepted format holds, and what is wrong with it. */
#include "app/command.h"
#include "feed/feed.h"

#include <stdio.h>

#define PART_LIMIT ((size_t)4 << 30)
#define SHOWN 20

struct check_own {
	const char *merchant;
	bool lenient;
};
static const struct option rows[] = {
	{"merchant", OPTION_TEXT, NULL, "M", 0, 0, "whose feed it is [from the file's name]", .offset = offsetof(struct check_own, merchant), .own_only = true},
	{"lenient", OPTION_SWITCH, NULL, NULL, 0, 0, "read it as inlay insert --lenient does", .offset = offsetof(struct check_own, lenient), .own_only = true},
};

static void print_errors(const struct feed_report *r)
{
	for (size_t i = 0; i < r->error_count && i < SHOWN; i++) {
		const struct feed_error *e = &r->errors[i];
		printf("line %llu%s%s: %s%s%s\n", (unsigned long long)e->line, e->id[0] ? ", id " : "", e->id, e->field, e->field[0] ? ": " : "", e->detail);
	}
	if (r->rejected > SHOWN)
		printf("... and %llu more\n", (unsigned long long)(r->rejected - SHOWN));
}

static int run_check(const struct config *c, const void *own, char **operand, size_t operands)
{
	const struct check_own *o = own;
	const struct feed_options options = {.lenient = o->lenient, .max_bytes = PART_LIMIT, .now_ms = now_ms()};
	struct feed_parts parts = {0};
	struct feed_report report = {0};
	struct err e = {0};
	(void)c, (void)operands;
	enum status s = feed_read_file(operand[0], str_of(o->merchant), &options, &parts, &report, &e);
	if (s != OK)
		return complain(&e);
	size_t merchants = parts.count;
	feed_parts_done(&parts);
	printf("%s: %llu products accepted, %llu lines refused, merchants: %zu\n", operand[0], (unsigned long long)report.accepted,
		(unsigned long long)report.rejected, merchants);
	print_errors(&report);
	bool usable = report.accepted > 0;
	feed_report_done(&report);
	return usable && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

const struct command command_check = {
	.words = "catalog check",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.about = "validate a feed: counts, and the first errors with line and field",
	.own = rows,
	.own_count = ARRAY_LEN(rows),
	.own_size = sizeof(struct check_own),
	.run = run_check,
};
