/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket from end to end: a client's bytes, the API, the real core, a fake firewall. */
#include "gateway/core.h"
#include "gateway/fw_fake.h"
#include "gateway/httpd.h"
#include "gateway/log.h"
#include "temp_db.h"
#include "web/api.h"
#include "web/ctl.h"

#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PATIENCE 400
#define MEMBERS 4242	/* the control group */

struct rig {
	struct temp_db *temp;
	struct loop *loop;
	struct log log;
	struct fw *fw;
	struct core *core;
	struct api *api;
	struct ctl *ctl;
	char path[100];
	int answers;
	struct map_ans ans;
	char *text;
	size_t text_len;
	int status;
};

#define TEXT_SIZE (16 << 20)

static bool mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	(void)arg;
	memset(mac, 2, 6);
	mac[5] = addr->b[15];
	return true;
}

static bool is_lan_host(void *arg, const struct addr *addr)
{
	(void)arg;
	return addr->b[12] == 192 || addr->b[0] == 0x20;
}

static bool port_is_ours(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	(void)proto;
	(void)port;
	return false;
}

static uint16_t minute_of_week(void *arg, uint64_t wall_s)
{
	(void)arg;
	return (uint16_t)(wall_s / 60 % 10080);
}

static void turn(struct rig *r, int times)
{
	while (times-- > 0)
		loop_once(r->loop, 2);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct addr wan = addr_from4(0xcb007105);
	const struct prefix lans[] = {prefix_mask(&(struct addr){{[10] = 0xff, 0xff, 192}}, 104),
		prefix_mask(&(struct addr){{0x20}}, 8)};
	struct core_config config = {
		.env = {.mac_of = mac_of, .is_lan_host = is_lan_host,
			.port_is_ours = port_is_ours, .port_is_yielded = port_is_ours,
			.minute_of_week = minute_of_week}};
	struct api_config api = {0};
	struct ctl_config ctl = {.group = geteuid() == 0 ? MEMBERS : (gid_t)-1, .fd = -1};

	assert_int_equal(temp_db_setup((void **)&r->temp), 0);
	r->text = malloc(TEXT_SIZE);
	r->loop = loop_new();
	log_open(&r->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	r->fw = fw_fake_new(r->loop);
	config.loop = r->loop;
	config.fw = r->fw;
	config.db = r->temp->db;
	r->temp->db = NULL;
	config.log = &r->log;
	assert_int_equal(core_new(&config, &r->core), 0);
	core_lan_changed(r->core, lans, 2);
	core_wan_changed(r->core, &wan, 2);
	snprintf(r->path, sizeof(r->path), "%s/api.sock", r->temp->dir);
	ctl.loop = r->loop;
	ctl.log = &r->log;
	api.core = r->core;
	api.loop = r->loop;
	r->api = ctl.api = api_new(&api);
	assert_non_null(r->api);
	ctl.path = r->path;
	assert_int_equal(ctl_new(&ctl, &r->ctl), 0);
	turn(r, 5);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	ctl_free(r->ctl);
	api_free(r->api);
	core_free(r->core);
	fw_free(r->fw);
	loop_free(r->loop);
	temp_db_teardown((void **)&r->temp);
	free(r->text);
	free(r);
	return 0;
}

static int dial(struct rig *r)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(to.sun_path, r->path, strlen(r->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* To the end of the connection, or until the text was seen. */
static void hear(struct rig *r, int fd, const char *until)
{
	r->text_len = 0;
	for (int i = 0; i < PATIENCE; i++) {
		ssize_t n = recv(fd, r->text + r->text_len, TEXT_SIZE - 1 - r->text_len, 0);
		if (n > 0)
			r->text_len += (size_t)n;
		r->text[r->text_len] = '\0';
		if (n == 0 || (until && strstr(r->text, until)))
			return;
		if (n < 0)
			turn(r, 1);
	}
	fail_msg("no answer: %s", r->text);
}

static void ask(struct rig *r, const char *method, const char *path, const char *body)
{
	char head[512];
	int len = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n\r\n%s", method, path, strlen(body), body);
	int fd = dial(r);
	uint32_t status = 0;

	assert_int_equal(send(fd, head, (size_t)len, 0), len);
	hear(r, fd, NULL);
	close(fd);
	str_u32((struct str){r->text + 9, 3}, 100, 599, &status);
	r->status = (int)status;
}

/* The body as JSON, NULL without one. */
static json_t *get(struct rig *r, const char *method, const char *path, const char *body)
{
	const char *at;

	ask(r, method, path, body);
	at = strstr(r->text, "\r\n\r\n");
	assert_non_null(at);
	if (r->status == 204)
		return NULL;
	assert_non_null(strstr(r->text, "Content-Type: application/json\r\n"));
	json_t *root = json_loads(at + 4, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	return root;
}

static const char *text_at(const json_t *o, const char *a, const char *b)
{
	return json_string_value(json_object_get(json_object_get(o, a), b));
}

static json_int_t number_at(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void on_answer(void *arg, const struct map_ans *ans)
{
	struct rig *r = arg;
	r->answers++;
	r->ans = *ans;
}

static void ask_port(struct rig *r, uint8_t host, uint16_t port, const char *descr)
{
	struct map_req req = {
		.op = MAP_OP_OPEN,
		.key = MAP_KEY_INTERNAL,
		.origin = MAP_ORIGIN_PCP,
		.proto = MAP_PROTO_TCP,
		.client = addr_from4(0xc0a80100u + host),
		.internal = {.addr = addr_from4(0xc0a80100u + host), .port = port},
		.external = {.addr = addr_any4(), .port = port},
		.remote = prefix_any4(),
		.lifetime_s = 7200,
		.has_nonce = true,
		.nonce = "SECRETNONCE",
		.descr = str_from(descr),
	};

	assert_int_equal(core_request(r->core, &req, on_answer, r), 0);
}

static void try_port(struct rig *r, uint8_t host, uint16_t port, const char *descr)
{
	int before = r->answers;

	ask_port(r, host, port, descr);
	for (int i = 0; i < PATIENCE && r->answers == before; i++)
		turn(r, 1);
	assert_int_equal(r->answers, before + 1);
}

static uint32_t open_port(struct rig *r, uint8_t host, uint16_t port, const char *descr)
{
	try_port(r, host, port, descr);
	assert_int_equal(r->ans.result, MAP_OK);
	return r->ans.id;
}

static void test_status(void **state)
{
	struct rig *r = *state;
	json_t *s;

	open_port(r, 5, 6881, "a");
	s = get(r, "GET", "/api/v1/status", "");
	assert_int_equal(r->status, 200);
	assert_string_equal(text_at(s, "wan", "address"), "203.0.113.5");
	assert_int_equal(number_at(s, "openings"), 1);
	assert_int_equal(number_at(s, "devices_with_openings"), 1);
	assert_string_equal(json_string_value(json_object_get(s, "firewall")), "ok");
	assert_false(json_is_true(json_object_get(s, "attended")));
	json_decref(s);
}

static void test_openings(void **state)
{
	struct rig *r = *state;
	uint32_t id = open_port(r, 5, 6881, "Bit \"Torrent\" \xc3\xa9");
	char path[64];
	json_t *list, *o, *lease;

	list = get(r, "GET", "/api/v1/openings", "");
	o = json_array_get(json_object_get(list, "openings"), 0);
	assert_int_equal(number_at(o, "id"), id);
	assert_string_equal(text_at(o, "external", "address"), "203.0.113.5");
	assert_int_equal(number_at(json_object_get(o, "external"), "port"), 6881);
	assert_string_equal(text_at(o, "internal", "address"), "192.168.1.5");
	assert_true(json_is_array(json_object_get(o, "remote")));
	assert_int_equal(json_array_size(json_object_get(o, "remote")), 0);
	assert_string_equal(text_at(o, "device", "mac"), "02:02:02:02:02:05");
	assert_true(json_is_true(json_object_get(o, "active")));
	lease = json_array_get(json_object_get(o, "leases"), 0);
	assert_string_equal(json_string_value(json_object_get(lease, "origin")), "PCP");
	assert_string_equal(json_string_value(json_object_get(lease, "description")),
		"Bit \"Torrent\" \xc3\xa9");
	assert_in_range(number_at(lease, "left_s"), 7195, 7200);
	assert_null(strstr(r->text, "SECRET"));
	assert_null(strstr(r->text, "nonce"));
	assert_null(json_object_get(o, "packets"));
	json_decref(list);

	snprintf(path, sizeof(path), "/api/v1/openings/%u?counters=1", id);
	o = get(r, "GET", path, "");
	assert_int_equal(number_at(o, "id"), id);
	assert_non_null(json_object_get(o, "packets"));
	json_decref(o);
}

/* An outbound flow is no opening, and it can be ended as one. */
static void test_peers(void **state)
{
	struct rig *r = *state;
	struct map_req req = {
		.op = MAP_OP_PEER,
		.origin = MAP_ORIGIN_PCP,
		.proto = MAP_PROTO_UDP,
		.client = addr_from4(0xc0a80105),
		.internal = {addr_from4(0xc0a80105), 7000},
		.external = {addr_any4(), 0},
		.remote = prefix_any4(),
		.lifetime_s = 7200,
		.peer = {addr_from4(0xc633640a), 5000},
	};
	char path[64];
	json_t *list, *o, *to;

	assert_int_equal(core_request(r->core, &req, on_answer, r), 0);
	for (int i = 0; i < PATIENCE && r->answers == 0; i++)
		turn(r, 1);
	assert_int_equal(r->ans.result, MAP_OK);
	list = get(r, "GET", "/api/v1/openings", "");
	assert_int_equal(json_array_size(json_object_get(list, "openings")), 0);
	json_decref(list);
	list = get(r, "GET", "/api/v1/status", "");
	assert_int_equal(number_at(list, "openings"), 0);
	json_decref(list);
	list = get(r, "GET", "/api/v1/peers", "");
	o = json_array_get(json_object_get(list, "peers"), 0);
	assert_int_equal(number_at(o, "id"), r->ans.id);
	assert_int_equal(number_at(json_object_get(o, "external"), "port"), 7000);
	to = json_array_get(json_object_get(o, "remote"), 0);
	assert_string_equal(json_string_value(json_object_get(to, "from")), "198.51.100.10/32");
	assert_int_equal(number_at(to, "port"), 5000);
	json_decref(list);
	snprintf(path, sizeof(path), "/api/v1/openings/%u", r->ans.id);
	get(r, "DELETE", path, "");
	assert_int_equal(r->status, 204);
	list = get(r, "GET", "/api/v1/peers", "");
	assert_int_equal(json_array_size(json_object_get(list, "peers")), 0);
	json_decref(list);
}

static void test_counters(void **state)
{
	struct rig *r = *state;
	const uint8_t key[4] = {6882 >> 8, 6882 & 255};
	struct fw_dumped *counted;
	json_t *list, *one, *two;

	open_port(r, 5, 6881, "");
	open_port(r, 5, 6882, "");
	counted = fw_fake_find(r->fw, FW_SET_OPEN_TCP4, key);
	assert_non_null(counted);
	counted->packets = 7;
	counted->bytes = 7000000000;
	list = get(r, "GET", "/api/v1/openings?counters=1", "");
	one = json_array_get(json_object_get(list, "openings"), 0);
	two = json_array_get(json_object_get(list, "openings"), 1);
	assert_int_equal(number_at(one, "packets"), 0);
	assert_int_equal(number_at(two, "packets"), 7);
	assert_int_equal(number_at(two, "bytes"), 7000000000);
	json_decref(list);
	fw_fake_go(r->fw, true);
	json_decref(get(r, "GET", "/api/v1/openings?counters=1", ""));
	assert_int_equal(r->status, 503);
}

static void test_close(void **state)
{
	struct rig *r = *state;
	uint32_t id = open_port(r, 5, 6881, "");
	char path[64];

	snprintf(path, sizeof(path), "/api/v1/openings/%u", id);
	assert_null(get(r, "DELETE", path, ""));
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_TCP4), 0);
	json_decref(get(r, "DELETE", path, ""));
	assert_int_equal(r->status, 404);
	json_decref(get(r, "GET", path, ""));
	assert_int_equal(r->status, 404);
}

static void test_flush(void **state)
{
	struct rig *r = *state;

	open_port(r, 5, 6881, "");
	open_port(r, 6, 6882, "");
	assert_null(get(r, "POST", "/api/v1/flush", ""));
	assert_int_equal(core_openings(r->core), 0);
}

static void test_settings(void **state)
{
	struct rig *r = *state;
	json_t *s;

	s = get(r, "GET", "/api/v1/settings", "");
	assert_true(json_array_size(json_object_get(s, "settings")) > 5);
	json_decref(s);
	assert_null(get(r, "PUT", "/api/v1/settings/quota.device", "{\"value\": 12}"));
	assert_int_equal(core_limits(r->core)->quota_device, 12);
	s = get(r, "PUT", "/api/v1/settings/quota.device", "{\"value\": 99999999}");
	assert_int_equal(r->status, 400);
	assert_string_equal(text_at(s, "error", "field"), "value");
	json_decref(s);
	json_decref(get(r, "PUT", "/api/v1/settings/quota.device", "{\"value\": -1}"));
	assert_int_equal(r->status, 400);
	json_decref(get(r, "PUT", "/api/v1/settings/nosuch", "{\"value\": 1}"));
	assert_int_equal(r->status, 404);
	static const char *const bad[] = {"", "1", "{}", "{\"value\": \"1\"}", "{\"value\": 1.5}",
		"{\"value\": 1, \"value\": 2}", "{\"value\": 1, \"x\": 2}", "{\"value\": 1"};
	for (size_t i = 0; i < ROWS(bad); i++) {
		json_decref(get(r, "PUT", "/api/v1/settings/quota.device", bad[i]));
		assert_int_equal(r->status, 400);
	}
	assert_int_equal(core_limits(r->core)->quota_device, 12);
}

static void test_record(void **state)
{
	struct rig *r = *state;
	json_t *s, *rows;
	char path[64];

	open_port(r, 5, 6881, "one");
	open_port(r, 5, 6882, "two");
	s = get(r, "GET", "/api/v1/record?count=1", "");
	rows = json_object_get(s, "record");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0),
		"description")), "two");
	snprintf(path, sizeof(path), "/api/v1/record?before=%d",
		(int)number_at(json_array_get(rows, 0), "seq"));
	json_decref(s);
	s = get(r, "GET", path, "");
	rows = json_object_get(s, "record");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0),
		"description")), "one");
	json_decref(s);
	json_decref(get(r, "GET", "/api/v1/record?count=x", ""));
	assert_int_equal(r->status, 400);
}

static void test_devices(void **state)
{
	struct rig *r = *state;
	json_t *s, *d;

	open_port(r, 5, 6881, "");
	open_port(r, 5, 6882, "");
	open_port(r, 6, 6883, "");
	s = get(r, "GET", "/api/v1/devices", "");
	d = json_object_get(s, "devices");
	assert_int_equal(json_array_size(d), 2);
	assert_int_equal(number_at(json_array_get(d, 0), "openings"), 2);
	assert_int_equal(number_at(json_array_get(d, 1), "openings"), 1);
	json_decref(s);
}

static void test_routes(void **state)
{
	struct rig *r = *state;

	json_decref(get(r, "GET", "/api/v1/nothing", ""));
	assert_int_equal(r->status, 404);
	json_decref(get(r, "GET", "/api/v1/openings/", ""));
	assert_int_equal(r->status, 404);
	json_decref(get(r, "GET", "/api/v1/openings/1/2", ""));
	assert_int_equal(r->status, 404);
	json_decref(get(r, "GET", "/api/v1/openings/0x1", ""));
	assert_int_equal(r->status, 404);
	json_decref(get(r, "DELETE", "/api/v1/status", ""));
	assert_int_equal(r->status, 405);
	json_decref(get(r, "GET", "/", ""));
	assert_int_equal(r->status, 404);
}

static void test_events(void **state)
{
	struct rig *r = *state;
	const char *req = "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd[HTTPD_STREAMS_MAX];

	for (int i = 0; i < HTTPD_STREAMS_MAX; i++) {
		fd[i] = dial(r);
		assert_true(send(fd[i], req, strlen(req), 0) > 0);
		hear(r, fd[i], "event: status\n");
	}
	json_decref(get(r, "GET", "/api/v1/events", ""));
	assert_int_equal(r->status, 503);
	open_port(r, 5, 6881, "hello");
	for (int i = 0; i < HTTPD_STREAMS_MAX; i++) {
		hear(r, fd[i], "\"hello\"");
		assert_non_null(strstr(r->text, "event: opened\n"));
	}
	json_decref(get(r, "PUT", "/api/v1/settings/quota.new", "{\"value\":5}"));
	for (int i = 0; i < HTTPD_STREAMS_MAX; i++) {
		hear(r, fd[i], "event: limits\n");
		close(fd[i]);
	}
}

/* A policy may be large; what is larger is refused before it is read. */
static void test_size(void **state)
{
	struct rig *r = *state;
	const char *head = "PUT /api/v1/policy HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577"
		"\r\n\r\n";
	int fd = dial(r);

	assert_true(send(fd, head, strlen(head), 0) > 0);
	hear(r, fd, "\r\n");
	assert_non_null(strstr(r->text, "HTTP/1.1 413 "));
	close(fd);
}

/* Whoever is neither root nor the daemon's user nor in the group is refused, members may close but
 * not flush. Needs root to become somebody else. */
static int status_as(struct rig *r, uid_t uid, gid_t group, const char *line)
{
	int status = 0;
	pid_t pid;

	chmod(r->temp->dir, 0711);
	chmod(r->path, 0666);
	pid = fork();
	if (pid == 0) {
		char text[64] = "";
		int fd;
		if (setgroups(1, &group) || setgid(uid) || setuid(uid))
			_exit(1);
		fd = dial(r);
		send(fd, line, strlen(line), 0);
		for (int i = 0; i < 3000 && recv(fd, text, 12, MSG_PEEK | MSG_DONTWAIT) < 12; i++)
			usleep(1000);
		recv(fd, text, 12, 0);
		_exit(memcmp(text + 9, "403", 3) == 0 ? 43 : 20);
	}
	for (int i = 0; i < 5000 && waitpid(pid, &status, WNOHANG) == 0; i++)
		turn(r, 1);
	return WEXITSTATUS(status);
}

static void test_roles(void **state)
{
	struct rig *r = *state;
	const char *read_it = "GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
	const char *flush = "POST /api/v1/flush HTTP/1.1\r\nHost: x\r\n\r\n";

	if (geteuid() != 0)
		skip();
	assert_int_equal(status_as(r, 4000, 4000, read_it), 43);
	assert_int_equal(status_as(r, 4000, MEMBERS, read_it), 20);
	assert_int_equal(status_as(r, 4000, MEMBERS, flush), 43);
}

/* The owner's program is gone before the store has answered. */
static void test_client_gone(void **state)
{
	struct rig *r = *state;
	const char *put = "PUT /api/v1/settings/quota.new HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 11\r\n\r\n{\"value\":3}";
	int fd = dial(r);

	send(fd, put, strlen(put), 0);
	turn(r, 1);
	close(fd);
	turn(r, 20);
	assert_int_equal(core_limits(r->core)->quota_new, 3);
	fd = dial(r);
	send(fd, put, strlen(put), 0);
	turn(r, 1);
	close(fd);
}

static void test_listing_speed(void **state)
{
	struct rig *r = *state;
	double start;

	assert_null(get(r, "PUT", "/api/v1/settings/quota.total", "{\"value\": 20000}"));
	assert_null(get(r, "PUT", "/api/v1/settings/quota.zone", "{\"value\": 20000}"));
	assert_null(get(r, "PUT", "/api/v1/settings/quota.new", "{\"value\": 20000}"));
	assert_null(get(r, "PUT", "/api/v1/settings/quota.device", "{\"value\": 20000}"));
	for (int i = 0; core_openings(r->core) < 10000; i++) {	/* risky ports are refused */
		ask_port(r, 5, (uint16_t)(20000 + i), "an app of some kind");
		if (i % 500 == 499)
			turn(r, 20);
	}
	start = temp_db_ms();
	ask(r, "GET", "/api/v1/openings", "");
	print_message("listing of 10,000: %.0f ms, %zu bytes\n", temp_db_ms() - start, r->text_len);
	assert_true(temp_db_ms() - start < 300 * (getenv("POSTERN_SANITIZERS") ? 10 : 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status), TEST(test_openings), TEST(test_peers), TEST(test_counters),
		TEST(test_close), TEST(test_flush), TEST(test_settings), TEST(test_record),
		TEST(test_devices), TEST(test_routes), TEST(test_events), TEST(test_roles),
		TEST(test_size), TEST(test_client_gone), TEST(test_listing_speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
