/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the phone 192.168.1.20 through the server 192.0.2.1, for the tests of sipcall*.c: each
 * message is written as text, decoded and seen; then it is asked which ports are open and for whom.
 * After every message all calls are sound.
 */
#ifndef TESTS_UNIT_SIPCALL_RIG_H
#define TESTS_UNIT_SIPCALL_RIG_H

#include "protocols/sipcall.h"

#include "sip_rig.h"

#define RIG_SDP(ip, port, more) "v=0\no=- 1 1 IN IP4 " ip "\ns=-\nc=IN IP4 " ip "\nt=0 0\n" \
	"m=audio " port " RTP/AVP 8 0\n" more
#define OWN_A RIG_SDP("192.168.1.20", "4000", "")
#define OWN_B RIG_SDP("192.168.1.20", "5000", "")
#define FAR_1 RIG_SDP("198.51.100.1", "7000", "")
#define FAR_2 RIG_SDP("198.51.100.2", "7000", "")
#define FAR_3 RIG_SDP("198.51.100.3", "7000", "")
#define NONE ""

struct rig_message {
	bool by_phone;
	unsigned status;		/* 0: a request */
	const char *method;
	unsigned cseq;			/* 0: 1 */
	const char *own, *peer;		/* tags: NULL for "own" and "peer"; NONE */
	const char *sdp;		/* NULL: none */
	const char *more;		/* header lines */
	const char *id;
};

struct rig {
	struct sipcalls calls;
	struct sipcall_facts facts;
	struct sipcall *c;		/* as the last message said */
	bool changed;
	int err;
};

static inline struct addr rig_addr(const char *text)
{
	struct addr a;

	assert(addr_decode(str_from(text), &a) == 0);
	return a;
}

static inline void rig_begin(struct rig *r)
{
	*r = (struct rig){.facts = {.now_s = 1000, .may_begin = true}};
	r->facts.lan = rig_addr("192.168.1.20");
	r->facts.wan = rig_addr("203.0.113.7");
	r->facts.peer = rig_addr("192.0.2.1");
}

static inline size_t rig_tag(char *out, size_t size, const char *tag, const char *normal)
{
	const char *text = tag ? tag : normal;

	return (size_t)snprintf(out, size, "%s%s", *text ? ";tag=" : "", text);
}

static inline void rig_write(const struct rig_message *t, char *out, size_t size)
{
	char own[256], peer[256];
	bool asked = t->by_phone == (t->status == 0);
	unsigned cseq = t->cseq ? t->cseq : 1;
	int n;

	rig_tag(own, sizeof(own), t->own, "own");
	rig_tag(peer, sizeof(peer), t->peer, "peer");
	if (t->status)
		n = snprintf(out, size, "SIP/2.0 %u x\n", t->status);
	else
		n = snprintf(out, size, "%s sip:b@example.org SIP/2.0\n", t->method);
	n += snprintf(out + n, size - (size_t)n, "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\n"
		"From: <sip:%s@example.org>%s\nTo: <sip:%s@example.org>%s\nCall-ID: %s\n"
		"CSeq: %u %s\n%s%s\n%s", asked ? "phone" : "other", asked ? own : peer,
		asked ? "other" : "phone", asked ? peer : own, t->id ? t->id : "call",
		cseq, t->method, t->more ? t->more : "",
		t->sdp ? "Content-Type: application/sdp\n" : "", t->sdp ? t->sdp : "");
	assert(n > 0 && (size_t)n < size);
}

static inline void rig_check(const struct rig *r)
{
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		const struct sipcall *c = &r->calls.at[i];
		assert(c->state == SIPCALL_FREE || sipcall_is_sound(c));
	}
}

static inline void rig_see(struct rig *r, const struct rig_message *t)
{
	static struct sip_message m;
	char text[8192];

	rig_write(t, text, sizeof(text));
	struct str bytes = sip_rig_text(text);
	assert(sip_decode(bytes, false, &m) == 0);
	r->facts.by_phone = t->by_phone;
	r->err = sipcall_see(&r->calls, &m, &r->facts, &r->c, &r->changed);
	sip_rig_free(bytes);
	rig_check(r);
}

static inline uint64_t rig_tick(struct rig *r, uint64_t now_s, bool used)
{
	bool all[SIPCALL_MAX];
	uint64_t next;

	for (size_t i = 0; i < SIPCALL_MAX; i++)
		all[i] = used;
	r->facts.now_s = now_s;
	next = sipcall_tick(&r->calls, now_s, all);
	rig_check(r);
	return next;
}

/* "4000 5000": the ports of now, then those that only next has. */
static inline const char *rig_ports(const struct sipcall *c)
{
	static char out[256];
	int n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < c->now.count; i++)
		n += snprintf(out + n, sizeof(out) - (size_t)n, " %u", c->now.at[i].port);
	for (unsigned i = 0; i < c->next.count; i++) {
		unsigned k = 0;
		while (k < c->now.count && c->now.at[k].port != c->next.at[i].port)
			k++;
		if (k == c->now.count)
			n += snprintf(out + n, sizeof(out) - (size_t)n, " %u",
				c->next.at[i].port);
	}
	return n ? out + 1 : out;
}

/* "1 2": the last octets of who may send besides the server. */
static inline const char *rig_peers(const struct sipcall *c)
{
	static char out[64];
	int n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < c->peer_count; i++)
		n += snprintf(out + n, sizeof(out) - (size_t)n, " %u", c->peers[i].b[15]);
	return n ? out + 1 : out;
}

static inline unsigned rig_count(const struct rig *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < SIPCALL_MAX; i++)
		n += r->calls.at[i].state != SIPCALL_FREE;
	return n;
}

#define PHONE(...) rig_see(&r, &(struct rig_message){.by_phone = true, __VA_ARGS__})
#define PEER(...) rig_see(&r, &(struct rig_message){.by_phone = false, __VA_ARGS__})

/* The phone calls; the other answers from 198.51.100.1. */
static inline void rig_call_out(struct rig *r)
{
	rig_begin(r);
	rig_see(r, &(struct rig_message){.by_phone = true, .method = "INVITE", .peer = NONE,
		.sdp = OWN_A});
	rig_see(r, &(struct rig_message){.status = 200, .method = "INVITE", .sdp = FAR_1});
	rig_see(r, &(struct rig_message){.by_phone = true, .method = "ACK"});
}

/* The phone is called. */
static inline void rig_call_in(struct rig *r)
{
	rig_begin(r);
	rig_see(r, &(struct rig_message){.method = "INVITE", .own = NONE, .sdp = FAR_1});
	rig_see(r, &(struct rig_message){.by_phone = true, .status = 200, .method = "INVITE",
		.sdp = OWN_A});
	rig_see(r, &(struct rig_message){.method = "ACK"});
}

#define assert_call(wanted_state, ports, peers) do { \
	assert_non_null(r.c); \
	assert_int_equal(r.c->state, wanted_state); \
	assert_string_equal(rig_ports(r.c), ports); \
	assert_string_equal(rig_peers(r.c), peers); \
} while (0)
#define assert_over(wanted) do { \
	assert_non_null(r.c); \
	assert_int_equal(r.c->state, SIPCALL_OVER); \
	assert_string_equal(r.c->why, wanted); \
	assert_true(r.changed); \
} while (0)
#define assert_none() do { \
	assert_null(r.c); \
	assert_false(r.changed); \
	assert_int_equal(r.err, 0); \
} while (0)

#endif
