/* load.c: what all sections of the rule files are read with: complaints, macros, regular expressions, words. */
#include "intent/load.h"
#include "intent/plain.h"

#include <stdio.h>

enum { PATTERN_MAX = 64 << 10 };

/* ---- complaints ------------------------------------------------------------------ */

enum status load_bad(struct loader *l, const struct doc *at, const char *what)
{
	char where[64];
	struct str name = doc_text(at, "name", at->key);
	snprintf(where, sizeof(where), "rule %.*s, line %d", STR_ARG(str_sub(name, 0, 40)), at->line);
	return err_set(l->e, E_INPUT, where, "%s", what);
}

enum status load_no_memory(struct loader *l)
{
	return err_set(l->e, E_NOMEM, "rules", "no memory for the rules");
}

enum status load_only_keys(struct loader *l, const struct doc *map, const char *const *known)
{
	if (map->kind != DOC_MAP)
		return load_bad(l, map, "expected keys and values");
	for (size_t i = 0; i < map->count; i++) {
		size_t k = 0;
		while (known[k] != NULL && !str_eq(map->items[i].key, str_of(known[k])))
			k++;
		if (known[k] == NULL)
			return load_bad(l, map, "has a key that is not known");
	}
	return OK;
}

/* ---- macros and regular expressions ------------------------------------------------ */

static bool macro_value(const struct loader *l, struct str name, size_t limit, struct str *out)
{
	for (size_t i = 0; i < limit; i++)
		if (str_eq(l->macros->items[i].key, name)) {
			*out = l->expanded[i];
			return true;
		}
	return false;
}

/* Puts text into out with ${name} replaced by the macros before `limit`, and <it> by the mark; (?<it> opens a group. */
static enum status expand(struct loader *l, const struct doc *at, struct str text, size_t limit, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_sub(text, i, text.n), value;
		if (str_starts(rest, STR("<it>")) && !str_ends(str_sub(text, 0, i), STR("(?"))) {
			buf_put(out, STR(STANCE_MARK));
			i += 3;
		} else if (str_starts(rest, STR("${"))) {
			size_t end = str_find(rest, STR("}"), 2);
			if (!macro_value(l, str_sub(rest, 2, end), limit, &value))
				return load_bad(l, at, "names a macro that is not defined above it");
			buf_put(out, value);
			i += end;
		} else {
			buf_putc(out, text.p[i]);
		}
	}
	return out->failed ? load_bad(l, at, "is too long when its macros are filled in") : OK;
}

enum status load_macros(struct loader *l, const struct doc *macros)
{
	static const struct doc none = {.kind = DOC_MAP};
	l->macros = macros == NULL ? &none : macros;
	if (l->macros->kind != DOC_MAP)
		return load_bad(l, l->macros, "macros must be names and texts");
	l->expanded = ARENA_TAKE(l->r->arena, struct str, l->macros->count + 1);
	if (l->expanded == NULL)
		return load_no_memory(l);
	for (size_t i = 0; i < l->macros->count; i++) {
		struct buf text;
		buf_init(&text, PATTERN_MAX);
		enum status s = expand(l, &l->macros->items[i], l->macros->items[i].text, i, &text);
		if (s == OK)
			l->expanded[i] = arena_take_str(l->r->arena, buf_str(&text));
		buf_done(&text);
		if (s != OK)
			return s;
	}
	return arena_failed(l->r->arena) ? load_no_memory(l) : OK;
}

static enum status compile_failed(struct loader *l, const struct doc *at, int code, size_t offset)
{
	char what[180], reason[120];
	pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, sizeof(reason));
	snprintf(what, sizeof(what), "regex: %s (at character %zu, macros filled in)", reason, offset);
	return load_bad(l, at, what);
}

static enum status compile_text(struct loader *l, const struct doc *at, struct str text, struct pattern *p)
{
	static const char *const groups[GROUPS_MAX] = {"lo", "hi", "it"};
	int code;
	size_t offset;
	p->code = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_UTF | PCRE2_NO_AUTO_CAPTURE, &code, &offset, NULL);
	if (p->code == NULL)
		return compile_failed(l, at, code, offset);
	/* without JIT (an old CPU, a hardened kernel) the interpreter does the same work */
	p->jit = pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0;
	for (size_t g = 0; g < GROUPS_MAX; g++) {
		int number = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)groups[g]);
		p->group[g] = number > 0 ? (uint32_t)number : 0;
	}
	return OK;
}

/* Gives the pattern a gate if its text has one. */
static enum status make_gate(struct loader *l, struct str text, struct pattern *p)
{
	struct intent_rules *r = l->r;
	struct err why = {0};
	if (r->gate_count + 1 >= GATES_MAX || !gate_read(text, l->gate))
		return OK;
	p->gate = ++r->gate_count;
	for (size_t i = 0; i < l->gate->count; i++)
		if (words_add(r->gate_words, l->gate->words[i], p->gate, &why) != OK)
			return load_no_memory(l);
	return OK;
}

enum status load_regex(struct loader *l, const struct doc *at, struct str regex, struct pattern *p)
{
	struct buf text;
	buf_init(&text, PATTERN_MAX);
	enum status s = expand(l, at, regex, l->macros->count, &text);
	if (s == OK)
		s = compile_text(l, at, buf_str(&text), p);
	if (s == OK)
		s = make_gate(l, buf_str(&text), p);
	buf_done(&text);
	return s;
}

/* ---- words --------------------------------------------------------------------------- */

static enum status add_word(struct loader *l, const struct doc *at, struct str word, struct term term)
{
	struct buf plain;
	buf_init(&plain, 4096);
	enum status s = E_NOMEM;
	struct err why = {0};
	if (l->r->term_count < LOAD_TERMS_MAX && plain_text(word, &plain)) {
		l->r->terms[l->r->term_count] = term;
		s = words_add(l->r->words, str_trim(buf_str(&plain)), l->r->term_count++, &why);
	}
	buf_done(&plain);
	return s == E_INPUT ? load_bad(l, at, why.text) : s == E_NOMEM ? load_no_memory(l) : s;
}

enum status load_words(struct loader *l, const struct doc *at, const char *key, struct term term)
{
	const struct doc *list = doc_get(at, key);
	if (list == NULL)
		return OK;
	if (list->kind != DOC_LIST)
		return load_bad(l, at, "words must be a list");
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].kind != DOC_SCALAR)
			return load_bad(l, at, "words must be plain words");
		enum status s = add_word(l, at, list->items[i].text, term);
		if (s != OK)
			return s;
	}
	return OK;
}
