/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The torture messages of RFC 4475 and RFC 5118, all of them: which are understood and which are
 * passed on as they are, and that none is changed by being read, nor read beyond its end.
 */
#include "protocols/err.h"
#include "protocols/sdp.h"
#include "protocols/sdp_find.h"
#include "protocols/sip_edit.h"
#include "protocols/sip_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define BAD -1		/* a list of which an element does not parse */
#define WHOLE 0		/* as a frame of a stream: all of it, */
#define FOREIGN -1	/* no SIP at all, */
#define MORE -2		/* or it is waited for more */

struct row {
	const char *name;
	int err;		/* of the datagram */
	int frame;		/* WHOLE, FOREIGN, MORE or its octets */
	int vias, contacts;
	int media;		/* of its description; BAD: it has none */
	const char *why;
};

static const struct row rows[] = {
	/* 3.1.1, valid */
	{"wsinv", 0, WHOLE, 3, 1, 2, "blanks, folds and compact names wherever they may be"},
	{"intmeth", 0, WHOLE, 1, 0, BAD, "all characters of tokens; NUL and DEL in quotes"},
	{"esc01", 0, WHOLE, 1, 1, 2, "escapes are left as they are"},
	{"escnull", 0, WHOLE, 1, 2, BAD, "%00 is no NUL here"},
	{"esc02", 0, WHOLE, 1, 2, BAD, "names are not escaped: C%6Fntact is no Contact"},
	{"lwsdisp", 0, WHOLE, 1, 0, BAD, "no blank before <"},
	{"longreq", 0, WHOLE, 34, 1, 2, "long values and 34 Via"},
	{"dblreq", 0, 300, 1, 1, BAD, "what is behind the message is no part of it"},
	{"semiuri", 0, WHOLE, 1, 0, BAD, "semicolons in the user part"},
	{"transports", 0, WHOLE, 5, 0, BAD, "transports nobody knows"},
	{"mpart01", 0, WHOLE, 1, 1, BAD, "parts, one binary, none a description"},
	{"unreason", 0, WHOLE, 1, 1, 2, "UTF-8 in the reason"},
	{"noreason", 0, WHOLE, 1, 1, BAD, "no reason"},
	/* 3.1.2, invalid */
	{"badinv01", ERR_SYNTAX, WHOLE, 0, 0, BAD, "the Via has empty parameters"},
	{"clerr", ERR_SHORT, MORE, 0, 0, BAD, "less than Content-Length says"},
	{"ncl", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "a length below zero"},
	{"scalar02", ERR_RANGE, WHOLE, 0, 0, BAD, "CSeq of 66 bits"},
	{"scalarlg", ERR_RANGE, WHOLE, 0, 0, BAD, "CSeq of 73 bits"},
	{"quotbal", ERR_SYNTAX, WHOLE, 0, 0, BAD, "quotes that do not end"},
	{"ltgtruri", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "<> around the Request-URI"},
	{"lwsruri", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "a blank in the Request-URI"},
	{"lwsstart", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "two blanks in the request line"},
	{"trws", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "blanks behind the version"},
	{"escruri", 0, WHOLE, 1, 1, 2, "headers in the Request-URI are the server's to refuse"},
	{"baddate", 0, WHOLE, 1, 1, 2, "Date is not read"},
	{"regbadct", 0, WHOLE, 1, BAD, BAD, "a '?' that needs <>: whose it is is in doubt"},
	{"badaspec", 0, WHOLE, 1, 0, BAD, "blanks within <> leave no doubt"},
	{"baddn", 0, WHOLE, 1, 0, BAD, "a bare comma in a name: From is no list"},
	{"badvers", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "SIP/7.0"},
	{"mismatch01", ERR_SYNTAX, WHOLE, 0, 0, BAD, "CSeq names another method"},
	{"mismatch02", ERR_SYNTAX, WHOLE, 0, 0, BAD, "the same, the method unknown"},
	{"bigcode", ERR_RANGE, FOREIGN, 0, 0, BAD, "a status of ten digits"},
	/* 3.2 to 3.4: well formed, and for others to refuse */
	{"badbranch", 0, WHOLE, 1, 0, BAD, "the branch is a transaction's matter"},
	{"insuf", ERR_SYNTAX, WHOLE, 0, 0, BAD, "no Call-ID, From and To"},
	{"unkscm", 0, WHOLE, 1, 0, BAD, "a scheme nobody knows"},
	{"novelsc", 0, WHOLE, 1, 0, BAD, "a scheme with a dot"},
	{"unksm2", 0, WHOLE, 1, 1, BAD, "other schemes in To, From and Contact"},
	{"bext01", 0, WHOLE, 1, 0, BAD, "extensions are passed (SIP-96)"},
	{"invut", 0, WHOLE, 1, 1, BAD, "a body of unknown type"},
	{"regaut01", 0, WHOLE, 1, 0, BAD, "Authorization is not read"},
	{"multi01", ERR_SYNTAX, WHOLE, 0, 0, BAD, "two of what there is one of"},
	{"mcl01", ERR_SYNTAX, FOREIGN, 0, 0, BAD, "two lengths that differ"},
	{"bcast", 0, WHOLE, 2, 1, 2, "a second Via is others'"},
	{"zeromf", 0, WHOLE, 1, 0, BAD, "Max-Forwards is not ours to count"},
	{"cparam01", 0, WHOLE, 1, 1, BAD, "a parameter of the header"},
	{"cparam02", 0, WHOLE, 1, 1, BAD, "a parameter of the URI"},
	{"regescrt", 0, WHOLE, 1, 1, BAD, "headers within <>"},
	{"sdp01", 0, WHOLE, 1, 1, 2, "Accept is not read"},
	{"inv2543", 0, FOREIGN, 1, 0, 1, "no Content-Length: good as a datagram only"},
	/* RFC 5118 */
	{"ipv6-good", 0, WHOLE, 1, 1, BAD, "references"},
	{"ipv6-bad", ERR_SYNTAX, WHOLE, 0, 0, BAD, "an address without brackets"},
	{"port-ambiguous", 0, WHOLE, 1, 1, BAD, "by the grammar all of it is the address"},
	{"port-unambiguous", 0, WHOLE, 1, 1, BAD, "a port"},
	{"via-received-param-with-delim", 0, WHOLE, 1, 0, BAD, "received= is not ours"},
	{"via-received-param-no-delim", 0, WHOLE, 1, 1, BAD, "received= as it should be"},
	{"ipv6-in-sdp", ERR_SHORT, MORE, 0, 0, BAD, "the RFC's own length is 17 too many"},
	{"mult-ip-in-header", 0, WHOLE, 3, 0, BAD, "both families in Via"},
	{"mult-ip-in-sdp", 0, 522, 1, 1, 2, "both families; the length is 8 too few"},
	{"ipv4-mapped-ipv6", 0, 648, 2, 1, 2, "mapped addresses; the length is 9 too few"},
	{"ipv6-bug-abnf-3-colons", ERR_SYNTAX, WHOLE, 0, 0, BAD, "three colons are no address"},
	{"ipv6-correct-abnf-2-colons", 0, WHOLE, 1, 0, BAD, "two are"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct sip_message m;

static void check(bool good, const struct row *row)
{
	if (!good)
		fail_msg("%s: %s", row->name, row->why);
}

static int count_vias(void)
{
	struct sip_walk walk = {0};
	struct sip_via via;
	int n = 0;

	while (sip_next_via(&m, &walk, &via))
		n++;
	return walk.bad ? BAD : n;
}

static int count_contacts(void)
{
	struct sip_walk walk = {0};
	struct sip_address a;
	int n = 0;

	while (sip_next_address(&m, SIP_CONTACT, &walk, &a))
		n++;
	return walk.bad ? BAD : n;
}

static int count_media(void)
{
	struct sip_span at[2];
	struct sdp s;

	if (sdp_find(&m, at, 2) != 1 || sdp_decode(&m, at[0], &s))
		return BAD;
	return s.media_count;
}

static void each_is_understood_or_not(void **state)
{
	(void)state;
	assert_int_equal(ROWS, 49 + 12);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		struct str bytes = sip_rig_file(row->name);

		check(sip_decode(bytes, false, &m) == row->err, row);
		if (row->err == 0) {
			check(count_vias() == row->vias, row);
			check(count_contacts() == row->contacts, row);
			check(count_media() == row->media, row);
		}
		sip_rig_free(bytes);
	}
}

static void each_goes_on_as_it_came(void **state)
{
	static struct sip_edits none;
	static char out[SIP_MESSAGE_MAX];
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct str bytes = sip_rig_file(rows[i].name);
		struct writer w = writer_to(out, bytes.len);

		if (sip_decode(bytes, false, &m) == 0) {
			sip_edit_none(&none);
			sip_edit_length(&none, &m);
			check(sip_edit_apply(&none, &m, &w) == 0, &rows[i]);
			check(str_eq(writer_done(&w), bytes), &rows[i]);
			seen++;
		}
		sip_rig_free(bytes);
	}
	assert_int_equal(seen, 32 + 9);
}

static int frame_of(struct str stream)
{
	struct sip_frame f = {0};
	size_t len = 0;

	for (size_t have = 1; have <= stream.len; have++) {
		if (sip_frame_next(&f, str_sub(stream, 0, have), &len))
			return FOREIGN;
		if (len)
			return len == stream.len ? WHOLE : (int)len;
	}
	return MORE;
}

static void each_is_framed_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct str bytes = sip_rig_file(rows[i].name);

		check(frame_of(bytes) == rows[i].frame, &rows[i]);
		sip_rig_free(bytes);
	}
}

/* Everything that can be asked of a message; what comes of it does not matter. */
static void ask_all(void)
{
	struct sip_span at[4], value;
	struct sip_uri uri;
	struct sdp s;

	for (int name = SIP_VIA; name <= SIP_REPLACES; name++) {
		struct sip_walk walk = {0};
		struct sip_address a;
		while (sip_next_address(&m, (enum sip_name)name, &walk, &a)) {
			if (!a.star)
				sip_param(&m, a.params, STR("none"), &value);
		}
	}
	count_vias();
	sip_request_uri(&m, &uri);
	for (size_t n = sdp_find(&m, at, 4); n > 0; n--)
		sdp_decode(&m, at[n - 1], &s);
}

static void each_is_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct str bytes = sip_rig_file(rows[i].name);

		for (size_t len = 0; len < bytes.len; len++) {
			struct str cut = sip_rig_copy(bytes.p, len);
			struct sip_frame f = {0};
			size_t frame;

			if (sip_decode(cut, false, &m) == 0)
				ask_all();
			sip_decode(cut, true, &m);
			sip_frame_next(&f, cut, &frame);
			/* Nothing that can still become a message is called foreign. */
			if (rows[i].err == 0 || rows[i].frame == WHOLE)
				check(sip_start_possible(cut), &rows[i]);
			sip_rig_free(cut);
		}
		sip_rig_free(bytes);
	}
}

/* The RFC's own questions to the first of them (3.1.1.1). */
static void the_first_is_read_well(void **state)
{
	struct str bytes = sip_rig_file("wsinv");
	struct sip_walk walk = {0};
	struct sip_address a;
	struct sip_span value;
	struct sip_via via;

	(void)state;
	assert_int_equal(sip_decode(bytes, false, &m), 0);
	assert_int_equal(m.cseq, 9);
	assert_int_equal(m.method, SIP_INVITE);
	assert_str(sip_text(&m, m.to_tag), "1918181833n");
	assert_str(sip_text(&m, m.from_tag), "98asjd8");
	assert_str(sip_text(&m, m.branch), "390skdjuw");
	assert_int_equal(m.length.octets, 150);
	assert_true(sip_next_via(&m, &walk, &via));
	assert_str(sip_text(&m, via.sent_by.host), "192.0.2.2");
	assert_str(sip_text(&m, via.transport), "UDP");
	assert_true(sip_next_via(&m, &walk, &via));
	assert_str(sip_text(&m, via.sent_by.host), "spindle.example.com");
	assert_true(sip_next_via(&m, &walk, &via));
	assert_str(sip_text(&m, via.sent_by.host), "192.168.255.111");
	assert_int_equal(sip_param(&m, via.params, STR("branch"), &value), 0);
	assert_str(sip_text(&m, value), "z9hG4bK30239");
	assert_false(sip_next_via(&m, &walk, &via));
	walk = (struct sip_walk){0};
	assert_true(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_str(sip_text(&m, a.uri.user), "jdrosen");
	assert_str(sip_text(&m, a.uri.where.host), "example.com");
	assert_int_equal(sip_param(&m, a.params, STR("Q"), &value), 0);
	assert_str(sip_text(&m, value), "0.33");
	sip_rig_free(bytes);
}

static void addresses_of_both_families_are_told_apart(void **state)
{
	struct str bytes = sip_rig_file("mult-ip-in-sdp");
	struct sip_span at[1];
	struct sip_uri uri;
	struct sdp s;

	(void)state;
	assert_int_equal(sip_decode(bytes, false, &m), 0);
	assert_int_equal(sip_request_uri(&m, &uri), 0);
	assert_true(uri.where.is_addr && !addr_is4(&uri.where.addr));
	assert_int_equal(sdp_find(&m, at, 1), 1);
	assert_int_equal(sdp_decode(&m, at[0], &s), 0);
	assert_false(s.origin_is_addr);
	assert_true(addr_is4(&s.media[0].connection.value));
	assert_true(s.media[1].connection.is_addr && !addr_is4(&s.media[1].connection.value));
	sip_rig_free(bytes);

	/* A mapped address is no way to name a phone of the other family. */
	bytes = sip_rig_file("ipv4-mapped-ipv6");
	assert_int_equal(sip_decode(bytes, false, &m), 0);
	assert_int_equal(sdp_find(&m, at, 1), 1);
	assert_int_equal(sdp_decode(&m, at[0], &s), 0);
	assert_false(s.origin_is_addr || s.connection.is_addr);
	assert_str(sip_text(&m, s.connection.addr), "::ffff:192.0.2.2");
	sip_rig_free(bytes);

	bytes = sip_rig_file("port-ambiguous");
	assert_int_equal(sip_decode(bytes, false, &m), 0);
	assert_int_equal(sip_request_uri(&m, &uri), 0);
	assert_true(uri.where.is_addr && uri.where.port_number == 0);
	sip_rig_free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_understood_or_not),
		cmocka_unit_test(each_goes_on_as_it_came),
		cmocka_unit_test(each_is_framed_byte_by_byte),
		cmocka_unit_test(each_is_cut_at_every_byte),
		cmocka_unit_test(the_first_is_read_well),
		cmocka_unit_test(addresses_of_both_families_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
