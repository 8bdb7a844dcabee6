/* model.c: reading the weights, and a text's features looked up in them. */
#include "intent/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 4 << 20, FEATURE_MAX = 64, TOKENS_MAX = 400, WORD_MAX = 48, NORMAL_MAX = 8192 };

struct field {
	struct map *index; /* feature to number */
	struct str *signals;
	double *weights;
	uint32_t count;
	double bias;
};

struct model {
	struct arena *arena;
	struct field fields[MODEL_FIELDS];
};

/* ---- the file -------------------------------------------------------------------------- */

static enum status bad_line(struct err *e, int line, const char *what)
{
	char where[32];
	snprintf(where, sizeof(where), "line %d", line);
	return err_set(e, E_INPUT, where, "%s", what);
}

/* Plain decimals only: no exponent, no "nan". */
static bool read_weight(struct str s, double *out)
{
	char digits[24], *end;
	if (s.n == 0 || s.n >= sizeof(digits))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.' && s.p[i] != '-')
			return false;
	memcpy(digits, s.p, s.n);
	digits[s.n] = '\0';
	*out = strtod(digits, &end);
	return *end == '\0' && fabs(*out) <= 20;
}

static enum status add_feature(struct model *m, struct field *f, struct str feature, double weight, int line, struct err *e)
{
	if (str_eq(feature, STR("(bias)"))) {
		f->bias = weight;
		return OK;
	}
	if (feature.n == 0 || feature.n > FEATURE_MAX || !utf8_valid(feature))
		return bad_line(e, line, "a feature is 1 to 64 bytes of UTF-8");
	if (f->count == MODEL_MAX_FEATURES)
		return bad_line(e, line, "more than 8192 features of a kind");
	struct str signal = arena_take_printf(m->arena, "model:%.*s", STR_ARG(feature));
	uint32_t number = signal.p == NULL ? MAP_NONE : map_add(f->index, str_sub(signal, 6, signal.n), f->count);
	if (number == MAP_NONE)
		return err_set(e, E_NOMEM, "weights", "no memory for the weights");
	if (number != f->count)
		return bad_line(e, line, "names a feature for the second time");
	f->signals[f->count] = signal;
	f->weights[f->count++] = weight;
	return OK;
}

static enum status read_line(struct model *m, struct str text, int line, struct err *e)
{
	double weight;
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	if (text.n == 0 || text.p[0] == '#')
		return OK;
	struct str number = str_cut(&text, '\t');
	if (!read_weight(number, &weight))
		return bad_line(e, line, "must begin with a weight from -20 to 20 and a tab");
	bool question = str_starts(text, STR("q:"));
	if (!question && !str_starts(text, STR("a:")))
		return bad_line(e, line, "a feature begins with q: or a:");
	return add_feature(m, &m->fields[question ? MODEL_QUESTION : MODEL_ANSWER], str_sub(text, 2, text.n), weight, line, e);
}

static bool model_init(struct model *m)
{
	m->arena = arena_new(FILE_MAX * 2);
	for (size_t i = 0; i < MODEL_FIELDS && m->arena != NULL; i++) {
		struct field *f = &m->fields[i];
		f->index = map_new(MODEL_MAX_FEATURES, 0);
		f->signals = ARENA_TAKE(m->arena, struct str, MODEL_MAX_FEATURES);
		f->weights = ARENA_TAKE(m->arena, double, MODEL_MAX_FEATURES);
		if (f->index == NULL || f->weights == NULL)
			return false;
	}
	return m->arena != NULL && !arena_failed(m->arena);
}

enum status model_new(struct str text, struct model **out, struct err *e)
{
	struct model *m = calloc(1, sizeof(*m));
	if (m == NULL || !model_init(m)) {
		model_free(m);
		return err_set(e, E_NOMEM, "weights", "no memory for the weights");
	}
	enum status s = text.n <= FILE_MAX ? OK : err_set(e, E_INPUT, "weights", "more than 4 MiB");
	for (int line = 1; s == OK && text.n > 0; line++)
		s = read_line(m, str_cut(&text, '\n'), line, e);
	if (s != OK) {
		model_free(m);
		return s;
	}
	*out = m;
	return OK;
}

void model_free(struct model *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < MODEL_FIELDS; i++)
		map_free(m->fields[i].index);
	arena_free(m->arena);
	free(m);
}

double model_bias(const struct model *m, enum model_field f)
{
	return m->fields[f].bias;
}

/* ---- features -------------------------------------------------------------------------------- */

struct token {
	size_t from, to; /* in reading.normal */
	bool han;
	bool joined; /* nothing but a space between it and the token before */
};

/* A text on its way: its tokens are written one after another, so that neighbours are one slice and no feature is copied. */
struct reading {
	const struct field *field;
	struct model_seen *seen;
	struct model_top *top;
	double sum;
	char normal[NORMAL_MAX];
	size_t n, tokens;
	struct token last[3]; /* the newest is last[0] */
	bool joined;          /* would the next token be? */
};

static void keep_top(struct model_top *top, struct str signal, double weight)
{
	bool up = weight > 0;
	for (size_t i = 0; i < MODEL_TOP; i++) {
		struct str *at = up ? &top->up[i].signal : &top->down[i].signal;
		double *strength = up ? &top->up[i].weight : &top->down[i].weight;
		if (at->n > 0 && fabs(*strength) >= fabs(weight))
			continue;
		struct str weaker = *at;
		double less = *strength;
		*at = signal;
		*strength = weight;
		signal = weaker;
		weight = less;
		if (signal.n == 0)
			return;
	}
}

static void count(struct reading *r, struct str feature)
{
	if (feature.n > FEATURE_MAX)
		return;
	uint32_t i = map_get(r->field->index, feature);
	if (i == MAP_NONE || (r->seen->bits[i / 8] >> (i % 8) & 1) != 0)
		return;
	r->seen->bits[i / 8] |= (uint8_t)(1u << (i % 8));
	r->sum += r->field->weights[i];
	keep_top(r->top, r->field->signals[i], r->field->weights[i]);
}

static struct str written(const struct reading *r, size_t from, size_t to)
{
	return (struct str){r->normal + from, to - from};
}

/* False when the text is longer than what is read of one. */
static bool put_token(struct reading *r, struct str word, bool han)
{
	if (r->tokens++ >= TOKENS_MAX || r->n + word.n + 1 > NORMAL_MAX)
		return false;
	struct token *t = r->last;
	t[2] = t[1];
	t[1] = t[0];
	if (!(han && t[1].han) && r->n > 0)
		r->normal[r->n++] = ' ';
	t[0] = (struct token){.from = r->n, .to = r->n + word.n, .han = han, .joined = r->joined};
	memcpy(r->normal + r->n, word.p, word.n);
	r->n += word.n;
	count(r, written(r, t[0].from, t[0].to));
	if (t[0].joined)
		count(r, written(r, t[1].from, t[0].to));
	if (t[0].joined && t[1].joined && t[1].han && han)
		count(r, written(r, t[2].from, t[0].to));
	r->joined = true;
	return true;
}

static bool is_han(uint32_t c)
{
	return c >= 0x3400 && c <= 0x9FFF;
}

static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
	return c >= 0xC0 && c < 0xFE00 && !(c >= 0x2000 && c <= 0x2BFF) && !(c >= 0x3000 && c <= 0x303F) && !is_han(c);
}

/* The word at the head of s: letters, digits, and apostrophes between them. */
static size_t word_length(struct str s)
{
	size_t n = 0;
	uint32_t c, next;
	for (;;) {
		struct str rest = str_sub(s, n, s.n);
		int step = utf8_next(rest, &c);
		if (step <= 0)
			return n;
		bool inner = n > 0 && c == '\'' && utf8_next(str_sub(rest, 1, rest.n), &next) > 0 && is_word(next);
		if (!is_word(c) && !inner)
			return n;
		n += (size_t)step;
	}
}

/* What is no word: a currency's mark, a new line, a space, or a mark that parts the words beside it. */
static bool put_mark(struct reading *r, uint32_t c, bool lines)
{
	if (c == '$' || c == 0xA3 || c == 0xA5 || c == 0x20AC)
		return put_token(r, STR("$"), false);
	if (c == '\n' && lines) {
		r->joined = true;
		return put_token(r, STR("\xC2\xB6"), false);
	}
	if (c != ' ' && c != '\t' && c != '\r')
		r->joined = false;
	return true;
}

static void read_features(struct reading *r, struct str text, bool lines)
{
	uint32_t c;
	bool more = true;
	while (more && text.n > 0) {
		int step = utf8_next(text, &c);
		size_t n = step > 0 ? (size_t)step : 1;
		if (step > 0 && is_han(c)) {
			more = put_token(r, str_sub(text, 0, n), true);
		} else if (step > 0 && is_word(c)) {
			n = word_length(text);
			bool figure = c >= '0' && c <= '9';
			/* no feature is as long as an endless word; it parts its neighbours */
			more = put_token(r, figure ? STR("0") : n > WORD_MAX ? STR("") : str_sub(text, 0, n), false);
		} else {
			more = put_mark(r, step > 0 ? c : '.', lines);
		}
		text = str_sub(text, n, text.n);
	}
}

/* The pseudo-feature that stands for the number of tokens. */
static struct str length_class(size_t n)
{
	return n <= 3 ? STR("(1-3)") : n <= 8 ? STR("(4-8)") : n <= 16 ? STR("(9-16)") : n <= 40 ? STR("(17-40)") : STR("(41-)");
}

double model_add(const struct model *m, enum model_field f, struct str plain, struct model_seen *seen, struct model_top *top)
{
	struct reading r;
	r.field = &m->fields[f];
	r.seen = seen;
	r.top = top;
	r.sum = 0;
	r.n = r.tokens = 0;
	r.joined = false;
	memset(r.last, 0, sizeof(r.last));
	if (f == MODEL_QUESTION)
		(void)put_token(&r, STR("^"), false);
	read_features(&r, str_trim(plain), f == MODEL_QUESTION);
	if (f == MODEL_QUESTION)
		count(&r, length_class(r.tokens - 1)); /* without ^ */
	return r.sum;
}
