/* Links in mind: one place a hash, texts packed behind each other. */
#include "ledger/links.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 1 << 16 };

struct place {
	struct ledger_id link;
	int64_t no, served_ms;
	size_t text_cap;
	char text[]; /* phrase, form, app, model, each with its NUL */
};
struct links {
	struct place *place[PLACES];
};

struct links *links_new(void)
{
	return calloc(1, sizeof(struct links));
}

void links_clear(struct links *l)
{
	for (size_t i = 0; i < PLACES; i++) {
		free(l->place[i]);
		l->place[i] = NULL;
	}
}

void links_free(struct links *l)
{
	if (l)
		links_clear(l);
	free(l);
}

/* Ids are hashes already; those of tests are not. */
static size_t place_of(const struct ledger_id *link)
{
	uint64_t half[2];
	memcpy(half, link->b, sizeof(half));
	return (size_t)hash_mix(half[0] ^ hash_mix(half[1])) & (PLACES - 1);
}

static const char *unpack(const char *from, char *to, size_t n)
{
	size_t len = strlen(from) + 1;
	memcpy(to, from, len < n ? len : n);
	to[n - 1] = '\0';
	return from + len;
}

bool links_get(const struct links *l, const struct ledger_id *link, struct known_link *out)
{
	const struct place *p = l->place[place_of(link)];
	if (!p || memcmp(&p->link, link, sizeof(*link)) != 0)
		return false;
	out->link = *link;
	out->no = p->no;
	out->served_ms = p->served_ms;
	const char *at = unpack(p->text, out->phrase, sizeof(out->phrase));
	at = unpack(at, out->form, sizeof(out->form));
	at = unpack(at, out->app, sizeof(out->app));
	unpack(at, out->model, sizeof(out->model));
	return true;
}

void links_put(struct links *l, const struct known_link *k)
{
	const char *text[] = {k->phrase, k->form, k->app, k->model};
	struct place **place = &l->place[place_of(&k->link)];
	size_t need = 0;
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		need += strlen(text[i]) + 1;
	if (!*place || (*place)->text_cap < need) {
		free(*place);
		*place = malloc(sizeof(**place) + need);
		if (!*place)
			return;
		(*place)->text_cap = need;
	}
	char *at = (*place)->text;
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		size_t n = strlen(text[i]) + 1;
		memcpy(at, text[i], n);
		at += n;
	}
	(*place)->link = k->link;
	(*place)->no = k->no;
	(*place)->served_ms = k->served_ms;
}
