/* Filling the templates of networks.yaml. */
#include "link/networks.h"
#include "link/url.h"

static struct str value_of(const struct fill *f, struct str name)
{
	if (str_eq(name, STR("click")))
		return f->click;
	if (str_eq(name, STR("destination")))
		return f->destination;
	for (uint32_t i = 0; i < f->m->network_id_count; i++)
		if (str_eq(f->m->network_ids[i].name, name))
			return f->m->network_ids[i].value;
	return STR_NONE;
}

static bool put_mark(struct buf *out, struct str mark, const struct fill *f, bool encode, struct str *missing_out)
{
	struct str kind = mark, name = str_cut(&kind, ':'), value = value_of(f, name);

	if (value.n == 0)
		*missing_out = name;
	else if (encode && !str_eq(kind, STR("raw")))
		url_put_value(out, value);
	else
		buf_put(out, value);
	return value.n > 0;
}

static void forget(struct buf *b, size_t n)
{
	b->n = n;
	if (b->p)
		b->p[n] = '\0';
}

bool template_fill(struct buf *out, struct str template, const struct fill *f, bool encode, struct str *missing_out)
{
	struct str skipped;

	while (template.n > 0) {
		char c = template.p[0];
		template = str_sub(template, 1, template.n);
		if (c == '[') {
			size_t mark = out->n;
			if (!template_fill(out, str_cut(&template, ']'), f, encode, &skipped))
				forget(out, mark);
		} else if (c == '{') {
			if (!put_mark(out, str_cut(&template, '}'), f, encode, missing_out))
				return false;
		} else {
			buf_putc(out, c);
		}
	}
	return true;
}

bool template_valid(struct str template)
{
	bool mark = false, group = false;

	for (size_t i = 0; i < template.n; i++) {
		char c = template.p[i];
		if ((c == '[' && (group || mark)) || (c == ']' && (!group || mark)) || (c == '{' && mark) || (c == '}' && !mark))
			return false;
		group = c == '[' || (group && c != ']');
		mark = c == '{' || (mark && c != '}');
	}
	return !mark && !group;
}

bool template_has(struct str template, struct str mark)
{
	return str_find(template, mark, 0) < template.n;
}

/* ---- parameters ----------------------------------------------------------------------------- */

size_t parameter_count(const struct network_rule *r, const struct merchant *m)
{
	return r->own_parameters ? m->network_id_count : r->parameter_count;
}

struct pair parameter_at(const struct network_rule *r, const struct merchant *m, size_t i)
{
	return r->own_parameters ? m->network_ids[i] : r->parameters[i];
}

struct pair parameter_of_click(const struct network_rule *r, const struct merchant *m)
{
	for (size_t i = 0; i < parameter_count(r, m); i++)
		if (template_has(parameter_at(r, m, i).value, STR("{click}")))
			return parameter_at(r, m, i);
	return (struct pair){STR_NONE, STR_NONE};
}

static void put_own(struct buf *out, struct str value, struct str click)
{
	for (size_t from = 0, at; from < value.n; from = at + STR("{click}").n) {
		at = str_find(value, STR("{click}"), from);
		buf_put(out, str_sub(value, from, at));
		if (at < value.n)
			buf_put(out, click);
	}
}

enum status parameter_value(struct buf *out, const struct network_rule *r, struct str template, const struct fill *f, bool *omit_out,
	struct err *e)
{
	struct str missing = STR_NONE;

	*omit_out = f->click.n == 0 && template_has(template, STR("{click}"));
	if (*omit_out)
		return OK;
	if (r->own_parameters)
		put_own(out, template, f->click);
	else if (!template_fill(out, template, f, false, &missing))
		return err_set(e, E_MISSING, "network_ids", "the merchant has no network id %.*s", STR_ARG(missing));
	return OK;
}
