/* Whole files in, whole files out (temporary, fsync, rename, fsync of the folder). */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status io_error(struct err *e, const char *path, const char *verb)
{
	return err_set(e, errno == ENOENT ? E_MISSING : E_IO, path, "cannot %s: %s", verb, strerror(errno));
}

enum status file_read(const char *path, size_t max, char **out, size_t *n_out, struct err *e)
{
	FILE *f = fopen(path, "rbe");
	if (!f)
		return io_error(e, path, "open");
	struct buf b;
	buf_init(&b, max);
	char piece[65536];
	size_t n;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0 && !b.failed)
		buf_put(&b, (struct str){piece, n});
	bool bad = ferror(f);
	fclose(f);
	if (bad || b.failed) {
		buf_done(&b);
		return bad ? io_error(e, path, "read") : err_set(e, E_INPUT, path, "larger than %zu bytes", max);
	}
	size_t length;
	char *p = buf_steal(&b, &length);
	if (!p)
		return err_set(e, E_NOMEM, path, "out of memory");
	*out = p;
	*n_out = length;
	return OK;
}

static bool write_all(int fd, struct str bytes)
{
	for (size_t done = 0; done < bytes.n;) {
		ssize_t n = write(fd, bytes.p + done, bytes.n - done);
		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool sync_folder(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

enum status file_write(const char *path, struct str bytes, unsigned mode, struct err *e)
{
	char tmp[PATH_MAX];
	if ((size_t)snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= sizeof tmp)
		return err_set(e, E_INPUT, path, "the path is too long");
	int fd = mkstemp(tmp);
	if (fd < 0)
		return io_error(e, path, "create");
	bool ok = fchmod(fd, mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (ok && rename(tmp, path) == 0 && sync_folder(path))
		return OK;
	enum status s = io_error(e, path, "write");
	unlink(tmp);
	return s == E_MISSING ? E_IO : s;
}
