/* Arenas: memory by life span, in blocks, with a maximum. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK 4096u
#define LARGEST_BLOCK (1u << 20)

struct block {
	struct block *next;
	size_t n, cap;
	_Alignas(16) char bytes[];
};

struct arena {
	struct block *top;
	size_t used, max;
	size_t fail_in; /* takes until the injected failure; SIZE_MAX: none */
	bool failed;
};

struct arena *arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof *a);
	if (a)
		*a = (struct arena){.max = max, .fail_in = SIZE_MAX};
	return a;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;
		free(b);
		b = next;
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	free_blocks(a->top);
	free(a);
}

void arena_reset(struct arena *a)
{
	if (a->top) {
		free_blocks(a->top->next);
		a->top->next = NULL;
		a->top->n = 0;
	}
	a->used = 0;
	a->failed = false;
}

static bool push_block(struct arena *a, size_t need)
{
	size_t cap = a->top ? a->top->cap * 2 : FIRST_BLOCK;
	if (cap > LARGEST_BLOCK)
		cap = LARGEST_BLOCK;
	if (cap < need)
		cap = need;
	struct block *b = malloc(sizeof *b + cap);
	if (!b)
		return false;
	*b = (struct block){.next = a->top, .cap = cap};
	a->top = b;
	return true;
}

void *arena_take_bytes(struct arena *a, size_t n, size_t align)
{
	if (a->fail_in != SIZE_MAX && a->fail_in-- == 0)
		a->failed = true;
	if (a->failed || n > a->max - a->used || align > 16)
		goto fail;
	size_t at = a->top ? (a->top->n + align - 1) & ~(align - 1) : 0;
	if (!a->top || at > a->top->cap || n > a->top->cap - at) {
		if (!push_block(a, n))
			goto fail;
		at = 0;
	}
	a->top->n = at + n;
	a->used += n;
	return memset(a->top->bytes + at, 0, n);
fail:
	a->failed = true;
	return NULL;
}

void *arena_take_array(struct arena *a, size_t count, size_t size, size_t align)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n)) {
		a->failed = true;
		return NULL;
	}
	return arena_take_bytes(a, n, align);
}

struct str arena_take_str(struct arena *a, struct str s)
{
	char *p = arena_take_bytes(a, s.n + 1, 1);
	if (!p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

struct str arena_take_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *p = n < 0 ? NULL : arena_take_bytes(a, (size_t)n + 1, 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p ? (struct str){p, (size_t)n} : STR_NONE;
}

bool arena_failed(const struct arena *a)
{
	return a->failed;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

void arena_fail_after(struct arena *a, size_t n)
{
	a->fail_in = n;
}
