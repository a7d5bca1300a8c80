/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knocking at ports of this machine: one that listens, one that does not, one that is silent. */
#include "gateway/knock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
	int count;
	enum knock_result result;
};

static void on_knocked(void *arg, enum knock_result result)
{
	struct heard *h = arg;

	h->count++;
	h->result = result;
}

/* A bound socket of 127.0.0.1; *port tells. */
static int bind_here(uint16_t *port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*port = ntohs(name.sin_port);
	return fd;
}

static struct heard knock_at(uint16_t port, int turns)
{
	const struct endpoint to = {addr_from4(INADDR_LOOPBACK), port};
	struct loop *loop = loop_new();
	struct heard h = {0};
	struct knock *k = knock_new(loop, &to, on_knocked, &h);

	assert_non_null(k);
	assert_int_equal(h.count, 0);
	for (int i = 0; i < turns && h.count == 0; i++)
		loop_once(loop, 10);
	if (h.count == 0)
		knock_free(k);
	loop_once(loop, 0);
	loop_free(loop);
	return h;
}

static void somebody_listens(void **state)
{
	uint16_t port;
	int fd = bind_here(&port);
	struct heard h;

	(void)state;
	listen(fd, 1);
	h = knock_at(port, 50);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.result, KNOCK_ANSWERS);
	close(fd);
}

static void nobody_listens(void **state)
{
	uint16_t port;
	int fd = bind_here(&port);
	struct heard h = knock_at(port, 50);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.result, KNOCK_REFUSES);
	close(fd);
}

/* A full backlog drops what knocks, as a firewall does. */
static void nothing_comes_back(void **state)
{
	uint16_t port;
	int fd = bind_here(&port), full[2];
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct heard h;

	(void)state;
	name.sin_port = htons(port);
	listen(fd, 0);
	for (int i = 0; i < 2; i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(full[i], (struct sockaddr *)&name, sizeof(name));
	}
	h = knock_at(port, 1);
	assert_int_equal(h.count, 0);
	h = knock_at(port, 300);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.result, KNOCK_SILENT);
	close(full[0]);
	close(full[1]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(somebody_listens),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(nothing_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
