// RE2::Set tells which phrases are in a text, not where, so its times stand without a ratio.
#include "harness.h"

#include <re2/re2.h>
#include <re2/set.h>
#include <vector>

int main(int argc, char **argv)
{
	struct pieces phrases = bench_lines(argv[1]), texts[16];
	int files = argc - 2 < 16 ? argc - 2 : 16;
	for (int i = 0; i < files; i++)
		texts[i] = bench_texts(argv[2 + i]);
	RE2::Options options;
	options.set_max_mem(int64_t{4} << 30);
	double t = bench_now();
	RE2::Set set(options, RE2::UNANCHORED);
	for (size_t i = 0; i < phrases.n; i++)
		set.Add(RE2::QuoteMeta(re2::StringPiece((const char *)phrases.at[i].p, phrases.at[i].n)), nullptr);
	if (!set.Compile())
		return 1;
	bench_ready(bench_now() - t, 0);
	for (int i; (i = bench_asked(files)) >= 0;) {
		struct result r = {0, 0, 0, 0};
		std::vector<int> found;
		t = bench_now();
		for (size_t k = 0; k < texts[i].n; k++) {
			found.clear();
			set.Match(re2::StringPiece((const char *)texts[i].at[k].p, texts[i].at[k].n), &found);
			r.count += found.size();
		}
		bench_print(bench_now() - t, texts[i].n, &r);
	}
	return 0;
}
