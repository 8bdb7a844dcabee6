/* The log: one line an event, key=value, on stderr, written with one call so that lines of threads do not mix. */
#include "base/base.h"

#include <stdio.h>
#include <unistd.h>

static _Atomic int level = LOG_INFO;

void log_set_level(enum log_level l)
{
	atomic_store_explicit(&level, (int)l, memory_order_relaxed);
}

void log_event(enum log_level l, const char *room, const char *kv, ...)
{
	static const char *const name[] = {"error", "warn", "info", "debug"};
	if ((int)l > atomic_load_explicit(&level, memory_order_relaxed))
		return;
	char at[32], line[2048];
	time_format(now_ms(), at);
	int n = snprintf(line, sizeof line, "ts=%s level=%s room=%s ", at, name[l], room);
	va_list ap;
	va_start(ap, kv);
	int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, kv, ap);
	va_end(ap);
	size_t end = m < 0 ? (size_t)n : (size_t)n + (size_t)m;
	if (end > sizeof line - 2)
		end = sizeof line - 2;
	line[end] = '\n';
	ssize_t ignored = write(STDERR_FILENO, line, end + 1);
	(void)ignored;
}

const char *log_quote(struct str s, char *out, size_t n)
{
	size_t o = 0;
	if (n < 4)
		return "";
	out[o++] = '"';
	for (size_t i = 0; i < s.n && o + 4 < n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			out[o++] = '\\';
		out[o++] = c < 0x20 || c == 0x7F ? ' ' : (char)c;
	}
	out[o++] = '"';
	out[o] = '\0';
	return out;
}
