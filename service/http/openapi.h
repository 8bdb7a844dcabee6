/* The OpenAPI document and its schemas. Private to http. */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include "http/door.h"

struct openapi_schema {
	const char *name, *json;
};
extern const struct openapi_schema openapi_schemas[];
extern const size_t openapi_schema_count;
void openapi_write(struct buf *b);

#endif
