/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the owner is alerted that phones are not helped, or helped twice, and when that is over:
 * what the core is told of each state, between a gateway and a core that only this file has.
 */
#include "gateway/core_owner.h"
#include "gateway/serve_sip_int.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct world {
	struct serve_sip *s;
	struct sip_phone phone;
	struct conf *conf;
	struct log log;
	bool kernel_helper;
	enum core_health firewall;
	bool on[DB_ALERT_KINDS];	/* as the owner sees it */
	unsigned raised;
	char text[sizeof(((struct db_alert *)0)->text)];
} w;

void core_alert_raise(struct core *core, const struct db_alert *like)
{
	(void)core;
	assert_true(addr_is_any(&like->addr));
	w.on[like->kind] = true;
	w.raised++;
	memcpy(w.text, like->text, sizeof(w.text));
}

void core_alert_over(struct core *core, enum db_alert_kind kind)
{
	(void)core;
	w.on[kind] = false;
}

void core_status(const struct core *core, struct core_status *out)
{
	(void)core;
	*out = (struct core_status){.firewall = w.firewall};
}

bool core_sip_helper(const struct core *core)
{
	(void)core;
	return w.kernel_helper;
}

static void assert_alerts(bool fails, bool kernel_helper)
{
	sip_status_look(w.s);
	assert_int_equal(w.on[DB_ALERT_SIP], fails);
	assert_int_equal(w.on[DB_ALERT_SIP_HELPER], kernel_helper);
}

static int begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.s = calloc(1, sizeof(*w.s));
	w.conf = calloc(1, sizeof(*w.conf));
	assert_non_null(w.s);
	assert_non_null(w.conf);
	w.conf->sip = true;
	w.s->conf = w.conf;
	log_open(&w.log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	w.s->log = &w.log;
	w.s->wan4 = addr_from4(0xcb007102);
	w.s->phones[0] = &w.phone;
	w.s->phone_count = 1;
	w.s->way_count = 1;
	w.s->ways[0] = (struct sip_way){.serve = w.s, .port = 5060, .udp4 = 5, .udp6 = -1,
		.tcp4 = -1};
	for (size_t i = 0; i < SIP_ASKS; i++)
		w.s->ways[0].asks[i] = (struct sip_ask){.way = &w.s->ways[0], .fd = NULL};
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(w.s);
	free(w.conf);
	return 0;
}

static void test_a_failure_is_told_once(void **state)
{
	struct serve_sip_status now;

	(void)state;
	assert_alerts(false, false);
	w.s->ways[0].asks[1].err = ERR_EXISTS;
	assert_alerts(true, false);
	assert_alerts(true, false);
	assert_int_equal(w.raised, 1);
	assert_string_equal(w.text, "Another program on this router has the SIP port.");
	serve_sip_status(w.s, &now);
	assert_int_equal(now.state, SERVE_SIP_FAILS);
	w.s->ways[0].asks[1].err = ERR_UNSUPPORTED;
	assert_alerts(true, false);
	assert_int_equal(w.raised, 2);
	assert_non_null(strstr(w.text, "nft_tproxy"));
	w.s->ways[0].asks[1].err = 0;
	assert_alerts(false, false);
	assert_int_equal(w.raised, 2);
}

/* Waiting is neither better nor worse than it was. */
static void test_waiting_tells_nothing(void **state)
{
	(void)state;
	w.s->wan4 = addr_any4();
	w.on[DB_ALERT_SIP] = true;
	assert_alerts(true, false);
	w.s->wan4 = addr_from4(0xcb007102);
	assert_alerts(false, false);
	w.s->wan4 = addr_any4();
	assert_alerts(false, false);
}

static void test_no_phone_no_alert(void **state)
{
	(void)state;
	w.s->ways[0].asks[1].err = ERR_DENIED;
	w.kernel_helper = true;
	assert_alerts(true, true);
	w.s->phone_count = 0;
	assert_alerts(false, false);
	w.s->phone_count = 1;
	assert_alerts(true, true);
	w.conf->sip = false;
	w.s->phone_count = 0;
	assert_alerts(false, false);
}

/* What the last run had told holds until the firewall can say how it is. */
static void test_the_kernels_helper(void **state)
{
	(void)state;
	w.firewall = CORE_FAILED;
	w.on[DB_ALERT_SIP_HELPER] = true;
	assert_alerts(false, true);
	w.firewall = CORE_OK;
	assert_alerts(false, false);
	w.kernel_helper = true;
	assert_alerts(false, true);
	assert_alerts(false, true);
	assert_int_equal(w.raised, 1);
	w.firewall = CORE_LATE;
	w.kernel_helper = false;
	assert_alerts(false, true);
	w.firewall = CORE_OK;
	assert_alerts(false, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_failure_is_told_once, begin, end),
		cmocka_unit_test_setup_teardown(test_waiting_tells_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_no_phone_no_alert, begin, end),
		cmocka_unit_test_setup_teardown(test_the_kernels_helper, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
