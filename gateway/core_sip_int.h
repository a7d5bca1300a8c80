/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of what the core does for the SIP gateway, for core*.c only:
 *
 *	core_phones.c	marked devices -> what the kernel knows of phones
 *	core_places.c	their public places and callers -> the same
 *	core_sip.c	the gateway's memory, rows of the store
 *	core_sip_note.c	what happened to phones -> the record
 *	core_sip_port.c	ports for their media
 */
#ifndef GATEWAY_CORE_SIP_INT_H
#define GATEWAY_CORE_SIP_INT_H

#include "gateway/core_job.h"
#include "gateway/core_sip.h"

/* Filters of calls, beside those of apps (core_int.h), which must not use them up: two peers of
 * each port of a phone, and of all. */
#define CORE_SIP_FILTERS_DEVICE 256
#define CORE_SIP_FILTERS_MAX 1024

_Static_assert(CORE_SIP_VALUE_MAX == DB_SIP_VALUE_MAX, "the store has room for every row");

/* What the kernel is told of phones. */
struct phone_list {
	struct addr addrs[2 * FW_PHONES_MAX];
	size_t addr_count;
	uint16_t ports[FW_SIP_PORTS_MAX];
	size_t port_count;
};
struct phones {
	struct phone_list wanted, sent, shown, refused;
	size_t marked;			/* devices that are phones, at home or not */
	uint32_t version;		/* of the devices, as looked at */
	bool stale;			/* to be looked at whatever the version */
	bool news;			/* wanted is not shown */
	bool told;			/* sent is on its way */
	bool anew;			/* with a table made anew */
};

/* By port; each once. */
struct place_list {
	struct core_sip_place at[CORE_SIP_PLACES_MAX];
	size_t count;
};
struct places {
	struct place_list wanted, sent, shown;
	bool refused[CORE_SIP_PLACES_MAX];	/* wanted ones that are left out */
	bool news;			/* wanted is not shown */
	bool moved;			/* nor sent */
	bool told;			/* sent is on its way */
};

struct kept_row {
	uint8_t kind;
	uint32_t id, device_id;
	bool gone;			/* it is only here until the store has heard of it */
	bool dirty;			/* the store has another one, or none */
	bool stored;			/* the store has one */
	size_t len;
	char value[];
};

struct core_sip {
	struct phones phones;
	struct places places;
	bool kernel_helper;		/* is set up, as the firewall says */
	struct kept_row **rows;		/* by kind and id */
	size_t count, live, size;
	struct loop_timer rows_soon;
	uint64_t written_ms;		/* when rows were written last; 0: never */
};

/* core_phones.c */
bool phones_news(const struct core *core);
int phones_put(struct core *core, bool rebuild);
void phones_done(struct core *core);
void phones_refused(struct core *core, const struct fw_elem *e);
bool phones_try_again(struct core *core);
bool phones_any(const struct core *core);	/* a device is marked as one */
/* This port is kept for phones' calls: no one else is given it. */
bool phones_reserve(const struct core *core, uint16_t port);

/* core_places.c: as those of phones */
bool places_news(const struct core *core);
int places_put(struct core *core, bool rebuild);
void places_done(struct core *core);
void places_refused(struct core *core, const struct fw_elem *e);
bool places_try_again(struct core *core);

/* core_sip.c */
int core_sip_init(struct core *core);
int core_sip_load(struct core *core, struct db *db);
void core_sip_put_all(struct store_job *sj);
void core_sip_forget(struct core *core, uint32_t device_id);
void core_sip_move(struct core *core, uint32_t from, uint32_t into);
void core_sip_stop(struct core *core);	/* writes what is not written */
void core_sip_free(struct core *core);

#endif
