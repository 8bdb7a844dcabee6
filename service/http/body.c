/* Request bodies: in memory, and from 256 KiB in an unlinked file where the route allows it. The cap is here and not in a look at
 * Content-Length, since chunked bodies have none. */
#include "http/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void body_init(struct body *b, size_t cap, const char *temp_dir)
{
	*b = (struct body){.fd = -1, .cap = cap, .temp_dir = temp_dir};
	buf_init(&b->mem, cap);
}

void body_done(struct body *b)
{
	buf_done(&b->mem);
	if (b->map)
		munmap(b->map, b->n);
	if (b->fd >= 0)
		close(b->fd);
	b->map = NULL;
	b->fd = -1;
	b->n = 0;
}

static enum status write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_IO;
		s = str_sub(s, (size_t)n, s.n);
	}
	return OK;
}

static int unlinked_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	char path[4096];
	if ((size_t)snprintf(path, sizeof path, "%s/inlay-XXXXXX", folder) >= sizeof path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static enum status spill(struct body *b)
{
	b->fd = unlinked_file(b->temp_dir);
	if (b->fd < 0)
		return E_IO;
	enum status s = write_all(b->fd, buf_str(&b->mem));
	buf_done(&b->mem);
	return s;
}

enum status body_add(struct body *b, struct str bytes)
{
	if (bytes.n > b->cap - b->n)
		return E_NOMEM;
	if (b->fd < 0 && b->temp_dir && b->n + bytes.n > BODY_IN_MEMORY && spill(b))
		return E_IO;
	if (b->fd >= 0) {
		if (write_all(b->fd, bytes))
			return E_IO;
	} else {
		buf_put(&b->mem, bytes);
		if (b->mem.failed)
			return E_NOMEM;
	}
	b->n += bytes.n;
	return OK;
}

enum status body_bytes(struct body *b, struct str *out)
{
	if (b->fd < 0) {
		*out = buf_str(&b->mem);
		return OK;
	}
	if (!b->map) {
		void *p = mmap(NULL, b->n, PROT_READ, MAP_PRIVATE, b->fd, 0);
		if (p == MAP_FAILED)
			return E_IO;
		b->map = p;
	}
	*out = (struct str){b->map, b->n};
	return OK;
}
