/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: its HTTP against a server that says what it is told, its words, its exits. */
#include "protocols/err.h"
#include "web/cli_http.h"
#include "web/cli_show.h"
#include "web/cli_text.h"
#include "web/cli_watch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a server with an answer for each client; a form feed stands between two ---- */

static char path[64];
static int heard = -1;		/* where it writes what it was asked; -1: nowhere */

static int listen_here(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, sizeof(path), "cli-test-%d.sock", (int)getpid());
	unlink(path);
	memcpy(name.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static bool is_whole(const char *request)
{
	const char *body = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");
	uint32_t wanted = 0;

	if (body && length) {
		struct str text = {length + 16, strcspn(length + 16, "\r")};
		assert_int_equal(str_u32(text, 0, 4096, &wanted), 0);
	}
	return body && strlen(body + 4) >= wanted;
}

/* It may come in pieces. How long it is; 0: not all of it came. */
static size_t take_request(int c, char *request, size_t size)
{
	size_t len = 0;

	for (ssize_t got; (got = recv(c, request + len, size - 1 - len, 0)) > 0;) {
		len += (size_t)got;
		request[len] = '\0';
		if (is_whole(request))
			return len;
	}
	return 0;
}

static void serve_one(int fd, const char *answer, size_t len, size_t step)
{
	char request[4096];
	int c = accept(fd, NULL, NULL);
	size_t got = take_request(c, request, sizeof(request));

	if (got > 0 && heard >= 0 && write(heard, request, got) < 0)
		_exit(1);
	for (size_t i = 0; got > 0 && i < len; i += step) {
		send(c, answer + i, len - i < step ? len - i : step, MSG_NOSIGNAL);
		if (step < 100)
			usleep(200);
	}
	close(c);
}

/* In a child: says the answers in pieces of step bytes. The child's id. */
static pid_t serve(int fd, const char *answer, size_t step)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (const char *end; (end = strchr(answer, '\f')); answer = end + 1)
		serve_one(fd, answer, (size_t)(end - answer), step);
	serve_one(fd, answer, strlen(answer), step);
	_exit(0);
}

static int ask(const char *answer, size_t step, struct cli_reply *reply)
{
	const struct cli_request req = {.socket = path, .method = "GET", .target = "/"};
	int fd = listen_here();
	pid_t pid = serve(fd, answer, step);
	int err;

	close(fd);
	memset(reply, 0, sizeof(*reply));
	err = cli_http_ask(&req, reply);
	waitpid(pid, NULL, 0);
	unlink(path);
	return err;
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void test_http_bodies(void **state)
{
	static const char *const same[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
		CHUNKED "5\r\nhello\r\n1;x=y\r\n \r\n0005\r\nworld\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\nhello world",
		"HTTP/1.1 200 OK\ncontent-length:  11 \n\nhello world and more",
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t step = 1; step < 200; step += 66) {
			struct cli_reply reply;
			assert_int_equal(ask(same[i], step, &reply), 0);
			assert_int_equal(reply.status, 200);
			assert_string_equal(reply.body, "hello world");
			cli_reply_free(&reply);
		}
	}
}

static void test_http_broken(void **state)
{
	static const struct {
		const char *answer;
		int err;
	} broken[] = {
		{"", ERR_GONE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", ERR_GONE},
		{CHUNKED "5\r\nhell", ERR_GONE},
		{CHUNKED "-1\r\nh", ERR_SYNTAX},
		{CHUNKED "fffffffff\r\nh", ERR_SYNTAX},
		{CHUNKED "1\r\nhello\r\n", ERR_SYNTAX},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nhell", ERR_RANGE},
		{"HTTP/1.1 2x0 OK\r\n\r\n", ERR_SYNTAX},
		{"SSH-2.0-OpenSSH\r\n\r\n", ERR_SYNTAX},
	};
	const struct cli_request nobody = {.socket = "no/such", .method = "GET", .target = "/"};
	struct cli_reply reply;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(ask(broken[i].answer, 1000, &reply), broken[i].err);
		assert_null(reply.body);
	}
	assert_int_equal(cli_http_ask(&nobody, &reply), ERR_GONE);
}

/* ---- words ---- */

static const char *duration(uint64_t s)
{
	static char text[40];
	struct writer w = writer_to(text, sizeof(text) - 1);

	cli_text_duration(&w, s);
	text[w.len] = '\0';
	return text;
}

static const char *amount(uint64_t n)
{
	static char text[40];
	struct writer w = writer_to(text, sizeof(text) - 1);

	cli_text_bytes(&w, n);
	text[w.len] = '\0';
	return text;
}

static void test_text(void **state)
{
	(void)state;
	assert_string_equal(duration(0), "0s");
	assert_string_equal(duration(59), "59s");
	assert_string_equal(duration(65), "1m05s");
	assert_string_equal(duration(3720), "1h02m");
	assert_string_equal(duration(86399), "23h59m");
	assert_string_equal(duration(273600), "3d04h");
	assert_string_equal(amount(0), "0 B");
	assert_string_equal(amount(999), "999 B");
	assert_string_equal(amount(1500), "1.5 kB");
	assert_string_equal(amount(123456789), "123 MB");
	assert_string_equal(amount(UINT64_MAX), "18.4 EB");
}

static char *shown(cli_show_fn *fn, const char *json)
{
	json_t *root = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(root);
	if (fn(root, out) != 0)
		fputs("(error)", out);
	fclose(out);
	json_decref(root);
	return text;
}

static void test_table(void **state)
{
	static const char *const heads[] = {"A", "B"};
	struct cli_table t;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	cli_table_init(&t, heads, 2);
	cli_table_cell(&t, STR("caf\xc3\xa9"));
	cli_table_cell(&t, STR("x\x1b[2J\ny"));
	cli_table_cell(&t, STR(""));
	cli_table_cell(&t, STR("\xc2\x9b\xe2\x80\xae"));
	assert_int_equal(cli_table_print(&t, out), 0);
	cli_table_free(&t);
	fclose(out);
	assert_string_equal(text, "A     B\n"
		"caf\xc3\xa9  x\\x1b[2J\\x0ay\n"
		"-     \\xc2\\x9b\\xe2\\x80\\xae\n");
	free(text);
}

#define OPENING "{\"id\":7,\"protocol\":\"TCP\",\"external\":{\"address\":null,\"port\":80}," \
	"\"internal\":{\"address\":\"2001:db8::1\",\"port\":81},\"remote\":[]," \
	"\"leases\":[{\"origin\":\"UPnP\",\"description\":\"\"}," \
	"{\"origin\":\"PCP\",\"description\":\"a\\u001b]0;b\\u0007\"}],\"left_s\":null," \
	"\"device\":{\"id\":1,\"name\":null,\"mac\":\"02:00:00:00:00:01\"}," \
	"\"active\":false,\"enabled\":true}"

static void test_openings(void **state)
{
	char *text = shown(cli_show_openings, "{\"openings\":[" OPENING "]}");

	(void)state;
	assert_non_null(strstr(text, "*:80"));
	assert_non_null(strstr(text, "[2001:db8::1]:81"));
	assert_non_null(strstr(text, "anyone"));
	assert_non_null(strstr(text, "UPnP,PCP"));
	assert_non_null(strstr(text, "while at home"));
	assert_non_null(strstr(text, "not active"));
	assert_non_null(strstr(text, "a\\x1b]0;b\\x07"));
	assert_null(strchr(text, '\x1b'));
	free(text);
	text = shown(cli_show_openings, "{\"openings\":[{\"remote\":[{\"from\":\"2001:db8::/32\","
		"\"port\":null},{\"from\":null,\"port\":53}]}]}");
	assert_non_null(strstr(text, "2001:db8::/32, anyone port 53"));
	free(text);
	text = shown(cli_show_peers, "{\"peers\":[" OPENING "]}");
	assert_non_null(strstr(text, "[2001:db8::1]:81"));
	free(text);
	text = shown(cli_show_openings, "{\"openings\":[]}");
	assert_string_equal(text, "Nothing is open to the Internet.\n");
	free(text);
}

/* Answers of another version or of somebody else: words are missing, nothing breaks. */
static void test_odd_answers(void **state)
{
	static cli_show_fn *const fns[] = {cli_show_status, cli_show_openings, cli_show_record,
		cli_show_peers, cli_show_settings, cli_show_devices, cli_show_device,
		cli_show_zones, cli_show_closing, cli_show_cards, cli_show_alerts, cli_show_hands,
		cli_show_hand, cli_show_services, cli_show_test, cli_show_rules, cli_show_presets,
		cli_show_explained, cli_show_verified, cli_show_sip, cli_show_missed};
	static const char *const odd[] = {"{}", "[]", "{\"wan\":1,\"openings\":{},\"record\":3}",
		"{\"wan\":{},\"openings\":[1,[],{}],\"record\":[null],\"settings\":[\"x\"],"
		"\"devices\":[{\"device\":3,\"addresses\":[1]}],\"cards\":[{\"items\":[7,{}]},2],"
		"\"hands\":[{\"hand\":{\"protos\":[3]}}],\"rules\":[{\"rule\":{\"zones\":[1,{}],"
		"\"external\":{}}}],\"misses\":[9,{}],\"steps\":[5,{\"say\":3}],\"closing\":[0],"
		"\"device\":{},\"alerts\":[{}],\"zones\":[1],\"ports\":[\"x\"],"
		"\"missed\":[{\"from\":1},2],\"phones\":[{\"registrations\":[{}],\"calls\":"
		"[{\"media\":[{}]},1]},3],"
		"\"presets\":[1],\"services\":[1]}"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t f = 0; f < sizeof(fns) / sizeof(fns[0]); f++) {
			char *text = shown(fns[f], odd[i]);
			assert_true(strlen(text) > 0);
			free(text);
		}
	}
}

static void test_phones(void **state)
{
	char *text = shown(cli_show_sip, "{\"text\":\"Phones are helped.\","
		"\"ports\":[5060,5062],"
		"\"messages\":9,\"changed\":7,\"passed\":2,\"phones\":[{"
		"\"device\":{\"name\":\"Hall\"},"
		"\"lan\":\"192.168.1.10\",\"public\":{\"address\":\"203.0.113.5\",\"port\":36001},"
		"\"registrations\":[{\"aor\":\"sip:a@x\",\"registrar\":{\"address\":\"192.0.2.1\","
		"\"port\":5060},\"transport\":\"TCP\",\"age_s\":60,\"left_s\":300}],\"calls\":[{"
		"\"who\":\"sip:b@x\\u001b\",\"direction\":\"in\",\"state\":\"up\",\"on_hold\":true,"
		"\"age_s\":61,\"codecs\":\"PCMA\",\"media\":[{\"port\":7078,\"count\":2,"
		"\"external\":36010,\"packets\":5,\"bytes\":800,\"packets_in\":4,"
		"\"packets_out\":0},{\"port\":9000,\"count\":1,"
		"\"external\":null}]}]},{\"encrypted\":true,\"calls\":[]}]}");

	(void)state;
	assert_non_null(strstr(text, "port 5060, 5062; 9 messages, 7 changed, 2 passed"));
	assert_non_null(strstr(text, "Hall   192.168.1.10  203.0.113.5:36001  -           helped"));
	assert_non_null(strstr(text, "Hall   sip:a@x        192.0.2.1:5060  TCP  1m00s  5m00s"));
	assert_non_null(strstr(text, "up, on hold"));
	assert_non_null(strstr(text, "36010-36011 -> 7078-7079, not open -> 9000"));
	assert_non_null(strstr(text, "not open -> 9000  4      none  5 packets, 800 B"));
	assert_non_null(strstr(text, "encrypted: we cannot help"));
	assert_null(strchr(text, '\x1b'));
	free(text);
	text = shown(cli_show_sip, "{\"text\":\"No device is marked as a phone.\","
		"\"ports\":[5060],"
		"\"phones\":[]}");
	assert_non_null(strstr(text, "postern device DEVICE --phone on"));
	free(text);
	text = shown(cli_show_missed, "{\"missed\":[{\"device\":{\"name\":\"Hall\"},\"time\":5,"
		"\"from\":{\"address\":\"192.0.2.9\",\"port\":5060},\"who\":\"sip:1000@x\","
		"\"count\":3}]}");
	assert_non_null(strstr(text, "Hall   192.0.2.9:5060  sip:1000@x  3"));
	free(text);
}

static void test_status(void **state)
{
	char *text = shown(cli_show_status, "{\"version\":\"1\\u001b\",\"wan\":{\"address\":"
		"\"100.64.0.1\",\"private\":true},\"firewall\":\"failed\",\"store\":\"ok\","
		"\"openings\":5,\"devices_with_openings\":3,\"attended\":false,\"uptime_s\":60,"
		"\"web\":{\"url\":\"https://192.168.1.1:8443/\",\"fingerprint\":\"5E:10\"}}");

	(void)state;
	assert_non_null(strstr(text, "Web        https://192.168.1.1:8443/\n"));
	assert_non_null(strstr(text, "its certificate: 5E:10\n"));
	assert_non_null(strstr(text, "Nobody looks after this router yet: 3 devices opened 5 "
		"ports."));
	assert_non_null(strstr(text, "your provider is in front"));
	assert_non_null(strstr(text, "postern-helper does not answer"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

#define CARD "{\"id\":4,\"device\":{\"name\":\"Xbox\\u001b[2J\"},\"state\":\"open\",\"fresh\"" \
	":true," \
	"\"more\":2,\"items\":[{\"origin\":\"UPnP\",\"protocol\":\"UDP\",\"internal\":{" \
		"\"address\":" \
	"\"192.168.1.10\",\"port\":3074},\"external_port\":null,\"description\":\"\\u009b2J\"," \
	"\"risk\":{\"why\":\"remote shells\"}}]}"

static void test_owner(void **state)
{
	static const struct {
		cli_show_fn *fn;
		const char *json, *part;
	} rows[] = {
		{cli_show_cards, "{\"cards\":[" CARD "]}",
			"card 4: Xbox\\x1b[2J wants UDP 3074 and more (open, opens at once when "
				"allowed)"},
		{cli_show_cards, "{\"cards\":[" CARD "]}",
			"UDP 3074 -> 192.168.1.10:3074 by UPnP: \\xc2\\x9b2J (remote shells)"},
		{cli_show_cards, "{\"cards\":[]}", "Nobody asks."},
		{cli_show_rules, "{\"rules\":[{\"rule\":{\"id\":5,\"verdict\":\"allow\","
			"\"device\":7,"
			"\"external\":\"8000-8010\",\"when\":\"daily 08:00-20:00\"},\"use\":{}}]}",
			"device 7, external 8000-8010, daily 08:00-20:00"},
		{cli_show_rules, "{\"rules\":[{\"rule\":{\"id\":5,\"device\":7,\"proto\":\"tcp\"},"
			"\"device\":{\"id\":7,\"name\":\"NAS\"}}]}", " NAS, tcp "},
		{cli_show_rules, "{\"rules\":[{\"rule\":{\"id\":5,\"enabled\":false}}]}", "off"},
		{cli_show_rules, "{\"rules\":[{\"rule\":{\"id\":5}}]}", "everything"},
		{cli_show_explained, "{\"result\":\"refused\",\"allowed\":false,\"why\":\"it is "
			"late\","
			"\"rule\":3,\"rule_note\":\"bed time\",\"misses\":[{\"rule\":1,\"note\""
				":\"a\\u001b\","
			"\"why\":\"it is switched off\"}],\"device\":null}",
			"  rule 1 (a\\x1b): it is switched off\n"
			"rule 3 (bed time) decides: refused, it is late\n"},
		{cli_show_explained, "{\"result\":\"refused\",\"misses\":[],\"rule\":9,\"place\":2,"
			"\"rule_note\":\"no games\"}",
			"rule 9 at place 2 (no games) decides: refused"},
		{cli_show_explained, "{\"result\":\"ok\",\"allowed\":true,\"misses\":[],"
			"\"external\":{"
			"\"address\":\"203.0.113.2\",\"port\":80},\"lifetime_s\":7200}",
			"It would get 203.0.113.2:80 for 2h00m."},
		{cli_show_test, "{\"forwarded\":false,\"why\":\"x\",\"steps\":[{\"ok\":null,"
			"\"say\":\"u\"},"
			"{\"ok\":false,\"say\":\"x\"}]}", "  ?    u\n  NO   x\nNot forwarded: x\n"},
		{cli_show_verified, "{\"ok\":false,\"bad_seq\":17,\"rows\":20}", "row 17 does "
			"not fit"},
		{cli_show_verified, "{\"ok\":true,\"rows\":20}", "hold, over 20 rows"},
		{cli_show_alerts, "{\"alerts\":[{\"id\":1,\"sentence\":\"Another\",\"expected\""
			":true}]}",
			"expected"},
		{cli_show_hands, "{\"hands\":[{\"hand\":{\"id\":1,\"protos\":[\"tcp\",\"udp\"],"
			"\"port\":80,"
			"\"internal\":8080,\"count\":3},\"status\":{\"state\":\"waiting\"}}]}",
			"tcp,udp 80-82 -> 8080"},
		{cli_show_hands, "{\"hands\":[{\"hand\":{\"id\":1,\"device\":7,\"port\":80},"
			"\"device\":{\"id\":7,\"name\":\"NAS\"}}]}", " NAS "},
		{cli_show_record, "{\"record\":[],\"next\":812}", "older ones: --before 812\n"},
		{cli_show_devices, "{\"devices\":[{\"device\":{\"id\":7,\"hostname\":\"nas\","
			"\"random_mac\":true,\"zone\":\"new\"},\"addresses\":[{\"address\""
				":\"192.168.1.9\","
			"\"here\":false}]}]}", "192.168.1.9?"},
		{cli_show_device, "{\"device\":{\"id\":7,\"callers\":[\"192.0.2.0/24\",\"::1\"]}}",
			"May call   192.0.2.0/24, ::1\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = shown(rows[i].fn, rows[i].json);
		if (!strstr(text, rows[i].part))
			fail_msg("no \"%s\" in \"%s\"", rows[i].part, text);
		assert_null(strchr(text, '\x1b'));
		free(text);
	}
}

struct heard {
	int count;
	char name[32];
	char data[64];
};

static int on_event(void *arg, const char *name, struct str data)
{
	struct heard *h = arg;

	h->count++;
	snprintf(h->name, sizeof(h->name), "%s", name);
	snprintf(h->data, sizeof(h->data), "%.*s", (int)data.len, data.p);
	return 0;
}

static void test_events(void **state)
{
	const char *text = ":\n\nevent: opened\ndata: {\"a\":1}\n\n"
		":\n\nevent: closed\ndata: {}\n\n";
	static struct cli_watch watch;
	static char endless[CLI_WATCH_LINE_MAX + 1];
	struct heard h = {0};

	(void)state;
	for (size_t step = 1; step < 40; step++) {
		h.count = 0;
		watch = (struct cli_watch){.fn = on_event, .arg = &h};
		for (size_t i = 0; i < strlen(text); i += step)
			assert_int_equal(cli_watch_piece(&watch,
				str_sub(str_from(text), i, step)), 0);
		assert_int_equal(h.count, 2);
		assert_string_equal(h.name, "closed");
		assert_string_equal(h.data, "{}");
	}
	memset(endless, 'x', sizeof(endless));
	assert_int_equal(cli_watch_piece(&watch, (struct str){endless, sizeof(endless)}), ERR_FULL);
}

static void test_news(void **state)
{
	json_t *o = json_loads(OPENING, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	cli_show_news("closed", o, out);
	cli_show_news("odd", NULL, out);
	fclose(out);
	json_decref(o);
	assert_non_null(strstr(text, "closed   TCP *:80 -> [2001:db8::1]:81"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

/* ---- the program ---- */

static int run(const char *answer, const char *line)
{
	char program[512], words[256], *argv[24] = {program, "--socket", path};
	int fd = listen_here(), status, argc = 3;
	pid_t server = serve(fd, answer, 1000), pid;

	snprintf(program, sizeof(program), "%s/postern", getenv("POSTERN_BUILD"));
	snprintf(words, sizeof(words), "%s", line);
	for (char *at = words, *word; (word = strsep(&at, " "));)
		argv[argc++] = word;
	pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++)
			dup2(nowhere, i);
		execv(program, argv);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	close(fd);
	unlink(path);
	return WEXITSTATUS(status);
}

#define TEXT64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_exits(void **state)
{
	static const char fine[] = "HTTP/1.1 204 No Content\r\n\r\n",
		list[] = "HTTP/1.1 200 OK\r\n\r\n{\"openings\":[]}",
		no[] = "HTTP/1.1 403 Forbidden\r\n\r\n{\"error\":{\"message\":\"no\"}}",
		html[] = "HTTP/1.1 200 OK\r\n\r\n<html>",
		bad[] = "HTTP/1.1 200 OK\r\n\r\n{\"ok\":false,\"bad_seq\":3}",
		shut[] = "HTTP/1.1 200 OK\r\n\r\n{\"forwarded\":false,\"steps\":[]}",
		cards[] = "HTTP/1.1 200 OK\r\n\r\n{\"cards\":[]}\fHTTP/1.1 204 No Content\r\n\r\n",
		closing[] = "HTTP/1.1 200 OK\r\n\r\n{\"closing\":[{}]}",
		devices[] = "HTTP/1.1 200 OK\r\n\r\n{\"devices\":[{\"device\":{\"id\":1,"
			"\"name\":\"tv\"}},{\"device\":{\"id\":2,\"name\":\"tv\"}}]}";
	static const char callers[] = "HTTP/1.1 200 OK\r\n\r\n{\"device\":{\"callers\":"
		"[\"0::1\"]}}\fHTTP/1.1 204 No Content\r\n\r\n";
	static const struct {
		const char *answer, *line;
		int code;
	} rows[] = {
		{list, "list", 0}, {list, "list --json", 0}, {fine, "close 7", 0},
		{fine, "close 7 --for day", 0}, {fine, "undo 7", 0}, {fine, "attend on", 0},
		{cards, "allow 3", 0}, {no, "allow 3", 1}, {fine, "not-now 3", 0},
		{fine, "dismiss 3", 0},
		{fine, "set quota.new 3", 0}, {fine, "shut 3", 0}, {fine, "forget 7", 0},
		{fine, "preset ask --yes", 0}, {fine, "reset --yes", 0}, {fine, "merge 7 8", 0},
		{fine, "device 7 --name x --yes", 0},
		{callers, "caller add 7 192.0.2.0/24 192.0.2.9", 0},
		{callers, "caller delete 7 ::1", 0},
		{callers, "caller delete 7 ::2", 1}, {fine, "caller add 7 ::1", 1},
		{fine, "caller add 7", 2}, {fine, "caller 7 ::1", 2},
		{no, "close 7", 1}, {no, "flush", 1}, {html, "list", 1}, {bad, "record verify", 1},
		{shut, "test 3", 1}, {closing, "preset lockdown", 1}, {no, "rules", 1},
		{devices, "forget tv", 1}, {devices, "forget nosuch", 1},
		{no, "import /nonexistent --yes", 1},
		{fine, "close", 2}, {fine, "close x", 2}, {fine, "close 7 --for ever", 2},
		{fine, "list --yes", 2}, {fine, "set quota.new -1", 2}, {fine, "set ../x 1", 2},
		{fine, "nonsense", 2}, {fine, "--nonsense", 2}, {fine, "rule", 2},
		{fine, "rule nonsense", 2}, {fine, "rule add", 2}, {fine, "reset", 2},
		{fine, "attend maybe", 2}, {fine, "open ssh", 2}, {fine, "device 7", 2},
		{fine, "device 7 --phone maybe", 2}, {fine, "rule add allow --for soon", 2},
		{fine, "record --ring x", 2}, {fine, "record --count x", 2},
		{fine, "explain pcp map tcp 0 from 192.168.1.10", 2},
		{fine, "explain pcp map tcp 80 to 192.168.1.10", 2},
		{fine, "explain pcp map tcp 80 from 192.168.1.10 --rules /nonexistent", 1},
		{fine, "record --text " TEXT64 TEXT64 TEXT64, 2},
		{fine, "--help", 0}, {"", "list", 3}, {"", "rule move 1 2", 3},
		{"", "--socket no/such status", 3},
	};

	(void)state;
	if (!getenv("POSTERN_BUILD"))
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code = run(rows[i].answer, rows[i].line);
		if (code != rows[i].code)
			fail_msg("%s: %d instead of %d", rows[i].line, code, rows[i].code);
	}
}

/* What was not shown is not allowed. */
static void test_allows_what_it_showed(void **state)
{
	char asked[8192] = "";
	int ends[2];

	(void)state;
	if (!getenv("POSTERN_BUILD"))
		skip();
	assert_int_equal(pipe(ends), 0);
	heard = ends[1];
	assert_int_equal(run("HTTP/1.1 200 OK\r\n\r\n{\"cards\":[{\"id\":2,\"items\":[{}]},"
		"{\"id\":3,\"items\":[{},{}]}]}\fHTTP/1.1 204 No Content\r\n\r\n", "always 3"), 0);
	assert_true(read(ends[0], asked, sizeof(asked) - 1) > 0);
	assert_non_null(strstr(asked, "GET /api/v1/cards "));
	assert_non_null(strstr(asked, "POST /api/v1/cards/3/answer "));
	assert_non_null(strstr(asked, "{\"answer\":\"always\",\"items\":2}"));
	heard = -1;
	close(ends[0]);
	close(ends[1]);
}

/* What is there stays, however it is spelled. */
static void test_adds_a_caller(void **state)
{
	static const char answers[] = "HTTP/1.1 200 OK\r\n\r\n{\"device\":{\"callers\":"
		"[\"2001:db8::1\"]}}\fHTTP/1.1 204 No Content\r\n\r\n";
	char asked[8192] = "";
	int ends[2];

	(void)state;
	if (!getenv("POSTERN_BUILD"))
		skip();
	assert_int_equal(pipe(ends), 0);
	heard = ends[1];
	assert_int_equal(run(answers, "caller add 7 2001:DB8:0::1 192.0.2.0/24"), 0);
	assert_true(read(ends[0], asked, sizeof(asked) - 1) > 0);
	assert_non_null(strstr(asked, "PUT /api/v1/devices/7 "));
	assert_non_null(strstr(asked, "{\"callers\":[\"2001:db8::1\",\"192.0.2.0/24\"]}"));
	heard = -1;
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_bodies), cmocka_unit_test(test_http_broken),
		cmocka_unit_test(test_text), cmocka_unit_test(test_table),
		cmocka_unit_test(test_openings), cmocka_unit_test(test_odd_answers),
		cmocka_unit_test(test_status), cmocka_unit_test(test_phones),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_news), cmocka_unit_test(test_owner),
			cmocka_unit_test(test_exits),
		cmocka_unit_test(test_allows_what_it_showed), cmocka_unit_test(test_adds_a_caller),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
