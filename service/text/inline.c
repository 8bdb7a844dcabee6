/* Inline structure of a block, byte by byte: code, brackets, tags, math, addresses. An opener bars all behind it
 * until it is closed or the block ends; where closing is not certain, the rest of the block stays barred (doubt). */
#include "text/scan.h"

#include <string.h>

#define BRACKET_MAX 64
#define CODE_RUN_MAX 31 /* longer runs are read differently by different renderers */
#define ENTITY_MAX 50

bool inline_barred(const struct text *t)
{
	const struct inlines *in = &t->in;
	return in->doubt || in->line_doubt || in->after_link || t->heading || t->definition || t->front || in->brackets > 0 ||
	       in->dollars > 0 || in->math != 0 || in->tags > 0 || in->mode != IN_TEXT;
}

static bool muted(const struct text *t)
{
	return t->in.mute || t->in.address || t->front;
}

void inline_doubt(struct text *t)
{
	t->in.doubt = t->in.murky = true;
	t->in.mode = IN_TEXT;
}

void inline_mute(struct text *t)
{
	inline_doubt(t);
	t->in.mute = true;
}

/* Takes n bytes that are no prose. */
void inline_take(struct text *t, size_t n, uint32_t last)
{
	token_gap(t, GAP_HARD);
	t->at += n;
	t->last = last;
	t->in.closed_bracket = false;
}

void inline_take_prose(struct text *t, size_t n, uint32_t last)
{
	inline_take(t, n, last);
}

/* ---- runs: * _ ~ ` $ -------------------------------------------------------------------- */

static void backticks(struct text *t, size_t n)
{
	struct inlines *in = &t->in;
	if (in->mode == IN_CODE) {
		if (n == in->code_run)
			in->mode = IN_TEXT;
		return;
	}
	if (in->mode != IN_TEXT)
		return;
	if (n > CODE_RUN_MAX) {
		inline_mute(t);
		return;
	}
	in->mode = IN_CODE;
	in->code_run = (uint32_t)n;
}

/* md4c with math spans pairs any $ with the next, $$ with the next $$, whatever stands beside them. */
static void dollars(struct text *t, size_t n)
{
	struct inlines *in = &t->in;
	if (in->brackets > 0 || in->address)
		inline_doubt(t);
	if (n <= 2)
		in->dollars = in->dollars == n ? 0 : (uint8_t)n;
}

static void finish_run(struct text *t, enum side right)
{
	size_t n = t->at - t->in.run_at;
	char ch = t->in.run_ch;
	if (ch == '`')
		backticks(t, n);
	else if (ch == '$')
		dollars(t, n);
	else
		run_end(t, right);
	t->in.run_ch = 0;
}

static bool begin_run(struct text *t, char ch)
{
	token_gap(t, GAP_HARD);
	t->in.run_ch = ch;
	t->in.run_at = t->at;
	t->in.run_left = (uint8_t)(t->last == 0 ? SIDE_SPACE : point_side(t->last));
	t->at++;
	t->last = (unsigned char)ch;
	t->in.closed_bracket = false;
	return true;
}

void inline_flush(struct text *t)
{
	if (t->in.run_ch != 0)
		finish_run(t, SIDE_SPACE);
}

/* ---- [...](...) ----------------------------------------------------------------------------- */

static void bracket_open(struct text *t)
{
	inline_take(t, 1, '[');
	if (t->in.brackets++ == BRACKET_MAX)
		inline_doubt(t);
}

static void bracket_close(struct text *t)
{
	bool closes = t->in.brackets > 0;
	inline_take(t, 1, ']');
	t->in.brackets -= closes;
	t->in.closed_bracket = closes;
}

static void dest_end(struct text *t)
{
	t->in.mode = IN_TEXT;
	t->in.murky = true;      /* runs inside a destination may pair with others in md4c */
	t->in.after_link = true; /* and an address in it goes on to the next white space there */
}

static void dest_bare(struct inlines *in, char c)
{
	if (c == '(')
		in->dest_parens++;
	else if (c == ')')
		in->dest_parens--;
}

static void dest_space(struct text *t, char c)
{
	struct inlines *in = &t->in;
	if (c == ')')
		dest_end(t);
	else if (in->dest == DEST_SPACE && (c == '"' || c == '\'')) {
		in->dest = DEST_TITLE;
		in->dest_quote = c;
	} else if (c != ' ')
		inline_doubt(t);
}

static void dest_byte(struct text *t, char c, size_t n)
{
	struct inlines *in = &t->in;
	inline_take(t, n, (unsigned char)c);
	if ((unsigned char)c < ' ' || c == 127 || strchr("`<\\|$[]", c)) {
		inline_doubt(t);
		return;
	}
	switch (in->dest) {
	case DEST_BEGIN:
		if (c == ' ')
			return;
		in->dest = DEST_BARE;
		in->dest_parens = c == '(';
		if (c == ')')
			dest_end(t);
		else if (c == '(')
			inline_doubt(t);
		return;
	case DEST_BARE:
		if (c == ')' && in->dest_parens == 0)
			dest_end(t);
		else if (c == ' ')
			in->dest = in->dest_parens == 0 ? DEST_SPACE : DEST_END;
		else
			dest_bare(in, c);
		if (in->mode == IN_DEST && in->dest == DEST_END)
			inline_doubt(t);
		return;
	case DEST_TITLE:
		if (c == in->dest_quote)
			in->dest = DEST_END;
		return;
	default:
		dest_space(t, c);
	}
}

static bool parenthesis(struct text *t)
{
	if (!t->in.closed_bracket) {
		inline_take_prose(t, 1, '(');
		return true;
	}
	inline_take(t, 1, '(');
	t->in.mode = IN_DEST;
	t->in.dest = DEST_BEGIN;
	t->in.dest_parens = 0;
	return true;
}

/* ---- the rest --------------------------------------------------------------------------------- */

static bool escape(struct text *t)
{
	int c = text_byte(t, t->at + 1);
	if (c < 0 && !t->finished)
		return false;
	if (c < 0 || !is_punct(c)) {
		inline_take_prose(t, 1, '\\');
		return true;
	}
	if ((c == '(' || c == '[') && t->in.math == 0)
		t->in.math = (char)c;
	else if ((c == ')' && t->in.math == '(') || (c == ']' && t->in.math == '['))
		t->in.math = 0;
	inline_take_prose(t, 2, (uint32_t)c);
	return true;
}

static size_t entity_length(struct text *t, bool *wait)
{
	size_t n = 1;
	int c = 0;
	while (n < ENTITY_MAX) {
		c = text_byte(t, t->at + n);
		if (!(c >= 0 && (is_alnum(c) || (c == '#' && n == 1))))
			break;
		n++;
	}
	*wait = c < 0 && !t->finished && n < ENTITY_MAX;
	return c == ';' && n > 1 ? n + 1 : 0;
}

static bool ampersand(struct text *t)
{
	bool wait;
	size_t n = entity_length(t, &wait);
	if (wait)
		return false;
	if (n > 0) {
		inline_take(t, n, ';');
		return true;
	}
	token_point(t, '&', t->at, 1);
	t->at++;
	t->last = '&';
	return true;
}

static void pipe_mark(struct text *t)
{
	struct inlines *in = &t->in;
	bool open = in->brackets > 0 || in->tags > 0 || in->math != 0;
	if (t->table)
		in->dollars = 0; /* md4c knows math spans only where it knows tables */
	if (open)
		inline_doubt(t);
	if (in->dollars > 0)
		in->line_doubt = true; /* a header row's cell may end the math */
	if (in->open_runs > 0)
		in->murky = true;
	inline_take(t, 1, '|');
	in->address = false;
	t->table_shape = true;
	if (t->row || t->table)
		token_gap(t, GAP_BLOCK);
}

/* "://", "www." and "a@b" make addresses of the text around them: no tokens up to the next white space. */
static bool address_begins(struct text *t, int c, bool *wait)
{
	int next = text_byte(t, t->at + 1), third = text_byte(t, t->at + 2);
	bool after_word = is_alnum((int)(t->last < 128 ? t->last : 0));
	*wait = false;
	if (!after_word)
		return false;
	if (c == '.') {
		struct str w = str_sub(buf_str(&t->source), t->at >= 3 ? t->at - 3 : 0, t->at);
		return t->word.open && t->word.end - t->word.start == 3 && str_eq_nocase(w, STR("www"));
	}
	*wait = !t->finished && (next < 0 || (c == ':' && next == '/' && third < 0));
	return c == '@' ? next >= 0 && is_alnum(next) : next == '/' && third == '/';
}

static bool maybe_address(struct text *t, int c)
{
	bool wait;
	if (address_begins(t, c, &wait)) {
		token_forget(t);
		inline_take(t, 1, (uint32_t)c);
		t->in.address = true;
		return true;
	}
	if (wait)
		return false;
	if (muted(t)) {
		inline_take(t, 1, (uint32_t)c);
		return true;
	}
	token_point(t, (uint32_t)c, t->at, 1);
	t->at++;
	t->last = (uint32_t)c;
	t->in.closed_bracket = false;
	return true;
}

static bool special(struct text *t, int c)
{
	switch (c) {
	case '\\':
		return escape(t);
	case '*':
	case '_':
	case '~':
	case '`':
	case '$':
		return begin_run(t, (char)c);
	case '<':
		return angle_less_than(t);
	case '[':
		bracket_open(t);
		return true;
	case ']':
		bracket_close(t);
		return true;
	case '(':
		return parenthesis(t);
	case '&':
		return ampersand(t);
	case '|':
		pipe_mark(t);
		return true;
	default:
		return maybe_address(t, c);
	}
}

static bool is_special(int c)
{
	return c > 0 && c < 128 && strchr("\\*_~`$<[](&|@:.", c) != NULL;
}

/* The code point at `at`: its length, 0 to wait for more bytes, -1 when malformed. */
static int point_at(const struct text *t, uint32_t *cp)
{
	struct str rest = str_sub(buf_str(&t->source), t->at, t->at + 4);
	int n = utf8_next(rest, cp);
	if (n >= 0 || t->finished || rest.n == 4)
		return n;
	return utf8_whole(rest) < rest.n && utf8_whole(rest) == 0 ? 0 : -1;
}

static void ordinary(struct text *t, uint32_t cp, size_t n)
{
	if (cp < 0x80 && point_side(cp) == SIDE_SPACE) /* an address goes on over U+3000 */
		t->in.address = t->in.after_link = false;
	if (muted(t)) {
		inline_take(t, n, cp);
		return;
	}
	token_point(t, cp, t->at, n);
	t->at += n;
	t->last = cp;
	t->in.closed_bracket = false;
}

static void malformed(struct text *t)
{
	if (t->in.run_ch != 0)
		finish_run(t, SIDE_UNSURE);
	if (t->in.mode == IN_CODE || t->in.mode == IN_COMMENT)
		inline_mute(t);
	inline_doubt(t);
	inline_take(t, 1, 0xFFFD);
}

static void in_mode(struct text *t, int c, size_t n)
{
	if (t->in.mode == IN_TAG)
		angle_byte(t, (char)c, n);
	else if (t->in.mode == IN_COMMENT)
		angle_comment(t, (char)c, n);
	else if (t->in.mode == IN_DEST)
		dest_byte(t, (char)c, n);
	else if (c == '|') {
		inline_mute(t); /* a cell's border splits code in some renderers */
		inline_take(t, 1, '|');
	} else
		inline_take(t, n, (uint32_t)c);
}

bool inline_step(struct text *t)
{
	uint32_t cp = 0;
	int c = text_byte(t, t->at);
	if (c < 0 && !t->finished)
		return false;
	if (c < 0 || is_newline(c)) {
		line_end(t);
		return c >= 0;
	}
	if (t->in.run_ch != 0 && c == t->in.run_ch) {
		t->at++;
		return true;
	}
	int n = c < 128 ? 1 : point_at(t, &cp);
	if (n == 0)
		return false;
	if (n < 0 || c == 0) {
		malformed(t);
		return true;
	}
	cp = c < 128 ? (uint32_t)c : cp;
	if (t->in.run_ch != 0)
		finish_run(t, point_side(cp));
	if (t->in.mode == IN_CODE && c == '`')
		return begin_run(t, '`');
	if (t->in.mode == IN_TEXT && is_special(c))
		return special(t, c);
	if (t->in.mode == IN_TEXT)
		ordinary(t, cp, (size_t)n);
	else
		in_mode(t, c, (size_t)n);
	return true;
}

/* A line ends inside a block. Tags, comments and destinations are not followed over it. */
void inline_line_end(struct text *t)
{
	struct inlines *in = &t->in;
	inline_flush(t);
	in->address = in->after_link = in->closed_bracket = in->line_doubt = false;
	if (t->table)
		in->dollars = 0;
	if (in->mode == IN_COMMENT)
		inline_mute(t);
	else if (in->mode == IN_TAG || in->mode == IN_DEST)
		inline_doubt(t);
	if (!t->table_shape && !t->table && !t->row)
		return;
	if (in->mode == IN_CODE)
		inline_mute(t);
	if (in->brackets > 0 || in->math != 0 || in->tags > 0)
		inline_doubt(t);
	if (in->open_runs > 0)
		in->murky = true;
}

bool plain_step(struct text *t)
{
	uint32_t cp = 0;
	int c = text_byte(t, t->at), n = 1;
	if (c < 0)
		return false;
	if (c >= 128)
		n = point_at(t, &cp);
	if (n == 0)
		return false;
	if (n < 0) {
		inline_take(t, 1, 0xFFFD);
		return true;
	}
	cp = c < 128 ? (uint32_t)c : cp;
	if (c == '\n' && t->last == '\n')
		token_gap(t, GAP_BLOCK);
	else
		token_point(t, cp, t->at, (size_t)n);
	t->at += (size_t)n;
	t->last = cp;
	return true;
}
