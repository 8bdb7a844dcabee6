/* What changed between two parts. */
#include "catalog/part.h"

struct telling {
	bool (*each)(void *arg, const struct product *p, bool gone);
	void *arg;
};

static bool tell(const struct telling *t, const struct product *old, const struct product *new)
{
	if (old == new || (old && new && product_same(old, new)))
		return true;
	return new ? t->each(t->arg, new, false) : t->each(t->arg, old, true);
}

static const struct product *row_now(const struct change *c)
{
	return !c || c->gone ? NULL : c->row;
}

static const struct product *row_below(const struct catalog_part *p, const struct change *c)
{
	return c && c->known ? &p->store->row[c->base] : NULL;
}

/* Both lie on one store: only the changes are looked at, in order of ids. */
static void diff_changes(const struct catalog_part *old, const struct catalog_part *new, const struct telling *t)
{
	size_t i = 0, k = 0;
	bool on = true;

	while (on && (i < old->change_count || k < new->change_count)) {
		const struct change *a = i < old->change_count ? &old->change[i] : NULL, *b = k < new->change_count ? &new->change[k] : NULL;
		int order = !a ? 1 : !b ? -1 : str_cmp(a->row->id, b->row->id);
		on = tell(t, order <= 0 ? row_now(a) : row_below(new, b), order >= 0 ? row_now(b) : row_below(old, a));
		i += order <= 0;
		k += order >= 0;
	}
}

static void diff_all(const struct catalog_part *old, const struct catalog_part *new, const struct telling *t)
{
	size_t an = old ? old->count : 0, bn = new->count, i = 0, k = 0;
	bool on = true;

	while (on && (i < an || k < bn)) {
		const struct product *a = i < an ? part_at(old, i) : NULL, *b = k < bn ? part_at(new, k) : NULL;
		int order = !a ? 1 : !b ? -1 : str_cmp(a->id, b->id);
		on = tell(t, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
		i += order <= 0;
		k += order >= 0;
	}
}

void part_diff(const struct catalog_part *old, const struct catalog_part *new, bool (*each)(void *arg, const struct product *p, bool gone), void *arg)
{
	const struct telling t = {each, arg};

	if (old && old->store == new->store)
		diff_changes(old, new, &t);
	else
		diff_all(old, new, &t);
}
