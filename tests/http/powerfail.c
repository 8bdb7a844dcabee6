/* A power-loss recorder for LD_PRELOAD. It writes every write, truncation and fsync of files under $PF_DIR into the journal $PF_LOG, with
 * the bytes that were there before; powerloss.py then rebuilds what a disk may hold when the power goes: all that was fsynced, and of the
 * rest none, some, or torn pieces. Renames, unlinks and new directory entries count as durable; writes through mmap are not seen.
 * A forked child does not inherit the set of files (none of our programs forks with a database open).
 *
 * With PF_STOP_AFTER=N the process is killed in the middle of its N-th recorded write.
 *
 * Built by the tests themselves: cc -shared -fPIC -O1 -o powerfail.so powerfail.c -ldl -lpthread */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_FD = 4096, MAGIC = 0x50464c31 };
enum record_kind { REC_WRITE = 1, REC_SYNC = 2, REC_TRUNCATE = 3 };

/* Followed in the journal by the path, the bytes that were there, and the new ones. */
struct record {
	uint32_t magic, kind, path_len, synchronous;
	uint64_t offset, old_size, old_len, new_len;
};
struct file {
	char *path;
	int reader; /* our own descriptor, to read what a write replaces */
	int flags;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct file files[MAX_FD];
static int journal = -1;
static const char *folder;
static long stop_after, written;

__attribute__((constructor)) static void recorder_start(void)
{
	const char *log = getenv("PF_LOG");
	const char *stop = getenv("PF_STOP_AFTER");
	folder = getenv("PF_DIR");
	stop_after = stop ? strtol(stop, NULL, 10) : 0;
	if (folder && log)
		journal = (int)syscall(SYS_openat, AT_FDCWD, log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
}

static bool tracked(int fd)
{
	return fd >= 0 && fd < MAX_FD && files[fd].path;
}

static void forget(int fd)
{
	if (!tracked(fd))
		return;
	free(files[fd].path);
	files[fd].path = NULL;
	syscall(SYS_close, files[fd].reader);
}

static char *absolute(const char *path)
{
	char here[4096];
	if (path[0] == '/')
		return strdup(path);
	if (!getcwd(here, sizeof(here)))
		return NULL;
	char *out = malloc(strlen(here) + strlen(path) + 2);
	if (out) {
		strcpy(out, here);
		strcat(out, "/");
		strcat(out, path);
	}
	return out;
}

/* Shared memory beside a database is rebuilt after a crash, and its writes are not writes. */
static bool wanted(const char *path, int flags)
{
	return strncmp(path, folder, strlen(folder)) == 0 && (flags & O_ACCMODE) != O_RDONLY && !strstr(path, "-shm");
}

static void track(int fd, const char *path, int flags)
{
	if (journal < 0 || fd < 0 || fd >= MAX_FD)
		return;
	forget(fd);
	char *full = absolute(path);
	if (!full || !wanted(full, flags)) {
		free(full);
		return;
	}
	files[fd] = (struct file){full, (int)syscall(SYS_openat, AT_FDCWD, full, O_RDONLY | O_CLOEXEC, 0), flags};
}

/* What a write or truncation is about to replace; malloc'd, *len_out bytes. */
static char *replaced(int fd, enum record_kind kind, uint64_t offset, uint64_t len, uint64_t size, uint64_t *len_out)
{
	*len_out = 0;
	if (kind == REC_SYNC || offset >= size)
		return NULL;
	uint64_t want = kind == REC_TRUNCATE || offset + len > size ? size - offset : len;
	char *old = malloc(want);
	ssize_t got = old ? pread(files[fd].reader, old, want, (off_t)offset) : 0;
	*len_out = got > 0 ? (uint64_t)got : 0;
	return old;
}

/* With the mutex held, before the call itself: a record of something that then did not happen is undone harmlessly. */
static void record(int fd, enum record_kind kind, uint64_t offset, const void *bytes, uint64_t len)
{
	struct stat st = {0};
	struct file *f = &files[fd];
	fstat(f->reader, &st);
	struct record r = {MAGIC, kind, (uint32_t)strlen(f->path), (f->flags & O_DSYNC) != 0, offset, (uint64_t)st.st_size, 0, 0};
	char *old = replaced(fd, kind, offset, len, r.old_size, &r.old_len);
	r.new_len = kind == REC_WRITE ? len : 0;
	struct iovec parts[] = {{&r, sizeof(r)}, {f->path, r.path_len}, {old, r.old_len}, {(void *)(uintptr_t)bytes, r.new_len}};
	syscall(SYS_writev, journal, parts, 4);
	free(old);
	if (kind == REC_WRITE && ++written == stop_after)
		syscall(SYS_kill, getpid(), SIGKILL);
}

/* ---- the calls we stand in for ----------------------------------------------------------------- */

#define OPEN(name)                                                                      \
	int name(const char *path, int flags, ...)                                      \
	{                                                                               \
		mode_t mode = 0;                                                        \
		va_list ap;                                                             \
		va_start(ap, flags);                                                    \
		if (flags & (O_CREAT | O_TMPFILE))                                      \
			mode = va_arg(ap, mode_t);                                      \
		va_end(ap);                                                             \
		int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);         \
		pthread_mutex_lock(&mutex);                                             \
		track(fd, path, flags);                                                 \
		pthread_mutex_unlock(&mutex);                                           \
		return fd;                                                              \
	}
OPEN(open)
OPEN(open64)

int close(int fd)
{
	pthread_mutex_lock(&mutex);
	forget(fd);
	pthread_mutex_unlock(&mutex);
	return (int)syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, const void *bytes, size_t n, off_t offset)
{
	if (!tracked(fd))
		return syscall(SYS_pwrite64, fd, bytes, n, offset);
	pthread_mutex_lock(&mutex);
	record(fd, REC_WRITE, (uint64_t)offset, bytes, n);
	ssize_t r = syscall(SYS_pwrite64, fd, bytes, n, offset);
	pthread_mutex_unlock(&mutex);
	return r;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	return write_at(fd, bytes, n, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
{
	return write_at(fd, bytes, n, offset);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	if (!tracked(fd))
		return syscall(SYS_write, fd, bytes, n);
	pthread_mutex_lock(&mutex);
	struct stat st = {0};
	fstat(fd, &st);
	record(fd, REC_WRITE, (uint64_t)(files[fd].flags & O_APPEND ? st.st_size : lseek(fd, 0, SEEK_CUR)), bytes, n);
	ssize_t r = syscall(SYS_write, fd, bytes, n);
	pthread_mutex_unlock(&mutex);
	return r;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (!tracked(fd))
		return syscall(SYS_writev, fd, parts, count);
	ssize_t sum = 0;
	for (int i = 0; i < count; i++) {
		ssize_t r = write(fd, parts[i].iov_base, parts[i].iov_len);
		if (r < 0)
			return r;
		sum += r;
	}
	return sum;
}

static ssize_t writev_at(int fd, const struct iovec *parts, int count, off_t offset)
{
	ssize_t sum = 0;
	for (int i = 0; i < count; i++) {
		ssize_t r = write_at(fd, parts[i].iov_base, parts[i].iov_len, offset + sum);
		if (r < 0)
			return r;
		sum += r;
	}
	return sum;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	return writev_at(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
	return writev_at(fd, parts, count, offset);
}

static int truncate_to(int fd, off_t size)
{
	if (!tracked(fd))
		return (int)syscall(SYS_ftruncate, fd, size);
	pthread_mutex_lock(&mutex);
	record(fd, REC_TRUNCATE, (uint64_t)size, NULL, 0);
	int r = (int)syscall(SYS_ftruncate, fd, size);
	pthread_mutex_unlock(&mutex);
	return r;
}

int ftruncate(int fd, off_t size)
{
	return truncate_to(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	return truncate_to(fd, size);
}

/* Recorded after it is true: only then are the writes before it safe. */
static int sync_with(int fd, long call)
{
	if (!tracked(fd))
		return (int)syscall(call, fd);
	pthread_mutex_lock(&mutex);
	int r = (int)syscall(call, fd);
	if (r == 0)
		record(fd, REC_SYNC, 0, NULL, 0);
	pthread_mutex_unlock(&mutex);
	return r;
}

int fsync(int fd)
{
	return sync_with(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_with(fd, SYS_fdatasync);
}
