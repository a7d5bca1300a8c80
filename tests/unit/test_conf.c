/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: what is read, and what is said of a file that cannot be. */
#include "gateway/conf.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
	int count;
	struct conf_problem all[8];
};

static void hear(void *arg, const struct conf_problem *problem)
{
	struct heard *h = arg;

	assert_true(h->count < 8);
	h->all[h->count++] = *problem;
}

static int decode(const char *text, struct conf *out, struct heard *heard)
{
	memset(heard, 0, sizeof(*heard));
	return conf_decode("a.conf", str_from(text), out, hear, heard);
}

/* Exactly one problem, in this line, with all of these words. */
static void expect(const char *text, unsigned line, const char *const words[])
{
	struct conf conf, before;
	struct heard heard;

	memset(&conf, 0x5a, sizeof(conf));
	before = conf;
	assert_int_equal(decode(text, &conf, &heard), ERR_SYNTAX);
	assert_memory_equal(&conf, &before, sizeof(conf));
	assert_int_equal(heard.count, 1);
	assert_string_equal(heard.all[0].path, "a.conf");
	assert_int_equal(heard.all[0].line, line);
	for (; *words; words++) {
		if (!strstr(heard.all[0].text, *words))
			fail_msg("\"%s\" does not say \"%s\"", heard.all[0].text, *words);
	}
}
#define EXPECT(text, line, ...) expect(text, line, (const char *const[]){__VA_ARGS__, NULL})

static void test_everything(void **state)
{
	struct conf c;
	struct heard heard;

	(void)state;
	assert_int_equal(decode("# all\r\n[interfaces]\r\nwan=ppp0\n  lan = br0, eth2.7\twlan1 \n"
		"guest = wlan1\n"
		"[paths]\nleases = /l1  /l2\noui = /o\n"
		"database = /a/b\ncontrol_socket=/c\nhelper_socket=/d\n"
		"[users]\nuser = u\nhelper_user = _h-1\ncontrol_group = g\nwatch_user = w\n"
		"[firewall]\nbackend = none\nmark = 0xff\npersist = no\n"
		"yield = 22, 8080\t443\n"
		"[protocols]\nupnp = no\nnatpmp = no\npcp = no\npinholes = no\nhttp_port = 65535\n"
		"ssdp_ttl = 4\n"
		"friendly_name = Ann's # router = b\xc3\xb6x\n"
		"[sip]\nenabled = no\nports = 5060, 1024\t65535\nmark = 0x300\n"
		"rule_priority = 1\ntable = 4294967295\n"
		"[log]\ntarget = syslog\nlevel = debug",
		&c, &heard), 0);
	assert_int_equal(heard.count, 0);
	assert_string_equal(c.wan, "ppp0");
	assert_int_equal(c.lan_count, 3);
	assert_string_equal(c.lan[0], "br0");
	assert_string_equal(c.lan[1], "eth2.7");
	assert_string_equal(c.lan[2], "wlan1");
	assert_int_equal(c.guest_count, 1);
	assert_string_equal(c.guest[0], "wlan1");
	assert_int_equal(c.lease_count, 2);
	assert_string_equal(c.leases[1], "/l2");
	assert_string_equal(c.oui, "/o");
	assert_string_equal(c.database, "/a/b");
	assert_string_equal(c.control_socket, "/c");
	assert_string_equal(c.helper_socket, "/d");
	assert_string_equal(c.user, "u");
	assert_string_equal(c.helper_user, "_h-1");
	assert_string_equal(c.control_group, "g");
	assert_string_equal(c.watch_user, "w");
	assert_int_equal(c.backend, CONF_BACKEND_NONE);
	assert_int_equal(c.mark, 0xff);
	assert_int_equal(c.persist, CONF_PERSIST_NO);
	assert_int_equal(c.yield_count, 3);
	assert_true(conf_yields(&c, 22) && conf_yields(&c, 8080) && conf_yields(&c, 443));
	assert_false(conf_yields(&c, 80));
	assert_false(c.upnp || c.natpmp || c.pcp || c.pinholes);
	assert_int_equal(c.http_port, 65535);
	assert_int_equal(c.ssdp_ttl, 4);
	assert_string_equal(c.friendly_name, "Ann's # router = b\xc3\xb6x");
	assert_false(c.sip || conf_is_sip_port(&c, 5060));
	c.sip = true;
	assert_true(conf_is_sip_port(&c, 5060) && conf_is_sip_port(&c, 65535));
	assert_false(conf_is_sip_port(&c, 5061));
	assert_int_equal(c.sip_port_count, 3);
	assert_int_equal(c.sip_mark, 0x300);
	assert_int_equal(c.sip_priority, 1);
	assert_int_equal(c.sip_table, UINT32_MAX);
	assert_int_equal(c.log_target, LOG_TARGET_SYSLOG);
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
}

static void test_empty_is_default(void **state)
{
	struct conf c, defaults;
	struct heard heard;

	(void)state;
	conf_defaults(&defaults);
	assert_int_equal(decode("", &c, &heard), 0);
	assert_memory_equal(&c, &defaults, sizeof(c));
	assert_int_equal(c.lan_count, 0);
	assert_string_equal(c.wan, "");
	assert_string_equal(c.user, "postern");
	assert_int_equal(c.backend, CONF_BACKEND_HELPER);
	assert_int_equal(c.mark, 0x08000000);
	assert_int_equal(c.persist, CONF_PERSIST_AUTO);
	assert_true(conf_yields(&c, 80) && conf_yields(&c, 443));
	assert_int_equal(c.yield_count, 2);
	assert_true(c.upnp && c.natpmp && c.pcp && c.pinholes);
	assert_int_equal(c.http_port, 49000);
	assert_true(c.sip && conf_is_sip_port(&c, 5060));
	assert_int_equal(c.sip_port_count, 1);
	assert_int_equal(c.sip_mark, 0x10000000);
	assert_int_equal(c.log_level, LOG_LEVEL_INFO);
}

static void test_no_port_is_yielded(void **state)
{
	struct conf c;
	struct heard heard;

	(void)state;
	assert_int_equal(decode("[firewall]\nyield = none\n", &c, &heard), 0);
	assert_int_equal(c.yield_count, 0);
	assert_false(conf_yields(&c, 80));
}

static void test_structure(void **state)
{
	(void)state;
	EXPECT("\nuser = a\n", 2, "\"user\"", "before any [section]");
	EXPECT("[log]\n\nloud\n", 3, "\"loud\"", "key = value");
	EXPECT("[log\n", 1, "]");
	EXPECT("[logs]\nlevel = x\n", 1, "\"logs\"", "[interfaces], [paths]", "[log]");
	EXPECT("[log]\ncolour = x\n", 2, "\"colour\"", "[log]", "target, level, record");
	EXPECT("[log]\nlevel = info\n# again\nlevel = info\n", 4, "level", "line 2");
	EXPECT("[log]\nlevel =\n", 2, "level", "error, warning, info or debug", "empty");
}

static void test_values(void **state)
{
	(void)state;
	EXPECT("[log]\nlevel = loud\n", 2, "level", "error, warning, info or debug", "\"loud\"");
	EXPECT("[log]\nlevel = info # all\n", 2, "\"info # all\"");
	EXPECT("[protocols]\nupnp = true\n", 2, "upnp", "yes or no");
	EXPECT("[protocols]\nhttp_port = 80\n", 2, "1024 to 65535", "\"80\"");
	EXPECT("[protocols]\nhttp_port = 65536\n", 2, "1024 to 65535");
	EXPECT("[protocols]\nhttp_port = 0x2000\n", 2, "1024 to 65535");
	EXPECT("[protocols]\nfriendly_name = a\x1b[2Jb\n", 2, "friendly_name");
	EXPECT("[firewall]\nyield = 0\n", 2, "yield", "1 to 16 ports");
	EXPECT("[firewall]\nyield = 80 none\n", 2, "yield");
	EXPECT("[firewall]\nyield = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", 2, "yield");
	EXPECT("[protocols]\nfriendly_name = \xff\n", 2, "friendly_name");
	EXPECT("[firewall]\nmark = 0x0\n", 2, "mark", "not all zero");
	EXPECT("[firewall]\nmark = 0x100000000\n", 2, "mark");
	EXPECT("[firewall]\nmark = 12\n", 2, "mark");
	EXPECT("[paths]\ndatabase = postern.db\n", 2, "absolute");
	EXPECT("[users]\nuser = Root\n", 2, "user", "a-z");
	EXPECT("[users]\nuser = 1user\n", 2, "user");
	EXPECT("[interfaces]\nwan = eth0,eth1\n", 2, "one interface");
	EXPECT("[interfaces]\nwan = a/b\n", 2, "one interface");
	EXPECT("[interfaces]\nwan = sixteen-letters1\n", 2, "one interface");
	EXPECT("[interfaces]\nlan = ,\n", 2, "1 to 8");
	EXPECT("[interfaces]\nlan = br0 br0\n", 2, "different");
	EXPECT("[interfaces]\nlan = a b c d e f g h i\n", 2, "1 to 8");
	EXPECT("[interfaces]\nlan = br0\nguest = br0 br1\n", 3, "\"br1\"", "not among");
	EXPECT("[interfaces]\nguest = br1\n", 2, "\"br1\"", "not among");
	EXPECT("[paths]\nleases = /a /b /c /d /e\n", 2, "leases", "1 to 4");
	EXPECT("[paths]\nleases = /a b\n", 2, "leases", "absolute");
	EXPECT("[sip]\nports = none\n", 2, "ports", "1 to 8");
	EXPECT("[sip]\nports = 80\n", 2, "ports", "1024 to 65535");
	EXPECT("[sip]\nports = 5060 5060\n", 2, "ports", "different");
	EXPECT("[sip]\nports = 5060 1024 1025 1026 1027 1028 1029 1030 1031\n", 2, "1 to 8");
	EXPECT("[sip]\nports = ,\n", 2, "1 to 8");
	EXPECT("[sip]\nmark = 0x18000000\n", 2, "mark", "[firewall]", "in common");
	EXPECT("[firewall]\nmark = 0x10000000\n", 2, "[sip]", "in common");
	EXPECT("[sip]\nrule_priority = 0\n", 2, "rule_priority", "1 to 32765");
	EXPECT("[sip]\nrule_priority = 32766\n", 2, "rule_priority");
	EXPECT("[sip]\ntable = 254\n", 2, "table", "253 to 255");
	EXPECT("[interfaces]\nlan = br0, eth0\nwan = eth0\n", 2, "\"eth0\"", "WAN and LAN");
}

static void test_long_path(void **state)
{
	char text[300] = "[paths]\ndatabase = /";
	size_t start = strlen(text);
	struct conf c;
	struct heard heard;

	(void)state;
	memset(text + start, 'a', CONF_PATH_MAX - 2);
	assert_int_equal(decode(text, &c, &heard), 0);
	assert_int_equal(strlen(c.database), CONF_PATH_MAX - 1);
	text[start + CONF_PATH_MAX - 2] = 'a';
	EXPECT(text, 2, "107");
}

static void test_all_problems_are_told(void **state)
{
	struct conf c;
	struct heard heard;

	(void)state;
	assert_int_equal(decode("x\n[log]\nlevel = 1\n[no]\na = b\nc = d\n[users]\nuser = %\n", &c,
		&heard), ERR_SYNTAX);
	assert_int_equal(heard.count, 4);
	assert_int_equal(heard.all[0].line, 1);
	assert_int_equal(heard.all[1].line, 3);
	assert_int_equal(heard.all[2].line, 4);
	assert_int_equal(heard.all[3].line, 8);
}

static void test_set(void **state)
{
	struct conf c;
	struct conf_problem problem;

	(void)state;
	conf_defaults(&c);
	assert_int_equal(conf_set(&c, "firewall", "backend", STR("nft"), &problem), 0);
	assert_int_equal(c.backend, CONF_BACKEND_NFT);
	assert_int_equal(conf_set(&c, "firewall", "backend", STR("ipt"), &problem), ERR_SYNTAX);
	assert_non_null(strstr(problem.text, "helper, nft or none"));
	assert_int_equal(c.backend, CONF_BACKEND_NFT);
	assert_int_equal(conf_set(&c, "firewall", "x", STR("nft"), &problem), ERR_NOT_FOUND);
}

/* The file we install says of each key what the default is: with every '#' before a key taken
 * away it means the same as an empty one. And the manual page knows every key. */
static void test_installed_file(void **state)
{
	static const char *const dirs[][2] = {{"@localstatedir@/lib/postern", POSTERN_STATEDIR},
		{"@runstatedir@/postern", POSTERN_RUNDIR},
		{"@datadir@/postern", POSTERN_DATADIR}};
	const char *src = getenv("POSTERN_SRC") ? getenv("POSTERN_SRC") : ".";
	char path[4096], line[256], text[8192] = "";
	struct conf c, defaults;
	struct heard heard;
	int keys = 0;
	FILE *in;

	(void)state;
	snprintf(path, sizeof(path), "%s/gateway/postern.conf.in", src);
	in = fopen(path, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		bool key = line[0] == '#' && line[1] != ' ' && line[1] != '\n';
		const char *rest = line + key;
		keys += key;
		for (size_t i = 0; i < 3; i++) {
			const char *at = strstr(rest, dirs[i][0]);
			if (!at)
				continue;
			strncat(text, rest, (size_t)(at - rest));
			strncat(text, dirs[i][1], 256);
			rest = at + strlen(dirs[i][0]);
		}
		strncat(text, rest, 256);
	}
	fclose(in);
	assert_int_equal(decode(text, &c, &heard), 0);
	conf_defaults(&defaults);
	assert_string_equal(c.wan, "eth0");
	assert_string_equal(c.lan[0], "br0");
	memset(c.wan, 0, sizeof(c.wan));
	memset(c.lan[0], 0, sizeof(c.lan[0]));
	c.lan_count = 0;
	assert_memory_equal(&c, &defaults, sizeof(c));

	snprintf(path, sizeof(path), "%s/gateway/postern.conf.5", src);
	in = fopen(path, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, ".It Cm ", 7) == 0)
			keys--;
	}
	fclose(in);
	assert_int_equal(keys, 0);
}

static void test_load(void **state)
{
	char name[] = "/tmp/test_conf.XXXXXX";
	int fd = mkstemp(name);
	struct heard heard = {0};
	struct conf c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[log]\nlevel = error\n", 20), 20);
	assert_int_equal(conf_load(name, &c, hear, &heard), 0);
	assert_int_equal(c.log_level, LOG_LEVEL_ERROR);
	assert_int_equal(ftruncate(fd, 70000), 0);
	assert_int_equal(conf_load(name, &c, hear, &heard), ERR_IO);
	assert_non_null(strstr(heard.all[0].text, "larger"));
	close(fd);
	unlink(name);
	assert_int_equal(conf_load(name, &c, hear, &heard), ERR_NOT_FOUND);
	assert_int_equal(conf_load("/", &c, hear, &heard), ERR_IO);
	assert_int_equal(heard.count, 3);
	assert_int_equal(heard.all[1].line, 0);
	assert_non_null(strstr(heard.all[1].text, "cannot be opened"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_empty_is_default),
		cmocka_unit_test(test_no_port_is_yielded),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_all_problems_are_told),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_installed_file),
		cmocka_unit_test(test_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
