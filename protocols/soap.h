/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SOAP 1.1 as UPnP control speaks it (UDA 1.1 section 3): a call is read from the events of any
 * XML parser, an answer or a fault is written whole. Nothing here knows which services exist.
 *
 * The reader keeps its text in its own buffer, so a call's slices live as long as the struct soap.
 * It never recurses; depth, arguments and text are bounded, and the first excess spoils the call.
 */
#ifndef PROTOCOLS_SOAP_H
#define PROTOCOLS_SOAP_H

#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOAP_DEPTH_MAX 16	/* elements within elements; a header block may nest */
#define SOAP_ARGS_MAX 24	/* three times what any action of ours takes */
#define SOAP_TEXT_MAX 4096	/* names and values together */

struct soap_arg {
	struct str name;
	struct str value;
};

/* "urn:schemas-upnp-org:service:WANIPConnection:2" and an action: what the body element and the
 * SOAPACTION field both say. */
struct soap_name {
	struct str service;	/* without the version: "urn:...:WANIPConnection" */
	uint32_t version;	/* from 1 */
	struct str action;
};

struct soap_call {
	struct soap_name name;	/* service STR_NONE, version 0: the body named no service */
	struct soap_arg args[SOAP_ARGS_MAX];
	size_t count;
};

struct soap {
	int err;
	unsigned depth;
	bool in_body;
	bool in_action;
	struct soap_call call;
	size_t used;
	char text[SOAP_TEXT_MAX];
};

void soap_init(struct soap *s);
/* Events, in document order. space is the namespace name, empty for an element without one. */
void soap_start(struct soap *s, struct str space, struct str local_name);
void soap_text(struct soap *s, struct str text);
void soap_end(struct soap *s);
/* ERR_SYNTAX: not one whole call in an envelope; ERR_FULL: too deep or too many arguments;
 * ERR_RANGE: too much text. */
int soap_decode(const struct soap *s, struct soap_call *out);

/* The SOAPACTION field: "type:version#Action", in quotes or (libplum) without. */
int soap_action_decode(struct str field, struct soap_name *out);

/* An answer is: soap_answer_open, elements by xml_element, soap_answer_close. */
void soap_answer_open(struct writer *w, const struct soap_name *called);
void soap_answer_close(struct writer *w, const struct soap_name *called);
/* Sent with HTTP status 500. */
void soap_fault_encode(struct writer *w, unsigned code, const char *description);

#endif
