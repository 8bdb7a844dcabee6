/* The insert core: any answer, any cutting. First byte: question and form; second: seed of the cuts. */
#include "../../unit/flow/check.h"

struct dice {
	uint64_t x;
};

static size_t roll(void *arg)
{
	struct dice *d = arg;
	d->x = hash_mix(d->x + 0x9e3779b97f4a7c15u);
	return 1 + (size_t)(d->x % 17);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct shelf *shelf;
	if (!shelf)
		shelf = kit_shelf(kit_rules(), kit_keys(), KIT_PUBLIC, 0, 1);
	if (n < 2 || n > 4096)
		return 0;
	static const char *const questions[] = {"Which headphones or tent should I buy?", "推荐一款面膜或者降噪耳机", ""};
	struct insert_request r;
	insert_request_init(&r);
	r.question = str_of(questions[data[0] % 3]);
	r.form = (enum form)(data[0] / 3 % 4);
	r.max_links = data[0] / 12 % 9;
	r.answer = (struct str){(const char *)data + 2, n - 2};
	r.has_answer = true;
	if (memchr(r.answer.p, 0, r.answer.n))
		return 0; /* JSON strings with NUL are refused at the door */
	struct dice d = {data[1]};
	struct checked whole = check_cut(shelf, &r, NULL, NULL), cut = check_cut(shelf, &r, roll, &d);
	check_edits(r.answer, &whole);
	if (strcmp(whole.answer, cut.answer) != 0)
		check_fail("stream is not whole", str_of(whole.answer), str_of(cut.answer));
	check_again(shelf, &r, &whole);
	check_page(r.answer, &whole);
	checked_done(&whole);
	checked_done(&cut);
	return 0;
}
