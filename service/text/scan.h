/* Private to the text room: the scanner's state and what its files ask of each other.
 *
 * The scanner is a function of the bytes fed so far: every step looks at source bytes from `at` on, and either
 * moves on in a way that no later byte can change, or waits for more. So all cuttings give the same state.
 * Look-ahead is bounded, or resumed where it stopped (struct look), so the total cost is linear.
 *
 * container.c  line heads, containers              inline.c    code, brackets, math, addresses
 * block.c      leaves; table.c delimiter rows      angle.c     tags, comments; html.c their grammar
 * token.c      words, gaps                         emphasis.c  delimiter runs
 * fold.c       code points: class and folding      wrap.c      where a link may go */
#ifndef TEXT_SCAN_H
#define TEXT_SCAN_H

#include "text/text.h"

/* ---- code points (fold.c) ------------------------------------------------------------- */

enum point_class {
	POINT_WORD,
	POINT_DIGIT, /* also a word's */
	POINT_HAN,   /* Han, kana, hangul */
	POINT_MARK,  /* combining: continues what it stands on */
	POINT_DROP,  /* soft hyphen, zero width, variation selectors: as if not there */
	POINT_SPACE,
	POINT_SOFT,
	POINT_DASH,  /* soft inside a word, a clause's end between spaces */
	POINT_QUOTE, /* soft between letters, hard elsewhere */
	POINT_DOT,   /* . , : and the like: depends on both sides */
	POINT_HARD,
	POINT_CLAUSE,
	POINT_SENTENCE,
};
enum point_class point_class(uint32_t cp);
#define POINT_FOLD_MAX 20
/* Folded code points; *base is the last letter that took marks (in and out), so that marks of Latin vanish. */
size_t point_fold(uint32_t cp, uint32_t *base, uint32_t out[POINT_FOLD_MAX]);
/* Kana with a sound mark as one character, 0 where there is none. */
uint32_t point_voiced(uint32_t kana, uint32_t mark);

/* How CommonMark sees a neighbour of a delimiter run; the order matters to emphasis.c. */
enum side {
	SIDE_SPACE,
	SIDE_PUNCT,
	SIDE_OTHER,
	SIDE_UNSURE, /* renderers differ: symbols beyond ASCII, unassigned or malformed */
};
enum side point_side(uint32_t cp);

/* ---- tags (html.c) ---------------------------------------------------------------------- */

enum tag_verdict { TAG_MORE, TAG_DONE, TAG_NONE };
struct tag_scan {
	uint8_t state;
	bool closing, empty; /* </x>; <x/> */
	uint8_t name_n;
	char name[12]; /* lower case, cut */
};
void tag_scan_init(struct tag_scan *s);
/* Bytes after the '<', one by one. */
enum tag_verdict tag_scan_push(struct tag_scan *s, char c);
bool tag_is_void(const struct tag_scan *s);
/* HTML block that a line beginning with these bytes (from its '<') starts: 1..7, 0 for none. rest is the whole line.
 * *unsure: CommonMark's versions or md4c differ. */
int html_block_start(struct str rest, bool *unsure);
bool html_block_ends(int type, struct str line); /* types 1..5 */

/* ---- state ------------------------------------------------------------------------------- */

#define CONTAINER_MAX 32
#define RUN_STACK_MAX 32
#define TAG_STACK_MAX 8

struct container {
	char mark; /* > - + * . ) */
	uint32_t mark_indent, contents_indent;
};

enum leaf {
	LEAF_NONE, /* a blank line went before */
	LEAF_TEXT, /* paragraph, maybe a table */
	LEAF_FENCE,
	LEAF_INDENTED,
	LEAF_HTML,
};

enum look_kind { LOOK_RUN, LOOK_BLANKS, LOOK_RULE, LOOK_LINE, LOOK_KINDS };
struct look {
	size_t from, at;
};

struct head { /* of the line being begun */
	enum { HEAD_START, HEAD_PARENTS, HEAD_LEAF, HEAD_AFTER_MARK } phase;
	size_t off;
	uint32_t col, col0, indent;
	uint32_t parents, brothers, children;
	bool after_quote;
	bool fresh;       /* a list mark or quote began: what went before does not count */
	size_t rule_dead; /* no thematic break can begin before this byte */
	struct container mark;
};

struct run {
	uint32_t at;
	uint32_t n;
	char ch;
	uint8_t left, right; /* enum side */
	bool sure_open;      /* takes no part in closing, if it opens */
	bool closes_equal;   /* closes an opener of its own length, wholly */
};

enum inline_mode { IN_TEXT, IN_CODE, IN_TAG, IN_COMMENT, IN_DEST };
enum dest_state { DEST_BEGIN, DEST_ANGLE, DEST_BARE, DEST_SPACE, DEST_TITLE, DEST_END };

struct inlines { /* of the open block */
	enum inline_mode mode;
	bool doubt;          /* barred to the block's end */
	bool mute;           /* and without tokens */
	bool line_doubt;     /* barred to the line's end */
	bool address;        /* no tokens up to the next white space */
	bool after_link;     /* barred up to the next white space */
	bool murky;          /* emphasis no longer followed */
	bool closed_bracket; /* the byte before is a ] that closed something */
	uint32_t brackets;
	uint32_t code_run;
	uint8_t dollars; /* open $ or $$ */
	char math;       /* open \( or \[ */
	char run_ch;     /* delimiter run being read, 0 for none */
	size_t run_at;
	uint8_t run_left;
	enum dest_state dest;
	uint32_t dest_parens;
	char dest_quote;
	uint32_t comment_dashes;
	bool comment_odd;
	struct tag_scan tag;
	bool tag_ok, scheme_ok, mail_ok; /* what the <...> being read may still be */
	uint32_t angle_n, scheme_n;
	bool mail_at;
	uint32_t tags;
	char tag_name[TAG_STACK_MAX][12];
	uint32_t open_runs;
	struct {
		char ch;
		uint32_t n;
	} open[RUN_STACK_MAX];
};

struct pending { /* the token being read */
	bool open;
	uint8_t kind, gap;
	uint16_t flags;
	uint32_t start, end, fold;
	uint32_t base; /* last letter */
	uint32_t dropped;
	uint32_t points;
};

struct text {
	size_t max; /* bytes of source */
	bool plain, finished, failed;
	bool lost; /* structure that renderers disagree on: nothing more is allowed in this answer */
	struct buf source, folded;
	struct text_token *tokens;
	size_t token_n, token_cap;
	struct run *runs;
	size_t run_n, run_cap;

	size_t at; /* first byte not yet taken */
	enum { AT_HEAD, AT_TEXT, AT_SKIP } stage;
	bool after_cr;
	size_t line; /* where the line's content began */
	struct head head;
	struct look look[LOOK_KINDS];

	struct container containers[CONTAINER_MAX];
	uint32_t depth;
	enum leaf leaf;
	char fence_ch;
	uint32_t fence_n;
	int html;
	bool html_above; /* the line above ended an HTML block */
	bool after_html; /* only blank lines since an HTML block */
	bool heading, row, table, table_shape, definition, quoted;
	bool bare_item, two_blank;
	uint32_t leaf_lines;
	bool front;      /* in front matter */
	bool opened;     /* a line has been taken */
	bool rule_first; /* the first line was --- */

	struct inlines in;
	struct pending word;
	uint8_t gap;                   /* strongest since the last token */
	uint32_t held;                 /* . , : - ' waiting for what follows, 0 for none */
	bool held_spaced, held_letter; /* before it: a space; a lone letter */
	bool held_digit, held_word;
	uint32_t last; /* code point before `at` on this line, 0 at its start */
	uint32_t clause, sentence, block;
	uint32_t letters; /* length of the last word, while nothing but its end has been seen */
	bool last_digit;
};

/* Bytes from at: the byte, or -1 at the end of what is there. */
static inline int text_byte(const struct text *t, size_t at)
{
	return at < t->source.n ? (unsigned char)t->source.p[at] : -1;
}
static inline bool is_alnum(int c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z' && c < 128);
}
static inline bool is_alpha(int c)
{
	return c < 128 && (c | 32) >= 'a' && (c | 32) <= 'z';
}
static inline bool is_blank(int c)
{
	return c == ' ' || c == '\t';
}
static inline bool is_newline(int c)
{
	return c == '\n' || c == '\r';
}
static inline bool is_punct(int c)
{
	return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
}

bool text_grow(struct text *t, void **items, size_t *cap, size_t n, size_t size); /* room for one more */

#define CODE_INDENT 4
enum answer { NO, YES, WAIT }; /* WAIT: more bytes must come first */

/* ---- container.c ------------------------------------------------------------------------- */
bool head_step(struct text *t); /* takes something, or returns false to wait; so do all steps */
/* End of the bytes of that kind from `from` on; false when it is not yet there. Resumes where it stopped. */
bool text_look(struct text *t, enum look_kind kind, size_t from, size_t *end);
bool text_at_line_end(const struct text *t, size_t at);
enum answer container_try(struct text *t); /* does a mark open one here? */
void container_bare(struct text *t);       /* a second blank line under an empty item ended it */
void containers_leave(struct text *t, uint32_t keep);

/* ---- block.c ------------------------------------------------------------------------------- */
bool leaf_step(struct text *t); /* behind the containers' marks */
bool skip_step(struct text *t);
void leaf_end(struct text *t);
void line_end(struct text *t); /* at a newline, or the end: takes it and begins the next head */
void text_lose(struct text *t);

/* ---- table.c -------------------------------------------------------------------------------- */
bool table_chars(struct str line, bool *pipe); /* only | - : and blanks, and a dash */
bool table_delimiters(struct str line);        /* and so made that every renderer agrees */

/* ---- inline.c ------------------------------------------------------------------------------- */
bool inline_step(struct text *t);
bool plain_step(struct text *t);
void inline_flush(struct text *t); /* a run being read ends here, at a line's end */
void inline_line_end(struct text *t);
bool inline_barred(const struct text *t);
void inline_doubt(struct text *t); /* bars the rest of the block */
void inline_mute(struct text *t);  /* and gives no tokens there */
void inline_take(struct text *t, size_t n, uint32_t last);
void inline_take_prose(struct text *t, size_t n, uint32_t last);

/* ---- angle.c ---------------------------------------------------------------------------------- */
bool angle_less_than(struct text *t);
void angle_byte(struct text *t, char c, size_t n);    /* in IN_TAG */
void angle_comment(struct text *t, char c, size_t n); /* in IN_COMMENT */

/* ---- emphasis.c --------------------------------------------------------------------------- */
void run_end(struct text *t, enum side right);
const struct run *run_starting(const struct text *t, size_t at);
const struct run *run_ending(const struct text *t, size_t end);
bool run_opens(char ch, enum side left, enum side right);
bool run_closes(char ch, enum side left, enum side right);

/* ---- token.c ------------------------------------------------------------------------------- */
void token_point(struct text *t, uint32_t cp, size_t at, size_t n);
void token_gap(struct text *t, enum text_gap gap); /* ends the word */
void token_settle(struct text *t);                 /* ends the word, keeps the gap */
void token_forget(struct text *t);
#endif
