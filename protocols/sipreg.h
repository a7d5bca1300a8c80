/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where one phone is registered, learned from the messages that pass (RFC 3261 section 10), and who
 * may therefore call in: the registrar that challenged the phone by digest and then bound it,
 * literal addresses of its Service-Route (RFC 3608) and of the Routes of requests that begin
 * something (within a dialog they are a caller's words), and every host the phone sends requests
 * other than REGISTER to while it is registered. A 2xx from a host that never asked for a password
 * binds nothing: a web page can make a browser talk to such a host (NAT slipstreaming).
 */
#ifndef PROTOCOLS_SIPREG_H
#define PROTOCOLS_SIPREG_H

#include "protocols/sip.h"

#define SIPREG_MAX 8		/* lines (accounts) of one phone */
#define SIPREG_ASKED_MAX 8	/* REGISTERs without final answer */
#define SIPREG_HOSTS_MAX 16	/* admitted hosts; the one not heard of for longest makes room */
#define SIPREG_AOR_MAX 96
#define SIPREG_ASKED_S 64	/* a REGISTER nobody answers is forgotten */
#define SIPREG_MARGIN_S 32	/* a refresh may be on its way when a binding runs out */

struct sipreg_binding {
	bool used;
	bool is_tcp;
	struct endpoint registrar;
	uint64_t until_s;
	uint64_t since_s;
	uint64_t aor_hash;		/* of To's URI as spelled */
	char aor[SIPREG_AOR_MAX + 1];	/* for display: printable ASCII, others as '?' */
};
struct sipreg_asked {
	uint64_t call_hash;		/* of the Call-ID; 0: free */
	uint32_t cseq;
	bool binds;			/* it wants to be bound: 2xx has to say that it is */
	struct addr registrar;
	uint64_t until_s;
};
struct sipreg_host {
	struct addr addr;		/* any6: free */
	bool challenged;		/* it asked this phone for a password, and then said 2xx */
	uint64_t heard_s;		/* the phone sent to it, or a registrar named it; 0: not
					   admitted, or no longer */
};
/* Begin with a zeroed one. */
struct sipreg {
	struct sipreg_binding at[SIPREG_MAX];
	struct sipreg_asked asked[SIPREG_ASKED_MAX];
	uint64_t challenge[SIPREG_ASKED_MAX];	/* call_hash ^ registrar of those challenged */
	uint32_t challenge_next;
	struct sipreg_host hosts[SIPREG_HOSTS_MAX];
};

struct sipreg_facts {
	bool by_phone;
	bool is_tcp;
	struct endpoint peer;		/* whom the phone sends to, or who sends to it */
	uint64_t now_s;			/* above 0 */
	uint32_t bound_s;		/* sipalg_bound_s() of a REGISTER, or of a 2xx to one */
};
/* What a message did. */
enum sipreg_news {
	SIPREG_NOTHING = 0,
	SIPREG_BOUND,		/* a new binding */
	SIPREG_KEPT,		/* one was refreshed */
	SIPREG_GONE,		/* unregistered, or refused for good (SIP-42): forbidden, not found,
				   gone; other refusals leave a binding until it runs out */
	SIPREG_UNPROVEN,	/* a 2xx to REGISTER from who never challenged: nothing is bound */
	SIPREG_UNCONFIRMED,	/* a 2xx that does not name the phone, against RFC 3261 10.3:
				   nothing is bound (any more), nobody can call it */
};
enum sipreg_news sipreg_see(struct sipreg *r, const struct sip_message *m,
	const struct sipreg_facts *f);

/* Bound anywhere, now or until a moment ago. */
bool sipreg_is_bound(const struct sipreg *r, uint64_t now_s);
/* This host may send requests to the phone (SIP-43), and media may open by its word. */
bool sipreg_admits(const struct sipreg *r, const struct addr *host, uint64_t now_s);
/* Takes away what has run out; returns when the next one will, UINT64_MAX: none. *gone tells
 * whether any went. */
uint64_t sipreg_tick(struct sipreg *r, uint64_t now_s, bool *gone);

#endif
