/* What the upstream says, on the hook's thread: its head, its bytes, its end. */
#include "hook/call.h"

#include <string.h>

/* ---- errors of our own ---------------------------------------------------------------------- */

void hook_error_json(struct buf *out, struct str path, int status, const char *code, struct str message)
{
	dialect_error(dialect_of(path), status, code, message, out);
}

static void say_unreachable(struct hook_call *c, bool late)
{
	struct buf b;
	buf_init(&b, 1024);
	dialect_error(c->dialect, late ? 504 : 502, late ? "upstream_timeout" : "upstream_unreachable",
		late ? STR("The upstream did not answer in time.") : STR("The upstream cannot be reached, or what it answers is no HTTP."), &b);
	c->head.status = late ? 504 : 502;
	c->head.length = (int64_t)b.n;
	buf_clear(&c->head.fields);
	buf_put(&c->head.fields, (struct str){"Content-Type\0application/json\0", 30});
	call_head_ready(c);
	call_put(c, buf_str(&b));
	buf_done(&b);
}

/* ---- the head ---------------------------------------------------------------------------------- */

static void choose_mode(struct hook_call *c)
{
	bool touched = c->touched && c->head.status == 200;
	c->mode = touched && c->head.event_stream && !c->models ? MODE_STREAM : touched && c->head.json ? MODE_WHOLE : MODE_PASS;
	if (c->mode == MODE_STREAM)
		c->head.length = -1;
	metric_add(c->mode == MODE_STREAM ? METRIC_HOOK_STREAMED : c->mode == MODE_WHOLE ? METRIC_HOOK_WHOLE : METRIC_HOOK_PASSED, 1);
}

static void end_head(struct hook_call *c)
{
	long status = 0;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200) { /* before it there may be heads that only say "go on" */
		c->head_over = true;
		c->head.status = (int)status;
		wire_head(&c->head, buf_str(&c->lines), c->touched);
		choose_mode(c);
		if (c->mode != MODE_WHOLE)
			call_head_ready(c);
	}
	buf_clear(&c->lines);
}

size_t answer_header(char *line, size_t size, size_t n, void *arg)
{
	struct hook_call *c = arg;
	struct str s = {line, size * n};
	if (c->head_over) /* trailers */
		return s.n;
	buf_put(&c->lines, s);
	if (c->lines.failed)
		return 0;
	if (str_trim(s).n == 0)
		end_head(c);
	return s.n;
}

/* ---- the body ---------------------------------------------------------------------------------------- */

/* Longer than we are ready to hold: passes as it is. */
static void let_pass(struct hook_call *c, struct str more)
{
	c->mode = MODE_PASS;
	call_head_ready(c);
	call_put(c, buf_str(&c->whole));
	call_put(c, more);
	buf_done(&c->whole);
}

static void take(struct hook_call *c, struct str bytes)
{
	struct buf *out = &c->hook->scratch;
	int64_t began_us;
	switch (c->mode) {
	case MODE_PASS:
		call_put(c, bytes);
		break;
	case MODE_STREAM:
		began_us = mono_us();
		buf_clear(out);
		chat_stream_feed(&c->chat, bytes, out);
		metric_observe_us(METRIC_HOOK_SECONDS, mono_us() - began_us);
		call_put(c, buf_str(out));
		break;
	case MODE_WHOLE:
		if (c->whole.n + bytes.n > WHOLE_MAX)
			let_pass(c, bytes);
		else
			buf_put(&c->whole, bytes);
		break;
	}
}

size_t answer_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct hook_call *c = arg;
	struct str s = {bytes, size * n};
	pthread_mutex_lock(&c->lock);
	bool full = c->out.n > OUT_HIGH;
	c->starved = full;
	pthread_mutex_unlock(&c->lock);
	if (full) {
		c->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	take(c, s);
	return c->whole.failed || c->hook->scratch.failed ? 0 : s.n;
}

/* ---- the end -------------------------------------------------------------------------------------------- */

/* For those who look what was changed; a stream's head is gone by then. */
static void say_links(struct hook_call *c)
{
	if (c->models)
		return;
	buf_put(&c->head.fields, (struct str){"Inlay-Links", 12});
	buf_printf(&c->head.fields, "%u", chat_links(&c->chat));
	buf_putc(&c->head.fields, '\0');
}

static void end_whole(struct hook_call *c, bool broken)
{
	struct buf *out = &c->hook->scratch;
	buf_clear(out);
	struct str body = buf_str(&c->whole);
	if (!broken && (c->models ? models_with_aliases(body, out) : chat_whole(&c->chat, body, out))) {
		c->head.length = (int64_t)out->n;
		say_links(c);
	} else if (broken) {
		c->head.length = -1; /* it has promised more than came: so do we */
	} else {
		c->head.length = (int64_t)c->whole.n;
	}
	call_head_ready(c);
	call_put(c, out->n ? buf_str(out) : buf_str(&c->whole));
	buf_done(&c->whole);
}

static void end_stream(struct hook_call *c, bool broken)
{
	struct buf *out = &c->hook->scratch;
	buf_clear(out);
	chat_stream_end(&c->chat, broken, out);
	call_put(c, buf_str(out));
}

void answer_wait(struct hook_call *c, int64_t now_us)
{
	bool silent = now_us - c->spoke_us >= c->hook->options.keep_alive_ms * 1000;
	if (!c->head_over || c->mode != MODE_STREAM || c->paused || !silent || !chat_waits(&c->chat))
		return;
	call_put(c, c->chat.crlf ? STR(": keep-alive\r\n\r\n") : STR(": keep-alive\n\n"));
	metric_add(METRIC_HOOK_KEEP_ALIVES, 1);
}

static void record(struct hook_call *c)
{
	const struct hook_options *o = &c->hook->options;
	if (c->chat.shelf)
		chat_record(&c->chat, o->record, o->record_arg);
}

void answer_done(struct hook_call *c, CURLcode code)
{
	bool broken = code != CURLE_OK;
	metric_add(METRIC_HOOK_BROKEN, broken);
	if (!c->head_over)
		say_unreachable(c, code == CURLE_OPERATION_TIMEDOUT);
	else if (c->mode == MODE_WHOLE)
		end_whole(c, broken);
	else if (c->mode == MODE_STREAM)
		end_stream(c, broken);
	record(c);
	call_end(c, broken && c->head_over);
}

void answer_cut(struct hook_call *c)
{
	if (c->head_over && c->mode == MODE_STREAM)
		end_stream(c, true);
	record(c);
	if (!c->head_over)
		say_unreachable(c, false);
	else if (c->mode == MODE_WHOLE)
		end_whole(c, true);
	call_end(c, true);
}
