/* gzip: all members, one after the other, up to a stated size. */
#include "feed/reader.h"

#include <stdlib.h>
#include <zlib.h>

#define AUTO_GZIP (15 + 16)
#define PIECE (1u << 30) /* zlib counts in unsigned int */

bool gzip_is(struct str bytes)
{
	return str_starts(bytes, STR("\x1f\x8b"));
}

struct unpacking {
	z_stream z;
	struct str left; /* not yet given to zlib */
	char *out;
	size_t n, cap, max;
};

static enum status grow(struct unpacking *u, struct err *e)
{
	size_t cap = u->cap ? u->cap * 2 : 1 << 16;
	char *out;

	if (u->n < u->cap)
		return OK;
	if (cap > u->max)
		cap = u->max;
	if (cap <= u->n)
		return err_set(e, E_INPUT, "", "unpacks to more than %zu bytes", u->max);
	out = realloc(u->out, cap + 1);
	if (!out)
		return err_set(e, E_NOMEM, "", "no memory to unpack into");
	u->out = out;
	u->cap = cap;
	return OK;
}

static void refill(struct unpacking *u)
{
	size_t n = u->left.n < PIECE ? u->left.n : PIECE;

	if (u->z.avail_in || !n)
		return;
	/* zlib's next_in is not const, but it only reads. */
	u->z.next_in = (Bytef *)(uintptr_t)u->left.p;
	u->z.avail_in = (uInt)n;
	u->left = str_sub(u->left, n, u->left.n);
}

/* One call of inflate; *end_out is set when a member has ended and no other follows. */
static enum status step(struct unpacking *u, bool *end_out, struct err *e)
{
	enum status s = grow(u, e);
	size_t room = u->cap - u->n;
	int z;

	if (s != OK)
		return s;
	refill(u);
	u->z.next_out = (Bytef *)u->out + u->n;
	u->z.avail_out = (uInt)(room < PIECE ? room : PIECE);
	z = inflate(&u->z, Z_NO_FLUSH);
	u->n = (size_t)((char *)u->z.next_out - u->out);
	if (z == Z_STREAM_END) {
		*end_out = u->z.avail_in == 0 && u->left.n == 0;
		return inflateReset(&u->z) == Z_OK ? OK : err_set(e, E_BUG, "", "zlib cannot start again");
	}
	if (z == Z_BUF_ERROR || (z == Z_OK && u->z.avail_in == 0 && u->left.n == 0 && u->z.avail_out > 0))
		return err_set(e, E_INPUT, "", "the gzip data is cut short");
	return z == Z_OK ? OK : err_set(e, E_INPUT, "", "the gzip data is damaged");
}

enum status gzip_unpack(struct str packed, size_t max, char **out, size_t *n_out, struct err *e)
{
	struct unpacking u = {.left = packed, .max = max};
	enum status s = OK;

	if (inflateInit2(&u.z, AUTO_GZIP) != Z_OK)
		return err_set(e, E_NOMEM, "", "no memory for zlib");
	for (bool end = false; s == OK && !end;)
		s = step(&u, &end, e);
	inflateEnd(&u.z);
	if (s != OK) {
		free(u.out);
		return s;
	}
	u.out[u.n] = '\0';
	*out = u.out;
	*n_out = u.n;
	return OK;
}
