/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches of real clients, the targets they hit, and the datagrams that go out. */
#include "protocols/ssdp.h"

#include "protocols/err.h"
#include "protocols/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SEARCH "M-SEARCH * HTTP/1.1\r\n"
#define HOST "HOST: 239.255.255.250:1900\r\n"
#define MAN "MAN: \"ssdp:discover\"\r\n"
#define DEVICE "urn:schemas-upnp-org:device:"
#define SERVICE "urn:schemas-upnp-org:service:"
#define UUID "uuid:00010203-0405-0607-0809-0a0b0c0d0e"

static const struct igd_uuid base = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x10}};

static int decode(const char *text, struct ssdp_search *out)
{
	return ssdp_decode(text, strlen(text), out);
}

static void assert_str(struct str s, const char *wanted)
{
	assert_int_equal(s.len, strlen(wanted));
	assert_memory_equal(s.p, wanted, s.len);
}

static unsigned bits(uint32_t mask)
{
	unsigned n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

static void a_search_is_read(void **state)
{
	struct ssdp_search s;

	(void)state;
	assert_int_equal(decode(SEARCH HOST MAN "MX: 3\r\nST: upnp:rootdevice\r\n\r\n", &s), 0);
	assert_str(s.st, "upnp:rootdevice");
	assert_true(s.has_mx);
	assert_int_equal(s.mx_s, 3);
	assert_int_equal(decode(SEARCH "man:\"ssdp:discover\"\r\nst:ssdp:all\r\nX-Y: z\r\n\r\n",
		&s), 0);
	assert_str(s.st, "ssdp:all");
	assert_false(s.has_mx);
}

static void libplum_is_understood(void **state)
{
	struct ssdp_search s;

	(void)state;
	/* No quotes around MAN, MX 10, no empty line. */
	assert_int_equal(decode(SEARCH HOST "MAN: ssdp:discover\r\nMX: 10\r\n"
		"ST: " DEVICE "InternetGatewayDevice:1\r\n", &s), 0);
	assert_str(s.st, DEVICE "InternetGatewayDevice:1");
	assert_int_equal(s.mx_s, SSDP_MX_MAX);
}

static void mx_is_bounded(void **state)
{
	static const struct {
		const char *mx;
		bool has;
		uint32_t seconds;
	} rows[] = {
		{"0", true, 0}, {"5", true, 5}, {"6", true, 5}, {"99999999999999999999", true, 5},
		{"", false, 0}, {"-1", false, 0}, {"2s", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		struct writer w = writer_to(text, sizeof(text));
		struct ssdp_search s;

		writer_text(&w, SEARCH MAN "ST: ssdp:all\r\nMX: ");
		writer_text(&w, rows[i].mx);
		writer_text(&w, "\r\n\r\n");
		assert_int_equal(ssdp_decode(text, w.len, &s), 0);
		assert_int_equal(s.has_mx, rows[i].has);
		assert_int_equal(s.mx_s, rows[i].seconds);
	}
}

static void everything_else_is_dropped(void **state)
{
	static char big[SSDP_DATAGRAM_MAX + 1];
	struct ssdp_search s;

	(void)state;
	assert_int_equal(decode("NOTIFY * HTTP/1.1\r\n" MAN "ST: a\r\n\r\n", &s), ERR_IGNORE);
	assert_int_equal(decode("HTTP/1.1 200 OK\r\nST: a\r\n\r\n", &s), ERR_IGNORE);
	assert_int_equal(decode("M-SEARCH / HTTP/1.1\r\n" MAN "ST: a\r\n\r\n", &s), ERR_IGNORE);
	assert_int_equal(decode("M-SEARCH * HTTP/1.0\r\n" MAN "ST: a\r\n\r\n", &s), ERR_IGNORE);
	assert_int_equal(decode(SEARCH "ST: ssdp:all\r\n\r\n", &s), ERR_SYNTAX);
	assert_int_equal(decode(SEARCH "MAN: \"ssdp:other\"\r\nST: a\r\n\r\n", &s), ERR_SYNTAX);
	assert_int_equal(decode(SEARCH MAN "MX: 1\r\n\r\n", &s), ERR_SYNTAX);
	assert_int_equal(decode(SEARCH MAN "ST:\r\n\r\n", &s), ERR_SYNTAX);
	assert_int_equal(decode(SEARCH MAN "ST: a\r\nST: b\r\n\r\n", &s), ERR_SYNTAX);
	assert_int_equal(decode("", &s), ERR_SYNTAX);
	assert_int_equal(decode("\xff\x00\x01", &s), ERR_IGNORE);
	memset(big, 'A', sizeof(big));
	assert_int_equal(ssdp_decode(big, sizeof(big), &s), ERR_RANGE);
}

static uint32_t match1(const char *st)
{
	return ssdp_match(str_from(st), IGD_V1, &base);
}

static uint32_t match2(const char *st)
{
	return ssdp_match(str_from(st), IGD_V2, &base);
}

static void all_is_three_plus_two_a_device_plus_services(void **state)
{
	(void)state;
	assert_int_equal(bits(match1("ssdp:all")), 3 + 2 * 2 + 3);
	assert_int_equal(bits(match2("ssdp:all")), 3 + 2 * 2 + 6);
	assert_int_equal(match1("ssdp:all"), ssdp_targets(IGD_V1));
	assert_int_equal(match2("ssdp:all"), ssdp_targets(IGD_V2));
}

static void each_target_is_hit_alone(void **state)
{
	static const char *const both[] = {
		"upnp:rootdevice", UUID "10", UUID "11", UUID "12",
		DEVICE "InternetGatewayDevice:1", DEVICE "WANDevice:1",
		DEVICE "WANConnectionDevice:1", SERVICE "Layer3Forwarding:1",
		SERVICE "WANCommonInterfaceConfig:1", SERVICE "WANIPConnection:1",
	};
	uint32_t seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		uint32_t mask = match1(both[i]);
		assert_int_equal(bits(mask), 1);
		assert_int_equal(mask & seen, 0);
		assert_int_equal(match2(both[i]), mask);
		seen |= mask;
	}
	assert_int_equal(seen, ssdp_targets(IGD_V1));
}

static void versions_match_downwards_only(void **state)
{
	(void)state;
	assert_int_equal(match1(DEVICE "InternetGatewayDevice:2"), 0);
	assert_int_equal(match1(SERVICE "WANIPConnection:2"), 0);
	assert_int_equal(match1(SERVICE "WANIPv6FirewallControl:1"), 0);
	assert_int_equal(bits(match2(DEVICE "InternetGatewayDevice:2")), 1);
	assert_int_equal(bits(match2(SERVICE "WANIPConnection:2")), 1);
	assert_int_equal(bits(match2(SERVICE "WANIPv6FirewallControl:1")), 1);
	assert_int_equal(match2(DEVICE "InternetGatewayDevice:3"), 0);
	assert_int_equal(match2(SERVICE "Layer3Forwarding:2"), 0);
	assert_int_equal(match2(DEVICE "InternetGatewayDevice:0"), 0);
}

static void what_is_not_here_gets_silence(void **state)
{
	static const char *const other[] = {
		"", "ssdp:al", "ssdp:all ", "upnp:rootdevic", "UPNP:ROOTDEVICE", UUID "13",
			UUID "1",
		"uuid:", DEVICE "InternetGatewayDevice", DEVICE "InternetGatewayDevice:",
		DEVICE "InternetGatewayDevice:01", DEVICE "InternetGatewayDevice:1x",
		DEVICE "MediaServer:1", SERVICE "WANPPPConnection:2",
		"urn:dial-multiscreen-org:service:dial:1",
			"urn:schemas-upnp-org:service:WANIPConnection",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		assert_int_equal(match1(other[i]), 0);
		assert_int_equal(match2(other[i]), 0);
	}
}

static void a_uuid_may_be_in_capitals(void **state)
{
	(void)state;
	assert_int_equal(match1("uuid:00010203-0405-0607-0809-0A0B0C0D0E10"), match1(UUID "10"));
}

static unsigned lowest(uint32_t mask)
{
	unsigned n = 0;

	while (!(mask >> n & 1))
		n++;
	return n;
}

static struct ssdp_self self(enum igd_view view)
{
	return (struct ssdp_self){
		.view = view,
		.uuid = base,
		.location = STR("http://192.168.1.1:5000/t/1/igd.xml"),
		.server = STR("Linux/6.1 UPnP/1.1 Postern/1"),
		.date = STR("Sun, 06 Nov 1994 08:49:37 GMT"),
		.bootid = 7,
		.configid = 9,
	};
}

static void assert_field(struct str datagram, const char *name, const char *wanted)
{
	struct headers h;
	struct str value;

	assert_int_equal(headers_decode(datagram, &h), 0);
	assert_int_equal(headers_find(&h, str_from(name), &value), 0);
	assert_str(value, wanted);
}

static void assert_no_field(struct str datagram, const char *name)
{
	struct headers h;
	struct str value;

	assert_int_equal(headers_decode(datagram, &h), 0);
	assert_int_equal(headers_find(&h, str_from(name), &value), ERR_NOT_FOUND);
}

static void a_reply_names_what_was_asked(void **state)
{
	const char *st = SERVICE "WANIPConnection:1";
	struct ssdp_self v2 = self(IGD_V2);
	char buf[SSDP_DATAGRAM_MAX];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	/* Asked for version 1, the version 2 service answers as such. */
	ssdp_encode_reply(&w, &v2, lowest(match2(st)), str_from(st));
	assert_false(w.full);
	assert_true(str_starts(writer_done(&w), STR("HTTP/1.1 200 OK\r\n")));
	assert_memory_equal(buf + w.len - 4, "\r\n\r\n", 4);
	assert_field(writer_done(&w), "ST", st);
	assert_field(writer_done(&w), "USN", UUID "12::" SERVICE "WANIPConnection:1");
	assert_field(writer_done(&w), "LOCATION", "http://192.168.1.1:5000/t/1/igd.xml");
	assert_field(writer_done(&w), "CACHE-CONTROL", "max-age=1800");
	assert_field(writer_done(&w), "SERVER", "Linux/6.1 UPnP/1.1 Postern/1");
	assert_field(writer_done(&w), "DATE", "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_field(writer_done(&w), "EXT", "");
	assert_field(writer_done(&w), "BOOTID.UPNP.ORG", "7");
	assert_field(writer_done(&w), "CONFIGID.UPNP.ORG", "9");
}

static void replies_to_all_name_each_target_once(void **state)
{
	static const char *const names[][2] = {
		{"upnp:rootdevice", UUID "10::upnp:rootdevice"},
		{UUID "10", UUID "10"},
		{UUID "11", UUID "11"},
		{UUID "12", UUID "12"},
		{DEVICE "InternetGatewayDevice:2", UUID "10::" DEVICE "InternetGatewayDevice:2"},
		{DEVICE "WANDevice:2", UUID "11::" DEVICE "WANDevice:2"},
		{DEVICE "WANConnectionDevice:2", UUID "12::" DEVICE "WANConnectionDevice:2"},
		{SERVICE "Layer3Forwarding:1", UUID "10::" SERVICE "Layer3Forwarding:1"},
		{SERVICE "WANCommonInterfaceConfig:1",
			UUID "11::" SERVICE "WANCommonInterfaceConfig:1"},
		{SERVICE "WANIPConnection:2", UUID "12::" SERVICE "WANIPConnection:2"},
		{SERVICE "WANIPv6FirewallControl:1",
			UUID "12::" SERVICE "WANIPv6FirewallControl:1"},
		{SERVICE "WANPPPConnection:1", UUID "12::" SERVICE "WANPPPConnection:1"},
		{SERVICE "WANEthernetLinkConfig:1",
			UUID "12::" SERVICE "WANEthernetLinkConfig:1"},
	};
	struct ssdp_self v2 = self(IGD_V2);

	(void)state;
	assert_int_equal(SSDP_TARGETS, sizeof(names) / sizeof(names[0]));
	v2.date = STR("");
	for (unsigned t = 0; t < SSDP_TARGETS; t++) {
		char buf[SSDP_DATAGRAM_MAX];
		struct writer w = writer_to(buf, sizeof(buf));

		ssdp_encode_reply(&w, &v2, t, STR("ssdp:all"));
		assert_field(writer_done(&w), "ST", names[t][0]);
		assert_field(writer_done(&w), "USN", names[t][1]);
		assert_no_field(writer_done(&w), "DATE");
	}
}

static void announcements_carry_their_fields(void **state)
{
	unsigned target = lowest(match1(DEVICE "WANDevice:1"));
	struct ssdp_self v1 = self(IGD_V1);
	char buf[SSDP_DATAGRAM_MAX];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	ssdp_encode_alive(&w, &v1, target, STR("239.255.255.250:1900"));
	assert_true(str_starts(writer_done(&w), STR("NOTIFY * HTTP/1.1\r\n")));
	assert_memory_equal(buf + w.len - 4, "\r\n\r\n", 4);
	assert_field(writer_done(&w), "HOST", "239.255.255.250:1900");
	assert_field(writer_done(&w), "CACHE-CONTROL", "max-age=1800");
	assert_field(writer_done(&w), "LOCATION", "http://192.168.1.1:5000/t/1/igd.xml");
	assert_field(writer_done(&w), "NT", DEVICE "WANDevice:1");
	assert_field(writer_done(&w), "NTS", "ssdp:alive");
	assert_field(writer_done(&w), "SERVER", "Linux/6.1 UPnP/1.1 Postern/1");
	assert_field(writer_done(&w), "USN", UUID "11::" DEVICE "WANDevice:1");
	assert_field(writer_done(&w), "BOOTID.UPNP.ORG", "7");
	assert_field(writer_done(&w), "CONFIGID.UPNP.ORG", "9");
	w = writer_to(buf, sizeof(buf));
	ssdp_encode_byebye(&w, &v1, target, STR("[FF02::C]:1900"));
	assert_field(writer_done(&w), "HOST", "[FF02::C]:1900");
	assert_field(writer_done(&w), "NTS", "ssdp:byebye");
	assert_field(writer_done(&w), "USN", UUID "11::" DEVICE "WANDevice:1");
	assert_no_field(writer_done(&w), "LOCATION");
}

/* Our own announcements read as those of others; what ends or is none is left alone. */
static void announcements_are_read(void **state)
{
	const char *bye = "NOTIFY * HTTP/1.1\r\nNT: x\r\nNTS: ssdp:byebye\r\n\r\n";
	const char *no_nt = "NOTIFY * HTTP/1.1\r\nNT:\r\nNTS: ssdp:alive\r\n\r\n";
	const char *search = SEARCH HOST MAN "MX: 3\r\nST: upnp:rootdevice\r\n\r\n";
	struct ssdp_notify n = {{"kept", 4}};
	struct ssdp_self v1 = self(IGD_V1);
	char buf[SSDP_DATAGRAM_MAX];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	assert_int_equal(ssdp_decode_alive(bye, strlen(bye), &n), ERR_IGNORE);
	assert_int_equal(ssdp_decode_alive(no_nt, strlen(no_nt), &n), ERR_SYNTAX);
	assert_int_equal(ssdp_decode_alive(search, strlen(search), &n), ERR_IGNORE);
	assert_int_equal(ssdp_decode_alive(buf, SSDP_DATAGRAM_MAX + 1, &n), ERR_RANGE);
	assert_str(n.nt, "kept");
	ssdp_encode_alive(&w, &v1, 0, STR("239.255.255.250:1900"));
	assert_int_equal(ssdp_decode_alive(w.p, w.len, &n), 0);
	assert_str(n.nt, "upnp:rootdevice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_search_is_read),
		cmocka_unit_test(libplum_is_understood),
		cmocka_unit_test(mx_is_bounded),
		cmocka_unit_test(everything_else_is_dropped),
		cmocka_unit_test(all_is_three_plus_two_a_device_plus_services),
		cmocka_unit_test(each_target_is_hit_alone),
		cmocka_unit_test(versions_match_downwards_only),
		cmocka_unit_test(what_is_not_here_gets_silence),
		cmocka_unit_test(a_uuid_may_be_in_capitals),
		cmocka_unit_test(a_reply_names_what_was_asked),
		cmocka_unit_test(replies_to_all_name_each_target_once),
		cmocka_unit_test(announcements_carry_their_fields),
		cmocka_unit_test(announcements_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
