/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line per event, whatever the event's text holds, and never a wait. */
#include "gateway/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct pipe_log {
	struct log log;
	int out;
	char text[8192];
};

static void open_pipe(struct pipe_log *p, enum log_level level)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	log_open(&p->log, LOG_TARGET_STDERR, level, "test");
	p->log.fd = ends[1];
	p->out = ends[0];
}

static const char *written(struct pipe_log *p)
{
	ssize_t n = read(p->out, p->text, sizeof(p->text) - 1);

	p->text[n > 0 ? n : 0] = '\0';
	return p->text;
}

static void close_pipe(struct pipe_log *p)
{
	close(p->log.fd);
	close(p->out);
}

static void test_escape(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{STR("plain text"), "plain text"},
		{STR("gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\xaa"), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\xaa"},
		{STR("a\nb\r\tc\0d"), "a\\x0ab\\x0d\\x09c\\x00d"},
		{STR("\x1b[2J\x7f"), "\\x1b[2J\\x7f"},
		{STR("\\x0a"), "\\x5cx0a"},
		{STR("\xff\xc3"), "\\xff\\xc3"},
		{STR("\xe2\x80\xae" "x"), "\\xe2\\x80\\xaex"},
		{STR("%s%n"), "%s%n"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = log_escape(rows[i].in, out, sizeof(out));
		assert_string_equal(out, rows[i].out);
		assert_int_equal(len, strlen(out));
	}
	assert_int_equal(log_escape(STR("abc\n"), out, 6), 3);
	assert_string_equal(out, "abc");
}

static void test_lines(void **state)
{
	struct pipe_log p;

	(void)state;
	open_pipe(&p, LOG_LEVEL_INFO);
	log_info(&p.log, "%s asks", "evil\nposternd: all is well");
	assert_string_equal(written(&p), "test: evil\\x0aposternd: all is well asks\n");
	log_debug(&p.log, "not told");
	log_error(&p.log, "told");
	assert_string_equal(written(&p), "test: told\n");
	p.log.journal = true;
	log_warning(&p.log, "with priority");
	assert_string_equal(written(&p), "<4>with priority\n");
	close_pipe(&p);
}

static void test_long_line(void **state)
{
	struct pipe_log p;
	char text[3 * LOG_LINE_MAX];

	(void)state;
	open_pipe(&p, LOG_LEVEL_INFO);
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info(&p.log, "%s", text);
	assert_int_equal(strlen(written(&p)), strlen("test: \n") + 4 * LOG_LINE_MAX);
	assert_string_equal(p.text + strlen(p.text) - 5, "\\x01\n");
	close_pipe(&p);
}

static void test_stalled_reader(void **state)
{
	struct pipe_log p;
	uint32_t lost;

	(void)state;
	open_pipe(&p, LOG_LEVEL_INFO);
	/* A pipe that blocks, as stderr does: the test ends only if nothing waits for it. */
	assert_int_equal(fcntl(p.log.fd, F_SETFL, 0), 0);
	for (int i = 0; i < 20000; i++)
		log_info(&p.log, "line %d of many", i);
	lost = p.log.lost;
	assert_true(lost > 0);
	while (*written(&p))
		continue;
	log_info(&p.log, "after");
	assert_int_equal(p.log.lost, 0);
	assert_non_null(strstr(written(&p), "lines were lost here\ntest: after\n"));
	close_pipe(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_stalled_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
