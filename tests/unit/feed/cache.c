/* The Redis cache against a real redis-server: whole or not at all, heard by others, and back after every kind of loss. */
#include "parts.h"
#include "redis_server.h"

#include <pthread.h>

#define MAX_BYTES (64u << 20)

struct stage {
	struct redis_server server;
	struct feed_cache *a, *b; /* two nodes */
	struct arena *arena;
};

static struct feed_cache *node(const struct stage *s)
{
	struct feed_cache *c = NULL;

	assert_int_equal(feed_cache_new(str_of(s->server.url), &c, NULL), OK);
	return c;
}

static int set_up(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	signal(SIGPIPE, SIG_IGN);
	if (!server_start(&s->server))
		return -1;
	s->a = node(s);
	s->b = node(s);
	s->arena = arena_new(64u << 20);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	feed_cache_free(s->a);
	feed_cache_free(s->b);
	arena_free(s->arena);
	server_end(&s->server);
	free(s);
	return 0;
}

static void put(struct feed_cache *c, const char *merchant, size_t n, const char *generation)
{
	struct catalog_part *p = many(merchant, n, generation, generation);
	struct err e = {0};

	if (feed_cache_put(c, NULL, p, &e) != OK)
		fail_msg("put: %s", e.text);
	part_unref(p);
}

/* Bounded by counts of tries: as a node's own loop, which calls again after E_IO. */
static enum status put_until_fine(struct feed_cache *c, const char *merchant)
{
	struct catalog_part *p = many(merchant, 300, "gen-9", "later");
	enum status s = E_IO;

	for (int64_t end = mono_us() + 20000000; s == E_IO && mono_us() < end; poll(NULL, 0, 10))
		s = feed_cache_put(c, NULL, p, NULL);
	part_unref(p);
	return s;
}

struct heard {
	enum status status;
	bool all;
	size_t n;
	struct str first;
};

static struct heard listen_for(const struct stage *s, struct feed_cache *c, int ms)
{
	struct heard h = {0};
	struct str *names = NULL;

	h.status = feed_cache_wait(c, ms, s->arena, &names, &h.n, &h.all, NULL);
	if (h.status == OK && h.n)
		h.first = names[0];
	return h;
}

static void assert_all(const struct stage *s, struct feed_cache *c)
{
	struct heard h = {.status = E_IO};

	for (int64_t end = mono_us() + 20000000; h.status != OK && mono_us() < end;)
		h = listen_for(s, c, 500);
	assert_int_equal(h.status, OK);
	assert_true(h.all);
}

static void a_catalog_comes_back_as_it_was(void **state)
{
	struct stage *s = *state;
	struct catalog_part *p = many("tea", 1000, "gen-3+1", "茶"), *got = NULL;
	struct feed_listing *list;
	size_t n;

	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_MISSING);
	assert_null(got);
	assert_int_equal(feed_cache_put(s->a, NULL, p, NULL), OK);
	assert_true(feed_cache_up(s->a));
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), OK);
	assert_int_equal(part_count(got), 1000);
	assert_str(part_generation(got), "gen-3+1");
	assert_str(part_merchant(got)->hosts[0], "shop.example");
	for (size_t i = 0; i < 1000; i++) {
		assert_true(str_eq(part_at(got, i)->title, part_at(p, i)->title));
		assert_int_equal(part_at(got, i)->price.minor, part_at(p, i)->price.minor);
		assert_true(part_at(got, i)->key == part_at(p, i)->key);
	}
	assert_int_equal(feed_cache_list(s->b, s->arena, &list, &n, NULL), OK);
	assert_int_equal(n, 1);
	assert_str(list[0].generation, "gen-3+1");
	assert_int_equal(feed_cache_remove(s->a, STR("tea"), NULL), OK);
	assert_int_equal(feed_cache_list(s->b, s->arena, &list, &n, NULL), OK);
	assert_int_equal(n, 0);
	part_unref(p);
	part_unref(got);
}

static void an_empty_catalog_is_one(void **state)
{
	struct stage *s = *state;
	struct catalog_part *got = NULL;

	put(s->a, "none", 0, "gen-1");
	assert_int_equal(feed_cache_get(s->b, STR("none"), NULL, MAX_BYTES, &got, NULL), OK);
	assert_int_equal(part_count(got), 0);
	part_unref(got);
}

static void changes_are_heard(void **state)
{
	struct stage *s = *state;
	struct heard h;

	assert_all(s, s->b);
	put(s->a, "tea", 3, "gen-1");
	assert_all(s, s->b); /* the first fill made the epoch */
	put(s->a, "tea", 3, "gen-2");
	put(s->a, "cups", 3, "gen-3");
	put(s->a, "tea", 3, "gen-4");
	h = listen_for(s, s->b, 1000);
	assert_int_equal(h.status, OK);
	assert_false(h.all);
	assert_int_equal(h.n, 2);
	assert_str(h.first, "tea");
	h = listen_for(s, s->b, 10);
	assert_int_equal(h.status, E_BUSY);
	assert_int_equal(feed_cache_remove(s->a, STR("cups"), NULL), OK);
	h = listen_for(s, s->b, 1000);
	assert_str(h.first, "cups");
}

/* ---- the flip ------------------------------------------------------------------------------ */

struct reader {
	const struct stage *s;
	atomic_bool done;
	size_t reads, mixed;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct feed_cache *c = node(r->s);

	while (!atomic_load(&r->done)) {
		struct catalog_part *p = NULL;
		if (feed_cache_get(c, STR("tea"), NULL, MAX_BYTES, &p, NULL) != OK)
			continue;
		r->reads++;
		/* All titles of a version end with its generation, and its size tells it, too. */
		for (size_t i = 0; i < part_count(p); i++)
			r->mixed += !str_ends(part_at(p, i)->title, part_generation(p));
		r->mixed += part_count(p) != (str_eq(part_generation(p), STR("gen-even")) ? 600 : 1100);
		part_unref(p);
	}
	feed_cache_free(c);
	return NULL;
}

static void readers_never_see_half(void **state)
{
	struct stage *s = *state;
	struct reader r = {.s = s};
	pthread_t thread;

	put(s->a, "tea", 600, "gen-even");
	assert_int_equal(pthread_create(&thread, NULL, read_on, &r), 0);
	for (int i = 0; i < 30; i++)
		put(s->a, "tea", i % 2 ? 600 : 1100, i % 2 ? "gen-even" : "gen-odd");
	atomic_store(&r.done, true);
	pthread_join(thread, NULL);
	assert_int_equal(r.mixed, 0);
	assert_true(r.reads > 0);
}

/* ---- losses ---------------------------------------------------------------------------------- */

/* A command on a connection of the test's own; the first line of the reply. */
static void redis_says(const struct stage *s, const char *command, char *out, size_t n)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ssize_t got;

	memcpy(to.sun_path, s->server.socket, strlen(s->server.socket) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_true(dprintf(fd, "%s\r\n", command) > 0);
	got = read(fd, out, n - 1);
	assert_true(got > 0);
	out[got] = '\0';
	close(fd);
}

static void a_flush_is_noticed_and_mended(void **state)
{
	struct stage *s = *state;
	struct feed_listing *list;
	struct heard h;
	char reply[64];
	size_t n;

	assert_all(s, s->a);
	put(s->a, "tea", 3, "gen-1");
	put(s->a, "cups", 3, "gen-1");
	assert_all(s, s->b);
	redis_says(s, "FLUSHALL", reply, sizeof(reply));
	assert_all(s, s->a);
	assert_int_equal(feed_cache_list(s->a, s->arena, &list, &n, NULL), OK);
	assert_int_equal(n, 0);
	put(s->a, "tea", 3, "gen-1");
	put(s->a, "cups", 3, "gen-1");
	/* The owner is not told to look at everything because of its own refill. */
	h = listen_for(s, s->a, 500);
	assert_int_equal(h.status, OK);
	assert_false(h.all);
	assert_all(s, s->b);
	assert_int_equal(feed_cache_list(s->b, s->arena, &list, &n, NULL), OK);
	assert_int_equal(n, 2);
}

/* A flush that the owner's upload comes upon first must not hide the other catalogs' loss. */
static void an_upload_after_a_flush_hides_nothing(void **state)
{
	struct stage *s = *state;
	char reply[64];

	assert_all(s, s->a);
	put(s->a, "tea", 3, "gen-1");
	put(s->a, "cups", 3, "gen-1");
	while (listen_for(s, s->a, 10).status == OK)
		continue;
	redis_says(s, "FLUSHALL", reply, sizeof(reply));
	put(s->a, "tea", 3, "gen-2");
	assert_all(s, s->a);
}

static void damage_is_refused_and_disowned(void **state)
{
	struct stage *s = *state;
	struct catalog_part *got = NULL;
	char reply[256], command[300], *key, *end;

	put(s->a, "tea", 300, "gen-1");
	redis_says(s, "KEYS inlay:cat:*:c:1", reply, sizeof(reply));
	key = strstr(reply, "inlay:cat:");
	assert_non_null(key);
	end = strstr(key, "\r\n");
	*end = '\0';
	snprintf(command, sizeof(command), "APPEND %s x", key);
	redis_says(s, command, reply, sizeof(reply));
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_INPUT);
	assert_null(got);
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_MISSING);
	put(s->a, "tea", 300, "gen-1");
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), OK);
	part_unref(got);
}

static struct catalog_part *with_changes(struct catalog_part *old, const char *generation, const char *title)
{
	struct part_builder *b = part_builder_over(old, MAX_BYTES);
	struct product p = *part_at(old, 1), fresh = *part_at(old, 2);
	struct str gone = part_at(old, 0)->id;
	struct catalog_part *out;

	p.title = str_of(title);
	fresh.id = str_of(title);
	assert_int_equal(part_builder_remove(b, gone, NULL), OK);
	assert_int_equal(part_builder_add(b, &p, true, NULL), OK);
	assert_int_equal(part_builder_add(b, &fresh, true, NULL), OK);
	assert_int_equal(part_builder_finish(b, str_of(generation), &out, NULL), OK);
	return out;
}

static bool count_one(void *arg, const struct product *p, bool gone)
{
	(void)p;
	(void)gone;
	++*(size_t *)arg;
	return true;
}

static void assert_same_part(const struct catalog_part *a, const struct catalog_part *b)
{
	size_t n = 0;

	part_diff(a, b, count_one, &n);
	assert_int_equal(n, 0);
	assert_int_equal(part_count(a), part_count(b));
	assert_true(str_eq(part_generation(a), part_generation(b)));
}

/* A few changes are written and read as such: the chunks below are not needed any more by one who has them. */
static void changes_travel_alone(void **state)
{
	struct stage *s = *state;
	struct catalog_part *p = many("tea", 600, "gen-4", "x"), *first = NULL, *got = NULL, *next, *third;
	char reply[512], command[600], *key, *end;

	assert_int_equal(feed_cache_put(s->a, NULL, p, NULL), OK);
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &first, NULL), OK);
	next = with_changes(p, "gen-4+1", "black tea");
	third = with_changes(next, "gen-4+2", "white tea");
	assert_int_equal(feed_cache_put(s->a, p, next, NULL), OK);
	assert_int_equal(feed_cache_put(s->a, next, third, NULL), OK);
	redis_says(s, "KEYS inlay:cat:*:d:*", reply, sizeof(reply));
	assert_non_null(strstr(reply, ":d:0"));
	assert_non_null(strstr(reply, ":d:1"));
	/* One who begins now gets the same; the store of both is the version's. */
	assert_int_equal(feed_cache_get(s->a, STR("tea"), NULL, MAX_BYTES, &got, NULL), OK);
	assert_same_part(got, third);
	part_unref(got);
	redis_says(s, "KEYS inlay:cat:*:c:1", reply, sizeof(reply));
	key = strstr(reply, "inlay:cat:");
	assert_non_null(key);
	end = strstr(key, "\r\n");
	*end = '\0';
	snprintf(command, sizeof(command), "DEL %s", key);
	redis_says(s, command, reply, sizeof(reply));
	assert_int_equal(feed_cache_get(s->b, STR("tea"), first, MAX_BYTES, &got, NULL), OK);
	assert_same_part(got, third);
	assert_true(part_shares(got, first));
	assert_ptr_equal(part_merchant(got), part_merchant(first));
	part_unref(got);
	/* What one has that is not what was got last is of no use. */
	got = NULL;
	assert_int_equal(feed_cache_get(s->b, STR("tea"), p, MAX_BYTES, &got, NULL), E_INPUT);
	part_unref(p);
	part_unref(first);
	part_unref(next);
	part_unref(third);
}

static void damaged_changes_are_refused(void **state)
{
	struct stage *s = *state;
	struct catalog_part *p = many("tea", 30, "gen-4", "x"), *got = NULL, *next = with_changes(p, "gen-4+1", "black tea");
	char reply[512], command[600], *key, *end;

	assert_int_equal(feed_cache_put(s->a, NULL, p, NULL), OK);
	assert_int_equal(feed_cache_put(s->a, p, next, NULL), OK);
	redis_says(s, "KEYS inlay:cat:*:d:0", reply, sizeof(reply));
	key = strstr(reply, "inlay:cat:");
	assert_non_null(key);
	end = strstr(key, "\r\n");
	*end = '\0';
	snprintf(command, sizeof(command), "APPEND %s x", key);
	redis_says(s, command, reply, sizeof(reply));
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_INPUT);
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_MISSING);
	/* Redis holds something else than what the changes are made from: all is written. */
	assert_int_equal(feed_cache_put(s->a, p, next, NULL), OK);
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), OK);
	assert_same_part(got, next);
	part_unref(p);
	part_unref(got);
	part_unref(next);
}

static void foreign_entries_are_no_entries(void **state)
{
	struct stage *s = *state;
	struct feed_listing *list;
	struct catalog_part *got = NULL;
	char reply[64];
	size_t n;

	redis_says(s, "HSET inlay:merchants tea [1,2", reply, sizeof(reply));
	assert_int_equal(feed_cache_list(s->b, s->arena, &list, &n, NULL), OK);
	assert_int_equal(n, 0);
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_INPUT);
	put(s->a, "tea", 3, "gen-1");
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), OK);
	part_unref(got);
}

static void a_server_killed_and_started_again_is_found(void **state)
{
	struct stage *s = *state;
	struct catalog_part *got = NULL;

	assert_all(s, s->b);
	put(s->a, "tea", 3, "gen-1");
	server_kill(&s->server);
	assert_int_equal(feed_cache_get(s->a, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_IO);
	assert_false(feed_cache_up(s->a));
	assert_int_equal(listen_for(s, s->b, 100).status, E_IO);
	assert_true(server_start(&s->server));
	assert_int_equal(put_until_fine(s->a, "tea"), OK);
	assert_all(s, s->b);
	assert_int_equal(feed_cache_get(s->b, STR("tea"), NULL, MAX_BYTES, &got, NULL), OK);
	assert_int_equal(part_count(got), 300);
	part_unref(got);
}

static void a_stopped_server_holds_nobody_up(void **state)
{
	struct stage *s = *state;
	struct catalog_part *got = NULL;

	put(s->a, "tea", 3, "gen-1");
	assert_all(s, s->b);
	kill(s->server.pid, SIGSTOP);
	assert_int_equal(feed_cache_get(s->a, STR("tea"), NULL, MAX_BYTES, &got, NULL), E_IO);
	assert_int_equal(listen_for(s, s->b, 1000).status, E_IO);
	kill(s->server.pid, SIGCONT);
	/* Late answers to the old questions went down with their connections. */
	assert_int_equal(put_until_fine(s->a, "cups"), OK);
	assert_all(s, s->b);
	assert_int_equal(feed_cache_get(s->b, STR("cups"), NULL, MAX_BYTES, &got, NULL), OK);
	assert_int_equal(part_count(got), 300);
	part_unref(got);
}

static void *stop_it(void *arg)
{
	feed_cache_stop(arg);
	return NULL;
}

static void a_wait_can_be_stopped(void **state)
{
	struct stage *s = *state;
	pthread_t thread;

	assert_all(s, s->b);
	assert_int_equal(pthread_create(&thread, NULL, stop_it, s->b), 0);
	assert_int_equal(listen_for(s, s->b, 3600 * 1000).status, E_BUSY);
	pthread_join(thread, NULL);
	assert_int_equal(listen_for(s, s->b, 3600 * 1000).status, E_BUSY);
}

static void addresses_are_checked(void **state)
{
	static const char *const WRONG[] = {"", "http://x", "rediss://x", "unix:", "redis://", "redis://h:99999", "redis://h/x"};
	static const char *const RIGHT[] = {"unix:/run/r", "unix:///run/r", "redis://h", "redis://h:1/2", "redis://u:p%40@h:1", "redis://:p@[::1]:7"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		struct feed_cache *c = NULL;
		if (feed_cache_new(str_of(WRONG[i]), &c, NULL) != E_INPUT)
			fail_msg("taken: %s", WRONG[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(RIGHT); i++) {
		struct feed_cache *c = NULL;
		if (feed_cache_new(str_of(RIGHT[i]), &c, NULL) != OK)
			fail_msg("refused: %s", RIGHT[i]);
		feed_cache_free(c);
	}
}

#define STAGED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_catalog_comes_back_as_it_was),
		STAGED(an_empty_catalog_is_one),
		STAGED(changes_are_heard),
		STAGED(readers_never_see_half),
		STAGED(a_flush_is_noticed_and_mended),
		STAGED(an_upload_after_a_flush_hides_nothing),
		STAGED(damage_is_refused_and_disowned),
		STAGED(changes_travel_alone),
		STAGED(damaged_changes_are_refused),
		STAGED(foreign_entries_are_no_entries),
		STAGED(a_server_killed_and_started_again_is_found),
		STAGED(a_stopped_server_holds_nobody_up),
		STAGED(a_wait_can_be_stopped),
		cmocka_unit_test(addresses_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
