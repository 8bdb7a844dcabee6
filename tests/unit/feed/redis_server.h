/* A redis-server of the test's own on a Unix socket in a folder of its own; ended by its pid. */
#ifndef TEST_REDIS_SERVER_H
#define TEST_REDIS_SERVER_H

#include "base/base.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
	char folder[64], socket[96], url[112];
	pid_t pid;
};

static bool server_answers(const struct redis_server *r)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char reply[8] = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool fine;

	memcpy(to.sun_path, r->socket, strlen(r->socket) + 1);
	fine = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && write(fd, "PING\r\n", 6) == 6 && read(fd, reply, 7) == 7 &&
	       strncmp(reply, "+PONG", 5) == 0;
	close(fd);
	return fine;
}

static bool server_start(struct redis_server *r)
{
	int64_t end = mono_us() + 10000000;

	if (!r->folder[0]) {
		strcpy(r->folder, "/tmp/inlay-redis-XXXXXX");
		if (!mkdtemp(r->folder))
			return false;
		snprintf(r->socket, sizeof(r->socket), "%s/s", r->folder);
		snprintf(r->url, sizeof(r->url), "unix:%s", r->socket);
	}
	r->pid = fork();
	if (r->pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", r->socket, "--save", "", "--appendonly", "no", "--dir",
			r->folder, (char *)NULL);
		_exit(127);
	}
	while (mono_us() < end && waitpid(r->pid, NULL, WNOHANG) == 0) {
		if (server_answers(r))
			return true;
		poll(NULL, 0, 5);
	}
	return false;
}

static void server_kill(struct redis_server *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
	unlink(r->socket);
}

static void server_end(struct redis_server *r)
{
	server_kill(r);
	rmdir(r->folder);
}

#endif
