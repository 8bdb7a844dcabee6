/* The option tables: default, file, environment, flag, help. */
#include "app/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------- */

static const struct option *find(struct option_table t, struct str name)
{
	for (size_t i = 0; i < t.count; i++)
		if (str_eq(str_of(t.row[i].name), name))
			return &t.row[i]; /* cppcheck-suppress returnDanglingLifetime ; the rows are the caller's */
	return NULL;
}

/* max-answer -> max_answer */
static struct str flag_name(struct str flag, char *out, size_t max)
{
	size_t n = flag.n < max ? flag.n : max;
	for (size_t i = 0; i < n; i++)
		out[i] = flag.p[i] == '-' ? '_' : flag.p[i];
	return (struct str){out, n};
}

static void env_name(const char *name, char out[64])
{
	int n = snprintf(out, 64, "INLAY_%s", name);
	for (int i = 0; i < n && i < 63; i++)
		if (out[i] >= 'a' && out[i] <= 'z')
			out[i] = (char)(out[i] - 32);
}

/* ---- values ------------------------------------------------------------------------------- */

static bool read_bytes(struct str s, int64_t *out)
{
	static const char units[] = "KMG";
	const char *unit = s.n ? strchr(units, s.p[s.n - 1] & ~0x20) : NULL;
	int shift = unit && *unit ? 10 * (int)(unit - units + 1) : 0;
	int64_t v;
	if (!str_int(str_sub(s, 0, s.n - (shift != 0)), &v) || v < 0 || v > (INT64_MAX >> shift))
		return false;
	*out = v << shift;
	return true;
}

static enum status set_number(const struct option *o, struct str value, int64_t *field, struct err *e)
{
	int64_t v;
	bool ok = o->kind == OPTION_BYTES ? read_bytes(value, &v) : str_int(value, &v);
	if (!ok || v < o->min || v > o->max)
		return err_set(e, E_INPUT, o->name, "%s must be a whole number from %lld to %lld, not \"%.*s\"", o->name, (long long)o->min, (long long)o->max,
			(int)(value.n < 40 ? value.n : 40), value.p);
	*field = v;
	return OK;
}

static enum status set_switch(const struct option *o, struct str value, bool *field, struct err *e)
{
	bool yes = str_eq_nocase(value, STR("true")) || str_eq_nocase(value, STR("yes")) || str_eq(value, STR("1"));
	bool no = str_eq_nocase(value, STR("false")) || str_eq_nocase(value, STR("no")) || str_eq(value, STR("0"));
	if (yes == no)
		return err_set(e, E_INPUT, o->name, "%s must be true or false", o->name);
	*field = yes;
	return OK;
}

static enum status add_text(const struct option *o, const char *value, struct texts *field, struct err *e)
{
	if (field->count == TEXTS_MAX)
		return err_set(e, E_INPUT, o->name, "%s may be given at most %d times", o->name, TEXTS_MAX);
	field->item[field->count++] = value;
	return OK;
}

static enum status set(struct option_table t, const struct option *o, const char *value, struct err *e)
{
	void *field = (char *)t.target + o->offset;
	switch (o->kind) {
	case OPTION_TEXT:
		*(const char **)field = value;
		return OK;
	case OPTION_WHOLE:
	case OPTION_BYTES:
		return set_number(o, str_of(value), field, e);
	case OPTION_SWITCH:
		return set_switch(o, str_of(value), field, e);
	case OPTION_TEXTS:
		return add_text(o, value, field, e);
	}
	return err_set(e, E_BUG, o->name, "an option without a kind");
}

/* ---- sources, weakest first --------------------------------------------------------------- */

enum status options_default(struct option_table t, struct err *e)
{
	static const char *const nothing[] = {[OPTION_TEXT] = "", [OPTION_WHOLE] = "0", [OPTION_BYTES] = "0", [OPTION_SWITCH] = "false"};
	enum status s = OK;
	for (size_t i = 0; s == OK && i < t.count; i++)
		if (t.row[i].kind != OPTION_TEXTS)
			s = set(t, &t.row[i], t.row[i].fallback ? t.row[i].fallback : nothing[t.row[i].kind], e);
	return s;
}

enum status options_file(struct option_table t, const struct doc *file, struct err *e)
{
	if (file->kind != DOC_MAP)
		return err_set(e, E_INPUT, "", "the configuration must be a list of `name: value` lines");
	enum status s = OK;
	for (size_t i = 0; s == OK && i < file->count; i++) {
		const struct doc *d = &file->items[i];
		const struct option *o = find(t, d->key);
		if (!o || o->own_only || d->kind != DOC_SCALAR)
			return err_set(e, E_INPUT, "", "line %d: %s \"%.*s\"", d->line, o ? "not a single value:" : "there is no option", STR_ARG(d->key));
		s = set(t, o, d->text.p ? d->text.p : "", e);
	}
	return s;
}

enum status options_environment(struct option_table t, struct err *e)
{
	enum status s = OK;
	for (size_t i = 0; s == OK && i < t.count; i++) {
		char name[64];
		env_name(t.row[i].name, name);
		const char *value = t.row[i].own_only ? NULL : getenv(name);
		if (value && *value)
			s = set(t, &t.row[i], value, e);
	}
	return s;
}

static enum status set_flag(const struct option_table *t, size_t tables, struct str flag, char **argv, int *at, struct err *e)
{
	struct str value = flag;
	struct str name = str_cut(&value, '=');
	bool joined = name.n < flag.n;
	char plain[64];
	for (size_t i = 0; i < tables; i++) {
		const struct option *o = find(t[i], flag_name(name, plain, sizeof plain));
		if (!o)
			continue;
		if (joined)
			return set(t[i], o, value.p, e);
		if (o->kind == OPTION_SWITCH)
			return set(t[i], o, "true", e);
		if (!argv[*at + 1])
			return err_set(e, E_INPUT, o->name, "--%.*s needs a value", STR_ARG(name));
		return set(t[i], o, argv[++*at], e);
	}
	return err_set(e, E_INPUT, "", "there is no option --%.*s", STR_ARG(name));
}

enum status options_flags(const struct option_table *t, size_t tables, int argc, char **argv, char **operand, size_t *operands, struct err *e)
{
	enum status s = OK;
	bool flags = true;
	*operands = 0;
	for (int i = 0; s == OK && i < argc; i++) {
		struct str word = str_of(argv[i]);
		if (flags && str_eq(word, STR("--")))
			flags = false;
		else if (flags && str_starts(word, STR("--")))
			s = set_flag(t, tables, str_sub(word, 2, word.n), argv, &i, e);
		else if (flags && word.n > 1 && word.p[0] == '-')
			s = err_set(e, E_INPUT, "", "there is no option %s", argv[i]);
		else
			operand[(*operands)++] = argv[i];
	}
	return s;
}

const char *options_peek(int argc, char **argv, const char *name)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		struct str value = str_of(argv[i]);
		if (!str_starts(value, STR("--")))
			continue;
		struct str flag = str_cut(&value, '=');
		if (!str_eq(str_sub(flag, 2, flag.n), str_of(name)))
			continue;
		return flag.n < strlen(argv[i]) ? value.p : argv[i + 1];
	}
	return NULL;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void write_flag(const struct option *o, char out[96])
{
	int n = snprintf(out, 96, "--%s", o->name);
	for (int k = 2; k < n; k++)
		out[k] = out[k] == '_' ? '-' : out[k];
	if (o->unit)
		snprintf(out + n, 96 - (size_t)n, " %s", o->unit);
}

void options_help(struct option_table t, struct buf *out)
{
	for (size_t i = 0; i < t.count; i++) {
		const struct option *o = &t.row[i];
		char flag[96];
		write_flag(o, flag);
		buf_printf(out, "  %-28s %s", flag, o->help);
		if (o->fallback && *o->fallback)
			buf_printf(out, " [%s]", o->fallback);
		buf_putc(out, '\n');
	}
}
