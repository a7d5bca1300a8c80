/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The makers of network cards: every line of a file is found, nothing else is; oui.sh makes it. */
#include "gateway/vendor.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES 999

static struct vendors *open_text(const char *text)
{
	char name[] = "/tmp/test_vendor.XXXXXX";
	int fd = mkstemp(name);
	struct vendors *v;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	v = vendor_open(name);
	unlink(name);
	assert_non_null(v);
	return v;
}

static void expect(const struct vendors *v, uint32_t oui, const char *name)
{
	uint8_t mac[6] = {(uint8_t)(oui >> 16), (uint8_t)(oui >> 8), (uint8_t)oui, 1, 2, 3};
	struct str got = vendor_of(v, mac);

	if (!name)
		assert_null(got.p);
	else
		assert_true(str_eq(got, str_from(name)));
}

static void test_every_line_is_found(void **state)
{
	char *text = calloc(LINES, 32), name[32];
	struct vendors *v;
	size_t len = 0;

	(void)state;
	for (uint32_t i = 1; i <= LINES; i++)
		len += (size_t)snprintf(text + len, 32, "%06X Maker %.*s%u\n", i * 7, (int)(i % 9),
			"xxxxxxxxx", i);
	v = open_text(text);
	for (uint32_t i = 1; i <= LINES; i++) {
		snprintf(name, sizeof(name), "Maker %.*s%u", (int)(i % 9), "xxxxxxxxx", i);
		expect(v, i * 7, name);
		expect(v, i * 7 + 3, NULL);
	}
	expect(v, 0, NULL);
	expect(v, 0xffffff, NULL);
	vendor_close(v);
	free(text);
}

static void test_rubbish_is_nobody(void **state)
{
	struct vendors *v = open_text("\n\nx\n00005E IANA");

	(void)state;
	expect(v, 0x0000fe, NULL);
	vendor_close(v);
	v = open_text("00005E IANA");
	expect(v, 0x00005e, "IANA");
	vendor_close(v);
	v = open_text("");
	expect(v, 0x00005e, NULL);
	vendor_close(v);
	expect(NULL, 0x00005e, NULL);
	assert_null(vendor_open("/nowhere/oui"));
}

/* What the script writes, as its standard output. */
static void run_script(const char *list, const char *out, char *text, size_t size)
{
	const char *src = getenv("POSTERN_SRC") ? getenv("POSTERN_SRC") : ".";
	char script[4096];
	char *argv[] = {"sh", script, (char *)list, NULL};
	posix_spawn_file_actions_t actions;
	int status, fd;
	pid_t pid;

	snprintf(script, sizeof(script), "%s/gateway/oui.sh", src);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(posix_spawnp(&pid, "sh", &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	fd = open(out, O_RDONLY);
	assert_true(fd >= 0 && read(fd, text, size - 1) > 0);
	close(fd);
}

static void test_the_script(void **state)
{
	char in[] = "/tmp/test_vendor.XXXXXX", out[] = "/tmp/test_vendor.XXXXXX", text[256] = "";
	int fd = mkstemp(in);
	struct vendors *v;

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "OUI/MA-L\r\n08-00-2B   (hex)\t\tDIGITAL\r\n08002B     (base 16)\t\tDIGITAL "
		"EQUIPMENT\r\n\t\t\t\tMAYNARD\r\n\r\n00005E     (base 16)\t\tIANA\r\n");
	close(fd);
	fd = mkstemp(out);
	assert_true(fd >= 0);
	close(fd);
	run_script(in, out, text, sizeof(text));
	unlink(in);
	unlink(out);
	assert_string_equal(text, "00005E IANA\n08002B DIGITAL EQUIPMENT\n");
	v = open_text(text);
	expect(v, 0x08002b, "DIGITAL EQUIPMENT");
	vendor_close(v);
}

static void test_random(void **state)
{
	(void)state;
	assert_true(vendor_is_random((const uint8_t[6]){0x02}));
	assert_true(vendor_is_random((const uint8_t[6]){0xde}));
	assert_false(vendor_is_random((const uint8_t[6]){0x00, 0x02}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_line_is_found),
		cmocka_unit_test(test_rubbish_is_nobody),
		cmocka_unit_test(test_the_script),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
