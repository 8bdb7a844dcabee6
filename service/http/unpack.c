/* gzip and zstd request bodies, with the cap counted on what comes out. */
#include "http/door.h"

#include <limits.h>
#include <zlib.h>
#include <zstd.h>

#define PIECE 65536
#define ZSTD_WINDOW_LOG 23 /* 8 MiB: what levels up to 19 use */

bool coding_parse(struct str s, enum coding *out)
{
	s = str_trim(s);
	if (s.n == 0 || str_eq_nocase(s, STR("identity")))
		*out = CODING_NONE;
	else if (str_eq_nocase(s, STR("gzip")) || str_eq_nocase(s, STR("x-gzip")))
		*out = CODING_GZIP;
	else if (str_eq_nocase(s, STR("zstd")))
		*out = CODING_ZSTD;
	else
		return false;
	return true;
}

static enum status damaged(struct err *e, const char *why)
{
	return err_set(e, E_INPUT, "", "the compressed body is %s", why);
}

/* One member after the other, as gzip files may have; z is at the start of one. */
static enum status inflate_all(z_stream *z, struct str in, struct body *out, struct err *e)
{
	char piece[PIECE];
	bool ended = true;

	while (in.n || !ended) {
		z->next_in = (Bytef *)(uintptr_t)in.p;
		z->avail_in = (uInt)(in.n > UINT_MAX / 2 ? UINT_MAX / 2 : in.n);
		uInt given = z->avail_in;
		z->next_out = (Bytef *)piece;
		z->avail_out = PIECE;
		int r = inflate(z, Z_NO_FLUSH);
		in = str_sub(in, given - z->avail_in, in.n);
		if (r != Z_OK && r != Z_STREAM_END)
			return r == Z_BUF_ERROR ? damaged(e, "cut short") : damaged(e, "damaged");
		enum status s = body_add(out, (struct str){piece, PIECE - z->avail_out});
		if (s)
			return s;
		ended = r == Z_STREAM_END;
		if (ended && in.n && inflateReset(z) != Z_OK)
			return damaged(e, "damaged");
	}
	return OK;
}

static enum status unpack_gzip(struct str in, struct body *out, struct err *e)
{
	z_stream z = {0};

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return E_NOMEM;
	enum status s = inflate_all(&z, in, out, e);
	inflateEnd(&z);
	return s;
}

static enum status unpack_zstd_with(ZSTD_DStream *d, struct str in, struct body *out, struct err *e)
{
	char piece[PIECE];
	ZSTD_inBuffer from = {in.p, in.n, 0};
	size_t left = 0;

	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	for (;;) {
		ZSTD_outBuffer to = {piece, PIECE, 0}; /* cppcheck-suppress legacyUninitvar ; it is about to be filled */
		left = ZSTD_decompressStream(d, &to, &from);
		if (ZSTD_isError(left))
			return damaged(e, "damaged");
		enum status s = body_add(out, (struct str){piece, to.pos});
		if (s)
			return s;
		/* Output may wait inside as long as the piece was filled. */
		if (from.pos == from.size && to.pos < PIECE)
			return left ? damaged(e, "cut short") : OK;
	}
}

static enum status unpack_zstd(struct str in, struct body *out, struct err *e)
{
	ZSTD_DStream *d = ZSTD_createDStream();

	if (!d)
		return E_NOMEM;
	enum status s = unpack_zstd_with(d, in, out, e);
	ZSTD_freeDStream(d);
	return s;
}

enum status body_unpack(struct body *b, enum coding c, struct err *e)
{
	struct str in;
	struct body plain;

	if (c == CODING_NONE)
		return OK;
	enum status s = body_bytes(b, &in);
	if (s)
		return err_set(e, s, "", "the body cannot be read back");
	if (in.n == 0)
		return damaged(e, "empty");
	body_init(&plain, b->cap, b->temp_dir);
	s = c == CODING_GZIP ? unpack_gzip(in, &plain, e) : unpack_zstd(in, &plain, e);
	if (s) {
		body_done(&plain);
		return s == E_INPUT ? s : err_set(e, s, "", s == E_NOMEM ? "the body unpacks to more than %zu bytes" : "the unpacked body cannot be kept (cap %zu)", b->cap);
	}
	body_done(b);
	*b = plain;
	return OK;
}
