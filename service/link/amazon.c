/* Which hosts are Amazon's: its shops in every country and its short links. By form, not by list, so that a
 * marketplace that opens tomorrow is not taken for an ordinary shop. */
#include "link/link.h"
#include "link/url.h"

static struct str last_label(struct str *host)
{
	size_t at = host->n;
	struct str label;

	while (at > 0 && host->p[at - 1] != '.')
		at--;
	label = str_sub(*host, at, host->n);
	*host = str_sub(*host, 0, at ? at - 1 : 0);
	return label;
}

static bool host_is_amazon(struct str host)
{
	struct str top = last_label(&host), second = last_label(&host), third = last_label(&host);
	bool country = top.n == 2;

	if (str_eq_nocase(second, STR("amzn")) || (str_eq_nocase(second, STR("a")) && str_eq_nocase(top, STR("co"))))
		return true;
	if (str_eq_nocase(second, STR("amazon")))
		return country || str_eq_nocase(top, STR("com"));
	return country && str_eq_nocase(third, STR("amazon")) &&
	       (str_eq_nocase(second, STR("co")) || str_eq_nocase(second, STR("com")));
}

bool link_is_amazon(struct str url)
{
	struct url u;

	return url_split(url, &u, NULL) == OK && host_is_amazon(u.host);
}
