/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SOAP reader fed by hand, SOAPACTION, and what answers and faults look like. */
#include "protocols/soap.h"

#include "protocols/err.h"
#include "protocols/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENV "http://schemas.xmlsoap.org/soap/envelope/"
#define WANIPC "urn:schemas-upnp-org:service:WANIPConnection"

static void assert_str(struct str s, const char *wanted)
{
	assert_int_equal(s.len, strlen(wanted));
	assert_memory_equal(s.p, wanted, s.len);
}

static void start(struct soap *s, const char *space, const char *name)
{
	soap_start(s, str_from(space), str_from(name));
}

static void ends(struct soap *s, unsigned count)
{
	while (count-- > 0)
		soap_end(s);
}

static void arg(struct soap *s, const char *name, const char *value)
{
	start(s, "", name);
	soap_text(s, str_from(value));
	soap_end(s);
}

/* Up to and with the action's start. */
static void open_action(struct soap *s)
{
	soap_init(s);
	start(s, ENV, "Envelope");
	start(s, ENV, "Body");
	start(s, WANIPC ":2", "AddPortMapping");
}

static void a_call_is_read(void **state)
{
	struct soap_call call;
	struct soap s;

	(void)state;
	open_action(&s);
	soap_text(&s, STR("\n  "));
	arg(&s, "NewProtocol", "TCP");
	arg(&s, "NewRemoteHost", "");
	start(&s, "", "NewDescription");
	soap_text(&s, STR("a "));
	soap_text(&s, STR("<b"));
	soap_text(&s, STR("> c"));
	ends(&s, 4);
	assert_int_equal(soap_decode(&s, &call), 0);
	assert_str(call.name.service, WANIPC);
	assert_int_equal(call.name.version, 2);
	assert_str(call.name.action, "AddPortMapping");
	assert_int_equal(call.count, 3);
	assert_str(call.args[0].name, "NewProtocol");
	assert_str(call.args[0].value, "TCP");
	assert_str(call.args[1].value, "");
	assert_str(call.args[2].value, "a <b> c");
}

static void header_blocks_are_passed_over(void **state)
{
	struct soap_call call;
	struct soap s;

	(void)state;
	soap_init(&s);
	start(&s, ENV, "Envelope");
	start(&s, ENV, "Header");
	start(&s, "urn:x:1", "AddPortMapping");
	arg(&s, "NewProtocol", "UDP");
	ends(&s, 2);
	start(&s, ENV, "Body");
	start(&s, WANIPC ":1", "GetStatusInfo");
	ends(&s, 3);
	assert_int_equal(soap_decode(&s, &call), 0);
	assert_str(call.name.action, "GetStatusInfo");
	assert_int_equal(call.count, 0);
}

static void names_without_a_space_are_taken_at_their_word(void **state)
{
	struct soap_call call;
	struct soap s;

	(void)state;
	soap_init(&s);
	start(&s, "", "Envelope");
	start(&s, "", "Body");
	start(&s, "", "GetExternalIPAddress");
	ends(&s, 3);
	assert_int_equal(soap_decode(&s, &call), 0);
	assert_int_equal(call.name.version, 0);
	assert_null(call.name.service.p);
	assert_str(call.name.action, "GetExternalIPAddress");
}

static void assert_spoilt(const struct soap *s, int err)
{
	struct soap_call call = {.count = 77};

	assert_int_equal(soap_decode(s, &call), err);
	assert_int_equal(call.count, 77);
}

static void what_is_no_call_is_refused(void **state)
{
	struct soap s;

	(void)state;
	soap_init(&s);
	assert_spoilt(&s, ERR_SYNTAX);			/* nothing */
	start(&s, "urn:other", "Envelope");
	assert_spoilt(&s, ERR_SYNTAX);
	soap_init(&s);
	start(&s, ENV, "Envelope");
	start(&s, ENV, "Boby");
	assert_spoilt(&s, ERR_SYNTAX);
	soap_init(&s);
	start(&s, ENV, "Envelope");
	start(&s, ENV, "Body");
	ends(&s, 2);
	assert_spoilt(&s, ERR_SYNTAX);			/* an empty body */
	open_action(&s);
	assert_spoilt(&s, ERR_SYNTAX);			/* not ended */
	ends(&s, 4);
	assert_spoilt(&s, ERR_SYNTAX);			/* ended too often */
	soap_init(&s);
	start(&s, ENV, "Envelope");
	start(&s, ENV, "Body");
	start(&s, "urn:no-version", "X");
	assert_spoilt(&s, ERR_SYNTAX);
}

static void two_actions_are_refused(void **state)
{
	struct soap s;

	(void)state;
	open_action(&s);
	soap_end(&s);
	start(&s, WANIPC ":2", "DeletePortMapping");
	ends(&s, 3);
	assert_spoilt(&s, ERR_SYNTAX);
	open_action(&s);
	ends(&s, 2);
	start(&s, ENV, "Body");
	start(&s, WANIPC ":2", "DeletePortMapping");
	ends(&s, 3);
	assert_spoilt(&s, ERR_SYNTAX);
}

static void arguments_are_plain_text(void **state)
{
	struct soap s;

	(void)state;
	open_action(&s);
	start(&s, "", "NewRemoteHost");
	start(&s, "", "b");
	ends(&s, 5);
	assert_spoilt(&s, ERR_SYNTAX);
}

static void depth_arguments_and_text_are_bounded(void **state)
{
	struct soap_call call;
	static char big[SOAP_TEXT_MAX + 1];
	struct soap s;

	(void)state;
	soap_init(&s);
	start(&s, ENV, "Envelope");
	start(&s, ENV, "Header");
	for (int i = 2; i < SOAP_DEPTH_MAX; i++)
		start(&s, "", "x");
	assert_int_equal(s.err, 0);
	start(&s, "", "x");
	assert_spoilt(&s, ERR_FULL);

	open_action(&s);
	for (int i = 0; i < SOAP_ARGS_MAX; i++)
		arg(&s, "a", "b");
	assert_int_equal(s.err, 0);
	arg(&s, "a", "b");
	assert_spoilt(&s, ERR_FULL);

	memset(big, 'x', sizeof(big));
	open_action(&s);
	start(&s, "", "a");
	soap_text(&s, (struct str){big, SOAP_TEXT_MAX - s.used});
	assert_int_equal(s.err, 0);
	assert_int_equal(s.used, SOAP_TEXT_MAX);
	soap_text(&s, STR("y"));
	ends(&s, 4);
	assert_int_equal(soap_decode(&s, &call), ERR_RANGE);
	soap_init(&s);
	start(&s, ENV, "Envelope");
	start(&s, ENV, "Body");
	soap_start(&s, STR_NONE, (struct str){big, sizeof(big)});
	assert_spoilt(&s, ERR_RANGE);
}

static void soapaction_is_read_with_and_without_quotes(void **state)
{
	static const char *const good[] = {
		"\"" WANIPC ":1#AddPortMapping\"", WANIPC ":1#AddPortMapping",
		" \"" WANIPC ":1#AddPortMapping\" ",
	};
	static const char *const bad[] = {
		"", "\"\"", "\"", "#", WANIPC "#AddPortMapping", WANIPC ":1", WANIPC ":1#",
		WANIPC ":x#A", WANIPC ":0#A", ":1#A", WANIPC ":100#A",
	};
	struct soap_name name = {.version = 5};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(soap_action_decode(str_from(bad[i]), &name), ERR_SYNTAX);
		assert_int_equal(name.version, 5);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(soap_action_decode(str_from(good[i]), &name), 0);
		assert_str(name.service, WANIPC);
		assert_int_equal(name.version, 1);
		assert_str(name.action, "AddPortMapping");
	}
}

#define HEAD XML_HEAD "<s:Envelope xmlns:s=\"" ENV "\" " \
	"s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
#define TAIL "</s:Body></s:Envelope>\r\n"

static void an_answer_is_of_the_type_called(void **state)
{
	const struct soap_name name = {STR(WANIPC), 1, STR("GetExternalIPAddress")};
	char buf[1024];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	soap_answer_open(&w, &name);
	xml_element(&w, "NewExternalIPAddress", STR("192.0.2.1"));
	soap_answer_close(&w, &name);
	assert_str(writer_done(&w), HEAD "<u:GetExternalIPAddressResponse xmlns:u=\"" WANIPC ":1\">"
		"<NewExternalIPAddress>192.0.2.1</NewExternalIPAddress>"
		"</u:GetExternalIPAddressResponse>" TAIL);
}

static void a_fault_names_its_code(void **state)
{
	char buf[1024];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	soap_fault_encode(&w, 714, "NoSuchEntryInArray");
	assert_str(writer_done(&w), HEAD "<s:Fault><faultcode>s:Client</faultcode>"
		"<faultstring>UPnPError</faultstring><detail>"
		"<UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\">"
		"<errorCode>714</errorCode>"
		"<errorDescription>NoSuchEntryInArray</errorDescription>"
		"</UPnPError></detail></s:Fault>" TAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_read),
		cmocka_unit_test(header_blocks_are_passed_over),
		cmocka_unit_test(names_without_a_space_are_taken_at_their_word),
		cmocka_unit_test(what_is_no_call_is_refused),
		cmocka_unit_test(two_actions_are_refused),
		cmocka_unit_test(arguments_are_plain_text),
		cmocka_unit_test(depth_arguments_and_text_are_bounded),
		cmocka_unit_test(soapaction_is_read_with_and_without_quotes),
		cmocka_unit_test(an_answer_is_of_the_type_called),
		cmocka_unit_test(a_fault_names_its_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
