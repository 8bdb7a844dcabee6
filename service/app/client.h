/* A small HTTP/1.1 client for `inlay catalog push`: one request a connection, http:// only (TLS is a proxy's work). */
#ifndef APP_CLIENT_H
#define APP_CLIENT_H

#include "base/base.h"

struct client_request {
	const char *method;
	struct str base; /* "http://host:port", maybe with a path in front of ours */
	struct str path; /* "/v1/..." with its query */
	struct str key;  /* "" none */
	const char *content_type;
	bool gzip;       /* the body is gzip: Content-Encoding says so */
	struct str body;
	void (*progress)(void *arg, size_t sent, size_t total); /* may be NULL */
	void *arg;
};
/* E_IO: nobody there, or the answer was cut. Any HTTP status is OK here; reply gets the body. */
MUST_USE enum status client_send(const struct client_request *r, int *http_status_out, struct buf *reply, struct err *e);
/* problem+json as one line for a person, with its errors by pointer; anything else as it is. */
void client_explain_json(struct str reply, struct buf *out);

#endif
