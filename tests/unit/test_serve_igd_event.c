/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscriptions on a virtual clock, in a network and with a post that only this file has: what is
 * told whom and when, whatever becomes of the messages.
 */
#include "gateway/serve_igd_event.h"

#include "gateway/deliver.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define START_MS 5000
#define LAN 7
#define SENT_MAX 256
#define TEXT_MAX 2048
#define FIRST_MS 100
#define MESSAGE_MS 30000
#define URL "<http://192.168.1.10:4000/>"
#define URL2 "<http://192.168.1.10:4001/>"

struct sent {
	struct deliver *by;	/* NULL: it has come to its end */
	struct deliver_to to;
	uint64_t at_ms;
	char text[TEXT_MAX];
};

struct request {
	struct httpd_request req;
	struct httpd_peer peer;
	const char *callback, *nt, *sid, *timeout;
};

/* The world around the server; the fakes below have no other way to it. */
static struct world {
	struct loop *loop;
	struct db_state state;
	struct addr wan4;
	size_t entries;
	uint32_t update_id;
	struct net_if wan, lan;
	bool left;		/* no host is on the LAN any more */
	core_news_fn *news;
	net_fn *net;
	void *arg;
	unsigned status;	/* of the last answer */
	char sid[GENA_SID_LEN + 1];
	bool refuse;		/* connections fail at once */
	bool whole;		/* messages go out whole */
	struct sent sent[SENT_MAX];
	size_t count;
	struct serve_igd_event *events;
} w;

/* ---- what the server calls ---- */

int core_watch(struct core *core, core_news_fn *fn, void *arg)
{
	(void)core;
	w.news = fn;
	w.arg = arg;
	return 0;
}

void core_unwatch(struct core *core, core_news_fn *fn, void *arg)
{
	(void)core;
	(void)fn;
	(void)arg;
}

static void tell(enum core_news news)
{
	w.news(w.arg, &(struct core_told){.news = news});
}

const struct addr *core_wan4(const struct core *core)
{
	(void)core;
	return &w.wan4;
}

size_t core_openings4(const struct core *core)
{
	(void)core;
	return w.entries;
}

uint32_t core_update_id(const struct core *core)
{
	(void)core;
	return w.update_id;
}

const struct db_state *core_state(const struct core *core)
{
	(void)core;
	return &w.state;
}

int net_watch(struct net *net, net_fn *fn, void *arg)
{
	(void)net;
	(void)arg;
	w.net = fn;
	return 0;
}

void net_unwatch(struct net *net, net_fn *fn, void *arg)
{
	(void)net;
	(void)fn;
	(void)arg;
}

const struct net_if *net_wan(const struct net *net)
{
	(void)net;
	return &w.wan;
}

const struct net_if *net_lan_of(const struct net *net, int ifindex)
{
	(void)net;
	return ifindex == LAN ? &w.lan : NULL;
}

bool net_is_lan_source(const struct net *net, int ifindex, const struct addr *src)
{
	(void)net;
	(void)src;
	return ifindex == LAN && !w.left;
}

/* Hosts from 192.168.1.100 on are one and the same. */
bool net_neigh_mac(const struct net *net, int ifindex, const struct addr *addr,
	uint8_t mac[NEIGH_MAC_LEN])
{
	(void)net;
	(void)ifindex;
	memset(mac, 2, NEIGH_MAC_LEN);
	return addr->b[15] >= 100;
}

int httpd_field(const struct httpd_request *req, struct str name, struct str *out)
{
	const struct request *r = (const struct request *)req;
	const char *value = str_eq(name, STR("CALLBACK")) ? r->callback
			    : str_eq(name, STR("NT")) ? r->nt
			    : str_eq(name, STR("SID")) ? r->sid : r->timeout;

	if (!value)
		return ERR_NOT_FOUND;
	*out = str_from(value);
	return 0;
}

void httpd_answer(struct httpd_request *req, const struct httpd_answer *answer)
{
	(void)req;
	w.status = answer->status;
	w.sid[0] = '\0';
	for (size_t i = 0; i < answer->field_count; i++) {
		if (strcmp(answer->fields[i].name, "SID") == 0)
			memcpy(w.sid, answer->fields[i].value, sizeof(w.sid));
	}
}

int deliver_begin(struct deliver *d, const struct deliver_to *to, struct str message)
{
	struct sent *s = &w.sent[w.count];

	if (w.refuse)
		return ERR_GONE;
	assert_true(w.count < SENT_MAX && message.len < TEXT_MAX && !d->connected);
	w.count++;
	*s = (struct sent){.by = d, .to = *to, .at_ms = loop_now_ms(w.loop)};
	memcpy(s->text, message.p, message.len);
	d->connected = true;
	return 0;
}

bool deliver_is_under_way(const struct deliver *d)
{
	return d->connected;
}

bool deliver_was_sent(const struct deliver *d)
{
	(void)d;
	return w.whole;
}

void deliver_stop(struct deliver *d)
{
	for (size_t i = 0; i < w.count; i++) {
		if (w.sent[i].by == d)
			w.sent[i].by = NULL;
	}
}

/* ---- acting on it ---- */

static int set_up(void **state)
{
	const struct conf conf = {.pinholes = true};

	(void)state;
	w = (struct world){
		.loop = loop_new_virtual(START_MS),
		.wan4 = addr_from4(0xcb007102),
		.wan = {.ifindex = 2, .up = true, .running = true},
		.lan = {.name = "br-lan", .ifindex = LAN, .up = true, .running = true},
		.whole = true,
	};
	w.events = serve_igd_event_new(w.loop, NULL, NULL, &conf);
	return w.events ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	serve_igd_event_free(w.events);
	loop_free(w.loop);
	return 0;
}

static unsigned ask(uint8_t host, struct request r, const char *method)
{
	const struct igd_path path = {IGD_PATH_EVENT, IGD_V2, IGD_WANIPC};

	r.req.method = str_from(method);
	r.req.peer = &r.peer;
	r.peer.ifindex = LAN;
	r.peer.client.addr = addr_from4(0xc0a80100u | host);
	serve_igd_event_answer(w.events, &r.req, &path);
	return w.status;
}

static unsigned subscribe(uint8_t host, const char *callback)
{
	return ask(host, (struct request){.callback = callback, .nt = "upnp:event"}, "SUBSCRIBE");
}

static unsigned subscribe_any(uint8_t host)
{
	char url[] = "<http://192.168.1.000/>";

	url[18] = (char)('0' + host / 100);
	url[19] = (char)('0' + host / 10 % 10);
	url[20] = (char)('0' + host % 10);
	if (host < 100)
		memmove(url + 18, url + 19, strlen(url + 18));
	return subscribe(host, url);
}

static struct sent *last(void)
{
	assert_true(w.count > 0);
	return &w.sent[w.count - 1];
}

/* The last message has come to this end. */
static void end(int result)
{
	struct deliver *d = last()->by;

	assert_non_null(d);
	last()->by = NULL;
	d->connected = false;
	d->done(d->arg, result);
	loop_advance(w.loop, 0);
}

static void assert_says(const char *part)
{
	if (!strstr(last()->text, part))
		fail_msg("%s is not in %s", part, last()->text);
}

static void assert_silent_about(const char *part)
{
	assert_null(strstr(last()->text, part));
}

static void another_entry(void)
{
	w.entries++;
	w.update_id++;
	tell(CORE_NEWS_OPENED);
	loop_advance(w.loop, 0);
}

/* Subscribed, and told everything. */
static void begin(const char *callback)
{
	assert_int_equal(subscribe(10, callback), 200);
	loop_advance(w.loop, FIRST_MS);
	end(200);
	loop_advance(w.loop, 1000);
	assert_int_equal(w.count, 1);
}

/* ---- tests ---- */

static void the_first_event_is_zero(void **state)
{
	(void)state;
	assert_int_equal(subscribe(10, URL), 200);
	assert_int_equal(strlen(w.sid), GENA_SID_LEN);
	assert_int_equal(w.sid[19], '4');
	loop_advance(w.loop, FIRST_MS - 1);
	assert_int_equal(w.count, 0);
	loop_advance(w.loop, 1);
	assert_int_equal(w.count, 1);
	assert_says("\r\nSEQ: 0\r\n");
	assert_says(w.sid);
	assert_says("<ExternalIPAddress>203.0.113.2<");
	assert_says("<SystemUpdateID>0<");
	assert_int_equal(last()->to.to.port, 4000);
	assert_string_equal(last()->to.ifname, "br-lan");
	assert_int_equal(last()->to.ifindex, LAN);
}

static void changes_are_told_together(void **state)
{
	(void)state;
	begin(URL);
	another_entry();
	assert_int_equal(w.count, 2);
	assert_says("SEQ: 1\r\n");
	assert_says("<PortMappingNumberOfEntries>1<");
	assert_silent_about("ExternalIPAddress");
	for (int i = 0; i < 50; i++)
		another_entry();
	w.wan.running = false;
	w.net(w.arg, NET_WAN_CHANGED);
	loop_advance(w.loop, 1000);
	assert_int_equal(w.count, 2);
	end(200);
	assert_int_equal(w.count, 3);
	assert_says("SEQ: 2\r\n");
	assert_says("<PortMappingNumberOfEntries>51<");
	end(200);
	loop_advance(w.loop, 10000);
	assert_int_equal(w.count, 3);
	tell(CORE_NEWS_REFUSED);
	tell(CORE_NEWS_CHANGED);
	loop_advance(w.loop, 1000);
	assert_int_equal(w.count, 3);
}

static void at_most_five_a_second(void **state)
{
	(void)state;
	begin(URL);
	for (int i = 0; i < 1000; i++) {
		another_entry();
		if (last()->by)
			end(200);
		loop_advance(w.loop, 1);
	}
	assert_in_range(w.count, 4, 7);
	loop_advance(w.loop, 1000);
	assert_says("<PortMappingNumberOfEntries>1000<");
}

static void what_nobody_took_is_told_again(void **state)
{
	uint64_t began;

	(void)state;
	assert_int_equal(subscribe(10, URL), 200);
	loop_advance(w.loop, FIRST_MS);
	w.whole = false;
	end(ERR_GONE);
	another_entry();
	assert_int_equal(w.count, 1);
	loop_advance(w.loop, 2000);
	assert_int_equal(w.count, 2);
	assert_says("SEQ: 0\r\n");	/* nobody has seen it */
	assert_says("<PortMappingNumberOfEntries>1<");
	w.whole = true;
	end(500);
	began = loop_now_ms(w.loop);
	loop_advance(w.loop, 4000);
	assert_int_equal(last()->at_ms, began + 4000);
	assert_says("SEQ: 1\r\n");
	assert_says("ExternalIPAddress");
	w.refuse = true;
	end(ERR_GONE);
	loop_advance(w.loop, 200000);
	w.refuse = false;
	loop_advance(w.loop, 64000);
	assert_int_equal(w.count, 4);
	assert_says("SEQ: 2\r\n");
	end(299);
	another_entry();
	assert_int_equal(w.count, 5);
	assert_says("SEQ: 3\r\n");
	assert_silent_about("ExternalIPAddress");
}

static void the_next_callback_is_tried(void **state)
{
	(void)state;
	assert_int_equal(subscribe(10, URL URL2), 200);
	loop_advance(w.loop, FIRST_MS);
	assert_int_equal(last()->to.until_ms, last()->at_ms + MESSAGE_MS / 2);
	loop_advance(w.loop, 10000);
	end(500);
	assert_int_equal(w.count, 2);
	assert_int_equal(last()->to.to.port, 4001);
	assert_int_equal(last()->to.until_ms, START_MS + FIRST_MS + MESSAGE_MS);
	assert_says("SEQ: 0\r\n");
	end(200);
	another_entry();
	assert_int_equal(last()->to.to.port, 4000);
	assert_says("SEQ: 1\r\n");
}

static void who_knows_nothing_of_it_is_told_no_more(void **state)
{
	(void)state;
	begin(URL);
	another_entry();
	end(412);
	another_entry();
	loop_advance(w.loop, 100000);
	assert_int_equal(w.count, 2);
}

static void expiry_is_silent(void **state)
{
	char sid[sizeof(w.sid)];

	(void)state;
	begin(URL);
	memcpy(sid, w.sid, sizeof(sid));
	loop_advance(w.loop, 1000 * 1000);
	assert_int_equal(ask(10, (struct request){.sid = sid}, "SUBSCRIBE"), 200);
	assert_string_equal(w.sid, sid);
	loop_advance(w.loop, 1799 * 1000);
	another_entry();
	assert_int_equal(w.count, 2);
	loop_advance(w.loop, 1000);
	assert_null(last()->by);	/* given up with it */
	assert_int_equal(ask(10, (struct request){.sid = sid}, "SUBSCRIBE"), 412);
	another_entry();
	assert_int_equal(w.count, 2);
}

static void only_the_subscriber_ends_it(void **state)
{
	char sid[sizeof(w.sid)];

	(void)state;
	begin(URL);
	memcpy(sid, w.sid, sizeof(sid));
	assert_int_equal(ask(11, (struct request){.sid = sid}, "UNSUBSCRIBE"), 412);
	assert_int_equal(ask(11, (struct request){.sid = sid}, "SUBSCRIBE"), 412);
	assert_int_equal(ask(10, (struct request){.sid = "uuid:0"}, "UNSUBSCRIBE"), 412);
	another_entry();
	assert_int_equal(w.count, 2);
	assert_int_equal(ask(10, (struct request){.sid = sid}, "UNSUBSCRIBE"), 200);
	assert_null(last()->by);
}

static void who_left_is_not_followed(void **state)
{
	(void)state;
	begin(URL);
	w.left = true;
	another_entry();
	loop_advance(w.loop, 60000);
	assert_int_equal(w.count, 1);
	w.left = false;
	loop_advance(w.loop, 64000);
	assert_int_equal(w.count, 2);
	assert_says("<PortMappingNumberOfEntries>1<");
}

static void there_are_only_so_many(void **state)
{
	(void)state;
	for (int i = 0; i < SERVE_IGD_EVENT_CLIENT_MAX; i++)
		assert_int_equal(subscribe_any(10), 200);
	assert_int_equal(subscribe_any(10), 503);
	for (unsigned i = 0; i < SERVE_IGD_EVENT_HOST_MAX; i++)
		assert_int_equal(subscribe_any((uint8_t)(100 + i)), 200);
	assert_int_equal(subscribe_any(200), 503);
	for (unsigned i = SERVE_IGD_EVENT_CLIENT_MAX + SERVE_IGD_EVENT_HOST_MAX;
	     i < SERVE_IGD_EVENT_MAX; i++)
		assert_int_equal(subscribe_any((uint8_t)(20 + i)), 200);
	assert_int_equal(subscribe_any(99), 503);
	loop_advance(w.loop, FIRST_MS);
	assert_int_equal(w.count, SERVE_IGD_EVENT_MAX);
}

static void the_dead_make_room(void **state)
{
	(void)state;
	for (int i = 0; i < SERVE_IGD_EVENT_CLIENT_MAX; i++)
		assert_int_equal(subscribe(10, URL), 200);
	loop_advance(w.loop, FIRST_MS);
	assert_int_equal(subscribe(10, URL), 503);
	end(ERR_GONE);
	assert_int_equal(subscribe(11, "<http://192.168.1.11/>"), 200);
	assert_int_equal(subscribe(10, URL), 200);
	assert_int_equal(subscribe(10, URL), 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_event_is_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changes_are_told_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(at_most_five_a_second, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_took_is_told_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_callback_is_tried, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_knows_nothing_of_it_is_told_no_more, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(expiry_is_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_subscriber_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_left_is_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(there_are_only_so_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_dead_make_room, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
