/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offer and answer of one call (RFC 3264, 6337), for sipcall*.c only: what a message says of media,
 * the one exchange under way, and what is agreed or forgotten when it ends.
 */
#ifndef PROTOCOLS_SIPCALL_OFFER_H
#define PROTOCOLS_SIPCALL_OFFER_H

#include "protocols/sipcall.h"

/* What a message says of media. */
struct sipcall_words {
	bool any;			/* it has a description */
	bool holds;
	bool by_phone;
	struct sipalg_streams streams;	/* of the phone's */
	uint8_t peer_count;
	struct addr peers[SIPCALL_PEERS_MAX];	/* of the other's */
};
/* As sipalg_sdp_streams(); out says nothing then, which is what a message without says. */
int sipcall_offer_read(const struct sip_message *m, const struct sipcall_facts *f,
	struct sipcall_words *out);

/* A request, or the answer to one. */
struct sipcall_request {
	bool by_phone;			/* who asked */
	uint8_t method;
	uint32_t cseq;
};
/* It can change media: an exchange begins, with w or (an INVITE) without. One under way that may
 * have had its answer is agreed, another forgotten; what comes again or late changes nothing. */
void sipcall_offer_begin(struct sipcall *c, const struct sipcall_request *r,
	const struct sipcall_words *w);
/* The same, known from its answers only: nothing new is said so far. */
void sipcall_offer_open(struct sipcall *c, const struct sipcall_request *r, bool offered);
/* The exchange under way is that of this request. */
bool sipcall_offer_is_of(const struct sipcall *c, const struct sipcall_request *r);
/* One of both says so within the exchange. While it rings, who is named joins the others. */
void sipcall_offer_say(struct sipcall *c, const struct sipcall_words *w);
/* A 2xx or ACK that says w: agreed, unless it is the offer and the ACK will answer. */
void sipcall_offer_accept(struct sipcall *c, const struct sipcall_words *w);
void sipcall_offer_agree(struct sipcall *c);	/* next is now */
void sipcall_offer_forget(struct sipcall *c);
/* Both want the same ports for the same hosts. */
bool sipcall_offer_same(const struct sipcall *a, const struct sipcall *b);
/* Of a call from the store. */
bool sipcall_offer_is_sound(const struct sipcall *c);

#endif
