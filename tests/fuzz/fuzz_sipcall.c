/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any sequence of messages of a phone's calls: three bytes each, which choose method, status, tags
 * and description, or time that passes, or (0x80) that all the rest is one message as it came. What
 * is kept is sound after each; a message changes the call it belongs to and no other, none that is
 * over, and an answered one only with both its tags. A call to the phone that rings may have to
 * make room.
 */
#include "protocols/err.h"
#include "protocols/sipcall.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define OVER "it is no phone any more"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SDP(ip, rest) "v=0\r\no=- 1 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n" rest

static const char *const tags[4] = {"", "a", "b", "c"};
static const char *const methods[8] = {"INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO",
	"INVITE"};
static const unsigned refusals[4] = {401, 486, 481, 491};
static const char *const timers[4] = {"", "x: 90\r\n", "Session-Expires: 1800;refresher=uac\r\n",
	"Session-Expires: 4294967296\r\n"};
/* Both sides: what names the other's address says nothing. */
static const char *const descriptions[16] = {
	NULL,
	SDP("192.168.1.20", "m=audio 4000 RTP/AVP 8\r\n"),
	SDP("192.168.1.20", "m=audio 5000 RTP/AVP 8\r\n"),
	SDP("192.168.1.20", "a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\nm=video 4002 RTP/AVP 99\r\n"),
	SDP("192.168.1.20", "m=audio 4000/17 RTP/AVP 8\r\n"),
	SDP("192.168.1.20", "m=audio 4000/16 RTP/AVP 8\r\n"),
	SDP("0.0.0.0", "m=audio 4000 RTP/AVP 8\r\n"),
	SDP("198.51.100.1", "m=audio 7000 RTP/AVP 8\r\n"),
	SDP("198.51.100.2", "m=audio 7000 RTP/AVP 8\r\nc=IN IP4 198.51.100.3\r\n"),
	SDP("198.51.100.4", "m=audio 7000 RTP/AVP 8\r\na=rtcp:9 IN IP4 198.51.100.5\r\n"),
	SDP("198.51.100.6", "m=audio 7000 RTP/AVP 8\r\na=inactive\r\n"),
	SDP("198.51.100.7", "m=audio 7000 RTP/AVP 8\r\nm=video 7000 RTP/AVP 8\r\n"
		"c=IN IP4 198.51.100.1\r\n"),
	SDP("192.0.2.1", "m=audio 7000 RTP/AVP 8\r\n"),
	SDP("203.0.113.7", "m=audio 7000 RTP/AVP 8\r\n"),
	"v=0\r\nm=audio 99999 RTP/AVP 8\r\n",
	"v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 7000 RTP/AVP 8\r\n",
};

static struct sipcalls calls;
static struct sipcall_facts facts;

static struct addr address(const char *text)
{
	struct addr a;

	assert(addr_decode(str_from(text), &a) == 0);
	return a;
}

static void begin(void)
{
	memset(&calls, 0, sizeof(calls));
	facts = (struct sipcall_facts){.lan = address("192.168.1.20"),
		.wan = address("203.0.113.7"), .peer = address("192.0.2.1"), .may_begin = true};
}

static struct str compose(const uint8_t three[3])
{
	static char out[2048];
	unsigned kind = three[0] >> 4 & 3, status = kind == 1 ? 183 : kind == 2 ? 200 : 0;
	const char *method = methods[three[0] >> 1 & 7], *sdp = descriptions[three[2] >> 4];
	const char *own = tags[three[2] & 3], *peer = tags[three[2] >> 2 & 3];
	bool asked = (three[0] & 1) == (kind == 0);
	int n;

	if (kind == 3)
		status = refusals[three[1] >> 2 & 3];
	if (kind)
		n = snprintf(out, sizeof(out), "SIP/2.0 %u x\r\n", status);
	else
		n = snprintf(out, sizeof(out), "%s sip:b@c SIP/2.0\r\n", method);
	n += snprintf(out + n, sizeof(out) - (size_t)n, "v: SIP/2.0/UDP 192.0.2.9\r\n"
		"f: <sip:a@b>%s%s\r\nt: <sip:b@c>%s%s\r\ni: %u\r\nCSeq: %u %s\r\n%s%s\r\n%s",
		*(asked ? own : peer) ? ";tag=" : "", asked ? own : peer,
		*(asked ? peer : own) ? ";tag=" : "", asked ? peer : own, three[1] >> 4 & 3u,
		1u + (three[1] & 3u), method, timers[three[1] >> 6],
		sdp ? "c: application/sdp\r\n" : "", sdp ? sdp : "");
	assert(n > 0 && (size_t)n < sizeof(out));
	return (struct str){out, (size_t)n};
}

static bool is(const struct sipcall_text *t, struct str text)
{
	return str_eq((struct str){t->at, t->len}, text);
}

static void check_all(void)
{
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		const struct sipcall *c = &calls.at[i];

		if (c->state == SIPCALL_FREE)
			continue;
		assert(sipcall_is_sound(c));
		for (unsigned k = 0; k < c->peer_count; k++)
			assert(!addr_eq(&c->peers[k], &facts.wan));
	}
}

static void check_call(const struct sip_message *m, const struct sipcall *was,
	const struct sipcall *c, bool changed)
{
	bool by_phone = m->is_request == facts.by_phone;
	struct str from = sip_text(m, m->from_tag), to = sip_text(m, m->to_tag);
	bool own = is(&c->own_tag, by_phone ? from : to);
	bool peer = is(&c->peer_tag, by_phone ? to : from);
	bool answered = was->state == SIPCALL_UP || was->state == SIPCALL_ENDING;

	assert(was->state != SIPCALL_OVER && c->state != SIPCALL_FREE);
	assert(is(&c->id, sip_text(m, m->call_id)) && (c->by_phone ? own : peer));
	assert(!answered || (own && peer) || !changed);
	if (was->state == SIPCALL_FREE)
		assert(changed && m->method == SIP_INVITE);
	if (c->state != was->state)
		assert(changed);
}

static int see_once(const struct sip_message *m)
{
	static struct sipcalls before;
	struct sipcall *c = NULL;
	bool changed = true;
	int err;

	before = calls;
	err = sipcall_see(&calls, m, &facts, &c, &changed);
	assert(err == 0 || c || !changed);
	if (!c)
		assert(!changed);
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		if (&calls.at[i] == c)
			check_call(m, &before.at[i], c, changed);
		else
			assert(memcmp(&calls.at[i], &before.at[i], sizeof(*c)) == 0);
	}
	check_all();
	return err;
}

static bool rings_in(const struct sipcall *c)
{
	return !c->by_phone && (c->state == SIPCALL_RINGING || c->state == SIPCALL_CHALLENGED);
}

/* One that rings goes, the oldest, and no other. */
static bool make_room(void)
{
	static struct sipcalls before;
	struct sipcall *gone;

	before = calls;
	gone = sipcall_make_room(&calls);
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		const struct sipcall *was = &before.at[i];

		assert(was->state != SIPCALL_FREE);
		if (&calls.at[i] == gone)
			assert(rings_in(was) && gone->state == SIPCALL_OVER);
		else
			assert(memcmp(&calls.at[i], was, sizeof(*was)) == 0);
		assert(!rings_in(was) || (gone && was->since_s >= gone->since_s));
	}
	check_all();
	if (gone)
		sipcall_drop(gone);
	return gone;
}

static void see(struct str bytes)
{
	static struct sip_message m;

	if (sip_decode(bytes, false, &m) == 0 && see_once(&m) == ERR_BUSY && make_room())
		assert(see_once(&m) != ERR_BUSY);
}

/* One bit of how: used; another: what is over is dropped. */
static void pass(unsigned how, unsigned seconds)
{
	bool used[SIPCALL_MAX];
	uint64_t next;

	facts.now_s += (uint64_t)seconds * seconds;
	for (size_t i = 0; i < SIPCALL_MAX; i++)
		used[i] = how >> i % 2 & 1;
	next = sipcall_tick(&calls, facts.now_s, used);
	assert(next > facts.now_s);
	if ((how & 12) == 12)
		sipcall_end_all(&calls, OVER);
	check_all();
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &calls.at[i];

		assert(c->state == SIPCALL_FREE || c->state == SIPCALL_OVER ||
			(c->until_s >= next && next != UINT64_MAX));
		if (c->state == SIPCALL_OVER && how & 4)
			sipcall_drop(c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	for (; size >= 3; data += 3, size -= 3) {
		facts.by_phone = data[0] & 1;
		facts.may_begin = (data[0] & 0xc0) != 0xc0;
		if (data[0] & 0x80) {
			see((struct str){(const char *)data + 1, size - 1});
			return 0;
		}
		if (data[0] & 0x40)
			pass(data[0] & 15, data[1]);
		else
			see(compose(data));
	}
	return 0;
}
