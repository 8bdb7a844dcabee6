/* What stands in <...>: tags, addresses, comments; and a < that is none of them. */
#include "text/scan.h"

#include <string.h>

#define ANGLE_MAX 40

static void angle_begin(struct text *t)
{
	struct inlines *in = &t->in;
	inline_take(t, 1, '<');
	in->mode = IN_TAG;
	tag_scan_init(&in->tag);
	in->tag_ok = in->scheme_ok = in->mail_ok = true;
	in->mail_at = false;
	in->angle_n = in->scheme_n = 0;
}

static void tag_open(struct text *t)
{
	struct inlines *in = &t->in;
	if (tag_is_void(&in->tag))
		return;
	if (in->tags == TAG_STACK_MAX) {
		inline_doubt(t);
		return;
	}
	memcpy(in->tag_name[in->tags++], in->tag.name, sizeof in->tag.name);
}

static void tag_close(struct inlines *in)
{
	for (uint32_t i = in->tags; i > 0; i--) {
		if (memcmp(in->tag_name[i - 1], in->tag.name, sizeof in->tag.name) == 0) {
			in->tags = i - 1;
			return;
		}
	}
}

static void tag_done(struct text *t)
{
	struct inlines *in = &t->in;
	in->mode = IN_TEXT;
	if (strcmp(in->tag.name, "br") == 0)
		token_gap(t, GAP_SENTENCE);
	if (in->tag.closing)
		tag_close(in);
	else
		tag_open(t);
}

/* <scheme:...> and <a@b>; anything odd inside would be read as text by a renderer that refuses the address. */
static void address_push(struct inlines *in, char c)
{
	bool scheme_char = is_alnum((unsigned char)c) || c == '+' || c == '-' || c == '.';
	bool odd = (unsigned char)c <= ' ' || c == 127 || strchr("`[]\\*_$&|<~", c);
	in->mail_ok = in->mail_ok && (scheme_char || (c == '@' && in->angle_n > 0 && !in->mail_at));
	in->mail_at = in->mail_at || c == '@';
	if (odd)
		in->scheme_ok = false;
	if (in->scheme_n == 0 && in->scheme_ok) {
		if (c == ':' && in->angle_n >= 2 && in->angle_n <= 32)
			in->scheme_n = in->angle_n;
		else if (!scheme_char || (in->angle_n == 0 && !is_alpha((unsigned char)c)))
			in->scheme_ok = false;
	}
	in->angle_n++;
}

void angle_byte(struct text *t, char c, size_t n)
{
	struct inlines *in = &t->in;
	enum tag_verdict v = in->tag_ok ? tag_scan_push(&in->tag, c) : TAG_NONE;
	bool address = (in->scheme_ok && in->scheme_n > 0) || (in->mail_ok && in->mail_at);
	inline_take(t, n, (unsigned char)c);
	if (v == TAG_DONE) {
		tag_done(t);
		return;
	}
	in->tag_ok = v == TAG_MORE;
	if (c == '>' && address) {
		in->mode = IN_TEXT;
		in->murky = true;
		return;
	}
	address_push(in, c);
	if (c == '>' || c == '|' || (!in->tag_ok && !in->scheme_ok && !in->mail_ok))
		inline_doubt(t);
}

void angle_comment(struct text *t, char c, size_t n)
{
	struct inlines *in = &t->in;
	bool ends = c == '>' && in->comment_dashes >= 2;
	bool odd = in->comment_odd || (c != '>' && in->comment_dashes >= 2) || c == '|';
	in->comment_odd = odd;
	in->comment_dashes = c == '-' ? in->comment_dashes + 1 : 0;
	inline_take(t, n, (unsigned char)c);
	if (ends && odd)
		inline_mute(t);
	else if (ends)
		in->mode = IN_TEXT;
}

/* md4c lets addresses in <> begin with any of these; "<3" and "<--" are none unless a : or @ follows. */
static bool odd_angle(struct text *t, bool *wait)
{
	size_t n = 1;
	int c;
	while ((c = text_byte(t, t->at + n)) > ' ' && c < 127 && c != '<' && c != '>' && c != ':' && c != '@' && n < ANGLE_MAX)
		n++;
	*wait = c < 0 && !t->finished;
	return c == ':' || c == '@' || n == ANGLE_MAX;
}

static bool less_than_odd(struct text *t)
{
	bool wait;
	bool odd = odd_angle(t, &wait);
	if (wait)
		return false;
	if (odd)
		inline_doubt(t);
	inline_take_prose(t, 1, '<');
	return true;
}

/* Returns false when more bytes are needed to tell what this < is. */
bool angle_less_than(struct text *t)
{
	int c = text_byte(t, t->at + 1);
	if (c < 0 && !t->finished)
		return false;
	if (c == '!' || c == '?') {
		struct str rest = str_sub(buf_str(&t->source), t->at, t->at + 5);
		if (rest.n < 5 && !t->finished && str_starts(STR("<!--x"), rest))
			return false;
		bool comment =
		        str_starts(rest, STR("<!--")) && rest.n == 5 && rest.p[4] != '>' && rest.p[4] != '-' && !is_newline(rest.p[4]);
		if (!comment) {
			inline_mute(t);
			inline_take(t, 1, '<');
			return true;
		}
		inline_take(t, 4, '-');
		t->in.mode = IN_COMMENT;
		t->in.comment_dashes = 0;
		t->in.comment_odd = false;
		return true;
	}
	if (!is_alpha(c < 0 ? 0 : c) && c != '/')
		return less_than_odd(t);
	angle_begin(t);
	return true;
}
