/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What calls want is what is open, no more and no less: with a core and a firewall in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core_rig.h"

#include "gateway/serve_sip_int.h"
#include "protocols/err.h"

#define RTP 7078

static const struct core_act act = {.by = "test"};

struct world {
	struct rig *rig;
	struct serve_sip *s;
	struct sip_phone *p;
};
static unsigned answers;

static void on_answered(struct sip_phone *p)
{
	assert_non_null(p);
	answers++;
}

static uint32_t new_phone(struct rig *r, const char *addr)
{
	struct core_device_change c = {.zone = -1, .phone = true};
	struct core_host h = {.addr = rig_addr(addr), .ifindex = 1, .ifname = "br-lan"};
	struct core_fault fault;
	uint32_t id;

	rig_mac_of(NULL, &h.addr, h.mac);
	core_host_here(r->core, &h);
	rig_settle(r);
	id = core_device_of(r->core, &h.addr);
	assert_int_equal(core_device_put(r->core, id, &c, &act, &fault), 0);
	rig_settle(r);
	return id;
}

static struct serve_sip *new_gateway(struct rig *r)
{
	struct serve_sip *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->loop = r->loop;
	s->core = r->core;
	s->log = &r->log;
	s->wan4 = rig_addr("203.0.113.5");
	s->answered = on_answered;
	return s;
}

static struct world begin(void **state)
{
	struct rig *r = *state;
	struct world w = {.rig = r, .s = new_gateway(r)};

	w.p = sip_phone_new(w.s, new_phone(r, "192.168.1.10"));
	w.p->lan4 = rig_addr("192.168.1.10");
	answers = 0;
	return w;
}

static void end(struct world *w)
{
	while (w->s->phone_count > 0)
		sip_phone_free(w->s->phones[0]);
	free(w->s);
}

static struct sipcall *call(struct sip_phone *p, size_t i, const char *peer, uint16_t port,
	uint16_t count)
{
	struct sipcall *c = &p->calls.at[i];

	*c = (struct sipcall){.state = SIPCALL_UP, .signalling = rig_addr(peer)};
	c->now.count = 1;
	c->now.at[0] = (struct sipalg_stream){port, count, count > 1, 0};
	return c;
}

static void look(struct world *w)
{
	sip_media_look(w->p);
	rig_settle(w->rig);
}

static uint16_t external(const struct sip_phone *p, uint16_t port, uint16_t count)
{
	struct sipalg_streams s = {.count = 1, .at = {{port, count, count > 1, 0}}};

	sip_media_externals(p, &s, false);
	return s.at[0].external;
}

static size_t open_count(const struct world *w)
{
	return core_openings(w->rig->core);
}

static void pairs_are_even_and_odd(void **state)
{
	struct world w = begin(state);
	struct sipalg_streams s = {.count = 1, .at = {{RTP, 2, true, 0}}};
	uint16_t port;

	call(w.p, 0, "198.51.100.1", RTP, 2);
	sip_media_look(w.p);
	assert_false(sip_media_settled(w.p, &s, false));
	assert_int_equal(external(w.p, RTP, 2), 0);
	rig_settle(w.rig);
	assert_true(sip_media_settled(w.p, &s, false));
	assert_int_equal(answers, 2);
	port = external(w.p, RTP, 2);
	assert_true(port >= CORE_SIP_PORT_MIN && port < CORE_SIP_PORT_MAX && port % 2 == 0);
	assert_int_equal(external(w.p, RTP + 1, 1), port + 1);
	assert_int_equal(external(w.p, RTP, 3), 0);
	/* A run, and one of the same phone's ports in another call is the same outside. */
	call(w.p, 1, "198.51.100.2", 12000, 4);
	call(w.p, 2, "198.51.100.3", RTP, 2);
	look(&w);
	assert_int_equal(external(w.p, RTP, 2), port);
	assert_int_not_equal(external(w.p, 12000, 4), 0);
	assert_int_equal(external(w.p, 12003, 1), external(w.p, 12000, 1) + 3);
	assert_int_equal(open_count(&w), 6);
	end(&w);
}

static const struct opening *opening(const struct world *w, uint16_t port)
{
	const struct prefix any = prefix_any4();

	return core_opening_by_external(w->rig->core, MAP_PROTO_UDP, external(w->p, port, 1), &any);
}

static bool lets_in(const struct world *w, uint16_t port, const char *peer)
{
	const struct opening *o = opening(w, port);
	struct addr a = rig_addr(peer);

	/* Never everybody. */
	assert_non_null(o);
	assert_non_null(o->filters);
	for (uint8_t i = 0; i < o->filters->count; i++) {
		assert_int_equal(o->filters->at[i].remote.len, 128);
		if (addr_eq(&o->filters->at[i].remote.addr, &a))
			return true;
	}
	return false;
}

static void peers_come_and_go(void **state)
{
	struct world w = begin(state);
	struct sipcall *c = call(w.p, 0, "198.51.100.1", RTP, 1);
	uint32_t id;
	uint16_t port;

	look(&w);
	port = external(w.p, RTP, 1);
	id = opening(&w, RTP)->id;
	assert_true(lets_in(&w, RTP, "198.51.100.1"));
	assert_false(lets_in(&w, RTP, "198.51.100.9"));
	c->peers[c->peer_count++] = rig_addr("198.51.100.9");
	c->peers[c->peer_count++] = rig_addr("203.0.113.5");
	look(&w);
	assert_true(lets_in(&w, RTP, "198.51.100.9"));
	assert_false(lets_in(&w, RTP, "203.0.113.5"));
	c->peer_count = 0;
	look(&w);
	assert_true(lets_in(&w, RTP, "198.51.100.1"));
	assert_false(lets_in(&w, RTP, "198.51.100.9"));
	assert_int_equal(opening(&w, RTP)->id, id);
	assert_int_equal(external(w.p, RTP, 1), port);
	end(&w);
}

static void what_no_call_wants_closes(void **state)
{
	struct world w = begin(state);
	struct sipcall *c = call(w.p, 0, "198.51.100.1", RTP, 2);

	look(&w);
	assert_int_equal(open_count(&w), 2);
	c->has_next = true;
	c->next = c->now;
	c->next.at[0].port = 12000;
	look(&w);
	assert_int_equal(open_count(&w), 4);
	c->has_next = false;
	look(&w);
	assert_int_equal(open_count(&w), 2);
	c->state = SIPCALL_OVER;
	look(&w);
	assert_int_equal(open_count(&w), 0);
	/* Over before the core has answered. */
	call(w.p, 0, "198.51.100.1", RTP, 2);
	sip_media_look(w.p);
	c->state = SIPCALL_OVER;
	sip_media_look(w.p);
	rig_settle(w.rig);
	rig_settle(w.rig);
	assert_int_equal(open_count(&w), 0);
	end(&w);
}

static void a_refused_run_has_no_externals(void **state)
{
	struct world w = begin(state);
	struct sipalg_streams s = {.count = 1, .at = {{RTP, 2, true, 0}}};

	w.p->lan4 = rig_addr("198.51.100.77");
	call(w.p, 0, "198.51.100.1", RTP, 2);
	look(&w);
	assert_true(sip_media_settled(w.p, &s, false));
	assert_int_equal(external(w.p, RTP, 2), 0);
	assert_int_equal(open_count(&w), 0);
	end(&w);
}

static void a_phone_may_go_while_asked_for(void **state)
{
	struct world w = begin(state);

	call(w.p, 0, "198.51.100.1", RTP, 2);
	sip_media_look(w.p);
	sip_media_drop(w.p);
	sip_phone_free(w.p);
	rig_settle(w.rig);
	assert_int_equal(answers, 0);
	assert_int_equal(open_count(&w), 0);
	end(&w);
}

static void a_restart_keeps_them(void **state)
{
	struct world w = begin(state);
	struct serve_sip *next;
	struct sip_phone *p;
	uint16_t port;
	uint32_t id;

	call(w.p, 0, "198.51.100.1", RTP, 1);
	call(w.p, 1, "198.51.100.1", 12000, 1);
	call(w.p, 2, "198.51.100.1", 12100, 1);
	look(&w);
	port = external(w.p, RTP, 1);
	id = opening(&w, RTP)->id;
	assert_int_equal(open_count(&w), 3);
	/* Another gateway knows of two, and of one call only. */
	next = new_gateway(w.rig);
	p = sip_phone_new(next, w.p->device_id);
	p->lan4 = w.p->lan4;
	sip_media_resume(p, RTP, port, false);
	sip_media_resume(p, 12000, external(w.p, 12000, 1), false);
	call(p, 0, "198.51.100.1", RTP, 1);
	end(&w);
	w.s = next;
	w.p = p;
	sip_media_begin(next);
	rig_settle(w.rig);
	assert_int_equal(open_count(&w), 1);
	assert_int_equal(external(p, RTP, 1), port);
	assert_int_equal(opening(&w, RTP)->id, id);
	p->calls.at[0].state = SIPCALL_OVER;
	look(&w);
	assert_int_equal(open_count(&w), 0);
	end(&w);
}

/* We were killed before it was written: the port was another call's by then, led to from another
 * one outside. Whether or not that was asked for already by the row's word, the next call there
 * has media. */
static void the_kernel_knows_better_than_a_row(void **state)
{
	struct world w = begin(state);
	const struct addr peer = rig_addr("198.51.100.1");

	call(w.p, 0, "198.51.100.2", RTP, 1);
	look(&w);
	for (int asked = 0; asked < 2; asked++) {
		uint16_t port = external(w.p, RTP, 1);
		struct serve_sip *next = new_gateway(w.rig);
		struct sip_phone *p = sip_phone_new(next, w.p->device_id);

		p->lan4 = w.p->lan4;
		sip_media_resume(p, RTP, (uint16_t)(port ^ 2), false);
		call(p, 0, asked ? "198.51.100.1" : "198.51.100.3", RTP, 1);
		end(&w);
		w.s = next;
		w.p = p;
		if (asked)
			sip_media_look(p);
		sip_media_begin(next);
		rig_settle(w.rig);
		assert_int_equal(external(p, RTP, 1), port);
		assert_int_equal(open_count(&w), 1);
	}
	assert_int_equal(opening(&w, RTP)->filters->count, 1);
	assert_true(addr_eq(&opening(&w, RTP)->filters->at[0].remote.addr, &peer));
	end(&w);
}

static void leases_are_renewed_while_wanted(void **state)
{
	struct world w = begin(state);

	call(w.p, 0, "198.51.100.1", RTP, 1);
	look(&w);
	for (int i = 0; i < 8; i++) {
		loop_advance(w.rig->loop, 1801000);
		sip_media_renew(w.p);
		rig_settle(w.rig);
		assert_int_equal(open_count(&w), 1);
		assert_true(core_opening_left_s(w.rig->core, opening(&w, RTP)) > 3000);
	}
	end(&w);
}

/* The owner's word: it is not opened again for this call, not for other peers either, nor after a
 * restart; for the next call it is. */
static void what_the_owner_closes_stays_closed(void **state)
{
	struct world w = begin(state);
	struct sipcall *c = call(w.p, 0, "198.51.100.1", RTP, 1);

	look(&w);
	assert_int_equal(core_close(w.rig->core, opening(&w, RTP)->id, CORE_CLOSE_NOW, &act), 0);
	rig_settle(w.rig);
	assert_int_equal(open_count(&w), 0);
	c->signalling = rig_addr("198.51.100.2");
	look(&w);
	assert_int_equal(open_count(&w), 0);
	sip_media_renew(w.p);
	look(&w);
	assert_int_equal(open_count(&w), 0);
	assert_int_equal(external(w.p, RTP, 1), 0);
	memset(w.p->places, 0, sizeof(w.p->places));
	sip_media_resume(w.p, RTP, 0, false);
	sip_media_begin(w.s);
	rig_settle(w.rig);
	assert_int_equal(open_count(&w), 0);
	c->state = SIPCALL_OVER;
	look(&w);
	call(w.p, 0, "198.51.100.1", RTP, 1);
	look(&w);
	assert_int_equal(open_count(&w), 1);
	end(&w);
}

/* Nor by another port that this call names before anybody has looked, nor after a restart; another
 * call has its own. */
static void a_call_closed_by_hand_gets_no_other_port(void **state)
{
	struct world w = begin(state);
	struct sipcall *c = call(w.p, 0, "198.51.100.1", RTP, 2);

	look(&w);
	assert_int_equal(open_count(&w), 2);
	assert_int_equal(core_close(w.rig->core, opening(&w, RTP)->id, CORE_CLOSE_NOW, &act), 0);
	rig_settle(w.rig);
	c->has_next = true;
	c->next.count = 1;
	c->next.at[0] = (struct sipalg_stream){7100, 2, true, 0};
	look(&w);
	assert_int_equal(external(w.p, 7100, 2), 0);
	assert_int_equal(open_count(&w), 1);
	c->now = c->next;
	c->has_next = false;
	look(&w);
	assert_int_equal(open_count(&w), 0);
	assert_true(c->is_shut);
	memset(w.p->places, 0, sizeof(w.p->places));
	w.p->place_end = 0;
	sip_media_begin(w.s);
	rig_settle(w.rig);
	assert_int_equal(open_count(&w), 0);
	call(w.p, 1, "198.51.100.2", 7200, 2);
	look(&w);
	assert_int_equal(open_count(&w), 2);
	end(&w);
}

static void no_place_is_a_phones_public_one(void **state)
{
	struct world w = begin(state);
	struct sip_phone *other = sip_phone_new(w.s, 77);

	for (int i = 0; i < 200; i++) {
		call(w.p, 0, "198.51.100.1", RTP, 2);
		look(&w);
		uint16_t port = external(w.p, RTP, 2);
		assert_int_not_equal(port, 0);
		assert_int_not_equal(port + 1, other->wan_port);
		other->wan_port = (uint16_t)(port + 1);
		w.p->calls.at[0].state = SIPCALL_OVER;
		look(&w);
	}
	end(&w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

/* Also when the phone has held so many ports that it is given these again: what was chosen a moment
 * ago is free still, by the core's word. */
static void calls_at_once_have_ports_of_their_own(void **state)
{
	struct world w = begin(state);

	for (uint16_t round = 0; round < 60; round++) {
		for (uint16_t i = 0; i < SIPCALL_MAX; i++)
			call(w.p, i, "198.51.100.1", (uint16_t)(20000 + 16 * round + 2 * i), 2);
		look(&w);
		assert_int_equal(open_count(&w), 2 * SIPCALL_MAX);
		for (size_t i = 0; i < SIPCALL_MAX; i++)
			w.p->calls.at[i].state = SIPCALL_OVER;
		look(&w);
		assert_int_equal(open_count(&w), 0);
	}
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pairs_are_even_and_odd),
		TEST(peers_come_and_go),
		TEST(what_no_call_wants_closes),
		TEST(a_refused_run_has_no_externals),
		TEST(a_phone_may_go_while_asked_for),
		TEST(a_restart_keeps_them),
		TEST(the_kernel_knows_better_than_a_row),
		TEST(leases_are_renewed_while_wanted),
		TEST(what_the_owner_closes_stays_closed),
		TEST(a_call_closed_by_hand_gets_no_other_port),
		TEST(no_place_is_a_phones_public_one),
		TEST(calls_at_once_have_ports_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
