/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control call, checked against the table: which action of which service in which version, its
 * input arguments in declared order and of their declared types; and the answer in the same way.
 * What an action means is elsewhere: igd_map.h for openings, igd_answer.h for the answers.
 *
 * Error codes are UPnP's (UDA 1.1 section 3.2.2 and the service documents), 0 for success.
 */
#ifndef PROTOCOLS_IGD_H
#define PROTOCOLS_IGD_H

#include "protocols/igd_table.h"
#include "protocols/map.h"
#include "protocols/soap.h"

#include <stdint.h>

enum igd_error {
	IGD_OK = 0,
	IGD_INVALID_ACTION = 401,
	IGD_INVALID_ARGS = 402,
	IGD_ACTION_FAILED = 501,
	IGD_NOT_IMPLEMENTED = 602,
	IGD_TOO_LONG = 605,
	IGD_NOT_AUTHORIZED = 606,
	/* Layer3Forwarding */
	IGD_INVALID_DEVICE = 720,
	IGD_INVALID_SERVICE = 721,
	IGD_INVALID_SELECTION = 723,
	/* WANIPConnection; WANCommonInterfaceConfig has the first of them, too */
	IGD_NO_SUCH_INDEX = 713,
	IGD_NO_SUCH_ENTRY = 714,
	IGD_EXTERNAL_PORT_WILDCARD = 716,
	IGD_CONFLICT = 718,
	IGD_NO_PORT = 728,
	IGD_OTHER_MECHANISM = 729,
	IGD_NONE_IN_RANGE = 730,
	IGD_READ_ONLY = 731,
	IGD_INTERNAL_PORT_WILDCARD = 732,
	IGD_INCONSISTENT = 733,
	/* WANIPv6FirewallControl */
	IGD_FC6_NO_ROOM = 701,
	IGD_FC6_FIREWALL_OFF = 702,
	IGD_FC6_NOT_ALLOWED = 703,
	IGD_FC6_NO_SUCH_ENTRY = 704,
	IGD_FC6_PROTOCOL = 705,
	IGD_FC6_PORT_WILDCARD = 706,
	IGD_FC6_PROTOCOL_WILDCARD = 707,
	IGD_FC6_CLIENT_WILDCARD = 708,
	IGD_FC6_NO_TRAFFIC = 709,
};

/* One argument: number for ui2, ui4 and boolean (0, 1), text for string. */
struct igd_value {
	struct str text;
	uint32_t number;
};

struct igd_call {
	enum igd_service service;
	const struct igd_action_row *row;	/* row->action says what to do */
	struct soap_name name;	/* as called: the answer is of this service version */
	struct igd_value in[IGD_ARGS_MAX];
	char descr[MAP_DESCR_MAX];	/* what igd_map_decode's description points to */
};

/* service is the one the control URL belongs to, field the SOAPACTION. The URL, the field and the
 * body must agree (IGD_INVALID_ACTION); every declared input must be there once, well typed and
 * one of the allowed words (IGD_INVALID_ARGS); others are ignored. Strings are valid UTF-8. The
 * call keeps slices of soap and field. */
uint16_t igd_decode(enum igd_service service, struct str field, const struct soap_call *soap,
	struct igd_call *out);

/* A whole answer: out holds one value for each declared output, in order. */
void igd_encode(struct writer *w, const struct igd_call *call, const struct igd_value *out);
/* A whole fault. */
void igd_encode_error(struct writer *w, enum igd_service service, uint16_t code);

/* What a result is called in the service and version of this call. */
uint16_t igd_error_of(const struct igd_call *call, enum map_result result);
/* errorDescription: a word, never NULL. */
const char *igd_error_text(enum igd_service service, uint16_t code);

#endif
