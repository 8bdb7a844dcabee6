/* Which lines may be, and which surely are, the delimiter row below a table's head. */
#include "text/scan.h"

bool table_chars(struct str line, bool *pipe)
{
	bool dash = false;
	*pipe = false;
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		*pipe = *pipe || c == '|';
		dash = dash || c == '-';
		if (c != '|' && c != '-' && c != ':' && !is_blank(c))
			return false;
	}
	return dash;
}

static bool cell_mark(struct str cell)
{
	size_t i = 0, n = 0;
	cell = str_trim(cell);
	i += cell.n > 0 && cell.p[0] == ':';
	while (i < cell.n && cell.p[i] == '-')
		i++, n++;
	i += i < cell.n && cell.p[i] == ':';
	return i == cell.n && n > 0;
}

/* Does every renderer take this line for a delimiter row: |---|:--:| with three characters a cell. */
bool table_delimiters(struct str line)
{
	line = str_trim(line);
	if (str_starts(line, STR("|")))
		line = str_sub(line, 1, line.n);
	if (str_ends(line, STR("|")))
		line = str_sub(line, 0, line.n - 1);
	while (line.n > 0) {
		struct str cell = str_cut(&line, '|');
		if (!cell_mark(cell) || str_trim(cell).n < 3)
			return false;
	}
	return true;
}
