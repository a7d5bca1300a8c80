/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the SIP gateway needs of the core besides core_request (openings of origin SIP): the phones
 * as the owner marked them, their way in the kernel, a memory over restarts, and the record.
 */
#ifndef GATEWAY_CORE_SIP_H
#define GATEWAY_CORE_SIP_H

#include "gateway/core.h"

/* Ports of media and of phones' public places, given to no one else while a phone is marked
 * (SIP-79); even minimum, odd maximum. */
#define CORE_SIP_PORT_MIN FW_PLACE_MIN
#define CORE_SIP_PORT_MAX FW_PLACE_MAX

/* The first of so many free ports of that range, of which the phone is given none that were another
 * device's a moment ago: at random (RFC 6056), and even if asked for; 0: there are none. A phone
 * that held many of late gets one of these again, so that none uses up the range. */
uint16_t core_sip_run(const struct core *core, uint32_t device_id, uint16_t count, bool even);

/* The gateway reads SIP that goes to these ports; none: it does not (any more). From the next batch
 * on the addresses of marked devices are in the kernel beside them, as they come and go, and
 * tracked flows that began without us are forgotten. */
void core_sip_ports(struct core *core, const uint16_t *ports, size_t count);

/* A phone's public place, and who may call there. IPv4. */
#define CORE_SIP_CALLERS_MAX FW_PLACE_CALLERS_MAX
#define CORE_SIP_PLACES_MAX FW_PLACES_MAX
struct core_sip_place {
	uint16_t port;
	bool has_tcp;			/* it listens there, too */
	size_t count;			/* with 0 and without TCP: it is none (any more) */
	struct prefix callers[CORE_SIP_CALLERS_MAX];	/* none within another */
};
/* Copied; from the next batch on what these callers send there bears the mark of openings, and
 * nobody else's TCP gets an answer. */
void core_sip_place(struct core *core, const struct core_sip_place *place);
/* The kernel keeps strangers' TCP from it by now. */
bool core_sip_place_is_shut(const struct core *core, uint16_t port);

/* Ports of services that strangers should never reach: no phone listens there (SIP-44). */
bool core_sip_is_service(uint16_t port);

/* Openings of calls that were there before us are in the list by now (CORE_NEWS_HEALTH). */
bool core_sip_is_read(const struct core *core);

/* The kernel's own SIP helper is at work on this router, too. */
bool core_sip_helper(const struct core *core);

/* Openings of origin SIP that one phone may have: 8 calls of 8 streams of 2 ports. No other quota
 * counts them; more are answered MAP_QUOTA. */
#define CORE_SIP_OPENINGS_MAX 128

/* Marked as a phone, and neither a guest nor blocked. */
bool core_sip_helps(const struct db_device *d);
/* The owner lets this host call that phone. */
bool core_sip_admits(const struct core *core, uint32_t device_id, const struct addr *host);

/* ---- memory: rows of the store, read at start, written as things happen ---- */

#define CORE_SIP_VALUE_MAX 8192
struct core_sip_row {
	uint8_t kind;			/* the gateway's own; 0 to 255 */
	uint32_t id;			/* within kind */
	uint32_t device_id;		/* a device that is forgotten takes its rows along */
	struct str value;		/* JSON text */
};
typedef void core_sip_row_fn(void *arg, const struct core_sip_row *row);
/* Every row there is, as put last. */
void core_sip_rows(const struct core *core, core_sip_row_fn *fn, void *arg);
/* Instead of the one with this kind and id, or new; copied. ERR_RANGE (too long), ERR_FULL
 * (CORE_SIP_ROWS_MAX), ERR_MEMORY. */
#define CORE_SIP_ROWS_MAX 4096
int core_sip_put(struct core *core, const struct core_sip_row *row);
void core_sip_drop(struct core *core, uint8_t kind, uint32_t id);

/* This host sent to a SIP port; its device looks like a phone from now on (CORE_NEWS_DEVICE). */
void core_sip_seen(struct core *core, const struct core_host *host);

/* ---- record ---- */

/* A row in the ring of openings (grants) or refusals: what happened to a phone. what: "register",
 * "unregister", "call", "hang up", "missed call", "pass" ...; why and who are shown. A flood of the
 * same (device, what, why) within a moment is one row with a count. */
struct core_sip_note {
	bool refused;			/* for the ring of refusals */
	uint32_t device_id;
	const char *what;		/* static */
	const char *why;		/* static */
	struct addr peer;		/* any: none */
	struct str text;		/* Call-ID and the other party; cut and cleaned */
};
void core_sip_note(struct core *core, const struct core_sip_note *note);

#endif
