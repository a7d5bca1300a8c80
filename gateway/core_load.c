/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was before: from the store into the table, then from the kernel, which remembers what the
 * store missed (a grant whose COMMIT was late, renewals not worth a write). A restored lease gets
 * what was last recorded, never more; one that ended meanwhile is closed by the first batch.
 */
#include "gateway/core_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PEER_AT 12	/* of the peer's address in a key of FW_MAP_PEER4, its port follows */
#define GRACE_MS 1000	/* what core_elems.c adds to the kernel's timeouts */

struct loading {
	struct core *core;
	bool same_boot;
	bool stale;			/* rows were not as they should be */
};

/* ---- state, devices ---- */

static int new_state(struct core *core)
{
	struct db_state *s = &core->state;

	*s = (struct db_state){
		.next_opening_id = CORE_PINHOLE_IDS,
		.next_pinhole_id = 1,
		.wan4 = addr_any4(),
	};
	if (getrandom(s->uuid, sizeof(s->uuid), 0) != sizeof(s->uuid) ||
		getrandom(s->upnp_token, sizeof(s->upnp_token), 0) != sizeof(s->upnp_token))
		return ERR_IO;
	/* RFC 4122 section 4.4: a random UUID says so. */
	s->uuid[6] = (uint8_t)((s->uuid[6] & 0x0f) | 0x40);
	s->uuid[8] = (uint8_t)((s->uuid[8] & 0x3f) | 0x80);
	return 0;
}

/* The epoch goes on over a reboot only when a believed clock says how long it has been: going back
 * to 0 merely makes clients ask again (RFC 6887 section 8.5). */
static void set_epoch(struct core *core, bool same_boot)
{
	struct db_state *s = &core->state;
	uint64_t now = loop_now_ms(core->loop), wall = store_wall_s(core);

	core->epoch_start_ms = now;
	if (same_boot)
		core->epoch_start_ms = s->epoch_start_boot_ms;
	else if (core->wall_synced && s->epoch_start_wall_s != 0 && wall >= s->epoch_start_wall_s)
		core->epoch_start_ms = now - (wall - s->epoch_start_wall_s) * 1000;
	s->epoch_start_boot_ms = core->epoch_start_ms;
	s->epoch_start_wall_s = core->wall_synced ? wall - (now - core->epoch_start_ms) / 1000 : 0;
	core->state_dirty = true;
}

static int on_device(void *arg, const struct db_device *row)
{
	struct core *core = arg;

	if (row->zone >= RULE_ZONES) {
		log_error(core->log, "store: device %u: no such zone", row->id);
		return ERR_CORRUPT;
	}
	return devices_load(core->devices, row);
}

static int on_device_addr(void *arg, uint32_t device_id, const struct addr *addr,
	const char *ifname)
{
	struct core *core = arg;
	int err = devices_load_addr(core->devices, device_id, addr, ifname);

	/* More devices than there are places for: the address goes with its device. */
	return err == ERR_NOT_FOUND ? 0 : err;
}

/* ---- openings and leases ---- */

/* Ids the store had not given out when it was last written as a whole. */
static bool is_unheard_of(const struct core *core, uint32_t id)
{
	return id >= (id < CORE_PINHOLE_IDS ? core->first_new_pinhole : core->first_new_id);
}

/* A row of the record that could not be written when it happened. */
static void note(struct core *core, const struct opening *o, const char *what, const char *why)
{
	struct store_job *sj = job_gather(core);
	struct db_record *row = sj ? job_put_record(sj, DB_RING_OPENINGS, what) : NULL;

	if (!row)
		return;
	row->device_id = o->device_id;
	row->opening_id = o->id;
	row->rule_id = o->rule_id;
	row->proto = o->proto;
	row->external = o->external;
	row->internal = o->internal;
	if (opening_is4(o))
		row->external.addr = core->state.wan4;
	if (o->leases) {
		row->origin = o->leases->origin;
		row->client = o->leases->client;
		row->lifetime_s = o->leases->granted_s;
	}
	job_put_why(row, why);
}

/* Writes were lost before the stop: of two openings with one key the older one had ended. */
static bool forget_older(struct core *core, const struct opening *o)
{
	struct opening *older = table_rival(core->table, o);

	if (!older || older->id >= o->id)
		return false;
	log_warning(core->log, "store: opening %u had ended when %u began", older->id, o->id);
	note(core, older, "close", "its end could not be stored; another opening has its key");
	change_forget(core, older);
	return true;
}

static int on_opening(void *arg, const struct db_opening *row)
{
	struct loading *ld = arg;
	struct opening *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return ERR_MEMORY;
	*o = (struct opening){
		.core = ld->core,
		.id = row->id,
		.device_id = row->device_id,
		.proto = row->proto,
		.disabled = row->disabled,
		.pinned = row->pinned,
		.outbound = row->outbound,
		.set_id = row->set_id,
		.set_offset = row->set_offset,
		.external = row->external,
		.internal = row->internal,
		.remote = row->remote,
		.remote_port = row->remote_port,
		.rule_id = row->rule_id,
		.hand_id = row->hand_id,
		.suspended = row->suspended,
		.created_wall_s = row->created_wall_s,
	};
	ld->stale |= forget_older(ld->core, o);
	err = change_restore(ld->core, o);
	if (err) {
		log_error(ld->core->log, "store: opening %u: %s", row->id, err_text(err));
		free(o);
	} else if (is_unheard_of(ld->core, row->id)) {
		change_id_taken(ld->core, row->id);
	}
	return err;
}

static int keep_filter(struct core *core, struct opening *o, const struct map_filter *f)
{
	uint8_t before;
	int err;

	if (!o->filters)
		o->filters = calloc(1, sizeof(*o->filters));
	if (!o->filters)
		return ERR_MEMORY;
	before = o->filters->count;
	err = filter_add(o->filters, f, 1);
	change_count_filters(core, o, o->filters->count - (uint32_t)before);
	return err;
}

static int on_filter(void *arg, uint32_t opening_id, const struct map_filter *f)
{
	struct loading *ld = arg;
	struct opening *o = table_by_id(ld->core->table, opening_id);

	if (!o)
		return ld->stale ? 0 : ERR_CORRUPT;
	if (!filter_is_family(f, 1, opening_is4(o)))
		return ERR_CORRUPT;
	return keep_filter(ld->core, o, f);
}

static uint64_t restored_end_ms(const struct loading *ld, const struct db_lease *row)
{
	struct core *core = ld->core;
	uint64_t now = loop_now_ms(core->loop), wall = store_wall_s(core);
	uint64_t left_s = row->remaining_s;

	if (row->granted_s == MAP_LIFETIME_ENDLESS)
		return LOOP_NEVER;
	if (ld->same_boot)
		return row->expires_boot_ms;
	if (core->wall_synced && row->expires_wall_s != 0) {
		uint64_t by_wall = row->expires_wall_s > wall ? row->expires_wall_s - wall : 0;
		left_s = by_wall < left_s ? by_wall : left_s;
	}
	return now + left_s * 1000;
}

static int expire(struct core *core, const struct opening *o, enum map_origin origin)
{
	return batch_push_expired(core, o, origin, "it ended while Postern was away");
}

static int on_lease(void *arg, const struct db_lease *row)
{
	struct loading *ld = arg;
	struct core *core = ld->core;
	struct opening *o = table_by_id(core->table, row->opening_id);
	struct lease l = {
		.origin = row->origin,
		.device_id = row->device_id,
		.client = row->client,
		.has_nonce = row->has_nonce,
		.granted_s = row->granted_s,
		.expires_ms = restored_end_ms(ld, row),
		.restored_wall_s = ld->same_boot || core->wall_synced ? 0 : row->expires_wall_s,
	};

	if (!o)
		return ld->stale ? 0 : ERR_CORRUPT;
	l.stored_ms = l.expires_ms;
	memcpy(l.nonce, row->nonce, MAP_NONCE_LEN);
	memcpy(l.descr, row->descr, sizeof(l.descr));
	if (change_restore_lease(core, o, &l))
		return ERR_MEMORY;
	return l.expires_ms <= loop_now_ms(core->loop) ? expire(core, o, l.origin) : 0;
}

/* A row without leases is nobody's: written by hand, or half restored. */
static int check_owned(struct core *core)
{
	for (size_t i = 0; i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		if (o->leases)
			continue;
		log_error(core->log, "store: opening %u has no lease", o->id);
		return ERR_CORRUPT;
	}
	return 0;
}

static int load_rows(struct core *core, struct db *db, bool same_boot, bool is_new)
{
	struct loading ld = {.core = core, .same_boot = same_boot};
	int err = db_devices_each(db, on_device, core);

	if (!err)
		err = db_device_addrs_each(db, on_device_addr, core);
	if (!err)
		err = policy_load(core, db, is_new);
	if (!err)
		err = cards_load(core, db);
	if (!err)
		err = alerts_load(core, db);
	if (!err)
		err = core_sip_load(core, db);
	if (!err)
		err = db_openings_each(db, on_opening, &ld);
	if (!err)
		err = db_filters_each(db, on_filter, &ld);
	if (!err)
		err = db_leases_each(db, on_lease, &ld);
	/* Written anew as a whole: see core_new. */
	core->store_stale = core->store_stale || !same_boot || ld.stale;
	return err ? err : check_owned(core);
}

static int read_store(struct core *core, struct db *db, const uint8_t boot_id[DB_BOOT_ID_LEN])
{
	bool same_boot, is_new;
	int err = db_state_get(db, &core->state);

	is_new = err == ERR_NOT_FOUND;
	core->store_new = is_new;
	if (is_new)
		err = new_state(core);
	if (err)
		return err;
	same_boot = !is_new && memcmp(core->state.boot_id, boot_id, DB_BOOT_ID_LEN) == 0;
	memcpy(core->state.boot_id, boot_id, DB_BOOT_ID_LEN);
	core->first_new_id = core->state.next_opening_id;
	core->first_new_pinhole = core->state.next_pinhole_id;
	set_epoch(core, same_boot);
	/* Times of another boot mean nothing any more: all are written in this one's. */
	return load_rows(core, db, same_boot, is_new);
}

/* What cannot be read is named, down to the column: see db_reason. */
int load_store(struct core *core, struct db *db, const uint8_t boot_id[DB_BOOT_ID_LEN])
{
	int err = read_store(core, db, boot_id);

	if (err && db_reason(db)[0] != '\0')
		log_error(core->log, "store: %s", db_reason(db));
	return err;
}

/* ---- the kernel ---- */

static uint64_t kernel_end_ms(const struct core *core, const struct fw_elem *e)
{
	uint64_t left = e->timeout_ms > GRACE_MS ? e->timeout_ms - GRACE_MS : 0;
	return loop_now_ms(core->loop) + left;
}

/* The kernel's timeout is moved at each renewal, the store's row is not. */
static void prolong_lease(struct core *core, struct opening *o, const struct elems_memo *memo,
	const struct fw_elem *e)
{
	struct lease *l = opening_lease(o, (enum map_origin)memo->origin);
	uint64_t end = kernel_end_ms(core, e);

	if (!l || l->granted_s == MAP_LIFETIME_ENDLESS || end <= l->expires_ms || o->leases->next)
		return;
	l->expires_ms = end;
	l->restored_wall_s = 0;
	loop_timer_set(core->loop, &l->timer, end);
}

static struct prefix remote_of(const struct fw_elem *e)
{
	struct addr remote;

	if (e->set == FW_SET_OPEN4_HOST) {
		remote = addr_from4_bytes(e->key);
		return prefix_host(&remote);
	}
	if (e->set == FW_MAP_PEER4) {
		remote = addr_from4_bytes(e->key + PEER_AT);
		return prefix_host(&remote);
	}
	if (e->set == FW_SET_OPEN6_HOST) {
		remote = addr_from6_bytes(e->key);
		return prefix_host(&remote);
	}
	return e->set == FW_SET_OPEN6 || e->set == FW_SET_OPEN6_PEER ? prefix_any6()
								     : prefix_any4();
}

/* The ids of a store that was lost are given out anew: there, an address tells more. */
static uint32_t adopted_device(struct core *core, const struct elems_memo *memo)
{
	const struct device *d = core->store_new ? who_device(core, &memo->internal.addr) : NULL;

	return d ? d->row.id : memo->device_id;
}

/* An opening the store does not know. NULL: it is not to be kept. */
static struct opening *adopt(struct core *core, const struct elems_memo *memo,
	const struct fw_elem *e)
{
	struct opening *o = calloc(1, sizeof(*o));
	bool is4 = addr_is4(&memo->internal.addr);
	struct lease l = {
		.origin = (enum map_origin)memo->origin,
		.device_id = adopted_device(core, memo),
		.client = memo->internal.addr,
		.has_nonce = memo->has_nonce,
		.granted_s = memo->granted_s,
		.expires_ms = memo->granted_s == MAP_LIFETIME_ENDLESS ? LOOP_NEVER
								      : kernel_end_ms(core, e),
	};

	/* What the owner made is made anew as it should be. */
	if (!o || l.origin == MAP_ORIGIN_OWNER) {
		free(o);
		return NULL;
	}
	memcpy(l.nonce, memo->nonce, MAP_NONCE_LEN);
	*o = (struct opening){
		.core = core,
		.id = memo->id,
		.device_id = l.device_id,
		.proto = memo->proto,
		.pinned = memo->pinned,
		.external = {is4 ? addr_any4() : memo->internal.addr, memo->external_port},
		.internal = memo->internal,
		.remote = remote_of(e),
		.set_id = memo->set_id,
		.set_offset = memo->set_offset,
		.created_wall_s = store_wall_s(core),
	};
	if (e->set == FW_MAP_PEER4) {
		o->outbound = true;
		o->remote_port = (uint16_t)(e->key[PEER_AT + 4] << 8 | e->key[PEER_AT + 5]);
	}
	forget_older(core, o);
	if (change_restore(core, o)) {
		free(o);
		return NULL;
	}
	if (change_restore_lease(core, o, &l)) {
		change_forget(core, o);
		return NULL;
	}
	change_id_taken(core, memo->id);
	return o;
}

/* Granted, and killed before the COMMIT, or the store was lost. */
static void adopt_unheard(struct core *core, const struct elems_memo *memo,
	const struct fw_elem *e)
{
	const struct opening *o = adopt(core, memo, e);
	struct device *d;

	if (!o)
		return;
	core->adopted = true;
	note(core, o, o->outbound ? "peer" : "open", "the kernel had it and the store did not");
	/* The memo has whom it was opened for; whose it was then is known by its address. */
	d = devices_by_id(core->devices, o->device_id);
	d->moved = true;
	home_look(core, d);
}

static struct addr peer_of(const struct fw_elem *e)
{
	return e->set == FW_SET_OPEN4_PEER ? addr_from4_bytes(e->key) : addr_from6_bytes(e->key);
}

/* The store never hears of a call's port: each element is one host that may send there. */
static void adopt_call(struct core *core, const struct elems_memo *memo, const struct fw_elem *e)
{
	struct opening *o = table_by_id(core->table, memo->id);
	const struct addr peer = peer_of(e);
	const struct map_filter only = {.remote = prefix_host(&peer)};

	if (!o)
		o = adopt(core, memo, e);
	/* Open to everybody without it. */
	if (o && o->call && keep_filter(core, o, &only))
		change_forget(core, o);
}

static void on_element(void *arg, const struct fw_dumped *dumped)
{
	struct core *core = arg;
	const struct fw_elem *e = &dumped->elem;
	struct elems_memo memo;
	struct opening *o;

	if (elems_memo_decode(e->userdata, e->userdata_len, &memo))
		return;
	if (memo.origin == MAP_ORIGIN_SIP) {
		if (e->set == FW_SET_OPEN4_PEER || e->set == FW_SET_OPEN6_PEER)
			adopt_call(core, &memo, e);
		return;
	}
	o = table_by_id(core->table, memo.id);
	if (o)
		prolong_lease(core, o, &memo, e);
	else if (is_unheard_of(core, memo.id) && !fw_set_is_peers(e->set))
		adopt_unheard(core, &memo, e);
}

static void on_dumped(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct core *core = arg;

	(void)bad;
	(void)bad_count;
	if (core->stopped)
		return;
	if (err == ERR_AGAIN) {
		load_kernel(core);
		return;
	}
	/* At start the helper may come a moment later: requests wait for it (core.start_wait). */
	core->ready = err != ERR_GONE || core->start_wait.slot == 0;
	core->need_rebuild = true;
	core->firewall = err == ERR_GONE ? CORE_FAILED : CORE_LATE;
	/* ERR_VERSION: all was read, and is to be made anew, as always. */
	core->merged = !err || err == ERR_NOT_FOUND || err == ERR_VERSION;
	if (err == ERR_GONE)
		log_info(core->log, "firewall: waiting for postern-helper");
	else if (!core->merged)
		log_warning(core->log, "firewall: cannot be read (%s)", err_text(err));
	change_pin_oldest(core);
	if (core->adopted)
		store_everything(core);
	core->adopted = false;
	if (core->merged)
		core_tell(core, CORE_NEWS_HEALTH, NULL);
}

void load_kernel(struct core *core)
{
	int err = fw_dump(core->fw, on_element, on_dumped, core);

	if (err)
		on_dumped(core, err, NULL, 0);
}
