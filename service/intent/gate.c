/* gate.c: a reader of the part of PCRE2's syntax that rules use. Whatever it does not know gives no gate, never a wrong one. */
#include "intent/gate.h"

#include <math.h>

enum { DEPTH_MAX = 40, WORD_BYTES_MAX = 64 };

/* Sets live on one stack: those of the alternatives of a group are put one behind the other and so become one. */
struct reader {
	struct str regex;
	size_t at;
	struct gate *gate;
	bool failed;
};

/* The best set of a sequence so far, [from, from + count) of the stack. */
struct set {
	size_t from, count;
	double cost; /* how much ordinary text would hold one of its words; INFINITY is no set */
};

static struct set read_choice(struct reader *r, int depth);

static bool done(const struct reader *r)
{
	return r->failed || r->at >= r->regex.n;
}

static char peek(const struct reader *r)
{
	return r->at < r->regex.n ? r->regex.p[r->at] : '\0';
}

static bool take(struct reader *r, const char *text)
{
	struct str s = str_of(text);
	if (!str_starts(str_sub(r->regex, r->at, r->regex.n), s))
		return false;
	r->at += s.n;
	return true;
}

static bool may_begin(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (uint8_t)c >= 0xC0;
}

/* Longer words are rarer; a Han character tells as much as three letters, which is its length. */
static double cost_of(struct str word)
{
	return pow(0.5, (double)word.n);
}

/* A run of plain characters becomes a set of one word and the best one if it is rarer than the best so far. */
static void end_run(struct reader *r, struct str run, struct set *best)
{
	while (run.n > 0 && !may_begin(run.p[0]))
		run = str_sub(run, 1, run.n);
	if (run.n > WORD_BYTES_MAX)
		run.n = utf8_whole(str_sub(run, 0, WORD_BYTES_MAX));
	if (run.n < 2 || cost_of(run) >= best->cost)
		return;
	r->gate->count = best->from;
	if (r->gate->count == GATE_WORDS_MAX) {
		r->failed = true;
		return;
	}
	r->gate->words[r->gate->count++] = run;
	*best = (struct set){.from = best->from, .count = 1, .cost = cost_of(run)};
}

/* Takes the set of a group, which lies on top of the stack, when it is better; else drops it. */
static void offer(struct reader *r, struct set more, struct set *best)
{
	if (more.cost < best->cost) {
		for (size_t i = 0; i < more.count; i++)
			r->gate->words[best->from + i] = r->gate->words[more.from + i];
		*best = (struct set){.from = best->from, .count = more.count, .cost = more.cost};
	}
	r->gate->count = best->from + best->count;
}

/* ? * + {n,m} with a lazy or possessive mark behind. Returns the least number of times; 1 where there is none. */
static unsigned read_times(struct reader *r, bool *any)
{
	unsigned least = 1;
	*any = true;
	if (take(r, "?") || take(r, "*")) {
		least = 0;
	} else if (peek(r) == '{' && r->at + 1 < r->regex.n && r->regex.p[r->at + 1] >= '0' && r->regex.p[r->at + 1] <= '9') {
		least = (unsigned)(r->regex.p[r->at + 1] - '0'); /* "{05}" reads as 0, which is safe */
		while (!done(r) && peek(r) != '}')
			r->at++;
		r->at++;
	} else if (!take(r, "+")) {
		*any = false;
		return 1;
	}
	if (!take(r, "?"))
		(void)take(r, "+");
	return least;
}

static void skip_class(struct reader *r)
{
	r->at++; /* [ */
	(void)take(r, "^");
	(void)take(r, "]");
	while (!done(r) && peek(r) != ']') {
		if (take(r, "[:")) { /* [:alpha:] and its like are not used; not to be misread */
			r->failed = true;
			return;
		}
		r->at += peek(r) == '\\' ? 2 : 1;
	}
	r->at++;
}

/* Behind "(": how the group begins. 1: its words count, 0: it looks around only, -1: unknown. */
static int group_kind(struct reader *r)
{
	if (!take(r, "?"))
		return peek(r) == '*' ? -1 : 1;
	if (take(r, ":") || take(r, ">"))
		return 1;
	if (take(r, "!") || take(r, "=") || take(r, "<!") || take(r, "<="))
		return 0;
	if (!take(r, "<"))
		return -1;
	while (!done(r) && peek(r) != '>')
		r->at++;
	r->at++;
	return 1;
}

static void read_group(struct reader *r, struct set *best, int depth, bool *around)
{
	bool any;
	r->at++; /* ( */
	int kind = group_kind(r);
	*around = kind == 0;
	if (kind < 0 || depth >= DEPTH_MAX) {
		r->failed = true;
		return;
	}
	struct set inner = read_choice(r, depth + 1);
	if (!take(r, ")"))
		r->failed = true;
	if (kind == 0 || read_times(r, &any) == 0)
		inner.cost = INFINITY;
	offer(r, inner, best);
}

/* One plain character or escape. Returns its bytes in *text when it stands for itself; false when it parts what is beside it.
 * *width 0: it looks around only and parts nothing. */
static bool read_plain(struct reader *r, struct str *text, bool *looks)
{
	*looks = false;
	if (take(r, "\\")) {
		char c = peek(r);
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		*text = str_sub(r->regex, r->at, r->at + 1);
		*looks = c == 'b';
		if (c == 'Q' || c == 'E' || c == 'x' || c == 'o' || c == 'N' || c == 'c' || c == 'K' || c == 'g' || c == 'k')
			r->failed = true;
		r->at += (c == 'p' || c == 'P') ? 2 : 1;
		if ((c == 'p' || c == 'P') && r->regex.p[r->at - 1] == '{')
			r->failed = true;
		return !letter;
	}
	struct str rest = str_sub(r->regex, r->at, r->regex.n);
	uint32_t c;
	int n = utf8_next(rest, &c);
	*text = str_sub(rest, 0, n > 0 ? (size_t)n : 1);
	*looks = c == '^' || c == '$';
	r->at += text->n;
	return c != '.' && !*looks;
}

/* Runs must lie in the regex as one slice: an escape or a border within one ends it there. */
static struct set read_sequence(struct reader *r, int depth)
{
	struct set best = {.from = r->gate->count, .cost = INFINITY};
	struct str run = STR_NONE;
	while (!done(r) && peek(r) != '|' && peek(r) != ')') {
		struct str text = STR_NONE;
		bool plain = false, looks = false, any = false;
		size_t before = r->at;
		if (peek(r) == '[') {
			skip_class(r);
			(void)read_times(r, &any);
		} else if (peek(r) == '(') {
			read_group(r, &best, depth, &looks);
		} else {
			plain = read_plain(r, &text, &looks);
			unsigned least = read_times(r, &any);
			plain = plain && least > 0;
		}
		bool joins = plain && run.n > 0 && run.p + run.n == text.p && text.p == r->regex.p + before;
		if (joins)
			run.n += text.n;
		else
			end_run(r, run, &best);
		if (!joins)
			run = plain ? text : STR_NONE;
		if (joins && any) { /* "ab+": what follows need not touch */
			end_run(r, run, &best);
			run = STR_NONE;
		}
	}
	end_run(r, run, &best);
	return best;
}

static struct set read_choice(struct reader *r, int depth)
{
	struct set all = {.from = r->gate->count};
	do {
		struct set one = read_sequence(r, depth);
		all.count += one.count;
		all.cost += one.cost;
	} while (take(r, "|") && !r->failed);
	return all;
}

bool gate_read(struct str regex, struct gate *out)
{
	struct reader r = {.regex = regex, .gate = out};
	out->count = 0;
	struct set all = read_choice(&r, 0);
	return !r.failed && r.at == regex.n && isfinite(all.cost) && all.count > 0;
}
