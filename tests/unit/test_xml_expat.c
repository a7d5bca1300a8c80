/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies as clients send them, in every spelling XML allows, and those that must be refused. */
#include "gateway/xml_expat.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENV "http://schemas.xmlsoap.org/soap/envelope/"
#define WANIPC "urn:schemas-upnp-org:service:WANIPConnection"
#define OPEN "<s:Envelope xmlns:s=\"" ENV "\"><s:Body>"
#define CLOSE "</s:Body></s:Envelope>"
#define GET "<u:GetSpecificPortMappingEntry xmlns:u=\"" WANIPC ":1\">"
#define GET_END "</u:GetSpecificPortMappingEntry>"

static void assert_str(struct str s, const char *wanted)
{
	assert_int_equal(s.len, strlen(wanted));
	assert_memory_equal(s.p, wanted, s.len);
}

static int decode(struct soap *soap, const char *body, struct soap_call *call)
{
	return xml_expat_decode(soap, body, strlen(body), call);
}

static void every_spelling_is_the_same_call(void **state)
{
	static const char *const bodies[] = {
		OPEN GET "<A>x&lt;y</A>" GET_END CLOSE,
		"<?xml version=\"1.0\"?>\r\n" OPEN GET "<A>x&lt;y</A>" GET_END CLOSE "\r\n",
		"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>" OPEN GET
			"<A><![CDATA[x<y]]></A>" GET_END CLOSE,
		OPEN "<!-- a -->\n\t" GET "\n<A>x<!-- b -->&#60;&#x79;</A>\n" GET_END CLOSE,
		"<Envelope xmlns='" ENV "'><Header/><Body>"
			"<GetSpecificPortMappingEntry xmlns='" WANIPC ":1'><A>x&lt;y</A>"
			"</GetSpecificPortMappingEntry></Body></Envelope>",
		"<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"" ENV "\" xmlns:m=\"" WANIPC ":1\""
			" SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">"
			"<SOAP-ENV:Body><m:GetSpecificPortMappingEntry>"
			"<A xmlns:dt=\"urn:schemas-microsoft-com:datatypes\" dt:dt=\"string\">"
			"x&lt;y</A>"
			"</m:GetSpecificPortMappingEntry></SOAP-ENV:Body></SOAP-ENV:Envelope>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct soap_call call;
		struct soap soap;

		assert_int_equal(decode(&soap, bodies[i], &call), 0);
		assert_str(call.name.service, WANIPC);
		assert_int_equal(call.name.version, 1);
		assert_str(call.name.action, "GetSpecificPortMappingEntry");
		assert_int_equal(call.count, 1);
		assert_str(call.args[0].name, "A");
		assert_str(call.args[0].value, "x<y");
	}
}

static void empty_elements_are_empty_values(void **state)
{
	struct soap_call call;
	struct soap soap;

	(void)state;
	assert_int_equal(decode(&soap, OPEN GET "<A/><B></B>" GET_END CLOSE, &call), 0);
	assert_int_equal(call.count, 2);
	assert_int_equal(call.args[0].value.len, 0);
	assert_int_equal(call.args[1].value.len, 0);
}

static void libplum_is_understood(void **state)
{
	struct soap_call call;
	struct soap soap;

	(void)state;
	/* Its action's prefix is bound nowhere, another one is. */
	assert_int_equal(decode(&soap, OPEN "<m:GetExternalIPAddress xmlns:u=\"" WANIPC ":1\">"
		"</m:GetExternalIPAddress>" CLOSE, &call), 0);
	assert_str(call.name.action, "GetExternalIPAddress");
	assert_int_equal(call.name.version, 0);
}

static void stray_ampersands_of_miniupnpc_are_text(void **state)
{
	static const char *const values[][2] = {
		{"my & app", "my & app"}, {"&", "&"}, {"&&amp;&#65;", "&&A"},
		{"&;", "&;"}, {"&amp", "&amp"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct soap_call call;
		struct soap soap;
		char body[512];
		struct writer w = writer_to(body, sizeof(body));

		writer_text(&w, OPEN GET "<A>");
		writer_text(&w, values[i][0]);
		writer_text(&w, "</A>" GET_END CLOSE);
		assert_int_equal(xml_expat_decode(&soap, body, w.len, &call), 0);
		assert_str(call.args[0].value, values[i][1]);
	}
}

static void bindings_end_with_their_element(void **state)
{
	struct soap_call call;
	struct soap soap;

	(void)state;
	assert_int_equal(decode(&soap, "<s:Envelope xmlns:s=\"" ENV "\" xmlns:u=\"" WANIPC ":2\">"
		"<s:Header><x xmlns:u=\"urn:x:9\"/></s:Header><s:Body><u:GetStatusInfo/>" CLOSE,
		&call), 0);
	assert_str(call.name.service, WANIPC);
	assert_int_equal(call.name.version, 2);
}

static void assert_refused(const char *body, int err)
{
	struct soap_call call = {.count = 77};
	struct soap soap;

	assert_int_equal(decode(&soap, body, &call), err);
	assert_int_equal(call.count, 77);
}

static void doctypes_entities_and_instructions_are_refused(void **state)
{
	(void)state;
	assert_refused("<!DOCTYPE x>" OPEN GET GET_END CLOSE, ERR_SYNTAX);
	assert_refused("<!DOCTYPE x [<!ENTITY a \"b\">]>" OPEN GET "<A>&a;</A>" GET_END CLOSE,
		ERR_SYNTAX);
	assert_refused("<!DOCTYPE x SYSTEM \"http://192.0.2.1/x\">" OPEN GET GET_END CLOSE,
		ERR_SYNTAX);
	assert_refused(OPEN GET "<A>&nbsp;</A>" GET_END CLOSE, ERR_SYNTAX);
	assert_refused(OPEN GET "<A>& &nbsp;</A>" GET_END CLOSE, ERR_SYNTAX);
	assert_refused("<!DOCTYPE x>" OPEN GET "<A>&</A>" GET_END CLOSE, ERR_SYNTAX);
	assert_refused("<?go on?>" OPEN GET GET_END CLOSE, ERR_SYNTAX);
	assert_refused(OPEN GET "<A><?go on?></A>" GET_END CLOSE, ERR_SYNTAX);
}

static void what_is_not_well_formed_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "GET / HTTP/1.1", OPEN, OPEN GET GET_END, OPEN GET CLOSE,
		OPEN GET GET_END CLOSE "<x/>", OPEN GET "<A>\x01</A>" GET_END CLOSE,
		OPEN GET "<A>\xff</A>" GET_END CLOSE, OPEN GET "<A>&#0;</A>" GET_END CLOSE,
		"<?xml version=\"1.0\" encoding=\"x-unheard-of\"?>" OPEN GET GET_END CLOSE,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], ERR_SYNTAX);
}

static void depth_and_size_are_bounded(void **state)
{
	static char big[XML_EXPAT_MAX + 1];
	struct writer w = writer_to(big, sizeof(big) - 1);
	struct soap_call call;
	struct soap soap;

	(void)state;
	writer_text(&w, "<s:Envelope xmlns:s=\"" ENV "\"><s:Header>");
	for (int i = 0; i < 10000; i++)
		writer_text(&w, "<a>");
	assert_refused(big, ERR_FULL);
	w = writer_to(big, sizeof(big) - 1);
	writer_text(&w, OPEN GET);
	writer_text(&w, "<a");
	for (int i = 0; i < 40; i++) {
		writer_text(&w, " xmlns:p");
		writer_dec(&w, (uint64_t)i);
		writer_text(&w, "='urn:x'");
	}
	writer_text(&w, "/>" GET_END CLOSE);
	assert_int_equal(xml_expat_decode(&soap, big, w.len, &call), ERR_FULL);
	memset(big, ' ', sizeof(big));
	assert_int_equal(xml_expat_decode(&soap, big, sizeof(big), &call), ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_the_same_call),
		cmocka_unit_test(empty_elements_are_empty_values),
		cmocka_unit_test(libplum_is_understood),
		cmocka_unit_test(stray_ampersands_of_miniupnpc_are_text),
		cmocka_unit_test(bindings_end_with_their_element),
		cmocka_unit_test(doctypes_entities_and_instructions_are_refused),
		cmocka_unit_test(what_is_not_well_formed_is_refused),
		cmocka_unit_test(depth_and_size_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
