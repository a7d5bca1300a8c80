/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control calls from names and values to requests for the core, and the answers of each action.
 * A call is written as {name, value} pairs up to a NULL.
 */
#include "protocols/igd.h"
#include "protocols/igd_answer.h"
#include "protocols/igd_map.h"

#include "protocols/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TYPE "urn:schemas-upnp-org:service:"
#define WEEK_S 604800

struct pair {
	const char *name;
	const char *value;
};

static const struct pair add[] = {
	{"NewRemoteHost", ""},
	{"NewExternalPort", "8080"},
	{"NewProtocol", "TCP"},
	{"NewInternalPort", "80"},
	{"NewInternalClient", "192.168.1.2"},
	{"NewEnabled", "1"},
	{"NewPortMappingDescription", "a web"},
	{"NewLeaseDuration", "3600"},
	{NULL, NULL},
};

static const struct pair pinhole[] = {
	{"RemoteHost", ""},
	{"RemotePort", "0"},
	{"InternalClient", "2001:db8::2"},
	{"InternalPort", "4000"},
	{"Protocol", "17"},
	{"LeaseTime", "600"},
	{"NewLeaseTime", "700"},	/* for UpdatePinhole, and unknown to AddPinhole */
	{"UniqueID", "9"},
	{NULL, NULL},
};

static const struct pair nothing[] = {{NULL, NULL}};

static struct addr client4(void)
{
	return addr_from4(0xc0a80102);
}

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(text), &a), 0);
	return a;
}

static void assert_str(struct str s, const char *wanted)
{
	assert_int_equal(s.len, strlen(wanted));
	assert_memory_equal(s.p, wanted, s.len);
}

static void set(struct soap_call *soap, const char *name, const char *value)
{
	for (size_t i = 0; i < soap->count; i++) {
		if (str_eq(soap->args[i].name, str_from(name)))
			soap->args[i].value = str_from(value);
	}
}

static struct soap_call body_of(const char *action_field, const struct pair *pairs)
{
	struct soap_call soap = {.count = 0};

	assert_int_equal(soap_action_decode(str_from(action_field), &soap.name), 0);
	for (; pairs->name; pairs++) {
		soap.args[soap.count].name = str_from(pairs->name);
		soap.args[soap.count++].value = str_from(pairs->value);
	}
	return soap;
}

static enum igd_service service_of(const char *field)
{
	if (strstr(field, "WANIPConnection"))
		return IGD_WANIPC;
	if (strstr(field, "Firewall"))
		return IGD_FC6;
	return strstr(field, "Common") ? IGD_WANCIC : IGD_LAYER3;
}

/* The request a call becomes with one argument changed, or the error code. */
static uint16_t map_with(const char *field, const struct pair *pairs, struct pair change,
	struct igd_call *call, struct map_req *req)
{
	struct addr client = client4();
	struct soap_call soap = body_of(field, pairs);
	uint16_t code;

	if (change.name)
		set(&soap, change.name, change.value);
	code = igd_decode(service_of(field), str_from(field), &soap, call);
	return code ? code : igd_map_decode(call, &client, req);
}

static uint16_t code_with(const char *field, const struct pair *pairs, const char *name,
	const char *value)
{
	struct igd_call call;
	struct map_req req;

	return map_with(field, pairs, (struct pair){name, value}, &call, &req);
}

#define ADD1 TYPE "WANIPConnection:1#AddPortMapping"
#define ADD2 TYPE "WANIPConnection:2#AddPortMapping"
#define ANY2 TYPE "WANIPConnection:2#AddAnyPortMapping"
#define DELETE1 TYPE "WANIPConnection:1#DeletePortMapping"
#define PINHOLE TYPE "WANIPv6FirewallControl:1#AddPinhole"
#define UPDATE TYPE "WANIPv6FirewallControl:1#UpdatePinhole"
#define CLOSE TYPE "WANIPv6FirewallControl:1#DeletePinhole"
#define SAME ((struct pair){NULL, NULL})

static void add_port_mapping_is_an_exact_request(void **state)
{
	struct addr inside = client4();
	struct igd_call call;
	struct map_req req;

	(void)state;
	assert_int_equal(map_with(ADD1, add, SAME, &call, &req), 0);
	assert_int_equal(req.op, MAP_OP_OPEN);
	assert_int_equal(req.key, MAP_KEY_EXTERNAL);
	assert_int_equal(req.origin, MAP_ORIGIN_UPNP);
	assert_int_equal(req.proto, MAP_PROTO_TCP);
	assert_true(req.exact);
	assert_false(req.disabled);
	assert_false(req.has_nonce);
	assert_int_equal(req.external.port, 8080);
	assert_int_equal(req.internal.port, 80);
	assert_true(addr_eq(&req.internal.addr, &inside));
	assert_true(addr_eq(&req.client, &inside));
	assert_true(prefix_is_any(&req.remote) && addr_is4(&req.remote.addr));
	assert_int_equal(req.lifetime_s, 3600);
	assert_str(req.descr, "a web");
}

static void add_any_leaves_the_port_open(void **state)
{
	struct igd_call call;
	struct map_req req;

	(void)state;
	assert_int_equal(map_with(ANY2, add, (struct pair){"NewExternalPort", "0"}, &call, &req),
		0);
	assert_false(req.exact);
	assert_int_equal(req.external.port, 0);
	assert_int_equal(map_with(ANY2, add, SAME, &call, &req), 0);
	assert_int_equal(req.external.port, 8080);
}

static void leases_are_read_by_version(void **state)
{
	static const struct {
		const char *field;
		const char *asked;
		uint32_t got;
	} rows[] = {
		{ADD1, "0", MAP_LIFETIME_ENDLESS}, {ADD1, "1", 1}, {ADD1, "604801", 604801},
		{ADD2, "0", WEEK_S}, {ADD2, "1", 1}, {ADD2, "604800", WEEK_S},
		{ADD2, "604801", WEEK_S}, {ANY2, "4294967295", WEEK_S},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair lease = {"NewLeaseDuration", rows[i].asked};
		struct igd_call call;
		struct map_req req;

		assert_int_equal(map_with(rows[i].field, add, lease, &call, &req), 0);
		assert_int_equal(req.lifetime_s, rows[i].got);
	}
}

static void ports_of_zero_have_their_codes(void **state)
{
	(void)state;
	assert_int_equal(code_with(ADD1, add, "NewExternalPort", "0"), 716);
	assert_int_equal(code_with(ADD2, add, "NewExternalPort", "0"), 716);
	assert_int_equal(code_with(ADD1, add, "NewInternalPort", "0"), 402);
	assert_int_equal(code_with(ADD2, add, "NewInternalPort", "0"), 732);
	assert_int_equal(code_with(ANY2, add, "NewInternalPort", "0"), 732);
	assert_int_equal(code_with(DELETE1, add, "NewExternalPort", "0"), 714);
}

static void numbers_and_words_are_strict(void **state)
{
	static const struct pair bad[] = {
		{"NewExternalPort", ""}, {"NewExternalPort", "65536"}, {"NewExternalPort", "-1"},
		{"NewExternalPort", " 80"}, {"NewExternalPort", "+80"}, {"NewExternalPort", "80x"},
		{"NewExternalPort", "0x50"}, {"NewInternalPort", "99999999999999999999"},
		{"NewLeaseDuration", "4294967296"}, {"NewLeaseDuration", "1.5"},
		{"NewProtocol", "tcp"}, {"NewProtocol", "TCP "}, {"NewProtocol", "SCTP"},
		{"NewProtocol", ""}, {"NewProtocol", "6"}, {"NewEnabled", ""}, {"NewEnabled", "2"},
		{"NewEnabled", "on"}, {"NewPortMappingDescription", "\xff"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(code_with(ADD1, add, bad[i].name, bad[i].value), 402);
}

static void booleans_have_three_spellings(void **state)
{
	static const char *const words[][2] = {{"0", "1"}, {"false", "true"}, {"no", "yes"}};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct pair enabled = {"NewEnabled", words[i / 2][i % 2]};
		struct igd_call call;
		struct map_req req;

		assert_int_equal(map_with(ADD1, add, enabled, &call, &req), 0);
		assert_int_equal(req.disabled, i % 2 == 0);
	}
}

static void only_literal_addresses_are_read(void **state)
{
	static const char *const hosts[] = {
		"localhost", "nas.lan", "192.168.1", "192.168.1.2.", "192.168.01.2", "0xc0a80102",
		"192.168.1.2:80", " 192.168.1.2", "2001:db8::2", "::ffff:192.168.1.2", "[::1]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		assert_int_equal(code_with(ADD1, add, "NewInternalClient", hosts[i]), 402);
		assert_int_equal(code_with(ADD1, add, "NewRemoteHost", hosts[i]), 402);
	}
	assert_int_equal(code_with(ADD1, add, "NewRemoteHost", "192.168.1.0/24"), 402);
	assert_int_equal(code_with(ADD1, add, "NewRemoteHost", "224.0.0.1"), 402);
}

static void an_empty_client_is_the_one_who_asks(void **state)
{
	struct addr inside = client4(), v6 = address("2001:db8::9");
	struct soap_call soap = body_of(ADD2, add);
	struct igd_call call;
	struct map_req req;

	(void)state;
	assert_int_equal(map_with(ADD2, add, (struct pair){"NewInternalClient", ""}, &call, &req),
		0);
	assert_true(addr_eq(&req.internal.addr, &inside));
	set(&soap, "NewInternalClient", "");
	assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD2), &soap, &call), 0);
	assert_int_equal(igd_map_decode(&call, &v6, &req), 402);
}

static void remote_hosts_are_any_or_one(void **state)
{
	static const char *const any[] = {"", "*", "0.0.0.0"};
	struct addr peer = address("198.51.100.7");
	struct igd_call call;
	struct map_req req;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(map_with(ADD2, add, (struct pair){"NewRemoteHost", any[i]}, &call,
			&req), 0);
		assert_true(prefix_is_any(&req.remote));
	}
	assert_int_equal(map_with(ADD2, add, (struct pair){"NewRemoteHost", "198.51.100.7"}, &call,
		&req), 0);
	assert_true(prefix_is_host(&req.remote));
	assert_true(addr_eq(&req.remote.addr, &peer));
}

static void descriptions_are_cleaned_and_cut(void **state)
{
	struct igd_call call;
	struct map_req req;
	char text[200];

	(void)state;
	assert_int_equal(map_with(ADD1, add, (struct pair){"NewPortMappingDescription",
		"a\x1b[31m\r\nb\xe2\x80\xae" "c<&"}, &call, &req), 0);
	assert_str(req.descr, "a[31mbc<&");
	for (size_t i = 0; i < 198; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[198] = '\0';
	assert_int_equal(map_with(ADD1, add, (struct pair){"NewPortMappingDescription", text},
		&call,
		&req), 0);
	assert_int_equal(req.descr.len, MAP_DESCR_MAX / 3 * 3);
	assert_memory_equal(req.descr.p, text, req.descr.len);
	assert_int_equal(map_with(ADD1, add, (struct pair){"NewPortMappingDescription", ""}, &call,
		&req), 0);
	assert_int_equal(req.descr.len, 0);
}

static void delete_names_the_whole_key(void **state)
{
	struct igd_call call;
	struct map_req req;

	(void)state;
	assert_int_equal(map_with(DELETE1, add, (struct pair){"NewProtocol", "UDP"}, &call, &req),
		0);
	assert_int_equal(req.op, MAP_OP_CLOSE);
	assert_int_equal(req.key, MAP_KEY_EXTERNAL);
	assert_int_equal(req.proto, MAP_PROTO_UDP);
	assert_int_equal(req.external.port, 8080);
	assert_true(prefix_is_any(&req.remote));
}

static void specific_entries_are_found_by_key(void **state)
{
	struct soap_call soap = body_of(TYPE "WANIPConnection:1#GetSpecificPortMappingEntry", add);
	struct addr peer = address("198.51.100.7"), client = client4();
	struct igd_call call;
	struct igd_key key;
	struct map_req req;

	(void)state;
	set(&soap, "NewRemoteHost", "198.51.100.7");
	assert_int_equal(igd_decode(IGD_WANIPC,
		STR(TYPE "WANIPConnection:1#GetSpecificPortMappingEntry"), &soap, &call), 0);
	assert_int_equal(igd_map_key(&call, &key), 0);
	assert_true(addr_eq(&key.remote.addr, &peer));
	assert_int_equal(key.port, 8080);
	assert_int_equal(key.proto, MAP_PROTO_TCP);
	assert_int_equal(igd_map_decode(&call, &client, &req), 401);	/* it opens nothing */
}

static void url_field_and_body_must_agree(void **state)
{
	struct soap_call soap = body_of(ADD1, add);
	struct igd_call call = {.service = IGD_LAYER3};

	(void)state;
	assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD1), &soap, &call), 0);
	call.service = IGD_LAYER3;
	assert_int_equal(igd_decode(IGD_WANCIC, STR(ADD1), &soap, &call), 401);
	assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD2), &soap, &call), 401);
	assert_int_equal(igd_decode(IGD_WANIPC, STR(DELETE1), &soap, &call), 401);
	assert_int_equal(igd_decode(IGD_WANIPC, STR(""), &soap, &call), 401);
	assert_int_equal(igd_decode(IGD_WANIPC, STR(PINHOLE), &soap, &call), 401);
	assert_int_equal(call.service, IGD_LAYER3);
	soap.name.service = STR_NONE;	/* libplum: only the field says which */
	soap.name.version = 0;
	assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD1), &soap, &call), 0);
	assert_int_equal(call.name.version, 1);
}

static void unknown_actions_are_refused(void **state)
{
	static const char *const fields[] = {
		TYPE "WANIPConnection:1#addPortMapping", TYPE "WANIPConnection:1#AddPortMappin",
		TYPE "WANIPConnection:1#AddPortMappingX",
			TYPE "WANIPConnection:1#AddAnyPortMapping",
		TYPE "WANIPConnection:3#AddPortMapping", TYPE "WANIPConnectio:1#AddPortMapping",
		TYPE "WANPPPConnection:1#AddPortMapping", "urn:x:WANIPConnection:1#AddPortMapping",
		TYPE "WANIPConnection:1#AddPinhole",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct soap_call soap = body_of(fields[i], add);
		struct igd_call call;

		assert_int_equal(igd_decode(IGD_WANIPC, str_from(fields[i]), &soap, &call), 401);
	}
}

static void each_argument_is_needed_once_in_any_order(void **state)
{
	(void)state;
	for (size_t skip = 0; skip < 8; skip++) {
		struct soap_call soap = body_of(ADD1, add), less = soap;
		struct igd_call call;

		less.args[skip] = less.args[--less.count];
		assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD1), &less, &call), 402);
		less.args[less.count++] = soap.args[skip];	/* back, elsewhere */
		less.args[less.count++] = (struct soap_arg){STR("NewOther"), STR("x")};
		assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD1), &less, &call), 0);
		less.args[less.count++] = soap.args[skip];	/* twice */
		assert_int_equal(igd_decode(IGD_WANIPC, STR(ADD1), &less, &call), 402);
	}
}

static void add_pinhole_is_read(void **state)
{
	struct addr inside = address("2001:db8::2"), peer = address("2001:db8:1::5");
	struct igd_call call;
	struct map_req req;

	(void)state;
	assert_int_equal(map_with(PINHOLE, pinhole, SAME, &call, &req), 0);
	assert_int_equal(req.op, MAP_OP_OPEN);
	assert_int_equal(req.key, MAP_KEY_INTERNAL);
	assert_int_equal(req.proto, MAP_PROTO_UDP);
	assert_true(addr_eq(&req.internal.addr, &inside));
	assert_int_equal(req.internal.port, 4000);
	assert_true(prefix_is_any(&req.remote) && !addr_is4(&req.remote.addr));
	assert_int_equal(req.remote_port, 0);
	assert_int_equal(req.lifetime_s, 600);
	assert_int_equal(map_with(PINHOLE, pinhole, (struct pair){"RemoteHost", "2001:db8:1::5"},
		&call, &req), 0);
	assert_true(prefix_is_host(&req.remote) && addr_eq(&req.remote.addr, &peer));
	assert_int_equal(map_with(PINHOLE, pinhole, (struct pair){"RemotePort", "22000"}, &call,
		&req), 0);
	assert_int_equal(req.remote_port, 22000);
}

static void pinhole_wildcards_have_their_codes(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		uint16_t code;
	} rows[] = {
		{"RemoteHost", "*", 0}, {"RemoteHost", "::", 0}, {"RemoteHost", "::/0", 0},
		{"RemoteHost", "198.51.100.7", 402}, {"RemoteHost", "2001:db8::/32", 402},
		{"RemoteHost", "peer.example", 402}, {"RemotePort", "65536", 402},
		{"InternalClient", "", 708}, {"InternalClient", "*", 708},
		{"InternalClient", "::", 708}, {"InternalClient", "0::0", 708},
		{"InternalClient", "::/0", 708}, {"InternalClient", "192.168.1.2", 402},
		{"InternalClient", "fe80::1%eth0", 402}, {"InternalClient", "nas.lan", 402},
		{"InternalClient", "::ffff:192.168.1.2", 402},
		{"InternalPort", "0", 706}, {"Protocol", "65535", 707}, {"Protocol", "6", 0},
		{"Protocol", "1", 705}, {"Protocol", "0", 705}, {"Protocol", "262", 705},
		{"Protocol", "65536", 402}, {"LeaseTime", "0", 402}, {"LeaseTime", "1", 0},
		{"LeaseTime", "86400", 0}, {"LeaseTime", "86401", 402},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(code_with(PINHOLE, pinhole, rows[i].name, rows[i].value),
			rows[i].code);
}

static void pinholes_are_renewed_and_closed_by_id(void **state)
{
	struct igd_call call;
	struct map_req req;

	(void)state;
	assert_int_equal(map_with(UPDATE, pinhole, SAME, &call, &req), 0);
	assert_int_equal(req.op, MAP_OP_RENEW);
	assert_int_equal(req.key, MAP_KEY_ID);
	assert_int_equal(req.id, 9);
	assert_int_equal(req.lifetime_s, 700);
	assert_int_equal(code_with(UPDATE, pinhole, "NewLeaseTime", "86401"), 402);
	assert_int_equal(map_with(CLOSE, pinhole, (struct pair){"UniqueID", "65535"}, &call, &req),
		0);
	assert_int_equal(req.op, MAP_OP_CLOSE);
	assert_int_equal(req.key, MAP_KEY_ID);
	assert_int_equal(req.id, 65535);
	assert_int_equal(code_with(CLOSE, pinhole, "UniqueID", "65536"), 402);
}

static struct igd_call call_of(const char *field, const struct pair *pairs)
{
	struct soap_call soap = body_of(field, pairs);
	struct igd_call call;

	assert_int_equal(igd_decode(service_of(field), str_from(field), &soap, &call), 0);
	return call;
}

static void results_are_told_in_the_version_called(void **state)
{
	struct igd_call v1 = call_of(ADD1, add), v2 = call_of(ADD2, add);
	struct igd_call fc6 = call_of(PINHOLE, pinhole);

	(void)state;
	assert_int_equal(igd_error_of(&v1, MAP_RESERVED), 718);
	assert_int_equal(igd_error_of(&v2, MAP_RESERVED), 729);
	assert_int_equal(igd_error_of(&v1, MAP_DENIED), 606);
	assert_int_equal(igd_error_of(&v2, MAP_NOT_FOUND), 714);
	assert_int_equal(igd_error_of(&fc6, MAP_NOT_FOUND), 704);
	assert_int_equal(igd_error_of(&fc6, MAP_QUOTA), 701);
	assert_int_equal(igd_error_of(&v1, MAP_OK), 0);
}

static void every_result_has_a_description(void **state)
{
	struct igd_call calls[] = {call_of(ADD1, add), call_of(ADD2, add),
		call_of(PINHOLE, pinhole)};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int r = MAP_OK + 1; r < MAP_RESULTS; r++) {
			uint16_t code = igd_error_of(&calls[i], (enum map_result)r);
			assert_string_not_equal(igd_error_text(calls[i].service, code), "Error");
		}
	}
	assert_string_equal(igd_error_text(IGD_FC6, 704), "NoSuchEntry");
	assert_string_equal(igd_error_text(IGD_WANIPC, 718), "ConflictInMappingEntry");
}

static void assert_has(const struct writer *w, const char *wanted)
{
	assert_false(w->full);
	assert_non_null(memmem(w->p, w->len, wanted, strlen(wanted)));
}

static void entries_are_listed_in_order(void **state)
{
	struct igd_call generic = call_of(TYPE "WANIPConnection:1#GetGenericPortMappingEntry",
		(const struct pair[]){{"NewPortMappingIndex", "0"}, {NULL, NULL}});
	struct igd_call specific = call_of(TYPE "WANIPConnection:2#GetSpecificPortMappingEntry",
		add);
	struct igd_entry e = {.remote = prefix_any4(), .external_port = 8080,
		.proto = MAP_PROTO_UDP, .internal = {client4(), 80}, .enabled = true,
		.descr = STR("a <web>"), .lease_s = MAP_LIFETIME_ENDLESS};
	struct addr peer = address("198.51.100.7");
	char buf[2048];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	igd_answer_entry(&w, &generic, &e);
	assert_has(&w,
		"<u:GetGenericPortMappingEntryResponse xmlns:u=\"" TYPE "WANIPConnection:1\">"
		"<NewRemoteHost></NewRemoteHost><NewExternalPort>8080</NewExternalPort>"
		"<NewProtocol>UDP</NewProtocol><NewInternalPort>80</NewInternalPort>"
		"<NewInternalClient>192.168.1.2</NewInternalClient><NewEnabled>1</NewEnabled>"
		"<NewPortMappingDescription>a &lt;web&gt;</NewPortMappingDescription>"
		"<NewLeaseDuration>0</NewLeaseDuration></u:GetGenericPortMappingEntryResponse>");
	e.remote = prefix_host(&peer);
	w = writer_to(buf, sizeof(buf));
	igd_answer_entry(&w, &generic, &e);
	assert_has(&w, "<NewRemoteHost>198.51.100.7</NewRemoteHost>");
	w = writer_to(buf, sizeof(buf));
	igd_answer_entry(&w, &specific, &e);
	assert_has(&w, "WANIPConnection:2\"><NewInternalPort>80</NewInternalPort>"
		"<NewInternalClient>192.168.1.2</NewInternalClient><NewEnabled>1</NewEnabled>"
		"<NewPortMappingDescription>a &lt;web&gt;</NewPortMappingDescription>"
		"<NewLeaseDuration>604800</NewLeaseDuration></u:");
	e.lease_s = 77;
	e.enabled = false;
	w = writer_to(buf, sizeof(buf));
	igd_answer_entry(&w, &specific, &e);
	assert_has(&w, "<NewEnabled>0</NewEnabled>");
	assert_has(&w, "<NewLeaseDuration>77</NewLeaseDuration>");
}

static void connection_facts_are_told(void **state)
{
	struct igd_call address_call = call_of(TYPE "WANIPConnection:1#GetExternalIPAddress",
		nothing);
	struct igd_call status = call_of(TYPE "WANIPConnection:1#GetStatusInfo", nothing);
	struct igd_call type = call_of(TYPE "WANIPConnection:1#GetConnectionTypeInfo", nothing);
	struct igd_call nat = call_of(TYPE "WANIPConnection:1#GetNATRSIPStatus", nothing);
	struct addr wan = address("192.0.2.1"), none = addr_any4();
	char buf[4096];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	igd_answer_address(&w, &address_call, &wan);
	assert_has(&w, "<NewExternalIPAddress>192.0.2.1</NewExternalIPAddress>");
	igd_answer_address(&w, &address_call, &none);
	assert_has(&w, "<NewExternalIPAddress></NewExternalIPAddress>");
	igd_answer_status(&w, &status, IGD_LINK_CONNECTED, 12);
	assert_has(&w, "<NewConnectionStatus>Connected</NewConnectionStatus>"
		"<NewLastConnectionError>ERROR_NONE</NewLastConnectionError>"
		"<NewUptime>12</NewUptime>");
	igd_answer_type(&w, &type);
	assert_has(&w, "<NewConnectionType>IP_Routed</NewConnectionType>"
		"<NewPossibleConnectionTypes>IP_Routed</NewPossibleConnectionTypes>");
	igd_answer_nat(&w, &nat);
	assert_has(&w, "<NewRSIPAvailable>0</NewRSIPAvailable><NewNATEnabled>1</NewNATEnabled>");
}

static void counters_wrap_and_rates_do_not(void **state)
{
	struct igd_call link = call_of(TYPE "WANCommonInterfaceConfig:1#GetCommonLinkProperties",
		nothing);
	struct igd_wan wan = {.up_bps = 10000000000, .down_bps = 5, .carrier = true,
		.bytes_sent = 0x100000001, .bytes_received = 2, .packets_sent = 3,
		.packets_received = 4};
	static const char *const counters[][2] = {
		{"GetTotalBytesSent", "<NewTotalBytesSent>1<"},
		{"GetTotalBytesReceived", "<NewTotalBytesReceived>2<"},
		{"GetTotalPacketsSent", "<NewTotalPacketsSent>3<"},
		{"GetTotalPacketsReceived", "<NewTotalPacketsReceived>4<"},
	};
	char buf[8192], field[128];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	igd_answer_wan(&w, &link, &wan);
	assert_has(&w, "<NewWANAccessType>Ethernet</NewWANAccessType>"
		"<NewLayer1UpstreamMaxBitRate>4294967295</NewLayer1UpstreamMaxBitRate>"
		"<NewLayer1DownstreamMaxBitRate>5</NewLayer1DownstreamMaxBitRate>"
		"<NewPhysicalLinkStatus>Up</NewPhysicalLinkStatus>");
	for (size_t i = 0; i < 4; i++) {
		struct writer f = writer_to(field, sizeof(field) - 1);
		struct igd_call call;

		writer_text(&f, TYPE "WANCommonInterfaceConfig:1#");
		writer_text(&f, counters[i][0]);
		field[f.len] = '\0';
		call = call_of(field, nothing);
		igd_answer_wan(&w, &call, &wan);
		assert_has(&w, counters[i][1]);
	}
}

static void the_rest_is_told(void **state)
{
	const struct igd_uuid base = {{0}};
	struct igd_call any = call_of(ANY2, add), hole = call_of(PINHOLE, pinhole);
	struct igd_call gone = call_of(DELETE1, add);
	struct igd_call firewall = call_of(TYPE "WANIPv6FirewallControl:1#GetFirewallStatus",
		nothing);
	struct igd_call layer3 = call_of(TYPE "Layer3Forwarding:1#GetDefaultConnectionService",
		nothing);
	char buf[8192];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	igd_answer_number(&w, &any, 50000);
	assert_has(&w, "<NewReservedPort>50000</NewReservedPort></u:AddAnyPortMappingResponse>");
	igd_answer_number(&w, &hole, 7);
	assert_has(&w, "WANIPv6FirewallControl:1\"><UniqueID>7</UniqueID></u:AddPinholeResponse>");
	igd_answer_firewall(&w, &firewall, true, false);
	assert_has(&w, "<FirewallEnabled>1</FirewallEnabled>"
		"<InboundPinholeAllowed>0</InboundPinholeAllowed>");
	igd_answer_default(&w, &layer3, &base, IGD_V2);
	assert_has(&w, "<NewDefaultConnectionService>uuid:00000000-0000-0000-0000-000000000002:"
		"WANConnectionDevice:2,urn:upnp-org:serviceId:WANIPConn1<");
	igd_encode(&w, &gone, NULL);
	assert_has(&w, "<u:DeletePortMappingResponse xmlns:u=\"" TYPE "WANIPConnection:1\">"
		"</u:DeletePortMappingResponse>");
	igd_encode_error(&w, IGD_WANIPC, 718);
	assert_has(&w, "<errorCode>718</errorCode>"
		"<errorDescription>ConflictInMappingEntry</errorDescription>");
}

#define RANGE2 TYPE "WANIPConnection:2#DeletePortMappingRange"
#define LIST2 TYPE "WANIPConnection:2#GetListOfPortMappings"
#define DEFAULT TYPE "Layer3Forwarding:1#SetDefaultConnectionService"
#define TIMEOUT TYPE "WANIPv6FirewallControl:1#GetOutboundPinholeTimeout"

static const struct pair range[] = {
	{"NewStartPort", "1000"}, {"NewEndPort", "2000"}, {"NewProtocol", "UDP"},
	{"NewManage", "1"}, {"NewNumberOfPorts", "7"}, {NULL, NULL},
};

static void ranges_are_read(void **state)
{
	struct igd_call call = call_of(LIST2, range);
	struct igd_range r;
	struct map_req req;

	(void)state;
	assert_int_equal(igd_map_range(&call, &r), 0);
	assert_true(r.first == 1000 && r.last == 2000 && r.proto == MAP_PROTO_UDP);
	assert_true(r.others && r.count == 7);
	assert_int_equal(map_with(RANGE2, range, (struct pair){NULL, NULL}, &call, &req), 0);
	assert_int_equal(req.op, MAP_OP_CLOSE_RANGE);
	assert_true(req.external.port == 1000 && req.last_port == 2000);
	assert_int_equal(igd_error_of(&call, MAP_NOT_FOUND), 730);
	assert_int_equal(code_with(RANGE2, range, "NewEndPort", "999"), 733);
	assert_int_equal(code_with(RANGE2, range, "NewProtocol", "udp"), 402);
	assert_int_equal(code_with(RANGE2, range, "NewManage", "2"), 402);
}

static void lists_are_documents_in_a_text(void **state)
{
	struct igd_call call = call_of(LIST2, range);
	struct igd_entry e = {.remote = prefix_any4(), .external_port = 8080,
		.proto = MAP_PROTO_TCP, .internal = {client4(), 80}, .enabled = true,
		.descr = STR("a <b>"), .lease_s = MAP_LIFETIME_ENDLESS};
	char list[2048], answer[4096];
	struct writer l = writer_to(list, sizeof(list)), w = writer_to(answer, sizeof(answer));

	(void)state;
	igd_answer_list_open(&l);
	igd_answer_list_entry(&l, &call, &e);
	igd_answer_list_close(&l);
	assert_has(&l, "<p:PortMappingEntry><p:NewRemoteHost></p:NewRemoteHost>"
		"<p:NewExternalPort>8080</p:NewExternalPort><p:NewProtocol>TCP</p:NewProtocol>"
		"<p:NewInternalPort>80</p:NewInternalPort>"
		"<p:NewInternalClient>192.168.1.2</p:NewInternalClient>"
		"<p:NewEnabled>1</p:NewEnabled><p:NewDescription>a &lt;b&gt;</p:NewDescription>"
		"<p:NewLeaseTime>604800</p:NewLeaseTime></p:PortMappingEntry></p:PortMappingList>");
	igd_answer_text(&w, &call, writer_done(&l));
	assert_has(&w, "<NewPortListing>&lt;?xml ");
	assert_has(&w, "&lt;p:NewDescription&gt;a &amp;lt;b&amp;gt;&lt;/p:NewDescription&gt;");
}

static uint16_t default_code(const char *text)
{
	const struct igd_uuid base = {{0}};
	const struct pair args[] = {{"NewDefaultConnectionService", text}, {NULL, NULL}};
	struct igd_call call = call_of(DEFAULT, args);

	return igd_map_default(&call, &base);
}

static void a_default_service_must_be_ours(void **state)
{
	static const char udn[] = "uuid:00000000-0000-0000-0000-000000000002";

	(void)state;
	assert_int_equal(default_code("uuid:00000000-0000-0000-0000-000000000002:"
		"WANConnectionDevice:2,urn:upnp-org:serviceId:WANPPPConn1"), 0);
	assert_int_equal(default_code(udn), 720);
	assert_int_equal(default_code("uuid:00000000-0000-0000-0000-000000000001:"
		"WANConnectionDevice:1,urn:upnp-org:serviceId:WANIPConn1"), 720);
	assert_int_equal(default_code("uuid:00000000-0000-0000-0000-000000000002:"
		"WANConnectionDevice:3,urn:upnp-org:serviceId:WANIPConn1"), 720);
	assert_int_equal(default_code("uuid:00000000-0000-0000-0000-000000000002:"
		"WANConnectionDevice:1,urn:upnp-org:serviceId:WANIPConn2"), 721);
	assert_int_equal(default_code("uuid:00000000-0000-0000-0000-000000000002:"
		"WANConnectionDevice:1"), 721);
	assert_int_equal(default_code("uuid:00000000-0000-0000-0000-000000000002:"
		"WANConnectionDevice:1,urn:upnp-org:serviceId:L3Forwarding1"), 723);
	assert_int_equal(default_code(""), 720);
}

static void timeouts_are_asked_by_protocol(void **state)
{
	struct igd_call call = call_of(TIMEOUT, pinhole);
	uint8_t proto = 0;

	(void)state;
	assert_int_equal(igd_map_timeout(&call, &proto), 0);
	assert_int_equal(proto, MAP_PROTO_UDP);
	call.in[4].number = 1;
	assert_int_equal(igd_map_timeout(&call, &proto), 705);
	call.in[2].text = STR("laptop");
	assert_int_equal(igd_map_timeout(&call, &proto), 402);
}

static void words_are_of_their_list(void **state)
{
	static const char set[] = TYPE "WANIPConnection:1#SetConnectionType";
	struct soap_call soap = body_of(set, (const struct pair[]){
		{"NewConnectionType", "IP_Routed"}, {NULL, NULL}});
	struct igd_call call;

	(void)state;
	assert_int_equal(igd_decode(IGD_WANIPC, str_from(set), &soap, &call), 0);
	soap.args[0].value = STR("ip_routed");
	assert_int_equal(igd_decode(IGD_WANIPC, str_from(set), &soap, &call), 402);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_port_mapping_is_an_exact_request),
		cmocka_unit_test(add_any_leaves_the_port_open),
		cmocka_unit_test(leases_are_read_by_version),
		cmocka_unit_test(ports_of_zero_have_their_codes),
		cmocka_unit_test(numbers_and_words_are_strict),
		cmocka_unit_test(booleans_have_three_spellings),
		cmocka_unit_test(only_literal_addresses_are_read),
		cmocka_unit_test(an_empty_client_is_the_one_who_asks),
		cmocka_unit_test(remote_hosts_are_any_or_one),
		cmocka_unit_test(descriptions_are_cleaned_and_cut),
		cmocka_unit_test(delete_names_the_whole_key),
		cmocka_unit_test(specific_entries_are_found_by_key),
		cmocka_unit_test(url_field_and_body_must_agree),
		cmocka_unit_test(unknown_actions_are_refused),
		cmocka_unit_test(each_argument_is_needed_once_in_any_order),
		cmocka_unit_test(add_pinhole_is_read),
		cmocka_unit_test(pinhole_wildcards_have_their_codes),
		cmocka_unit_test(pinholes_are_renewed_and_closed_by_id),
		cmocka_unit_test(results_are_told_in_the_version_called),
		cmocka_unit_test(every_result_has_a_description),
		cmocka_unit_test(entries_are_listed_in_order),
		cmocka_unit_test(connection_facts_are_told),
		cmocka_unit_test(counters_wrap_and_rates_do_not),
		cmocka_unit_test(the_rest_is_told),
		cmocka_unit_test(ranges_are_read),
		cmocka_unit_test(lists_are_documents_in_a_text),
		cmocka_unit_test(a_default_service_must_be_ours),
		cmocka_unit_test(timeouts_are_asked_by_protocol),
		cmocka_unit_test(words_are_of_their_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
