/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core: the one way from a request to an open port. Every front door calls core_request; the
 * core collects what came in one wake-up, decides it on the table, applies it to the firewall,
 * stores and records it, and answers. News go out by core_watch; the core never calls up.
 *
 * This header is all that serve_x and web see of policy and store.
 */
#ifndef GATEWAY_CORE_H
#define GATEWAY_CORE_H

#include "db/db.h"
#include "gateway/fw.h"
#include "gateway/loop.h"
#include "gateway/table.h"
#include "gateway/whom.h"
#include "policy/limits.h"
#include "protocols/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct core;
struct db_queue;
struct log;

#define CORE_PENDING_MAX 4096	/* requests waiting for a batch; more is refused at once */

/* What the core asks of the world around it; net.c and ownports.c in the daemon, tables in tests.
 * Every function answers at once. */
struct core_env {
	/* Whose address this is on our LANs, by its binding (whom.h), if it is known. */
	bool (*mac_of)(void *arg, const struct addr *addr, uint8_t mac[6]);
	/* Asks the link whose it is, as whom_wait: then mac_of knows. NULL: it cannot be asked. */
	int (*find)(void *arg, const struct addr *addr, whom_found_fn *fn, void *fn_arg);
	/* In a LAN prefix, and neither ours nor its broadcast address. */
	bool (*is_lan_host)(void *arg, const struct addr *addr);
	/* The router itself listens there. */
	bool (*port_is_ours)(void *arg, uint8_t proto, uint16_t port);
	/* Or it is one of ours that the owner may lead to a device all the same (80, 443). */
	bool (*port_is_yielded)(void *arg, uint8_t proto, uint16_t port);
	/* The router's local minute of the week at this time, Monday 00:00 is 0. */
	uint16_t (*minute_of_week)(void *arg, uint64_t wall_s);
	void *arg;
};

struct core_config {
	struct loop *loop;
	struct fw *fw;
	struct db *db;			/* opened; core reads it, then gives it to the db thread */
	struct log *log;
	struct core_env env;
	const char *policy_copy;	/* file the policy is copied to as JSON; NULL: nowhere */
	const char *factory;		/* policy of an empty store; NULL or absent: built in */
	bool log_record;		/* each row of the record is a line of the log as well */
	bool wall_synced;		/* may the wall clock be believed at start */
	uint8_t boot_id[DB_BOOT_ID_LEN];	/* of this boot of the machine */
};

/* Loads the store. 0, ERR_MEMORY, or what the store said. The first reconciliation with the
 * kernel begins at once; requests wait for it. */
int core_new(const struct core_config *config, struct core **out);
/* The beginning of the end, while everybody who waits for an answer is still there: what is pending
 * is answered MAP_TROUBLE, the store is waited for and closed, news cease. Firewall and leases stay
 * as they are. The views can still be read. */
void core_stop(struct core *core);
/* Stops what was not stopped. The firewall must not answer any more: free it in between. */
void core_free(struct core *core);

/* ---- requests ---- */

typedef void core_answer_fn(void *arg, const struct map_ans *ans);

/* Answered once, from the loop, never before this returns. descr is copied. ERR_BUSY: too many are
 * waiting; the client may be told MAP_TROUBLE or nothing. */
int core_request(struct core *core, const struct map_req *req, core_answer_fn *answer, void *arg);

/* A rule lets this client open ports for other hosts (PCP's THIRD_PARTY); one never seen before
 * counts as the member it will be. */
bool core_may_third_party(const struct core *core, const struct addr *client);

/* ---- facts told from outside ---- */

/* The external IPv4 address (any4: none now) and interface (0: absent). */
void core_wan_changed(struct core *core, const struct addr *wan4, int wan_ifindex);
/* All LAN prefixes of both families. */
void core_lan_changed(struct core *core, const struct prefix *prefixes, size_t count);

/* A host of the LAN, as whom.h binds it. */
struct core_host {
	struct addr addr;
	int ifindex;
	bool guest;			/* its LAN is one for guests */
	uint8_t mac[6];
	char ifname[DB_IFNAME_MAX];
};
/* It is there, or there again, or there instead of where it was: its openings follow within a
 * second when their own address does not answer any more; those another device has at this address
 * are suspended. */
void core_host_here(struct core *core, const struct core_host *host);
/* It does not answer at this address any more. */
void core_host_gone(struct core *core, const struct core_host *host);
/* What its DHCP lease says of it; for display, and to propose "is this the same device?". */
struct core_name {
	struct addr addr;
	bool has_mac;
	uint8_t mac[6];
	struct str hostname, client_id;
};
void core_host_named(struct core *core, const struct core_name *name);
/* Every (address, interface, MAC) the store remembers, to begin with. */
typedef void core_host_fn(void *arg, const struct core_host *host);
void core_hosts(const struct core *core, core_host_fn *fn, void *arg);
/* Whether this source is to be heard at all: guests and blocked devices get no answer. */
bool core_hears(const struct core *core, int ifindex, const struct addr *addr);
/* By what a source's rate is measured: its device, else one for all unknown ones of its LAN. */
uint64_t core_rate_key(const struct core *core, int ifindex, const struct addr *addr);
/* The doors clients of the LAN knock at; the kernel drops what is forged to them. */
struct core_door {
	uint8_t proto;
	uint16_t port;
};
void core_doors_changed(struct core *core, const struct core_door *doors, size_t count);

/* The wall clock can be believed from now on: leases restored without it end when they should. */
void core_clock_synced(struct core *core);

/* ---- what there is ---- */

enum core_health { CORE_OK, CORE_LATE, CORE_FAILED };

struct core_status {
	struct addr wan4;		/* any4: none */
	bool wan_private;		/* another router or the provider is in front */
	enum core_health firewall;	/* LATE: being repaired; FAILED: helper away */
	enum core_health store;
	size_t openings;
	size_t devices_with_openings;
	bool attended;			/* an owner looks after this router */
	uint8_t preset;			/* enum preset_id */
	size_t cards;			/* that wait for the owner */
	size_t alerts;			/* that are neither over nor expected */
	uint32_t epoch_s;		/* PCP and NAT-PMP: seconds since the table began */
	uint64_t uptime_ms;
};
void core_status(const struct core *core, struct core_status *out);
uint32_t core_epoch_s(const struct core *core);
const struct addr *core_wan4(const struct core *core);	/* any4: none */
uint32_t core_update_id(const struct core *core);	/* UPnP SystemUpdateID */
const struct limits *core_limits(const struct core *core);
const struct db_state *core_state(const struct core *core);	/* uuid, token, UPnP boot id */

/* Read-only, valid until the next return to the loop. */
size_t core_openings(const struct core *core);
const struct opening *core_opening_at(const struct core *core, size_t place);
size_t core_openings4(const struct core *core);
const struct opening *core_opening_at4(const struct core *core, size_t place);
const struct opening *core_opening_by_id(const struct core *core, uint32_t id);
const struct opening *core_opening_by_external(const struct core *core, uint8_t proto,
	uint16_t port, const struct prefix *remote);
/* Seconds left of the longest lease; MAP_LIFETIME_ENDLESS. */
uint32_t core_opening_left_s(const struct core *core, const struct opening *o);
/* The kernel lets it through now, as far as is known. */
bool core_opening_active(const struct core *core, const struct opening *o);
uint32_t core_lease_left_s(const struct core *core, const struct lease *l);
/* NULL when there is no such device. */
const struct db_device *core_device(const struct core *core, uint32_t id);
size_t core_devices(const struct core *core);
const struct db_device *core_device_at(const struct core *core, size_t place);
/* The id of the device that has this address now; 0: none is known. */
uint32_t core_device_of(const struct core *core, const struct addr *addr);

/* What went through every opening by the kernel's counters, as one pass: each(arg, opening,
 * traffic), more than once for one whose peers or directions are counted apart, to be summed up,
 * then done. ERR_BUSY or ERR_GONE when the firewall cannot be asked. */
struct core_traffic {
	uint64_t packets, bytes;		/* both ways */
	uint64_t packets_in, packets_out;	/* a phone's media: for it, and from it */
};
typedef void core_counter_fn(void *arg, const struct opening *o, const struct core_traffic *t);
typedef void core_done_fn(void *arg, int err);
int core_counters(struct core *core, core_counter_fn *each, core_done_fn *done, void *arg);

/* The next BOOTID.UPNP.ORG, stored. */
uint32_t core_next_boot_id(struct core *core);

/* ---- news ---- */

enum core_news {
	CORE_NEWS_OPENED,	/* opening listed */
	CORE_NEWS_CHANGED,	/* renewed, overwritten or another lease */
	CORE_NEWS_CLOSED,	/* about to leave the list; still readable */
	CORE_NEWS_REFUSED,	/* opening is NULL */
	CORE_NEWS_WAN,		/* external address came, went or changed */
	CORE_NEWS_EPOCH,	/* the epoch began anew: clients must ask again */
	CORE_NEWS_HEALTH,	/* firewall or store changed their state */
	CORE_NEWS_LIMITS,	/* the owner set one of the limits */
	CORE_NEWS_POLICY,	/* rules, preset, attendance or the whole policy */
	CORE_NEWS_SIP,		/* id: a phone's device; its registrations or calls, or a call was
				   missed */
	CORE_NEWS_DEVICE,	/* id: came, went, moved, was renamed or has another zone */
	CORE_NEWS_HAND,		/* id: an opening by hand, or its state */
	CORE_NEWS_CARD,		/* id: made, asked again, answered, lapsed */
	CORE_NEWS_ALERT,	/* id: raised, repeated, over */
};
struct core_told {
	enum core_news news;
	const struct opening *opening;	/* OPENED, CHANGED, CLOSED; else NULL */
	uint32_t id;			/* of what else it is about; 0: nothing */
	bool prompt;			/* CARD: the owner should be told now */
};
typedef void core_news_fn(void *arg, const struct core_told *told);
int core_watch(struct core *core, core_news_fn *fn, void *arg);	/* ERR_FULL after 8 */
void core_unwatch(struct core *core, core_news_fn *fn, void *arg);

#endif
