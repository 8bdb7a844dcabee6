/* Server-sent events out of a byte stream that may be cut anywhere: inside a character, a field name, between CR and LF. */
#include "hook/sse.h"

#include <string.h>

static void next_block(struct sse *s)
{
	buf_clear(&s->block);
	s->line = 0;
	s->fields = false;
	s->now = (struct sse_block){.crlf = s->now.crlf};
}

void sse_init(struct sse *s)
{
	*s = (struct sse){.first = true};
	buf_init(&s->block, SSE_MAX_BLOCK);
}

void sse_done(struct sse *s)
{
	buf_done(&s->block);
}

static void give(struct sse *s, sse_take *take, void *arg)
{
	s->now.raw = buf_str(&s->block);
	take(arg, &s->now);
	next_block(s);
}

static void read_field(struct sse *s, size_t from, size_t to)
{
	struct str line = str_sub(buf_str(&s->block), from, to);
	struct str value = line, name = str_cut(&value, ':');
	s->fields = true;
	if (!str_eq(name, STR("data")))
		return;
	bool colon = name.n < line.n;
	size_t skip = name.n + colon + str_starts(value, STR(" "));
	s->now.data = from + skip;
	s->now.data_n = line.n - skip;
	s->now.data_lines++;
}

/* The line from s->line to `to` (without its end) is whole; the block's bytes go on to its end. */
static void end_line(struct sse *s, size_t to, sse_take *take, void *arg)
{
	size_t from = s->line;
	struct str line = str_sub(buf_str(&s->block), from, to);
	if (s->first && str_starts(line, STR("\xEF\xBB\xBF"))) {
		from += 3;
		line = str_sub(line, 3, line.n);
	}
	s->first = false;
	s->line = s->block.n;
	if (line.n == 0) {
		give(s, take, arg);
		return;
	}
	if (line.p[0] != ':')
		read_field(s, from, to);
	else if (!s->fields)
		give(s, take, arg);
}

static size_t to_line_end(struct str bytes)
{
	size_t n = 0;
	while (n < bytes.n && bytes.p[n] != '\n' && bytes.p[n] != '\r')
		n++;
	return n;
}

/* One line end, or a piece of a line. Returns what was taken of bytes. */
static size_t step(struct sse *s, struct str bytes, sse_take *take, void *arg)
{
	if (s->after_cr) { /* a line end of one or two bytes: the next byte tells */
		bool lf = bytes.p[0] == '\n';
		s->after_cr = false;
		s->now.crlf = lf;
		size_t to = s->block.n - 1;
		if (lf)
			buf_putc(&s->block, '\n');
		if (!s->block.failed)
			end_line(s, to, take, arg);
		return lf;
	}
	size_t n = to_line_end(bytes);
	buf_put(&s->block, str_sub(bytes, 0, n));
	if (n == bytes.n)
		return n;
	size_t to = s->block.n;
	buf_putc(&s->block, bytes.p[n]);
	s->after_cr = bytes.p[n] == '\r';
	if (!s->after_cr && !s->block.failed) {
		s->now.crlf = false;
		end_line(s, to, take, arg);
	}
	return n + 1;
}

bool sse_feed(struct sse *s, struct str bytes, sse_take *take, void *arg, size_t *used)
{
	size_t at = 0;
	while (at < bytes.n && !s->block.failed) {
		size_t had = s->block.n, n = step(s, str_sub(bytes, at, bytes.n), take, arg);
		if (!s->block.failed) {
			at += n;
			continue;
		}
		s->block.n = had; /* a piece of this step may have gone in */
	}
	*used = at;
	return !s->block.failed;
}

void sse_end(struct sse *s, sse_take *take, void *arg)
{
	size_t to = s->block.n - s->after_cr;
	if (s->block.n == 0)
		return;
	s->after_cr = false;
	if (to > s->line)
		end_line(s, to, take, arg);
	if (s->block.n)
		give(s, take, arg);
}
