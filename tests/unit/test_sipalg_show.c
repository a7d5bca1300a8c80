/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner sees of a call's media: the names of its codecs, and whether it is on hold. */
#include "protocols/sipalg_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define LINES "INVITE sip:b SIP/2.0\nv: SIP/2.0/UDP h\nf: sip:a;tag=1\nt: sip:b\ni: 1\n" \
	"CSeq: 1 INVITE\n"
#define HEAD LINES "c: application/sdp\n\n"
#define V "v=0\no=- 1 1 IN IP4 198.51.100.1\ns=-\nc=IN IP4 198.51.100.1\nt=0 0\n"
#define HELD "v=0\no=- 1 1 IN IP4 198.51.100.1\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\n"

static struct sip_message m;
static struct str kept;

static void read_message(const char *head, const char *body)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s%s", head, body);
	sip_rig_free(kept);
	kept = sip_rig_text(text);
	assert_int_equal(sip_decode(kept, false, &m), 0);
}

static void shows(const char *body, const char *wanted)
{
	char out[64];

	memset(out, 'x', sizeof(out));
	read_message(HEAD, body);
	sipalg_show_codecs(&m, out, sizeof(out));
	assert_string_equal(out, wanted);
}

static void codecs_have_their_names(void **state)
{
	(void)state;
	/* As a desk phone offers. */
	shows(V "m=audio 4000 RTP/AVP 8 0 9 18 96 101 13\na=rtpmap:8 PCMA/8000\n"
		"a=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n",
		"PCMA, PCMU, G722, G729, opus");
	shows(V "m=image 4000 udptl t38\nm=message 9 TCP/MSRP *\n", "t38");
	/* What a=rtpmap says counts; a type nobody names has no name. */
	shows(V "m=audio 4000 RTP/AVP 0 97 1\na=rtpmap:0 GSM/8000\n", "GSM");
	/* Each once, of all media but those refused, by the lines of its own section. */
	shows(V "m=audio 4000 RTP/AVP 96 0\na=rtpmap:96 G722/8000\nm=audio 4002 RTP/SAVP 96 0\n"
		"a=rtpmap:96 VP8/90000\nm=video 0 RTP/AVP 34\n", "G722, PCMU, VP8");
	shows(V "m=audio 4000 RTP/AVP\n", "");
	shows(V, "");
	shows("no description", "");
}

static void only_plain_names_are_shown(void **state)
{
	(void)state;
	shows(V "m=audio 4000 RTP/AVP 96 97 98 0\na=rtpmap:96 <b>/8000\na=rtpmap:97 \xc3\xa4/8000\n"
		"a=rtpmap:98 \n", "PCMU");
}

static void what_does_not_fit_is_left_out(void **state)
{
	char out[11];

	(void)state;
	read_message(HEAD, V "m=audio 4000 RTP/AVP 0 8 9\n");
	sipalg_show_codecs(&m, out, 10);
	assert_string_equal(out, "PCMU");
	sipalg_show_codecs(&m, out, 11);
	assert_string_equal(out, "PCMU, PCMA");
	sipalg_show_codecs(&m, out, 1);
	assert_string_equal(out, "");
}

static void hold_is_all_media_at_rest(void **state)
{
	static const struct {
		const char *body;
		bool held;
	} cases[] = {
		{V "m=audio 4000 RTP/AVP 0\na=sendonly\n", true},
		{V "m=audio 4000 RTP/AVP 0\na=recvonly\n", true},
		{V "m=audio 4000 RTP/AVP 0\na=inactive\n", true},
		{V "a=inactive\nm=audio 4000 RTP/AVP 0\n", true},
		{HELD "m=audio 4000 RTP/AVP 0\n", true},
		{V "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\nm=video 0 RTP/AVP 34\n", true},
		{V "m=audio 4000 RTP/AVP 0\n", false},
		{V "a=inactive\nm=audio 4000 RTP/AVP 0\na=sendrecv\n", false},
		{V "m=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 34\na=recvonly\n", false},
		{V "m=audio 0 RTP/AVP 0\na=inactive\n", false},
		{V, false},
		{"a=inactive\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_message(HEAD, cases[i].body);
		assert_int_equal(sipalg_show_holds(&m), cases[i].held);
	}
	read_message(LINES "\n", V "m=audio 4000 RTP/AVP 0\na=inactive\n");
	assert_false(sipalg_show_holds(&m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codecs_have_their_names),
		cmocka_unit_test(only_plain_names_are_shown),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(hold_is_all_media_at_rest),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	sip_rig_free(kept);
	return failed;
}
