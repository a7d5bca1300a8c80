/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asked for what by PCP, so that it can be told when nobody asks (RFC 6887 sections 14.1.3 and
 * 14.2): for the openings asked for last, the way back to the client and its request. A bounded
 * memory of manners, not of truth: what is open is the core's, and what is forgotten here will ask
 * again by itself.
 */
#ifndef GATEWAY_PCP_CLIENTS_H
#define GATEWAY_PCP_CLIENTS_H

#include "gateway/table.h"
#include "gateway/udp.h"
#include "protocols/pcp.h"

#include <stddef.h>
#include <stdint.h>

/* Ids of openings count up, so neighbours never push each other out. */
#define PCP_CLIENTS_SETS 64
#define PCP_CLIENTS_WAYS 4
#define PCP_CLIENTS_MAX (PCP_CLIENTS_SETS * PCP_CLIENTS_WAYS)

struct pcp_client {
	uint32_t id;			/* of the opening; 0: nobody is here */
	uint64_t used;			/* by the clock of requests */
	struct udp_path path;
	struct pcp_msg msg;		/* opcode and map with the set granted; no description */
	bool stale;			/* what it believes may no longer be true */
	unsigned updates;		/* still to be sent to it */
};

/* Those who are told to wait for the owner: more than he is ever asked about at a time. */
#define PCP_CLIENTS_WAITING 64

/* Begins as zeros. */
struct pcp_clients {
	uint64_t clock;
	struct pcp_client places[PCP_CLIENTS_MAX];
	struct pcp_client waiting[PCP_CLIENTS_WAITING];	/* id means nothing; used 0: nobody */
};

/* The client has just got, or renewed, ans->id by msg: it knows all there is to know. */
void pcp_clients_note(struct pcp_clients *c, const struct map_ans *ans,
	const struct udp_path *path, const struct pcp_msg *msg);
/* The client was told that the owner is being asked. */
void pcp_clients_wait(struct pcp_clients *c, const struct udp_path *path,
	const struct pcp_msg *msg);
/* What it waits for is open: it is known by the opening now. NULL: nobody waits for this one. */
struct pcp_client *pcp_clients_granted(struct pcp_clients *c, const struct opening *o);
void pcp_clients_forget(struct pcp_clients *c, uint32_t id);

/* All who are known by now are stale. */
void pcp_clients_doubt(struct pcp_clients *c);
/* Bytes to each stale endpoint once, however much it has asked for. */
void pcp_clients_send(const struct pcp_clients *c, const void *bytes, size_t len);

#endif
