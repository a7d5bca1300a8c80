/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each evented variable has its value, its view and its reason to be told. */
#include "protocols/igd_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct igd_state home = {
	.uuid = {{[15] = 0x40}},
	.wan4 = {{[10] = 0xff, 0xff, 203, 0, 113, 2}},
	.carrier = true,
	.entries = 3,
	.update_id = 12,
};

static const char *body(enum igd_service service, enum igd_view view, uint32_t mask,
	const struct igd_state *s)
{
	static char text[IGD_EVENT_BODY_MAX + 1];
	struct writer w = writer_to(text, IGD_EVENT_BODY_MAX);

	igd_event_encode(&w, service, mask, view, s);
	assert_false(w.full);
	text[w.len] = '\0';
	return text;
}

static const char *all(enum igd_service service, enum igd_view view, const struct igd_state *s)
{
	return body(service, view, igd_event_all(service, view), s);
}

#define PROPERTY(name, value) "<e:property><" name ">" value "</" name "></e:property>"

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s is not in %s", part, text);
}

static void everything_has_its_value(void **state)
{
	const char *text = all(IGD_WANIPC, IGD_V2, &home);

	(void)state;
	assert_has(text, PROPERTY("PossibleConnectionTypes", "IP_Routed"));
	assert_has(text, PROPERTY("ConnectionStatus", "Connected"));
	assert_has(text, PROPERTY("ExternalIPAddress", "203.0.113.2"));
	assert_has(text, PROPERTY("PortMappingNumberOfEntries", "3"));
	assert_has(text, PROPERTY("SystemUpdateID", "12"));
	assert_has(all(IGD_WANCIC, IGD_V1, &home), PROPERTY("PhysicalLinkStatus", "Up"));
	text = all(IGD_FC6, IGD_V2, &home);
	assert_has(text, PROPERTY("FirewallEnabled", "1"));
	assert_has(text, PROPERTY("InboundPinholeAllowed", "1"));
	for (int view = IGD_V1; view <= IGD_V2; view++) {
		for (unsigned s = 0; s < IGD_SERVICES; s++)
			assert_null(strstr(all((enum igd_service)s, (enum igd_view)view, &home),
				"<></>"));
	}
}

static void views_keep_their_own(void **state)
{
	(void)state;
	assert_null(strstr(all(IGD_WANIPC, IGD_V1, &home), "SystemUpdateID"));
	assert_int_equal(igd_event_all(IGD_FC6, IGD_V1), 0);
	assert_has(all(IGD_LAYER3, IGD_V1, &home), PROPERTY("DefaultConnectionService",
		"uuid:00000000-0000-0000-0000-000000000042:WANConnectionDevice:1,"
		"urn:upnp-org:serviceId:WANIPConn1"));
	assert_has(all(IGD_LAYER3, IGD_V2, &home), ":WANConnectionDevice:2,");
}

static void without_an_address(void **state)
{
	struct igd_state s = home;
	const char *text;

	(void)state;
	s.wan4 = addr_any4();
	s.carrier = false;
	text = all(IGD_WANIPC, IGD_V1, &s);
	assert_has(text, PROPERTY("ConnectionStatus", "Disconnected"));
	assert_has(text, PROPERTY("ExternalIPAddress", ""));
	assert_has(all(IGD_WANCIC, IGD_V1, &s), PROPERTY("PhysicalLinkStatus", "Down"));
}

static void only_what_changed_is_told(void **state)
{
	struct igd_state now = home;
	uint32_t mask;
	const char *text;

	(void)state;
	now.update_id++;
	assert_int_equal(igd_event_changed(IGD_WANIPC, IGD_V1, &home, &now), 0);
	mask = igd_event_changed(IGD_WANIPC, IGD_V2, &home, &now);
	assert_true(mask != 0 && (mask & (mask - 1)) == 0);
	text = body(IGD_WANIPC, IGD_V2, mask, &now);
	assert_has(text, "event-1-0\">" PROPERTY("SystemUpdateID", "13") "</e:propertyset>");
	assert_int_equal(igd_event_changed(IGD_LAYER3, IGD_V2, &home, &now), 0);
	now = home;
	now.wan4.b[15]++;
	text = body(IGD_WANIPC, IGD_V1, igd_event_changed(IGD_WANIPC, IGD_V1, &home, &now), &now);
	assert_has(text, "event-1-0\">" PROPERTY("ExternalIPAddress", "203.0.113.3")
		"</e:propertyset>");
	assert_int_equal(igd_event_changed(IGD_WANIPC, IGD_V2, &now, &now), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_its_value),
		cmocka_unit_test(views_keep_their_own),
		cmocka_unit_test(without_an_address),
		cmocka_unit_test(only_what_changed_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
