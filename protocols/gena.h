/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GENA, the events of UPnP (UDA 1.1 section 4): what SUBSCRIBE and UNSUBSCRIBE ask for, and NOTIFY.
 * Who has subscribed and when to tell whom is the business of serve_igd_event.
 *
 * An event goes to the subscriber itself only: of the CALLBACK list those URLs are kept whose host
 * is the literal address the request came from. Anything else would let a client make this router
 * connect to whatever it names (CVE-2020-12695, CERT VU#339275; UDA 2.0 of 2020-04-17).
 */
#ifndef PROTOCOLS_GENA_H
#define PROTOCOLS_GENA_H

#include "protocols/addr.h"
#include "protocols/igd_table.h"
#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GENA_CALLBACKS_MAX 4		/* more URLs of one list are not kept */
#define GENA_TARGET_MAX 255		/* path and query of a callback; a longer one is not kept */
#define GENA_TIMEOUT_MIN_S 1800		/* UDA 1.1 section 4.1.2 */
#define GENA_TIMEOUT_MAX_S 7200		/* who is gone without a word is forgotten by then */
#define GENA_SID_LEN 41			/* "uuid:" and 36 characters */
#define GENA_HEAD_MAX 768		/* no head of a NOTIFY is longer */
#define GENA_ANSWER_MAX 256		/* so much of an answer holds its status line */

/* Values of the fields that matter; STR_NONE: the request does not have it. */
struct gena_fields {
	struct str callback;
	struct str nt;
	struct str sid;
	struct str timeout;
};

struct gena_url {
	struct endpoint to;
	struct str target;	/* path and query as sent, without its first slash */
};

struct gena_request {
	struct str sid;		/* STR_NONE: a new subscription */
	uint32_t timeout_s;	/* to be granted */
	struct gena_url callbacks[GENA_CALLBACKS_MAX];	/* of a new one, in order; at least one */
	size_t count;
};

/* 0, or the HTTP status to refuse with: 400 (a SID next to what only a new subscription has) or
 * 412 (UDA 1.1 section 4.1). client is where the request came from. The slices are of fields. */
unsigned gena_decode_subscribe(const struct gena_fields *fields, const struct addr *client,
	struct gena_request *out);
unsigned gena_decode_unsubscribe(const struct gena_fields *fields, struct str *sid);

/* The text of a SID. */
void gena_encode_sid(struct writer *w, const struct igd_uuid *id);

/* A property set is: gena_encode_open, properties, gena_encode_close. */
void gena_encode_open(struct writer *w);
void gena_encode_property(struct writer *w, const char *name, struct str value);
void gena_encode_close(struct writer *w);
/* A whole NOTIFY. */
void gena_encode_notify(struct writer *w, const struct gena_url *url, struct str sid, uint32_t seq,
	struct str body);
/* SEQ of the next message: 0 is only ever the first (UDA 1.1 section 4.3.2). */
uint32_t gena_next_seq(uint32_t seq);

/* The status of an HTTP answer that may not have come whole. ERR_SHORT: its first line is not there
 * yet; ERR_SYNTAX: it is none. */
int gena_decode_answer(const void *bytes, size_t len, unsigned *status);

#endif
