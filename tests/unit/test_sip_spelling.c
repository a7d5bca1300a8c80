/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message in thousands of spellings: case, compact names, blanks, folds, the order of fields
 * and how lists are split over them make no difference to what is read.
 */
#include "protocols/sip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define SPELLINGS 20000
#define VIAS 4
#define CONTACTS 5

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % sides;
}

/* LWS that may be nothing, or must be something. */
static void blanks(struct writer *w, bool must)
{
	static const char *const some[] = {" ", "\t", "  ", "\r\n ", " \r\n\t ", "\r\n  \r\n "};

	if (must || dice(3) == 0)
		writer_text(w, some[dice(6)]);
}

static void word(struct writer *w, const char *text)
{
	bool any = dice(2);

	for (; *text; text++) {
		char c = *text;
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		writer_u8(w, (uint8_t)(any && letter && dice(2) ? c ^ 32 : c));
	}
}

static void field(struct writer *w, const char *name, const char *compact)
{
	word(w, compact && dice(2) ? compact : name);
	for (uint32_t n = dice(3); n > 0 && dice(2); n--)
		writer_u8(w, dice(2) ? ' ' : '\t');
	writer_u8(w, ':');
	blanks(w, false);
}

static void end(struct writer *w)
{
	blanks(w, false);
	writer_text(w, "\r\n");
}

static void param(struct writer *w, const char *name, const char *value)
{
	blanks(w, false);
	writer_u8(w, ';');
	blanks(w, false);
	word(w, name);
	blanks(w, false);
	writer_u8(w, '=');
	blanks(w, false);
	writer_text(w, value);
}

static void mark(struct writer *w, const char *c)
{
	blanks(w, false);
	writer_text(w, c);
	blanks(w, false);
}

static void number(struct writer *w, uint32_t n)
{
	if (dice(4) == 0)
		writer_text(w, "00");
	writer_dec(w, n);
}

static void noise(struct writer *w)
{
	static const char *const some[] = {"Max-Forwards: 70", "Subject: v: SIP/2.0/UDP no, \"",
		"User-Agent: (a \\) \"", "X: <;;,\r\n Via: no", "s:",
		"Date: Sat, 13 Nov 2010 23:29:00 GMT"};

	if (dice(3) == 0) {
		writer_text(w, some[dice(6)]);
		writer_text(w, "\r\n");
	}
}

static void via(struct writer *w, unsigned i)
{
	static const char *const hosts[VIAS] = {"192.168.1.20", "[2001:db8::1]", "h.example",
		"a_b"};

	word(w, "SIP");
	mark(w, "/");
	writer_text(w, "2.0");
	mark(w, "/");
	writer_text(w, i % 2 ? "UDP" : "TCP");
	blanks(w, true);
	writer_text(w, hosts[i]);
	if (i % 2) {
		mark(w, ":");
		number(w, 5060 + i);
	}
	if (dice(2))
		param(w, "received", "\"a,b;c=\\\"\"");
	param(w, "branch", i ? "z9hG4bKother" : "z9hG4bKfirst");
}

static void contact(struct writer *w, unsigned i)
{
	static const char *const uris[CONTACTS] = {"sip:a@192.168.1.20:5062", "sips:b;c@h.example",
		"tel:+1", "sip:192.168.1.21", "SIP:[2001:db8::5]:1"};
	uint32_t form = dice(3);

	if (form == 0) {
		writer_text(w, uris[i]);
		/* A ';' in a bare URI would be the header's. */
		if (i == 1)
			w->len -= sizeof("sips:b;c@h.example") - 1;
	}
	if (form == 0 && i != 1) {
		param(w, "q", "0.5");
		return;
	}
	if (form == 1) {
		writer_text(w, "\"<sip:no@no>, \\\\\\\"\"");
		blanks(w, false);
	} else if (form == 2) {
		writer_text(w, "Some Name");
		blanks(w, false);
	}
	writer_text(w, "<");
	writer_text(w, uris[i]);
	writer_text(w, ">");
	param(w, "q", "0.5");
}

/* A list in one field or in several, in order. */
static void list(struct writer *w, unsigned count, void (*element)(struct writer *, unsigned),
	const char *names[2])
{
	for (unsigned i = 0; i < count; i++) {
		bool begins = i == 0 || dice(2);

		if (begins && i > 0) {
			end(w);
			noise(w);
		}
		if (begins)
			field(w, names[0], names[1]);
		else
			mark(w, ",");
		element(w, i);
	}
	end(w);
}

static void one(struct writer *w, unsigned which)
{
	switch (which) {
	case 0:
		list(w, VIAS, via, (const char *[2]){"Via", "v"});
		break;
	case 1:
		list(w, CONTACTS, contact, (const char *[2]){"Contact", "m"});
		break;
	case 2:
		field(w, "From", "f");
		writer_text(w, dice(2) ? "\"A, \\\"B\"<sip:a@b>" : "A <sip:a@b>");
		param(w, "x", "y");
		param(w, "tag", "f1");
		end(w);
		break;
	case 3:
		field(w, "To", "t");
		writer_text(w, dice(2) ? "sip:c@d" : "<sip:c@d;tag=no>");
		param(w, "tag", "t1");
		end(w);
		break;
	case 4:
		field(w, "Call-ID", "i");
		writer_text(w, "1@[192.168.1.20]");
		end(w);
		break;
	case 5:
		field(w, "CSeq", NULL);
		number(w, 4711);
		blanks(w, true);
		writer_text(w, "UPDATE");
		end(w);
		break;
	default:
		field(w, "Content-Length", "l");
		number(w, 5);
		end(w);
	}
}

static struct str spell(char *buffer, size_t size)
{
	unsigned order[7] = {0, 1, 2, 3, 4, 5, 6};
	struct writer w = writer_to(buffer, size);

	while (dice(4) == 0)
		writer_text(&w, "\r\n");
	writer_text(&w, "UPDATE sip:c@d;x=y ");
	word(&w, "SIP/2.0");
	writer_text(&w, "\r\n");
	for (unsigned i = 7; i > 0; i--) {
		unsigned k = dice(i), which = order[k];

		order[k] = order[i - 1];
		noise(&w);
		one(&w, which);
	}
	writer_text(&w, "\r\nbody\n");
	assert_false(w.full);
	return writer_done(&w);
}

static void check(const struct sip_message *m)
{
	static const uint16_t via_ports[VIAS] = {0, 5061, 0, 5063};
	static const char *const contacts[CONTACTS] = {"192.168.1.20", "h.example", "",
		"192.168.1.21",
		"[2001:db8::5]"};
	struct sip_walk walk = {0};
	struct sip_address a;
	struct sip_span q;
	struct sip_via v;

	assert_int_equal(m->method, SIP_UPDATE);
	assert_int_equal(m->cseq, 4711);
	assert_str(sip_text(m, m->from_tag), "f1");
	assert_str(sip_text(m, m->to_tag), "t1");
	assert_str(sip_text(m, m->branch), "z9hG4bKfirst");
	assert_str(sip_text(m, m->call_id), "1@[192.168.1.20]");
	assert_str(sip_text(m, m->body), "body\n");
	for (unsigned i = 0; i < VIAS; i++) {
		assert_true(sip_next_via(m, &walk, &v));
		assert_int_equal(v.sent_by.port_number, via_ports[i]);
		assert_int_equal(v.sent_by.is_addr, i < 2);
	}
	assert_false(sip_next_via(m, &walk, &v) || walk.bad);
	walk = (struct sip_walk){0};
	for (unsigned i = 0; i < CONTACTS; i++) {
		assert_true(sip_next_address(m, SIP_CONTACT, &walk, &a));
		assert_str(sip_text(m, a.uri.where.host), contacts[i]);
		assert_int_equal(sip_param(m, a.params, STR("q"), &q), 0);
		assert_str(sip_text(m, q), "0.5");
	}
	assert_false(sip_next_address(m, SIP_CONTACT, &walk, &a) || walk.bad);
}

static void spelling_makes_no_difference(void **state)
{
	static struct sip_message m;
	char buffer[4096];

	(void)state;
	for (uint32_t i = 1; i <= SPELLINGS; i++) {
		seed = i * 2654435761u;
		struct str text = spell(buffer, sizeof(buffer));
		struct str copy = sip_rig_copy(text.p, text.len);

		if (sip_decode(copy, true, &m))
			fail_msg("%u: %.*s", i, (int)text.len, text.p);
		check(&m);
		sip_rig_free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spelling_makes_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
