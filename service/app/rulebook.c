/* The files of rules/ and catalogs/networks.yaml, found and read. */
#include "app/rulebook.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_RULES (16u << 20)

struct rule_file {
	const char *name;
	size_t offset; /* of its text in struct flow_rule_texts */
};
#define TEXT_AT(field) offsetof(struct flow_rule_texts, field)
static const struct rule_file files[] = {
	{"intent.yaml", TEXT_AT(intent)},
	{"topics.yaml", TEXT_AT(topics)},
	{"matching.yaml", TEXT_AT(matching)},
	{"placement.yaml", TEXT_AT(placement)},
	{"disclosure.yaml", TEXT_AT(disclosure)},
	{"bots.yaml", TEXT_AT(bots)},
	{"intent.weights", TEXT_AT(weights)},
	{"networks.yaml", TEXT_AT(networks)},
};
#define NETWORKS (ARRAY_LEN(files) - 1)

static bool has(const char *folder, const char *file)
{
	char path[PATH_MAX];
	return (size_t)snprintf(path, sizeof path, "%s/%s", folder, file) < sizeof path && access(path, R_OK) == 0;
}

/* Writes "<base><tail>" where that folder holds file; returns whether it does. */
static bool try_folder(char out[PATH_MAX], const char *base, const char *tail, const char *file)
{
	return (size_t)snprintf(out, PATH_MAX, "%s%s", base, tail) < PATH_MAX && has(out, file);
}

/* The folder two above build/inlay (or build/asan/inlay: three). */
static bool beside_program(char out[PATH_MAX], const char *tail, const char *file)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0)
		return false;
	self[n] = '\0';
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(self, '/');
		if (!slash)
			return false;
		*slash = '\0';
		if (try_folder(out, self, tail, file))
			return true;
	}
	return false;
}

static void find_rules(const char *given, char out[PATH_MAX])
{
	if (*given)
		snprintf(out, PATH_MAX, "%s", given);
	else if (!try_folder(out, ".", "/rules", "intent.yaml") && !beside_program(out, "/rules", "intent.yaml"))
		snprintf(out, PATH_MAX, "/usr/share/inlay/rules");
}

static void find_catalogs(const char *given, const char *rules, char out[PATH_MAX])
{
	const char *const file = files[NETWORKS].name;
	if (*given)
		snprintf(out, PATH_MAX, "%s", given);
	else if (!try_folder(out, rules, "/../catalogs", file) && !try_folder(out, rules, "", file) && !beside_program(out, "/catalogs", file))
		snprintf(out, PATH_MAX, "/usr/share/inlay/catalogs");
}

static enum status read_texts(const char *rules, const char *catalogs, char *text[ARRAY_LEN(files)], struct flow_rule_texts *into, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char path[PATH_MAX + 32];
		size_t n;
		snprintf(path, sizeof path, "%s/%s", i == NETWORKS ? catalogs : rules, files[i].name);
		enum status s = file_read(path, MAX_RULES, &text[i], &n, e);
		if (s != OK)
			return s;
		*(struct str *)((char *)into + files[i].offset) = (struct str){text[i], n};
	}
	return OK;
}

enum status rulebook_read(const char *rules, const char *catalogs, const char *own_bots, struct flow_rules **out, struct err *e)
{
	char rules_at[PATH_MAX], catalogs_at[PATH_MAX];
	char *text[ARRAY_LEN(files)] = {NULL};
	struct flow_rule_texts texts = {0};
	find_rules(rules, rules_at);
	find_catalogs(catalogs, rules_at, catalogs_at);
	char *own = NULL;
	enum status s = read_texts(rules_at, catalogs_at, text, &texts, e);
	if (s == OK && *own_bots)
		s = file_read(own_bots, MAX_RULES, &own, &texts.own_bots.n, e);
	texts.own_bots.p = own;
	if (s == OK)
		s = flow_rules_new(&texts, out, e);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		free(text[i]);
	free(own);
	return s;
}
