/* canon FROM TO: texts as the peers get them, by the naive reader of the unit tests: words folded, one space between two of them, other
 * characters unspaced, one byte 0x01 for whatever no phrase reaches over. */
#include "../../unit/match/naive.h"

#include <stdio.h>

/* One text in pieces that the naive reader can take, each ending behind a hard mark. */
static size_t piece_end(struct str s)
{
	size_t end = s.n;
	if (s.n > NAIVE_WORDS)
		for (end = NAIVE_WORDS; end > 1 && s.p[end - 1] != '\n'; end--)
			;
	return end > 1 ? end : s.n;
}

static void put(struct buf *out, struct str text, bool *any)
{
	static struct naive_words w;
	bool was_word = false;
	naive_read(&w, text);
	for (size_t i = 0; i < w.n; i++) {
		if (*any && w.at[i].hard)
			buf_putc(out, 1);
		else if (i > 0 && was_word && !w.at[i].han)
			buf_putc(out, ' ');
		buf_put(out, (struct str){w.at[i].text, w.at[i].text_n});
		was_word = !w.at[i].han;
		*any = true;
	}
}

static void canon(struct buf *out, struct str text)
{
	bool any = false;
	while (text.n > 0) {
		size_t end = piece_end(text), before = out->n;
		put(out, str_sub(text, 0, end), &any);
		text = str_sub(text, end, text.n);
		if (text.n > 0 && out->n > before)
			buf_putc(out, 1);
	}
}

int main(int argc, char **argv)
{
	char *bytes;
	size_t n;
	FILE *to = argc == 3 ? fopen(argv[2], "wb") : NULL;
	if (to == NULL || file_read(argv[1], (size_t)1 << 31, &bytes, &n, NULL) != OK)
		return 1;
	for (size_t i = 0; i + 4 <= n;) {
		uint32_t size;
		struct buf out;
		memcpy(&size, bytes + i, 4);
		buf_init(&out, (size_t)1 << 26);
		canon(&out, (struct str){bytes + i + 4, size});
		uint32_t got = (uint32_t)out.n;
		fwrite(&got, 4, 1, to);
		fwrite(out.p, 1, out.n, to);
		buf_done(&out);
		i += 4 + size;
	}
	free(bytes);
	return fclose(to) == 0 ? 0 : 1;
}
