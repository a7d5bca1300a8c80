/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of edits of one message: places and what shall stand there instead. Applied in one pass
 * from front to back; everything between stays as it came, byte for byte.
 */
#ifndef PROTOCOLS_SIP_EDIT_H
#define PROTOCOLS_SIP_EDIT_H

#include "protocols/reader.h"
#include "protocols/sip.h"

#define SIP_EDITS_MAX 128	/* 16 media of 4 edits, and the headers of a long way */
#define SIP_EDIT_TEXT_MAX 4096	/* of all edits together: 32 octets for each */

struct sip_edit {
	struct sip_span span;		/* len 0: an insertion at at */
	uint16_t text, len;		/* in sip_edits.text */
};
/* Begin with sip_edit_none(). */
struct sip_edits {
	uint16_t count, used;
	bool full;			/* one did not fit: the message is to be passed unchanged */
	struct sip_edit at[SIP_EDITS_MAX];
	char text[SIP_EDIT_TEXT_MAX];
};

/* No edits: the message as it is. */
void sip_edit_none(struct sip_edits *e);
void sip_edit_text(struct sip_edits *e, struct sip_span span, struct str text);
void sip_edit_addr(struct sip_edits *e, struct sip_span span, const struct addr *addr);
void sip_edit_number(struct sip_edits *e, struct sip_span span, uint32_t number);
/* host and port of h become these: a port is put in where none stood unless it is the default
 * (SIP_PORT) and none stood. */
void sip_edit_hostport(struct sip_edits *e, const struct sip_hostport *h,
	const struct endpoint *ep);
/* Sets Content-Length right when edits changed the body's length (SIP-20); call last. */
void sip_edit_length(struct sip_edits *e, const struct sip_message *m);
/* The bytes that sip_edit_apply() will write. */
size_t sip_edit_size(const struct sip_edits *e, const struct sip_message *m);
/* ERR_FULL (the writer, or e->full), ERR_RANGE: edits overlap, or are not of this message. Nothing
 * is written then, and nothing may be sent but the message as it came. */
int sip_edit_apply(const struct sip_edits *e, const struct sip_message *m, struct writer *out);

#endif
