/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptions of both views, the rules the table must keep, and the paths. */
#include "protocols/igd_desc.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TOKEN "k7Qx-_93"
#define NEST_MAX 16

struct doc {
	char text[IGD_DESC_MAX];
	size_t len;
};

static struct igd_desc desc(void)
{
	return (struct igd_desc){
		.token = STR(TOKEN),
		.uuid = {{[15] = 0x40}},
		.friendly_name = STR("Postern <home> & more"),
		.manufacturer = STR("Postern"),
		.model_name = STR("Postern"),
		.model_number = STR("1"),
		.presentation_url = STR("/ui"),
	};
}

static void root(struct doc *d, enum igd_view view, uint32_t configid)
{
	struct igd_desc what = desc();
	struct writer w = writer_to(d->text, sizeof(d->text) - 1);

	igd_desc_encode_root(&w, &what, view, configid);
	assert_false(w.full);
	d->text[w.len] = '\0';
	d->len = w.len;
}

static void scpd(struct doc *d, enum igd_service service, enum igd_view view)
{
	struct writer w = writer_to(d->text, sizeof(d->text) - 1);

	igd_desc_encode_scpd(&w, service, view);
	assert_false(w.full);
	d->text[w.len] = '\0';
	d->len = w.len;
}

static unsigned count(const struct doc *d, const char *wanted)
{
	unsigned n = 0;

	for (const char *at = d->text; (at = strstr(at, wanted)); at++)
		n++;
	return n;
}

/* Each end tag closes the innermost open one; attributes hold no '>'. */
static void assert_balanced(const struct doc *d)
{
	struct str open[NEST_MAX];
	struct str rest = {d->text, d->len};
	size_t depth = 0;

	str_split(&rest, '<');
	while (rest.p) {
		struct str tag = str_split(&rest, '<');
		struct str name = str_split(&tag, '>');

		assert_non_null(tag.p);
		if (name.p[0] == '?')
			continue;
		if (name.p[0] == '/') {
			assert_true(depth > 0);
			assert_true(str_eq(open[--depth], str_sub(name, 1, name.len)));
			continue;
		}
		assert_true(depth < NEST_MAX);
		open[depth++] = str_split(&name, ' ');
	}
	assert_int_equal(depth, 0);
}

static void the_tree_has_one_version_throughout(void **state)
{
	static struct doc d;

	(void)state;
	root(&d, IGD_V1, 5);
	assert_balanced(&d);
	assert_int_equal(count(&d, "urn:schemas-upnp-org:device:InternetGatewayDevice:1<"), 1);
	assert_int_equal(count(&d, "urn:schemas-upnp-org:device:WANDevice:1<"), 1);
	assert_int_equal(count(&d, "urn:schemas-upnp-org:device:WANConnectionDevice:1<"), 1);
	assert_int_equal(count(&d, "<serviceType>urn:schemas-upnp-org:service:"), 3);
	assert_int_equal(count(&d, ":WANIPConnection:1<"), 1);
	assert_int_equal(count(&d, ":2<"), 0);
	assert_int_equal(count(&d, "WANIPv6Firewall"), 0);
	assert_int_equal(count(&d, "PPP"), 0);
	root(&d, IGD_V2, 5);
	assert_balanced(&d);
	assert_int_equal(count(&d, "urn:schemas-upnp-org:device:InternetGatewayDevice:2<"), 1);
	assert_int_equal(count(&d, "urn:schemas-upnp-org:device:WANDevice:2<"), 1);
	assert_int_equal(count(&d, "urn:schemas-upnp-org:device:WANConnectionDevice:2<"), 1);
	assert_int_equal(count(&d, "<serviceType>urn:schemas-upnp-org:service:"), 6);
	assert_int_equal(count(&d, ":WANPPPConnection:1<"), 1);
	assert_int_equal(count(&d, ":WANEthernetLinkConfig:1<"), 1);
	assert_int_equal(count(&d, ":WANIPConnection:2<"), 1);
	assert_int_equal(count(&d, ":WANIPv6FirewallControl:1<"), 1);
}

static void the_root_says_who_it_is(void **state)
{
	static struct doc d;

	(void)state;
	root(&d, IGD_V1, 77);
	assert_int_equal(count(&d,
		"<root xmlns=\"urn:schemas-upnp-org:device-1-0\" configId=\"77\">"
		"<specVersion><major>1</major><minor>1</minor></specVersion><device>"), 1);
	assert_int_equal(count(&d, "<friendlyName>Postern &lt;home&gt; &amp; more</friendlyName>"),
		1);
	assert_int_equal(count(&d, "<UDN>uuid:00000000-0000-0000-0000-000000000040</UDN>"), 1);
	assert_int_equal(count(&d, "<UDN>uuid:00000000-0000-0000-0000-000000000041</UDN>"), 1);
	assert_int_equal(count(&d, "<UDN>uuid:00000000-0000-0000-0000-000000000042</UDN>"), 1);
	assert_int_equal(count(&d, "<presentationURL>/ui</presentationURL></device></root>"), 1);
	assert_int_equal(count(&d, "modelURL"), 0);
	assert_int_equal(count(&d, "URLBase"), 0);
}

/* Every URL of the root leads to what it is for, and no two to the same. */
static void urls_lead_to_their_service(void **state)
{
	static struct doc d;
	unsigned seen[IGD_PATH_EVENT + 1][IGD_SERVICES] = {{0}};

	(void)state;
	for (int view = IGD_V1; view <= IGD_V2; view++) {
		struct str rest;

		root(&d, (enum igd_view)view, 1);
		rest = (struct str){d.text, d.len};
		while (rest.p) {
			struct str tag = str_split(&rest, '>');
			struct str path = str_split(&rest, '<');
			struct igd_path where;

			if (tag.len < 4 || !str_eq(str_sub(tag, tag.len - 3, 3), STR("URL")) ||
			    tag.p[0] == '/' || str_eq(tag, STR("presentationURL")))
				continue;
			assert_int_equal(igd_desc_decode_path(path, STR(TOKEN), &where), 0);
			seen[where.kind][where.service]++;
			if (where.kind == IGD_PATH_SCPD || where.kind == IGD_PATH_EVENT)
				assert_int_equal(where.view, view);
		}
	}
	for (int kind = IGD_PATH_SCPD; kind <= IGD_PATH_EVENT; kind++) {
		assert_int_equal(seen[kind][IGD_LAYER3], 2);
		assert_int_equal(seen[kind][IGD_WANCIC], 2);
		assert_int_equal(seen[kind][IGD_WANIPC], 2);
		assert_int_equal(seen[kind][IGD_FC6], 1);
		assert_int_equal(seen[kind][IGD_WANPPP], 1);
		assert_int_equal(seen[kind][IGD_WANETH], 1);
	}
}

static void v1_shows_nothing_of_v2(void **state)
{
	static struct doc d;

	(void)state;
	scpd(&d, IGD_WANIPC, IGD_V1);
	assert_balanced(&d);
	assert_int_equal(count(&d, "<action>"), 12);
	assert_int_equal(count(&d, "AddAnyPortMapping"), 0);
	assert_int_equal(count(&d, "SystemUpdateID"), 0);
	assert_int_equal(count(&d, "allowedValueRange>"), 0);
	scpd(&d, IGD_WANIPC, IGD_V2);
	assert_balanced(&d);
	assert_int_equal(count(&d, "<action>"), 15);
	assert_int_equal(count(&d, "MaxBitRate"), 0);
	assert_int_equal(count(&d, "<name>AddAnyPortMapping</name>"), 1);
	assert_int_equal(count(&d, "<name>DeletePortMappingRange</name>"), 1);
	assert_int_equal(count(&d, "<name>GetListOfPortMappings</name>"), 1);
	assert_int_equal(count(&d, "<name>PortMappingLeaseDuration</name><dataType>ui4</dataType>"
		"<allowedValueRange><minimum>0</minimum><maximum>604800</maximum>"), 1);
}

static void ppp_is_the_same_by_another_name(void **state)
{
	static struct doc d;

	(void)state;
	scpd(&d, IGD_WANPPP, IGD_V2);
	assert_balanced(&d);
	assert_int_equal(count(&d, "<action>"), 13);
	assert_int_equal(count(&d, "<name>AddPortMapping</name>"), 1);
	assert_int_equal(count(&d, "<name>GetLinkLayerMaxBitRates</name>"), 1);
	assert_int_equal(count(&d, "AddAnyPortMapping"), 0);
	assert_int_equal(count(&d, "SystemUpdateID"), 0);
	assert_int_equal(count(&d, "GetUserName") + count(&d, "GetPassword"), 0);
}

static void an_scpd_declares_as_the_standard_does(void **state)
{
	static struct doc d;

	(void)state;
	scpd(&d, IGD_WANIPC, IGD_V1);
	assert_int_equal(count(&d,
		"<action><name>GetExternalIPAddress</name><argumentList><argument>"
		"<name>NewExternalIPAddress</name><direction>out</direction>"
		"<relatedStateVariable>ExternalIPAddress</relatedStateVariable>"
		"</argument></argumentList></action>"), 1);
	assert_int_equal(count(&d,
		"<stateVariable sendEvents=\"no\"><name>PortMappingProtocol</name>"
		"<dataType>string</dataType><allowedValueList><allowedValue>TCP</allowedValue>"
		"<allowedValue>UDP</allowedValue></allowedValueList></stateVariable>"), 1);
	scpd(&d, IGD_FC6, IGD_V2);
	assert_balanced(&d);
	assert_int_equal(count(&d, "<action>"), 7);
	assert_int_equal(count(&d, "<direction>in</direction>"), 16);
}

static void only_the_evented_variables_are(void **state)
{
	static const char *const evented[] = {
		"DefaultConnectionService", "PhysicalLinkStatus", "PossibleConnectionTypes",
		"ConnectionStatus", "ExternalIPAddress", "PortMappingNumberOfEntries",
		"SystemUpdateID", "FirewallEnabled", "InboundPinholeAllowed",
		"EnabledForInternet", "NumberOfActiveConnections", "EthernetLinkStatus",
	};
	const unsigned twice = 4;	/* in WANPPPConnection as well */
	static struct doc d;
	unsigned n = 0;

	(void)state;
	for (unsigned s = 0; s < IGD_SERVICES; s++) {
		scpd(&d, (enum igd_service)s, IGD_V2);
		n += count(&d, "sendEvents=\"yes\"");
		for (size_t i = 0; i < sizeof(evented) / sizeof(evented[0]); i++) {
			char wanted[128];
			struct writer w = writer_to(wanted, sizeof(wanted) - 1);

			writer_text(&w, "\"no\"><name>");
			writer_text(&w, evented[i]);
			writer_text(&w, "<");
			wanted[w.len] = '\0';
			assert_int_equal(count(&d, wanted), 0);
		}
	}
	assert_int_equal(n, sizeof(evented) / sizeof(evented[0]) + twice);
}

static bool is_used(const struct igd_service_row *s, size_t var)
{
	for (size_t a = 0; a < s->action_count; a++) {
		const struct igd_action_row *row = &s->actions[a];
		for (unsigned i = 0; i < row->ins + igd_table_outs(row); i++) {
			if (row->args[i].var == var)
				return true;
		}
	}
	return s->vars[var].event != IGD_EVENT_NONE;
}

static void assert_args_are_sound(const struct igd_service_row *s, const struct igd_action_row *row)
{
	unsigned args = row->ins + igd_table_outs(row);

	for (unsigned i = 0; i < args; i++) {
		assert_true(row->args[i].var < s->var_count);
		assert_true(s->vars[row->args[i].var].since <= row->since);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(row->args[i].name, row->args[k].name);
	}
}

static void the_table_keeps_the_rules(void **state)
{
	(void)state;
	for (unsigned n = 0; n < IGD_SERVICES; n++) {
		const struct igd_service_row *s = igd_table_service((enum igd_service)n);

		for (size_t v = 0; v < s->var_count; v++) {
			assert_non_null(s->vars[v].name);
			assert_true(s->vars[v].since > 0);
			assert_true(is_used(s, v));
		}
		for (size_t a = 0; a < s->action_count; a++) {
			assert_args_are_sound(s, &s->actions[a]);
			assert_ptr_equal(igd_table_action((enum igd_service)n, 2,
				str_from(s->actions[a].name)), &s->actions[a]);
		}
	}
}

static void configid_follows_the_documents(void **state)
{
	struct igd_desc a = desc(), b = desc();

	(void)state;
	assert_int_equal(igd_desc_configid(&a, IGD_V1), igd_desc_configid(&b, IGD_V1));
	assert_int_not_equal(igd_desc_configid(&a, IGD_V1), igd_desc_configid(&a, IGD_V2));
	assert_true(igd_desc_configid(&a, IGD_V2) < 1u << 24);
	b.friendly_name = STR("another");
	assert_int_not_equal(igd_desc_configid(&a, IGD_V1), igd_desc_configid(&b, IGD_V1));
}

static void the_root_has_its_path(void **state)
{
	char buf[64];
	struct writer w = writer_to(buf, sizeof(buf));
	struct igd_path where;

	(void)state;
	igd_desc_encode_path(&w, STR(TOKEN), IGD_V2);
	assert_int_equal(igd_desc_decode_path(writer_done(&w), STR(TOKEN), &where), 0);
	assert_int_equal(where.kind, IGD_PATH_DESC);
	assert_int_equal(where.view, IGD_V2);
}

static void other_paths_lead_nowhere(void **state)
{
	static const char *const paths[] = {
		"", "/", "//", "/" TOKEN, "/" TOKEN "/", "/" TOKEN "/1", "/" TOKEN "/1/",
		"/" TOKEN "/3/igd.xml", "/" TOKEN "/1/igd.xmlx", "/" TOKEN "/1/igd.xml/",
		"/" TOKEN "/1/igd.xml?x", "/" TOKEN "/1/../2/igd.xml", "/" TOKEN "//igd.xml",
		"/" TOKEN "/%31/igd.xml", "x/" TOKEN "/1/igd.xml", TOKEN "/1/igd.xml",
		"/" TOKEN "/1/WANIPv6Firewall1", "/" TOKEN "/ctl/igd.xml", "/" TOKEN "/ctl/",
		"/" TOKEN "/ctl/wanipconn1", "/" TOKEN "/evt/WANIPConn2",
		"/" TOKEN "/evt/WANIPv6Firewall1", "/" TOKEN "/evt1/WANIPConn1",
		"/k7Qx-_9/1/igd.xml", "/k7Qx-_94/1/igd.xml", "/k7Qx-_933/1/igd.xml",
		"//1/igd.xml", "/1/igd.xml", "/rootDesc.xml",
	};
	struct igd_path where = {.kind = IGD_PATH_EVENT};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(igd_desc_decode_path(str_from(paths[i]), STR(TOKEN), &where),
			ERR_NOT_FOUND);
		assert_int_equal(where.kind, IGD_PATH_EVENT);
	}
	/* Without a token nothing is served, rather than everything. */
	assert_int_equal(igd_desc_decode_path(STR("//1/igd.xml"), STR(""), &where), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_has_one_version_throughout),
		cmocka_unit_test(the_root_says_who_it_is),
		cmocka_unit_test(urls_lead_to_their_service),
		cmocka_unit_test(v1_shows_nothing_of_v2),
		cmocka_unit_test(ppp_is_the_same_by_another_name),
		cmocka_unit_test(an_scpd_declares_as_the_standard_does),
		cmocka_unit_test(only_the_evented_variables_are),
		cmocka_unit_test(the_table_keeps_the_rules),
		cmocka_unit_test(configid_follows_the_documents),
		cmocka_unit_test(the_root_has_its_path),
		cmocka_unit_test(other_paths_lead_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
