/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptions: those of the RFCs, of phones, and of attackers. */
#include "protocols/sdp.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define V "v=0\no=- 1 1 IN IP4 192.168.1.20\ns=-\nt=0 0\n"
#define C "c=IN IP4 192.168.1.20\n"
#define AUDIO "m=audio 4000 RTP/AVP 0\n"

static struct sip_message m;
static struct sdp s;

static int decode_bytes(struct str text)
{
	m.bytes = text;
	m.body = (struct sip_span){0, (uint32_t)text.len};
	return sdp_decode(&m, m.body, &s);
}

/* What it says stays readable until the next one. */
static int decode(const char *text)
{
	static struct str kept;

	sip_rig_free(kept);
	kept = sip_rig_text(text);
	return decode_bytes(kept);
}

static const struct sdp_connection *connection(unsigned media)
{
	return sdp_connection_of(&s, &s.media[media]);
}

/* RFC 8866 section 5 */
static void the_example_of_sdp_is_read(void **state)
{
	(void)state;
	assert_int_equal(decode("v=0\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\n"
		"s=Call to John Smith\ni=SDP Offer #1\nu=http://www.jdoe.example.com/home.html\n"
		"e=Jane Doe <jane@jdoe.example.com>\np=+1 617 555-6011\nc=IN IP4 198.51.100.1\n"
		"t=0 0\nm=audio 49170 RTP/AVP 0\nm=audio 49180 RTP/AVP 0\n"
		"m=video 51372 RTP/AVP 99\nc=IN IP6 2001:db8::2\na=rtpmap:99 h263-1998/90000\n"),
		0);
	assert_true(s.origin_is_addr);
	assert_str(sip_text(&m, s.origin), "198.51.100.1");
	assert_int_equal(s.media_count, 3);
	assert_str(sip_text(&m, s.media[1].line), "m=audio 49180 RTP/AVP 0");
	assert_str(sip_text(&m, s.media[1].port), "49180");
	assert_str(sip_text(&m, connection(1)->addr), "198.51.100.1");
	assert_str(sip_text(&m, connection(2)->addr), "2001:db8::2");
	assert_true(connection(2)->is_addr && !addr_is4(&connection(2)->value));
	assert_str(sip_text(&m, s.media[0].formats), " 0");
	assert_str(sip_text(&m, s.media[2].lines), "\r\nc=IN IP6 2001:db8::2\r\n"
		"a=rtpmap:99 h263-1998/90000\r\n");
	assert_int_equal(s.media[2].transport, SDP_UDP);
	assert_true(s.media[2].is_rtp);
}

/* RFC 4566 section 5: multicast, with a time to live and layers. */
static void multicast_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(decode("v=0\no=jdoe 2890844526 2890842807 IN IP4 10.47.16.5\n"
		"s=SDP Seminar\nc=IN IP4 224.2.17.12/127\nt=2873397496 2873404696\na=recvonly\n"
		"m=audio 49170 RTP/AVP 0\nm=video 51372 RTP/AVP 99\na=rtpmap:99 h263-1998/90000\n"
		"m=video 1 RTP/AVP 0\nc=IN IP4 192.168.1.20/127\nm=video 2 RTP/AVP 0\n"
		"c=IN IP4 224.2.1.1/127/3\nm=video 3 RTP/AVP 0\nc=IN IP4 10.0.0.1\n"
		"c=IN IP4 10.0.0.2\n"
		"m=video 4 RTP/AVP 0\nc=IN IP6 FF15::101/3\nm=video 5 RTP/AVP 0\n"
		"c=IN IP4 224.2.1.1\n"),
		0);
	for (unsigned i = 0; i < s.media_count; i++)
		assert_true(connection(i)->multicast && !connection(i)->is_addr);
	assert_str(sip_text(&m, connection(0)->addr), "224.2.17.12");
	assert_true(s.media[0].inactive);
}

/* Traps 10 and 25, SIP-52: the own c= of a media counts; names and wrong types are no address. */
static void each_media_has_its_connection(void **state)
{
	(void)state;
	assert_int_equal(decode(V AUDIO C AUDIO "c=IN IP4 phone.example\n" AUDIO
		"c=IN IP6 192.168.1.20\n" AUDIO "c=IN IP4 2001:db8::1\n" AUDIO "c=IN IP4 0.0.0.0\n"
		"" AUDIO
		"c=IN IP6 ::ffff:192.168.1.20\n" AUDIO "c=TN RFC2543 192.168.1.20\n" AUDIO), 0);
	assert_true(connection(0)->is_addr);
	for (unsigned i = 1; i < 7; i++)
		assert_int_equal(connection(i)->is_addr, i == 4);	/* 0.0.0.0: an old hold */
	assert_true(addr_is_any(&connection(4)->value));
	assert_null(connection(7));
	assert_int_equal(s.connection.addr.len, 0);
}

/* SIP-51 */
static void lines_may_end_as_they_like(void **state)
{
	(void)state;
	assert_int_equal(decode_bytes(STR("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nm=audio 1 udp x")),
		0);
	assert_int_equal(s.media_count, 1);
	assert_str(sip_text(&m, s.media[0].line), "m=audio 1 udp x");
	assert_int_equal(decode_bytes(STR("v=0\r\nm=audio 1 udp x\r\nc=IN IP4 10.0.0.1")), 0);
	assert_str(sip_text(&m, s.media[0].connection.addr), "10.0.0.1");
	assert_int_equal(decode_bytes(STR("v=0\r\nm=audio 1 udp x\r\n\r\n\n")), 0);
	assert_int_equal(s.media_count, 1);
}

/* SIP-54, trap 23 */
static void profiles_say_the_transport(void **state)
{
	static const struct {
		const char *proto;
		enum sdp_transport transport;
		bool is_rtp;
	} cases[] = {
		{"RTP/AVP", SDP_UDP, true}, {"RTP/AVPF", SDP_UDP, true}, {"RTP/SAVP", SDP_UDP,
			true},
		{"rtp/savpf", SDP_UDP, true}, {"UDP/TLS/RTP/SAVPF", SDP_UDP, true},
		{"udp", SDP_UDP, false}, {"udptl", SDP_UDP, false}, {"UDPTL", SDP_UDP, false},
		{"UDP/BFCP", SDP_UDP, false}, {"UDP/DTLS/SCTP", SDP_UDP, false},
		{"DTLS/SCTP", SDP_UDP, false}, {"UDP/TLS/UDPTL", SDP_UDP, false},
		{"TCP", SDP_TCP, false}, {"TCP/MSRP", SDP_TCP, false}, {"TCP/BFCP", SDP_TCP, false},
		{"TCP/TLS/MSRP", SDP_TCP, false}, {"TCP/RTP/AVP", SDP_TCP, true},
		{"TCP/DTLS/SCTP", SDP_TCP, false}, {"SCTP", SDP_OTHER_TRANSPORT, false},
		{"AAL2/ITU", SDP_OTHER_TRANSPORT, false}, {"UDPX/RTP", SDP_OTHER_TRANSPORT, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), V "m=x 4000 %s 1 2\n", cases[i].proto);
		assert_int_equal(decode(text), 0);
		assert_int_equal(s.media[0].transport, cases[i].transport);
		assert_int_equal(s.media[0].is_rtp, cases[i].is_rtp);
	}
}

/* SIP-58 and RFC 8866 5.14 */
static void ports_are_counted(void **state)
{
	(void)state;
	assert_int_equal(decode(V "m=audio 6000/2 RTP/AVP 0\nm=audio 0 RTP/AVP 0\n"
		"m=image 65535 udptl t38\nm=audio 65532/2 RTP/AVP 0\nm=x 65534/2 udp x\n"), 0);
	assert_int_equal(s.media[0].count, 2);
	assert_str(sip_text(&m, s.media[0].port), "6000");
	assert_int_equal(s.media[1].port_number, 0);
	assert_int_equal(s.media[1].count, 1);
	assert_str(sip_text(&m, s.media[2].formats), " t38");
	assert_int_equal(decode(V "m=audio 65534/2 RTP/AVP 0\n"), ERR_RANGE);
	assert_int_equal(decode(V "m=x 65535/2 udp 0\n"), ERR_RANGE);
	assert_int_equal(decode(V "m=audio 65536 RTP/AVP 0\n"), ERR_RANGE);
	assert_int_equal(decode(V "m=audio 4294971296 RTP/AVP 0\n"), ERR_RANGE);
	assert_int_equal(decode(V "m=audio 1/0 RTP/AVP 0\n"), ERR_RANGE);
	assert_int_equal(decode(V "m=audio 1/65536 RTP/AVP 0\n"), ERR_RANGE);
	assert_int_equal(decode(V "m=audio -1 RTP/AVP 0\n"), ERR_SYNTAX);
	assert_int_equal(decode(V "m=audio 1/ RTP/AVP 0\n"), ERR_SYNTAX);
	assert_int_equal(decode(V "m=audio $ RTP/AVP 0\n"), ERR_SYNTAX);
}

/* RFC 3605 section 2.1 and RFC 5761 section 5.1.1; trap 19 */
static void rtcp_has_its_own_place(void **state)
{
	(void)state;
	assert_int_equal(decode(V C "m=audio 49170 RTP/AVP 0\na=rtcp:53020\n"
		"m=audio 49170 RTP/AVP 0\na=rtcp:53020 IN IP4 126.16.64.4\n"
		"m=audio 49170 RTP/AVP 0\na=rtcp:53020 IN IP6"
		" 2001:2345:6789:ABCD:EF01:2345:6789:ABCD\n"
		"m=audio 49170 RTP/AVP 97\na=rtpmap:97 iLBC/8000\na=rtcp-mux\na=rtcp:49170\n"
		"m=audio 1 RTP/AVP 0\na=rtcp-mux-only\nm=audio 1 RTP/AVP 0\na=rtcp-fb:* nack\n"),
		0);
	assert_int_equal(s.media[0].rtcp_port_number, 53020);
	assert_str(sip_text(&m, s.media[0].rtcp_port), "53020");
	assert_int_equal(s.media[0].rtcp_connection.addr.len, 0);
	assert_str(sip_text(&m, s.media[1].rtcp_connection.addr), "126.16.64.4");
	assert_true(s.media[1].rtcp_connection.is_addr);
	assert_true(s.media[2].rtcp_connection.is_addr);
	assert_true(s.media[3].rtcp_mux);
	assert_int_equal(s.media[3].rtcp_port_number, s.media[3].port_number);
	assert_true(s.media[4].rtcp_mux);
	assert_false(s.media[5].rtcp_mux);
	assert_int_equal(s.media[5].rtcp_port_number, 0);
	assert_int_equal(decode(V AUDIO "a=rtcp:65536\n"), ERR_RANGE);
	assert_int_equal(decode(V AUDIO "a=rtcp:x\n"), ERR_SYNTAX);
	assert_int_equal(decode(V AUDIO "a=rtcp:1 IN\n"), ERR_SYNTAX);
	assert_int_equal(decode(V AUDIO "a=rtcp:1 IN IP4 h x\n"), ERR_SYNTAX);
	assert_int_equal(decode(V AUDIO "a=rtcp:1\na=rtcp:1\n"), ERR_SYNTAX);
}

/* RFC 8843 and 9143 section 7.2: same group, same number. */
static void bundles_are_numbered(void **state)
{
	(void)state;
	assert_int_equal(decode("v=0\no=alice 2890844526 2890844526 IN IP6 2001:db8::3\ns=\n"
		"c=IN IP6 2001:db8::3\nt=0 0\na=group:BUNDLE foo bar\na=group:LS zen\n"
		"a=group:BUNDLE zen\nm=audio 10000 RTP/AVP 0 8 97\na=mid:foo\na=rtcp-mux\n"
		"m=video 10002 RTP/AVP 31 32\na=mid:bar\nm=audio 1 RTP/AVP 0\na=mid:zen\n"
		"m=audio 2 RTP/AVP 0\na=mid:other\nm=audio 3 RTP/AVP 0\nm=audio 4 RTP/AVP 0\n"
		"a=mid:BUNDLE\n"),
		0);
	assert_int_equal(s.media[0].bundle, 1);
	assert_int_equal(s.media[1].bundle, 1);
	assert_int_equal(s.media[2].bundle, 2);
	for (unsigned i = 3; i < 6; i++)
		assert_int_equal(s.media[i].bundle, 0);
}

/* RFC 8839 sections 4.1 and 4.2.5 */
static void ice_is_seen(void **state)
{
	(void)state;
	assert_int_equal(decode(V C "m=audio 45664 RTP/AVP 0\na=ice-pwd:asd88fgpdd777uzjYhagZg\n"
		"a=ice-ufrag:8hhY\na=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host\n"
		"" AUDIO
		AUDIO "a=candidate:2 1 UDP 1 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport"
			" 8998\n"),
		0);
	assert_true(s.media[0].has_ice && s.media[2].has_ice);
	assert_false(s.media[1].has_ice);
	assert_int_equal(decode(V C "a=ice-ufrag:8hhY\n" AUDIO AUDIO), 0);
	assert_true(s.media[0].has_ice && s.media[1].has_ice);
	assert_int_equal(decode(V C "a=ice-lite\na=ice-options:x\n" AUDIO), 0);
	assert_false(s.media[0].has_ice);
}

/* RFC 3264 sections 5.1 and 8.4; trap 11 */
static void holding_is_seen(void **state)
{
	(void)state;
	assert_int_equal(decode(V C "a=sendonly\n" AUDIO AUDIO "a=sendrecv\n" AUDIO "a=recvonly\n"
		AUDIO "a=inactive\n"), 0);
	assert_true(s.media[0].inactive);
	assert_false(s.media[1].inactive);
	assert_true(s.media[2].inactive && s.media[3].inactive);
}

/* RFC 3264 section 10: what a phone offers and what it refuses. */
static void offers_and_answers_are_read(void **state)
{
	(void)state;
	assert_int_equal(decode("v=0\no=alice 2890844526 2890844526 IN IP4 host.anywhere.com\n"
		"s=\nc=IN IP4 host.anywhere.com\nt=0 0\nm=audio 49170 RTP/AVP 0\n"
		"a=rtpmap:0 PCMU/8000\nm=video 0 RTP/AVP 31\na=rtpmap:31 H261/90000\n"
		"m=video 53000 RTP/AVP 32\na=rtpmap:32 MPV/90000\n"), 0);
	assert_false(s.origin_is_addr || s.connection.is_addr);
	assert_int_equal(s.media[1].port_number, 0);
	assert_str(sip_text(&m, s.media[1].port), "0");
	assert_str(sip_text(&m, s.media[1].lines), "\r\na=rtpmap:31 H261/90000\r\n");
}

static void sections_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(decode(V C "m=audio 1 RTP/AVP  96 0 \na=rtpmap:0 PCMU/8000\n\n"
		"m=audio 1 RTP/AVP"), 0);
	assert_str(sip_text(&m, s.media[0].formats), "  96 0 ");
	assert_str(sip_text(&m, s.media[0].lines), "\r\na=rtpmap:0 PCMU/8000\r\n\r\n");
	assert_int_equal(s.media[1].formats.len, 0);
	assert_int_equal(s.media[1].lines.len, 0);
}

static void origins_are_read(void **state)
{
	(void)state;
	assert_int_equal(decode("v=0\no=John A. Doe 1 2 IN IP4 192.168.1.20\n"), 0);
	assert_str(sip_text(&m, s.origin), "192.168.1.20");
	assert_true(s.origin_is_addr);
	assert_int_equal(decode("v=0\no=- 1 2 IN IP6 192.168.1.20\n"), 0);
	assert_false(s.origin_is_addr);
	assert_int_equal(decode("v=0\no=- 1 2 IN IP4\n"), ERR_SYNTAX);
	assert_int_equal(decode(V "o=- 1 2 IN IP4 192.168.1.20\n"), ERR_SYNTAX);
	assert_int_equal(decode(V AUDIO "o=- 1 2 IN IP4 192.168.1.20\n"), ERR_SYNTAX);
}

static void what_is_no_description_is_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "v=1\n", "v=00\n", "V=0\n", "s=-\nv=0\n",
		"v=0\nv=0\n",
		"v=0\nm =audio 1 RTP/AVP 0\n", "v=0\n=x\n", "v=0\nx\n", "v=0\n0=x\n", " v=0\n",
		"v=0\nc=\n", "v=0\nc=IN IP4\n", "v=0\nc=IN IP4 a b\n", V C C, "v=0\nm=audio\n",
		"v=0\nm=audio 1\n", "v=0\nm=\n", "<xml/>", V AUDIO "c=IN\n", V AUDIO C "c=x\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i]) != ERR_SYNTAX)
			fail_msg("%s", bad[i]);
	}
}

static void limits_are_what_they_say(void **state)
{
	char text[2048] = V C;

	(void)state;
	for (int i = 0; i < SDP_MEDIA_MAX; i++)
		strncat(text, AUDIO, sizeof(text) - strlen(text) - 1);
	assert_int_equal(decode(text), 0);
	assert_int_equal(s.media_count, SDP_MEDIA_MAX);
	strncat(text, AUDIO, sizeof(text) - strlen(text) - 1);
	assert_int_equal(decode(text), ERR_FULL);

	snprintf(text, sizeof(text), V);
	for (int i = 0; i < SDP_BUNDLES_MAX; i++)
		strncat(text, "a=group:BUNDLE a\n", sizeof(text) - strlen(text) - 1);
	assert_int_equal(decode(text), 0);
	strncat(text, "a=group:BUNDLE a\n", sizeof(text) - strlen(text) - 1);
	assert_int_equal(decode(text), ERR_FULL);
}

/* Every cut of a description that has everything, in exact blocks. */
static void cuts_are_harmless(void **state)
{
	struct str all = sip_rig_text(V C "a=group:BUNDLE a b\n" AUDIO "a=mid:a\n"
		"a=rtcp:1 IN IP4 h\n"
		"a=rtpmap:0 x\nm=audio 4/2 RTP/AVP 0\nc=IN IP6 ::1\na=mid:b\na=candidate:1\n");
	struct sdp before = {.media_count = 77};

	(void)state;
	for (size_t len = 0; len <= all.len; len++) {
		struct str cut = sip_rig_copy(all.p, len);

		s = before;
		if (decode_bytes(cut))
			assert_memory_equal(&s, &before, sizeof(s));
		sip_rig_free(cut);
	}
	assert_int_equal(s.media_count, 2);
	sip_rig_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_sdp_is_read),
		cmocka_unit_test(multicast_is_left_alone),
		cmocka_unit_test(each_media_has_its_connection),
		cmocka_unit_test(lines_may_end_as_they_like),
		cmocka_unit_test(profiles_say_the_transport),
		cmocka_unit_test(ports_are_counted),
		cmocka_unit_test(rtcp_has_its_own_place),
		cmocka_unit_test(bundles_are_numbered),
		cmocka_unit_test(ice_is_seen),
		cmocka_unit_test(holding_is_seen),
		cmocka_unit_test(offers_and_answers_are_read),
		cmocka_unit_test(sections_are_told_apart),
		cmocka_unit_test(origins_are_read),
		cmocka_unit_test(what_is_no_description_is_refused),
		cmocka_unit_test(limits_are_what_they_say),
		cmocka_unit_test(cuts_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
