/* The grammar of tags, and which lines begin an HTML block. */
#include "text/scan.h"

#include <string.h>

/* ---- tags ------------------------------------------------------------------------------- */

enum { NAME_FIRST, NAME, CLOSER, BETWEEN, BEFORE_ATTR, ATTR_NAME, AFTER_NAME, BEFORE_VALUE, BARE, SINGLE, DOUBLE, SLASH };

void tag_scan_init(struct tag_scan *s)
{
	memset(s, 0, sizeof *s);
}

static bool attr_start(char c)
{
	return is_alpha((unsigned char)c) || c == '_' || c == ':';
}

static enum tag_verdict name_begin(struct tag_scan *s, char c)
{
	if (c == '/' && !s->closing) {
		s->closing = true;
		return TAG_MORE;
	}
	if (!is_alpha((unsigned char)c))
		return TAG_NONE;
	s->name[s->name_n++] = (char)(c | 32);
	s->state = NAME;
	return TAG_MORE;
}

static enum tag_verdict after_attr(struct tag_scan *s, char c)
{
	if (c == '>')
		return TAG_DONE;
	if (s->closing)
		return is_blank(c) ? TAG_MORE : TAG_NONE;
	if (c == '/')
		s->state = SLASH;
	else if (is_blank(c))
		s->state = s->state == ATTR_NAME || s->state == AFTER_NAME ? AFTER_NAME : BEFORE_ATTR;
	else if (s->state == BETWEEN)
		return TAG_NONE;
	else if (attr_start(c))
		s->state = ATTR_NAME;
	else
		return TAG_NONE;
	return TAG_MORE;
}

static enum tag_verdict name_more(struct tag_scan *s, char c)
{
	if (is_alnum((unsigned char)c) || c == '-') {
		if (s->name_n < sizeof s->name - 1)
			s->name[s->name_n++] = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
		return TAG_MORE;
	}
	s->state = s->closing ? CLOSER : BETWEEN;
	return after_attr(s, c);
}

static enum tag_verdict attr_name(struct tag_scan *s, char c)
{
	if (s->state == ATTR_NAME && (is_alnum((unsigned char)c) || (c != 0 && strchr("_.:-", c))))
		return TAG_MORE;
	if (c == '=') {
		s->state = BEFORE_VALUE;
		return TAG_MORE;
	}
	return after_attr(s, c);
}

static enum tag_verdict value(struct tag_scan *s, char c)
{
	if (s->state == SINGLE || s->state == DOUBLE) {
		if (c == (s->state == SINGLE ? '\'' : '"'))
			s->state = BETWEEN;
		return TAG_MORE;
	}
	if (s->state == BEFORE_VALUE && is_blank(c))
		return TAG_MORE;
	if (s->state == BEFORE_VALUE && (c == '"' || c == '\'')) {
		s->state = c == '"' ? DOUBLE : SINGLE;
		return TAG_MORE;
	}
	if (s->state == BARE && (c == '>' || is_blank(c))) {
		s->state = BETWEEN;
		return after_attr(s, c);
	}
	s->state = BARE;
	return c == 0 || strchr("\"'=<>`", c) ? TAG_NONE : TAG_MORE;
}

enum tag_verdict tag_scan_push(struct tag_scan *s, char c)
{
	if (c == '\v' || c == '\f' || c == '\0')
		return TAG_NONE;
	switch (s->state) {
	case NAME_FIRST:
		return name_begin(s, c);
	case NAME:
		return name_more(s, c);
	case ATTR_NAME:
	case AFTER_NAME:
		return attr_name(s, c);
	case BEFORE_VALUE:
	case BARE:
	case SINGLE:
	case DOUBLE:
		return value(s, c);
	case SLASH:
		s->empty = true;
		return c == '>' ? TAG_DONE : TAG_NONE;
	default:
		return after_attr(s, c);
	}
}

static bool in_list(const char *name, size_t n, const char *const *list)
{
	for (; *list; list++) {
		if (strlen(*list) == n && memcmp(*list, name, n) == 0)
			return true;
	}
	return false;
}

bool tag_is_void(const struct tag_scan *s)
{
	static const char *const voids[] = {
	        "br", "hr", "img", "input", "wbr", "meta", "link", "area", "base", "col", "embed", "source", "track", NULL};
	return s->empty || in_list(s->name, s->name_n, voids);
}

/* ---- blocks ------------------------------------------------------------------------------ */

static const char *const block_tags[] = {"address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center",
        "col", "colgroup", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "frame", "frameset", "h1", "head", "header", "hr", "html", "iframe", "legend", "li", "link", "main", "menu", "menuitem", "nav",
        "noframes", "ol", "optgroup", "option", "p", "param", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title",
        "tr", "track", "ul", NULL};
/* Block tags in one version of CommonMark, or in md4c, but not in others. */
static const char *const disputed[] = {"h2", "h3", "h4", "h5", "h6", "source", "search", "textarea", NULL};
static const char *const raw_tags[] = {"script", "pre", "style", NULL};

static size_t lower_name(struct str s, char out[12])
{
	size_t n = 0;
	while (n < s.n && n < 12 && (is_alnum((unsigned char)s.p[n]) || s.p[n] == '-')) {
		out[n] = s.p[n] >= 'A' && s.p[n] <= 'Z' ? (char)(s.p[n] | 32) : s.p[n];
		n++;
	}
	return n;
}

static bool complete_tag(struct str line)
{
	struct tag_scan s;
	tag_scan_init(&s);
	for (size_t i = 1; i < line.n; i++) {
		enum tag_verdict v = tag_scan_push(&s, line.p[i]);
		if (v == TAG_NONE)
			return false;
		if (v == TAG_DONE)
			return str_trim(str_sub(line, i + 1, line.n)).n == 0;
	}
	return false;
}

static int named_start(struct str line, bool *unsure)
{
	bool closing = line.n > 1 && line.p[1] == '/';
	struct str rest = str_sub(line, closing ? 2 : 1, line.n);
	char name[12];
	size_t n = lower_name(rest, name);
	int next = n < rest.n ? (unsigned char)rest.p[n] : '\n';
	bool ends = is_blank(next) || is_newline(next) || next == '>';
	for (const char *const *raw = raw_tags; !closing && *raw; raw++) {
		size_t m = strlen(*raw);
		if (n < m || memcmp(name, *raw, m) != 0)
			continue;
		*unsure = n != m || !ends; /* md4c takes <prefix> for <pre */
		return 1;
	}
	if (in_list(name, n, disputed))
		*unsure = true;
	if (in_list(name, n, block_tags) && (ends || (next == '/' && n + 1 < rest.n && rest.p[n + 1] == '>')))
		return 6;
	return complete_tag(line) ? 7 : 0;
}

int html_block_start(struct str line, bool *unsure)
{
	*unsure = false;
	if (line.n < 2)
		return 0;
	if (str_starts(line, STR("<!--")))
		return 2;
	if (line.p[1] == '?')
		return 3;
	if (str_starts(line, STR("<![CDATA[")))
		return 5;
	if (line.p[1] == '!') {
		bool letter = line.n > 2 && is_alpha((unsigned char)line.p[2]);
		*unsure = letter && line.p[2] >= 'a'; /* capitals only in older versions */
		return letter ? 4 : 0;
	}
	return named_start(line, unsure);
}

static bool holds_nocase(struct str line, struct str what)
{
	for (size_t i = 0; i + what.n <= line.n; i++) {
		if (line.p[i] == '<' && str_eq_nocase(str_sub(line, i, i + what.n), what))
			return true;
	}
	return false;
}

bool html_block_ends(int type, struct str line)
{
	switch (type) {
	case 1:
		return holds_nocase(line, STR("</script>")) || holds_nocase(line, STR("</style>")) || holds_nocase(line, STR("</pre>"));
	case 2:
		return str_find(line, STR("-->"), 0) < line.n;
	case 3:
		return str_find(line, STR("?>"), 0) < line.n;
	case 4:
		return str_find(line, STR(">"), 0) < line.n;
	case 5:
		return str_find(line, STR("]]>"), 0) < line.n;
	default:
		return false;
	}
}
