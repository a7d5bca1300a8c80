/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SIP message costs to read and write: us each for an INVITE as a phone sends it, from its
 * bytes to those that go out with Via, Contact, addresses and ports changed; and for each step of
 * that alone. Prints a table and judges nothing.
 */
#include "protocols/sdp.h"
#include "protocols/sdp_find.h"
#include "protocols/sip_edit.h"
#include "protocols/sip_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUN_NS 300000000.0

static const char invite[] =
	"INVITE sip:bob@example.org SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK-524287-1---a4f0b1c2d3e4f5a6;rport\r\n"
	"Max-Forwards: 70\r\n"
	"Contact: <sip:alice@192.168.1.20:5060;transport=UDP;ob>\r\n"
	"To: \"Bob\" <sip:bob@example.org>\r\n"
	"From: \"Alice\" <sip:alice@example.org>;tag=8f3a1b2c\r\n"
	"Call-ID: 97518Zjk3MGY0ZTVhZjM1MDQ1OGE4MmQwYzQ1ZmQ\r\n"
	"CSeq: 2 INVITE\r\n"
	"Allow: OPTIONS, SUBSCRIBE, NOTIFY, INVITE, ACK, CANCEL, BYE, REFER, INFO, UPDATE,"
	" PRACK\r\n"
	"Content-Type: application/sdp\r\n"
	"Proxy-Authorization: Digest username=\"alice\",realm=\"example.org\",nonce=\"f84f1cec41e6"
	"cbe5aea9c8e88d359\",uri=\"sip:bob@example.org\",response=\"42ce3cef44b22f50c6a6071bc8\","
	"qop=auth,"
	"nc=00000001,cnonce=\"0a4f113b\",algorithm=MD5\r\n"
	"Supported: replaces, timer, 100rel, outbound, path\r\n"
	"Session-Expires: 1800\r\n"
	"User-Agent: A phone 1.2.3\r\n"
	"Content-Length: 361\r\n"
	"\r\n"
	"v=0\r\n"
	"o=- 13360261223486354 1 IN IP4 192.168.1.20\r\n"
	"s=call\r\n"
	"c=IN IP4 192.168.1.20\r\n"
	"t=0 0\r\n"
	"m=audio 50102 RTP/AVP 9 8 0 18 96 101\r\n"
	"a=rtcp:50103 IN IP4 192.168.1.20\r\n"
	"a=rtpmap:9 G722/8000\r\n"
	"a=rtpmap:8 PCMA/8000\r\n"
	"a=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:18 G729/8000\r\n"
	"a=fmtp:18 annexb=no\r\n"
	"a=rtpmap:96 opus/48000/2\r\n"
	"a=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-15\r\n"
	"a=sendrecv\r\n";

static const struct str bytes = {invite, sizeof(invite) - 1};
static const struct endpoint wan = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 77}},
	36002};
static struct sip_message message;
static struct sip_edits edits;
static struct sip_span found;
static struct sdp sdp;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void need(bool good)
{
	if (!good)
		abort();
}

static void frame(void)
{
	struct sip_frame f = {0};
	size_t len = 0;

	need(sip_frame_next(&f, bytes, &len) == 0 && len == bytes.len);
}

static void decode(void)
{
	need(sip_decode(bytes, false, &message) == 0);
}

static void describe(void)
{
	need(sdp_find(&message, &found, 1) == 1);
	need(sdp_decode(&message, found, &sdp) == 0);
}

static void edit(void)
{
	struct sip_walk walk = {0};
	struct sip_address contact;
	struct sip_via via;

	sip_edit_none(&edits);
	need(sip_next_via(&message, &walk, &via));
	sip_edit_hostport(&edits, &via.sent_by, &wan);
	walk = (struct sip_walk){0};
	need(sip_next_address(&message, SIP_CONTACT, &walk, &contact));
	sip_edit_hostport(&edits, &contact.uri.where, &wan);
	sip_edit_addr(&edits, sdp.connection.addr, &wan.addr);
	sip_edit_number(&edits, sdp.media[0].port, wan.port);
	sip_edit_number(&edits, sdp.media[0].rtcp_port, wan.port + 1u);
	sip_edit_addr(&edits, sdp.media[0].rtcp_connection.addr, &wan.addr);
	sip_edit_length(&edits, &message);
}

static void apply(void)
{
	static char out[2048];
	struct writer w = writer_to(out, sizeof(out));

	need(sip_edit_apply(&edits, &message, &w) == 0);
}

static void all(void)
{
	decode();
	describe();
	edit();
	apply();
}

static double us_each(void (*what)(void))
{
	double start = now_ns(), spent = 0;
	unsigned long n = 0;

	while (spent < RUN_NS) {
		for (int i = 0; i < 64; i++, n++)
			what();
		spent = now_ns() - start;
	}
	return spent / (double)n / 1000;
}

int main(void)
{
	static const struct {
		const char *what;
		void (*step)(void);
	} steps[] = {
		{"all of it: message and description read, 8 edits, written", all},
		{"message read", decode}, {"description found and read", describe},
		{"edits listed", edit}, {"written", apply}, {"framed, of a stream", frame},
	};

	printf("an INVITE of %zu octets\n\n| step | us | a second |\n|---|---|---|\n", bytes.len);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		double us = us_each(steps[i].step);
		printf("| %s | %.2f | %.0f |\n", steps[i].what, us, 1e6 / us);
	}
	return 0;
}
