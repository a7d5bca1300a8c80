/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SIP gateway: reads what phones, as the owner marked them, exchange with their servers, makes
 * the addresses in it lead back to them, and has the core open the ports of their media. A device
 * that is no phone is never looked at. Off until the first phone is marked.
 *
 *	serve_sip.c		phones and sockets come and go
 *	serve_sip_status.c	how it is, for the owner, and the alerts
 *	serve_sip_udp.c		datagrams, both ways
 *	serve_sip_tcp.c		connections; serve_sip_pipe.c: one direction of one
 *	serve_sip_phone.c	a message of a phone, or to it: understood, planned, edited
 *	serve_sip_note.c	what happens to it, for the record
 *	serve_sip_hold.c	messages that wait for their media's ports
 *	serve_sip_media.c	what the calls want -> openings
 *	serve_sip_memo.c	what is kept over a restart; serve_sip_row.c: as JSON
 */
#ifndef GATEWAY_SERVE_SIP_H
#define GATEWAY_SERVE_SIP_H

#include "gateway/conf.h"
#include "gateway/core_sip.h"
#include "gateway/log.h"
#include "gateway/net.h"
#include "protocols/sipcall.h"
#include "protocols/sipreg.h"

struct serve_sip;

struct serve_sip_config {
	struct loop *loop;
	struct core *core;
	struct fw *fw;
	struct net *net;
	struct log *log;
	const struct conf *conf;
};
/* NULL: no memory. Phones and their calls are as the store remembers them. */
struct serve_sip *serve_sip_new(const struct serve_sip_config *config);
/* Before core_stop(): what it has not written yet goes to the store. */
void serve_sip_stop(struct serve_sip *s);
/* Signalling stops; registrations, calls and their media stay as they are. */
void serve_sip_free(struct serve_sip *s);

/* ---- what there is, for the owner; valid until the next return to the loop ---- */

enum serve_sip_state {
	SERVE_SIP_OFF,			/* by configuration */
	SERVE_SIP_IDLE,			/* no phone is marked */
	SERVE_SIP_WORKS,
	SERVE_SIP_WAITS,		/* for an external address or the firewall; text */
	SERVE_SIP_FAILS,		/* text */
};
struct serve_sip_status {
	enum serve_sip_state state;
	const char *text;		/* a sentence for the owner; static */
	const uint16_t *ports;		/* where phones find their servers */
	size_t port_count;
	uint64_t messages, changed, passed;	/* since the start: seen; edited; passed unchanged
						   although they were SIP */
};
void serve_sip_status(const struct serve_sip *s, struct serve_sip_status *out);

struct serve_sip_phone {
	uint32_t device_id;
	struct addr lan;		/* any: not at home */
	struct endpoint wan;		/* its public place */
	uint64_t heard_s;		/* its last message, wall clock; 0: none since the start */
	bool encrypted;			/* it speaks TLS to its server: nothing can be done */
	bool left_alone;		/* its messages already say a public address, or ICE */
	bool unconfirmed;		/* a server let it in and did not say where: not bound */
	const struct sipreg *reg;
	const struct sipcalls *calls;	/* streams by the phone's ports: serve_sip_external() */
};
#define SERVE_SIP_PHONES_MAX 64
size_t serve_sip_phones(const struct serve_sip *s);
void serve_sip_phone_at(const struct serve_sip *s, size_t place, struct serve_sip_phone *out);
/* The opening behind a media port of the phone at place; 0: none. */
uint32_t serve_sip_opening(const struct serve_sip *s, size_t place, uint16_t port);

/* INVITEs from hosts that are not admitted: calls the phone never heard of. Newest first. */
struct serve_sip_missed {
	uint64_t wall_s;
	uint32_t device_id;
	struct endpoint from;
	char who[SIPCALL_WHO_MAX + 1];	/* as the message says, which nobody proved */
	uint32_t count;			/* of the same host in a row */
};
#define SERVE_SIP_MISSED_MAX 32
size_t serve_sip_missed(const struct serve_sip *s);
const struct serve_sip_missed *serve_sip_missed_at(const struct serve_sip *s, size_t place);
/* sipreg and sipcall measure by this clock (seconds). */
uint64_t serve_sip_now_s(const struct serve_sip *s);

#endif
