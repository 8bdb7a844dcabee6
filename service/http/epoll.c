/* epoll_wait for libmicrohttpd 0.9.75: never asks for 128 events.
 *
 * MHD_epoll() goes on `while (128 == num_events)` with a blocking epoll_wait although requests it has been told of are not served yet: with
 * exactly 128, 256, 384 ... ready sockets it stalls (facts: server 1.4, first pitfall). A symbol of the program comes before the
 * C library's for a shared library, so ours is called. Guarded at start (epoll_is_capped) and by tests/http/test_connections.py.
 *
 * A second defect stays: a half-closed socket whose FIN came together with data is noticed only at the connection timeout,
 * which is therefore always set; the watchdog looks for them sooner. */
#include "http/door.h"

#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MHD_EVENTS 128

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	return (int)syscall(SYS_epoll_pwait, epfd, events, max == MHD_EVENTS ? MHD_EVENTS - 1 : max, timeout, NULL, 8);
}

bool epoll_is_capped(void)
{
	/* What the dynamic linker gives a library that asks for the name. */
	void *found = dlsym(RTLD_DEFAULT, "epoll_wait");
	int (*ours)(int, struct epoll_event *, int, int) = epoll_wait;
	union {
		void *data;
		int (*code)(int, struct epoll_event *, int, int);
	} seen = {.data = found};
	return seen.code == ours;
}
