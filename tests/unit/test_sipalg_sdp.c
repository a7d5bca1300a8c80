/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Media of messages: which places want a port, and descriptions that name the ports they got. */
#include "protocols/sipalg_sdp.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define LINES "INVITE sip:b SIP/2.0\nv: SIP/2.0/UDP h\nf: sip:a;tag=1\nt: sip:b\ni: 1\n" \
	"CSeq: 1 INVITE\n"
#define HEAD LINES "c: application/sdp\n\n"
#define PARTS_HEAD LINES "c: multipart/alternative;boundary=b\n\n"
#define PARTS(addr, one, other) "--b\nc:application/sdp\n\n" V(addr) "m=audio " one " RTP/AVP 0\n" \
	"\n--b\nc:application/sdp\n\n" V(addr) "m=audio " one " RTP/SAVP 0\nm=x " other " udp x\n" \
	"\n--b--\n"
#define V(addr) "v=0\no=- 1 1 IN IP4 " addr "\ns=192.168.1.20\nc=IN IP4 " addr "\nt=0 0\n"
#define PHONE "192.168.1.20"
#define WAN "203.0.113.7"
#define PEERS_MAX 16
#define KEYS "b=AS:192168120\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:192.168.1.20+/4000|2^20\n" \
	"a=fingerprint:sha-256 19:21:68:12:0A\na=setup:actpass\na=fmtp:0 192.168.1.20 4000\n" \
	"a=X-unknown:c=IN IP4 192.168.1.20\na=source-filter: incl IN IP4 * 192.168.1.20\n" \
	"k=clear:m=\n"

static struct sip_message m;
static struct sipalg_streams streams;
static struct addr lan, wan;
static struct str kept;
static const char *head = HEAD;

static int read_streams(const char *body)
{
	char text[4096];

	assert_int_equal(addr_decode(STR(PHONE), &lan), 0);
	assert_int_equal(addr_decode(STR(WAN), &wan), 0);
	snprintf(text, sizeof(text), "%s%s", head, body);
	sip_rig_free(kept);
	kept = sip_rig_text(text);
	assert_int_equal(sip_decode(kept, false, &m), 0);
	streams.count = 77;
	return sipalg_sdp_streams(&m, &lan, &streams);
}

/* Ports from 36000 on, a run for each stream. */
static void assign(void)
{
	uint16_t next = 36000;

	for (uint16_t i = 0; i < streams.count; i++) {
		streams.at[i].external = next;
		next = (uint16_t)(next + streams.at[i].count + streams.at[i].count % 2);
	}
}

static void assert_edited(const char *body)
{
	static struct sip_edits e;
	static char out[4096];
	struct writer w = writer_to(out, sizeof(out));
	char text[4096];

	sip_edit_none(&e);
	assert_int_equal(sipalg_sdp_edit(&m, &lan, &streams, &wan, &e), 0);
	sip_edit_length(&e, &m);
	assert_int_equal(sip_edit_apply(&e, &m, &w), 0);
	snprintf(text, sizeof(text), "%s%s", head, body);
	struct str wanted = sip_rig_text(text);
	if (!str_eq(writer_done(&w), wanted))
		fail_msg("got %.*s", (int)w.len, out);
	sip_rig_free(wanted);
}

static void goes_out(const char *body, unsigned count, const char *wanted)
{
	assert_int_equal(read_streams(body), 0);
	assert_int_equal(streams.count, count);
	assign();
	assert_edited(wanted);
}

static void a_call_gets_a_pair(void **state)
{
	(void)state;
	goes_out(V(PHONE) "m=audio 4000 RTP/AVP 0\na=x:192.168.1.20 4000\n", 1,
		V(WAN) "m=audio 36000 RTP/AVP 0\na=x:192.168.1.20 4000\n");
	assert_true(streams.at[0].pair);
	assert_int_equal(streams.at[0].count, 2);
}

/* SIP-56, SIP-57 */
static void rtcp_goes_where_it_says(void **state)
{
	(void)state;
	goes_out(V(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp:5005 IN IP4 192.168.1.20\n", 2,
		V(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:36002 IN IP4 203.0.113.7\n");
	goes_out(V(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp:4001\n", 1,
		V(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:36001\n");
	goes_out(V(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp-mux\na=rtcp:4000\n", 1,
		V(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp-mux\na=rtcp:36000\n");
	/* Another's RTCP, even at a port of ours. */
	goes_out(V(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp:4001 IN IP4 192.168.1.21\n", 1,
		V(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:4001 IN IP4 192.168.1.21\n");
}

/* SIP-59, SIP-63, SIP-74 */
static void one_place_has_one_port(void **state)
{
	(void)state;
	goes_out(V(PHONE) "a=group:BUNDLE a v\nm=audio 4000 RTP/AVP 0\na=mid:a\n"
		"m=video 4000 RTP/AVP 9\n"
		"a=mid:v\nm=audio 4002 RTP/AVP 0\n", 2,
		V(WAN) "a=group:BUNDLE a v\nm=audio 36000 RTP/AVP 0\na=mid:a\n"
			"m=video 36000 RTP/AVP 9\n"
		"a=mid:v\nm=audio 36002 RTP/AVP 0\n");
}

/* SIP-58, trap 23 */
static void runs_and_fax_are_mapped(void **state)
{
	(void)state;
	goes_out(V(PHONE) "m=audio 6000/2 RTP/AVP 0\nm=image 4003 udptl t38\n", 2,
		V(WAN) "m=audio 36000/2 RTP/AVP 0\nm=image 36004 udptl t38\n");
	assert_int_equal(streams.at[0].count, 4);
	assert_int_equal(streams.at[1].count, 1);
	assert_false(streams.at[1].pair);
	/* The last port has none behind it. */
	goes_out(V(PHONE) "m=audio 65535 RTP/AVP 0\n", 1, V(WAN) "m=audio 36000 RTP/AVP 0\n");
	assert_int_equal(streams.at[0].count, 1);
}

/* SIP-50: alternatives name the same places, and get the same ports. */
static void all_parts_are_edited(void **state)
{
	(void)state;
	head = PARTS_HEAD;
	goes_out(PARTS(PHONE, "4000", "4002"), 2, PARTS(WAN, "36000", "36002"));
	head = HEAD;
}

/* SIP-52, 54, 60, 78, 85; traps 10, 11, 20, 21, 23, 25 */
static void what_is_not_the_phone_s_is_left(void **state)
{
	static const char *const bodies[] = {
		V(PHONE) "m=audio 0 RTP/AVP 0\n",
		V(PHONE) "m=message 4000 TCP/MSRP *\na=path:msrp://192.168.1.20:4000/x;tcp\n",
		V(PHONE) "m=audio 1023 RTP/AVP 0\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nc=IN IP4 192.168.1.21\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nc=IN IP4 192.168.1.20/127\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nc=IN IP6 ::ffff:192.168.1.20\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::20\n",
		V(WAN) "m=audio 4000 RTP/AVP 0\n",
		V("127.0.0.1") "m=audio 4000 RTP/AVP 0\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\na=candidate:1 1 UDP 1 192.168.1.20 4000 typ"
			" host\n",
		V(PHONE) "a=ice-ufrag:x\nm=audio 4000 RTP/AVP 0\n",
		V(PHONE) "m=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 9\na=ice-ufrag:x\n",
		V(PHONE),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		goes_out(bodies[i], 0, bodies[i]);
}

/* SIP-52: only the streams at the phone move, each by its own c=. */
static void each_media_moves_alone(void **state)
{
	(void)state;
	goes_out("v=0\no=- 1 1 IN IP4 192.168.1.20\ns=-\nt=0 0\nm=audio 4000 RTP/AVP 0\n"
		"c=IN IP4 192.168.1.21\nm=audio 4002 RTP/AVP 0\nc=IN IP4 192.168.1.20\n"
		"m=audio 4004 RTP/AVP 0\nc=IN IP6 2001:db8::20\n", 1,
		"v=0\no=- 1 1 IN IP4 203.0.113.7\ns=-\nt=0 0\nm=audio 4000 RTP/AVP 0\n"
		"c=IN IP4 192.168.1.21\nm=audio 36000 RTP/AVP 0\nc=IN IP4 203.0.113.7\n"
		"m=audio 4004 RTP/AVP 0\nc=IN IP6 2001:db8::20\n");
}

/* SIP-61, trap 22 */
static void keys_and_unknown_lines_are_left(void **state)
{
	(void)state;
	goes_out(V(PHONE) "m=audio 4000 UDP/TLS/RTP/SAVPF 0\n" KEYS, 1,
		V(WAN) "m=audio 36000 UDP/TLS/RTP/SAVPF 0\n" KEYS);
}

/* Trap 27: no port is no reason to stop a call. */
static void what_is_refused_is_left(void **state)
{
	static const char body[] = V(PHONE) "m=audio 4000 RTP/AVP 0\n";

	(void)state;
	assert_int_equal(read_streams(body), 0);
	assert_edited(body);
}

static void bounds_are_what_they_say(void **state)
{
	char body[2048] = V(PHONE);

	(void)state;
	for (int i = 0; i < SIPALG_STREAMS_MAX; i++) {
		char line[64];
		snprintf(line, sizeof(line), "m=audio %d RTP/AVP 0\n", 4000 + 2 * i);
		strncat(body, line, sizeof(body) - strlen(body) - 1);
	}
	assert_int_equal(read_streams(body), 0);
	assert_int_equal(streams.count, SIPALG_STREAMS_MAX);
	strncat(body, "m=audio 5000 RTP/AVP 0\n", sizeof(body) - strlen(body) - 1);
	assert_int_equal(read_streams(body), ERR_FULL);
	assert_int_equal(streams.count, 77);
	assert_int_equal(read_streams(V(PHONE) "m=audio 4000/16 RTP/AVP 0\n"), 0);
	assert_int_equal(read_streams(V(PHONE) "m=audio 4000/17 RTP/AVP 0\n"), ERR_FULL);
	assert_int_equal(read_streams(V(PHONE) "m=audio 4000/16 RTP/AVP 0\nm=x 9000 udp x\n"),
		ERR_FULL);
	assert_int_equal(read_streams(V(PHONE) "m=audio 70000 RTP/AVP 0\n"), ERR_RANGE);
	assert_int_equal(read_streams("x"), ERR_SYNTAX);
}

/* SIP-72 */
static void peers_are_named_once(void **state)
{
	struct addr peers[PEERS_MAX];
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(read_streams("v=0\nc=IN IP4 198.51.100.1\nm=audio 9 RTP/AVP 0\n"
		"c=IN IP4 198.51.100.5\nm=audio 1 RTP/AVP 0\n"
		"m=audio 2 RTP/AVP 0\n"
		"a=rtcp:3 IN IP4 198.51.100.2\nm=audio 3 RTP/AVP 0\nc=IN IP6 2001:db8::3\n"
		"m=audio 4 RTP/AVP 0\nc=IN IP4 0.0.0.0\nm=audio 0 RTP/AVP 0\n"
		"c=IN IP4 198.51.100.9\n"
		"m=audio 5 RTP/AVP 0\nc=IN IP4 224.0.0.9\nm=audio 6 RTP/AVP 0\nc=IN IP4 127.0.0.1\n"
		""), 0);
	assert_int_equal(sipalg_sdp_peers(&m, peers, PEERS_MAX), 4);
	assert_string_equal(addr_text(&peers[0], text), "198.51.100.5");
	assert_string_equal(addr_text(&peers[1], text), "198.51.100.1");
	assert_string_equal(addr_text(&peers[2], text), "198.51.100.2");
	assert_string_equal(addr_text(&peers[3], text), "2001:db8::3");
	assert_int_equal(sipalg_sdp_peers(&m, peers, 2), 2);
}

/* Behind 36000 to 36015 is one phone, behind 36100 to 36103 another, both from port 4000 on; what
 * comes after them leads to the other, and to another port of it. */
static bool find_phone(void *arg, uint16_t external, struct endpoint *out)
{
	bool first = external >= 36000 && external < 36016;
	bool other = external >= 36100 && external < 36104;

	(*(unsigned *)arg)++;
	if (external == 36016 || external == 36104) {
		*out = (struct endpoint){addr_from4(0xc0a8011f), 4016};
		return true;
	}
	if (!first && !other)
		return false;
	out->addr = addr_from4(first ? 0xc0a80114 : 0xc0a8011f);
	out->port = (uint16_t)(4000 + external - (first ? 36000 : 36100));
	return true;
}

static void comes_back(const char *body, const char *wanted)
{
	static struct sip_edits e;
	static char out[4096];
	unsigned asked = 0;
	struct sipalg_places places = {find_phone, &asked};
	struct writer w = writer_to(out, sizeof(out));
	char text[4096];

	assert_int_equal(read_streams(body), 0);
	sip_edit_none(&e);
	sipalg_sdp_back(&m, &wan, &places, &e);
	sip_edit_length(&e, &m);
	assert_int_equal(sip_edit_apply(&e, &m, &w), 0);
	snprintf(text, sizeof(text), "%s%s", head, wanted);
	struct str then = sip_rig_text(text);
	if (!str_eq(writer_done(&w), then))
		fail_msg("got %.*s", (int)w.len, out);
	sip_rig_free(then);
	assert_true(asked <= 4 * SIPALG_PORTS_MAX);
}

/* A description with its origin and its session's c=. */
#define O(addr) "v=0\no=- 1 1 IN IP4 203.0.113.7\ns=-\nc=IN IP4 " addr "\nt=0 0\n"
#define OTHER "192.168.1.31"

/* SIP-65; SIP-53: who made the session stays the same. */
static void phones_of_one_lan_talk_directly(void **state)
{
	(void)state;
	comes_back(O(WAN) "m=audio 36000 RTP/AVP 0\n", O(PHONE) "m=audio 4000 RTP/AVP 0\n");
	comes_back(O(WAN) "m=audio 36002 RTP/AVP 0\nm=video 36004/2 RTP/AVP 0\nm=image 36009 udptl"
		" t38\nm=x 0 udp x\n", O(PHONE) "m=audio 4002 RTP/AVP 0\nm=video 4004/2 RTP/AVP 0"
		"\nm=image 4009 udptl t38\nm=x 0 udp x\n");
	comes_back(O(WAN) "m=audio 36100 RTP/AVP 0\na=rtcp:36101\n",
		O(OTHER) "m=audio 4000 RTP/AVP 0\na=rtcp:4001\n");
	comes_back(O(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:36008 IN IP4 203.0.113.7\n",
		O(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp:4008 IN IP4 192.168.1.20\n");
	comes_back(O(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:36103 IN IP4 203.0.113.7\n",
		O(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp:4003 IN IP4 192.168.1.31\n");
	/* RTCP that goes to somebody else goes on doing so. */
	comes_back(O(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:9001 IN IP4 198.51.100.1\n",
		O(PHONE) "m=audio 4000 RTP/AVP 0\na=rtcp:9001 IN IP4 198.51.100.1\n");
	head = PARTS_HEAD;
	comes_back("--b\nc:application/sdp\n\n" O(WAN) "m=x 36000 udp x\n\n--b\n"
		"c:application/sdp\n\n" O(WAN) "m=x 36100 udp x\n\n--b--\n",
		"--b\nc:application/sdp\n\n" O(PHONE) "m=x 4000 udp x\n\n--b\n"
		"c:application/sdp\n\n" O(OTHER) "m=x 4000 udp x\n\n--b--\n");
	head = HEAD;
}

#define AT(addr) "c=IN IP4 " addr "\n"

static void media_are_led_back_each_by_its_own(void **state)
{
	(void)state;
	/* Two phones behind one peer, and one that is no phone of ours. */
	comes_back(O("198.51.100.1") "m=audio 36000 RTP/AVP 0\n" AT(WAN)
		"m=audio 36100 RTP/AVP 0\n" AT(WAN) "m=audio 36200 RTP/AVP 0\n" AT(WAN)
		"m=audio 36002 RTP/AVP 0\n",
		O("198.51.100.1") "m=audio 4000 RTP/AVP 0\n" AT(PHONE)
		"m=audio 4000 RTP/AVP 0\n" AT(OTHER) "m=audio 36200 RTP/AVP 0\n" AT(WAN)
		"m=audio 36002 RTP/AVP 0\n");
	/* The session's c= is for the first only. */
	comes_back(O(WAN) "m=audio 36000 RTP/AVP 0\nm=audio 36200 RTP/AVP 0\n" AT(WAN),
		O(PHONE) "m=audio 4000 RTP/AVP 0\nm=audio 36200 RTP/AVP 0\n" AT(WAN));
	/* Nobody goes by the session's. */
	comes_back(O(WAN) "m=audio 36000 RTP/AVP 0\n" AT(WAN),
		O(WAN) "m=audio 4000 RTP/AVP 0\n" AT(PHONE));
}

static void what_has_to_stay_keeps_its_company(void **state)
{
	static const char *const bodies[] = {
		/* The c= they share cannot lead to both. */
		O(WAN) "m=audio 36000 RTP/AVP 0\nm=video 36200 RTP/AVP 0\n",
		O(WAN) "m=audio 36200 RTP/AVP 0\nm=video 36000 RTP/AVP 0\n",
		O(WAN) "m=audio 36000 RTP/AVP 0\nm=video 36100 RTP/AVP 0\n",
		O(WAN) "m=audio 36000 RTP/AVP 0\nm=message 36002 TCP/MSRP *\n",
		/* RTCP would be lost: nobody's, another phone's, no port of media. */
		O(WAN) "m=audio 36015 RTP/AVP 0\n", O(WAN) "m=audio 36103 RTP/AVP 0\n",
		O(WAN) "m=audio 36017 RTP/AVP 0\n",
		O(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:36200\n",
		O(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:36101\n",
		O(WAN) "m=audio 36000 RTP/AVP 0\na=rtcp:5060\n",
		O(WAN) "m=audio 36014/2 RTP/AVP 0\n", O(WAN) "m=audio 36000/17 RTP/AVP 0\n",
		O(WAN) "m=audio 36000/9999 RTP/AVP 0\n",
		/* Not there, refused, on hold, ICE. */
		O(WAN) "m=audio 36200 RTP/AVP 0\n", O("198.51.100.1") "m=audio 36000 RTP/AVP 0\n",
		O(WAN) "m=audio 0 RTP/AVP 0\n", O("0.0.0.0") "m=audio 36000 RTP/AVP 0\n",
		O(WAN) "a=ice-ufrag:x\nm=audio 36000 RTP/AVP 0\n", O(WAN),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		comes_back(bodies[i], bodies[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_gets_a_pair),
		cmocka_unit_test(rtcp_goes_where_it_says),
		cmocka_unit_test(one_place_has_one_port),
		cmocka_unit_test(runs_and_fax_are_mapped),
		cmocka_unit_test(all_parts_are_edited),
		cmocka_unit_test(what_is_not_the_phone_s_is_left),
		cmocka_unit_test(each_media_moves_alone),
		cmocka_unit_test(keys_and_unknown_lines_are_left),
		cmocka_unit_test(what_is_refused_is_left),
		cmocka_unit_test(bounds_are_what_they_say),
		cmocka_unit_test(peers_are_named_once),
		cmocka_unit_test(phones_of_one_lan_talk_directly),
		cmocka_unit_test(media_are_led_back_each_by_its_own),
		cmocka_unit_test(what_has_to_stay_keeps_its_company),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	sip_rig_free(kept);
	return failed;
}
