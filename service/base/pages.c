/* Memory straight from the kernel. */
#include "base/base.h"

#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

/* A mapping of 2 MiB and more is lined up with huge pages; what stands over at both ends is given back. */
void *pages_new(size_t n)
{
	size_t more = n >= HUGE_PAGE ? HUGE_PAGE : 0;
	if (n == 0 || n > SIZE_MAX - more)
		return NULL;
	char *p = mmap(NULL, n + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (more == 0)
		return p;
	size_t head = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE, page = 4096, kept = (n + page - 1) / page * page;
	if (head > 0)
		munmap(p, head);
	if (head + kept < n + more)
		munmap(p + head + kept, n + more - head - kept);
	madvise(p + head, kept, MADV_HUGEPAGE);
	return p + head;
}

void pages_free(void *p, size_t n)
{
	if (p != NULL)
		munmap(p, n);
}
