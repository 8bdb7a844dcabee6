/* Delimiter runs: which open, which close, and which pairs are beyond doubt. Plain nesting is followed exactly;
 * anything else makes the block murky, and then only runs that cannot close are trusted to open. */
#include "text/scan.h"

bool run_opens(char ch, enum side left, enum side right)
{
	if (ch == '_' && left == SIDE_OTHER && right == SIDE_OTHER)
		return false;
	return right != SIDE_SPACE && right >= left;
}

bool run_closes(char ch, enum side left, enum side right)
{
	if (ch == '_' && left == SIDE_OTHER && right == SIDE_OTHER)
		return false;
	return left != SIDE_SPACE && left >= right;
}

static bool has_open(const struct inlines *in, char ch)
{
	for (uint32_t i = 0; i < in->open_runs; i++) {
		if (in->open[i].ch == ch)
			return true;
	}
	return false;
}

static void go_murky(struct inlines *in)
{
	in->murky = true;
}

static bool close_top(struct inlines *in, const struct run *r)
{
	if (in->open_runs == 0 || in->open[in->open_runs - 1].ch != r->ch || in->open[in->open_runs - 1].n != r->n)
		return false;
	in->open_runs--;
	return true;
}

static void push_open(struct inlines *in, const struct run *r)
{
	if (in->open_runs == RUN_STACK_MAX) {
		go_murky(in);
		return;
	}
	in->open[in->open_runs].ch = r->ch;
	in->open[in->open_runs++].n = r->n;
}

/* Opens and closes as seen by every renderer we know: an unsure side counts as all of its kinds. */
static void follow(struct inlines *in, struct run *r)
{
	enum side left = (enum side)r->left, right = (enum side)r->right;
	bool unsure = left == SIDE_UNSURE || right == SIDE_UNSURE;
	bool closes = unsure ? left != SIDE_SPACE : run_closes(r->ch, left, right);
	bool opens = unsure ? right != SIDE_SPACE : run_opens(r->ch, left, right);
	r->sure_open = !closes || (!in->murky && !has_open(in, r->ch));
	if (closes && !in->murky && !unsure && close_top(in, r)) {
		r->closes_equal = true;
		return;
	}
	if ((closes && has_open(in, r->ch)) || (unsure && (opens || closes)))
		go_murky(in);
	if (opens)
		push_open(in, r);
}

static bool odd_place(const struct inlines *in)
{
	return in->brackets > 0 || in->address || in->doubt || in->mode != IN_TEXT;
}

void run_end(struct text *t, enum side right)
{
	struct inlines *in = &t->in;
	struct run r = {(uint32_t)in->run_at, (uint32_t)(t->at - in->run_at), in->run_ch, in->run_left, (uint8_t)right, false, false};
	if (in->dollars > 0) /* md4c undoes such runs in ways of its own when the next $ comes */
		inline_doubt(t);
	if (odd_place(in)) {
		go_murky(in);
		return;
	}
	if (!text_grow(t, (void **)&t->runs, &t->run_cap, t->run_n, sizeof *t->runs))
		return;
	if (r.ch == '~')
		r.sure_open = false;
	else
		follow(in, &r);
	t->runs[t->run_n++] = r;
}

/* The first run that begins at or behind at. */
static size_t run_find(const struct text *t, size_t at)
{
	size_t lo = 0, hi = t->run_n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (t->runs[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct run *run_starting(const struct text *t, size_t at)
{
	size_t i = run_find(t, at);
	return i < t->run_n && t->runs[i].at == at ? &t->runs[i] : NULL;
}

const struct run *run_ending(const struct text *t, size_t end)
{
	size_t i = run_find(t, end);
	return i > 0 && (size_t)t->runs[i - 1].at + t->runs[i - 1].n == end ? &t->runs[i - 1] : NULL;
}
