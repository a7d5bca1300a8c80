/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's public face: beginning and end, facts from outside, views, the owner's acts. */
#include "gateway/core_around.h"
#include "gateway/core_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#define HOUSEKEEPING_MS 3600000ULL
#define BARRED_TRIES 4
#define START_WAIT_MS 3000	/* how long requests wait for a helper that is not there at start */

/* ---- beginning and end ---- */

static void on_fw_event(void *arg, enum fw_event event)
{
	struct core *core = arg;

	if (event != FW_EVENT_SIP_HELPER && event != FW_EVENT_SIP_HELPER_GONE)
		core->need_rebuild = true;
	switch (event) {
	case FW_EVENT_SIP_HELPER:
		log_warning(core->log, "the kernel's own SIP helper is set up: it rewrites what "
			"phones say, and opens ports that nobody here knows of");
		core->sip->kernel_helper = true;
		break;
	case FW_EVENT_SIP_HELPER_GONE:
		log_info(core->log, "the kernel's own SIP helper is gone");
		core->sip->kernel_helper = false;
		break;
	case FW_EVENT_FOREIGN:
		/* A reload by somebody else is many changes: one line and one piece of news. */
		if (core->firewall == CORE_LATE)
			return;
		log_warning(core->log, "firewall: somebody else changed our table");
		core->firewall = CORE_LATE;
		break;
	case FW_EVENT_LOST:
		log_error(core->log, "firewall: postern-helper is away; what is open ends with its "
				     "lease, new requests are refused");
		core->firewall = CORE_FAILED;
		break;
	case FW_EVENT_BACK:
		core->firewall = CORE_LATE;
		core->sip->kernel_helper = false;	/* it would say so again */
		loop_timer_stop(core->loop, &core->rebuild_retry);
		if (!core->merged) {
			core->ready = false;
			load_kernel(core);
		}
		break;
	}
	core_tell(core, CORE_NEWS_HEALTH, NULL);
}

static void on_queue(void *arg, uint32_t events)
{
	struct core *core = arg;

	(void)events;
	db_queue_reap(core->queue);
}

static void on_retry(void *arg)
{
	/* The hook at the end of this wake-up sees need_rebuild. */
	(void)arg;
}

static void on_start_waited(void *arg)
{
	struct core *core = arg;

	if (!core->ready)
		log_error(core->log, "firewall: postern-helper does not come");
	core->ready = true;
}

/* What the firewall refused as things were; after some tries that is how they are. */
static void try_barred(void *arg)
{
	struct core *core = arg;
	size_t before = core->pending_count;
	bool any;

	if (core->barred_tries == BARRED_TRIES) {
		core->barred_tries = 0;
		return;
	}
	any = around_try_again(core);
	for (size_t i = 0; i < table_listed(core->table); i++) {
		const struct opening *o = table_at(core->table, i);
		struct pending item = {.kind = PENDING_PROLONG, .opening_id = o->id};
		if (o->barred)
			batch_push(core, &item);
	}
	for (size_t i = 0; i < devices_count(core->devices); i++)
		home_look(core, devices_at(core->devices, i));
	any |= core->pending_count > before;
	core->barred_tries = any ? core->barred_tries + 1 : 0;
	if (any)
		batch_retry_barred(core);
}

static bool is_at_home(const struct core *core, const struct device *d, const struct opening *o)
{
	uint8_t mac[6];

	return device_is_here(d) ||
	       (core->env.mac_of(core->env.arg, &o->internal.addr, mac) &&
		       (!d->row.has_mac || memcmp(d->row.mac, mac, sizeof(mac)) == 0));
}

/* What the kernel would end before its time, and devices that left for good. */
static void keep_house(void *arg)
{
	struct core *core = arg;
	uint64_t now = loop_now_ms(core->loop);

	for (size_t i = 0; i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		struct device *d = devices_by_id(core->devices, o->device_id);
		struct pending item = {.kind = PENDING_PROLONG, .opening_id = o->id};

		if (o->kernel_until_ms >= change_until_ms(o) || !d)
			continue;
		if (d->home_ms == 0 || is_at_home(core, d, o))
			d->home_ms = now;
		if (o->hand_id != 0 || change_until_ms(o) != LOOP_NEVER ||
			now - d->home_ms < CORE_DAY_MS) {
			batch_push(core, &item);
			continue;
		}
		for (struct lease *l = o->leases; l; l = l->next)
			batch_push_expired(core, o, l->origin, "its device was away for a day");
	}
	loop_timer_set(core->loop, &core->housekeeping, now + HOUSEKEEPING_MS);
}

static struct core *alloc_core(const struct core_config *config)
{
	struct core *core = calloc(1, sizeof(*core));

	if (!core)
		return NULL;
	core->loop = config->loop;
	core->fw = config->fw;
	core->log = config->log;
	core->log_record = config->log_record;
	core->env = config->env;
	core->wall_synced = config->wall_synced;
	core->wan4 = core->past_wan4 = addr_any4();
	core->policy_copy = config->policy_copy;
	core->factory = config->factory;
	core->next_rule_id = 1;
	core->started_ms = loop_now_ms(core->loop);
	core->firewall = CORE_LATE;
	core->lease_due = batch_lease_due;
	core->start_wait = (struct loop_timer){.fn = on_start_waited, .arg = core};
	core->rebuild_retry = (struct loop_timer){.fn = on_retry};
	core->barred_retry = (struct loop_timer){.fn = try_barred, .arg = core};
	core->housekeeping = (struct loop_timer){.fn = keep_house, .arg = core};
	limits_init(&core->limits);
	store_init(core);
	hosts_init(core);
	redecide_init(core);
	clock_init(core);
	copy_init(core);
	core->table = table_new();
	core->devices = devices_new();
	return core;
}

static int start_threads(struct core *core, struct db *db)
{
	core->queue = db_queue_new(db);
	if (!core->queue)
		return ERR_MEMORY;
	core->queue_fd = loop_fd_add(core->loop, db_queue_fd(core->queue), EPOLLIN, on_queue, core);
	if (!core->queue_fd)
		return ERR_MEMORY;
	return loop_hook_add(core->loop, batch_step, core);
}

int core_new(const struct core_config *config, struct core **out)
{
	struct core *core = alloc_core(config);
	int err = ERR_MEMORY;

	if (!core || !core->table || !core->devices || refuse_init(core) || cards_init(core) ||
		waits_init(core) || alerts_init(core) || hands_init(core) || core_sip_init(core) ||
		home_init(core))
		goto fail;
	if (getrandom(&core->port_seed, sizeof(core->port_seed), 0) < 0)
		goto fail;
	err = load_store(core, config->db, config->boot_id);
	if (!err)
		err = start_threads(core, config->db);
	if (err)
		goto fail;
	if (core->store_stale)
		store_everything(core);
	policy_loaded(core);
	hands_start(core);
	redecide_now(core);
	fw_watch(core->fw, on_fw_event, core);
	loop_timer_set(core->loop, &core->start_wait, core->started_ms + START_WAIT_MS);
	load_kernel(core);
	loop_timer_set(core->loop, &core->housekeeping, core->started_ms + HOUSEKEEPING_MS);
	*out = core;
	return 0;
fail:
	core_free(core);
	return err;
}

static void stop_timers(struct core *core)
{
	loop_timer_stop(core->loop, &core->housekeeping);
	loop_timer_stop(core->loop, &core->rebuild_retry);
	loop_timer_stop(core->loop, &core->barred_retry);
	loop_timer_stop(core->loop, &core->start_wait);
	redecide_stop(core);
	clock_stop(core);
	store_free(core);
	for (size_t i = 0; core->table && i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		for (struct lease *l = o->leases; l; l = l->next)
			loop_timer_stop(core->loop, &l->timer);
	}
}

void core_stop(struct core *core)
{
	struct db_queue *queue = core->queue;

	if (core->stopped)
		return;
	core->stopped = true;
	loop_hook_remove(core->loop, batch_step, core);
	fw_watch(core->fw, NULL, NULL);
	waits_stop(core);
	batch_stop(core);
	store_state(core);
	refuse_free(core);
	cards_stop(core);
	hands_stop(core);
	alerts_stop(core);
	core_sip_stop(core);
	hosts_stop(core);
	copy_stop(core);
	explain_stop(core);
	loop_fd_remove(core->loop, core->queue_fd);
	core->queue = NULL;
	db_queue_free(queue);
	stop_timers(core);
	for (size_t i = 0; i < CORE_WATCHERS; i++)
		core->watchers[i].fn = NULL;
}

void core_free(struct core *core)
{
	if (!core)
		return;
	core_stop(core);
	batch_free(core);
	waits_free(core);
	table_free(core->table);
	devices_free(core->devices);
	cards_free(core);
	hands_free(core);
	alerts_free(core);
	closed_free(core);
	core_sip_free(core);
	rules_free(core);
	free(core);
}

int core_request(struct core *core, const struct map_req *req, core_answer_fn *fn, void *arg)
{
	struct pending item = {.kind = PENDING_REQUEST, .req = *req, .answer = fn, .arg = arg};
	struct str descr = str_cut_utf8(req->descr, MAP_DESCR_MAX);

	if (core->stopped || core->pending_count >= CORE_PENDING_MAX)
		return ERR_BUSY;
	if (descr.len > 0)
		memcpy(item.text, descr.p, descr.len);
	item.req.descr = (struct str){NULL, descr.len};
	if (wait_for_owner(core, &item))
		return 0;
	return batch_push(core, &item);
}

bool core_may_third_party(const struct core *core, const struct addr *client)
{
	const struct device *d = devices_by_addr(core->devices, client);
	struct decide_facts facts = {.origin = MAP_ORIGIN_PCP, .zone = RULE_ZONE_MEMBER};

	if (d) {
		facts.zone = (enum rule_zone)d->row.zone;
		facts.device_id = d->row.id;
	}
	return decide_third_party(core->rules, core->rule_count, &facts);
}

/* ---- facts from outside ---- */

static void begin_epoch(struct core *core)
{
	core->epoch_start_ms = loop_now_ms(core->loop);
	core->state.epoch_start_boot_ms = core->epoch_start_ms;
	core->state.epoch_start_wall_s = core->wall_synced ? store_wall_s(core) : 0;
}

void core_wan_changed(struct core *core, const struct addr *wan4, int wan_ifindex)
{
	bool another = !addr_eq(&core->wan4, wan4);
	char text[ADDR_TEXT_MAX];

	if (!another && core->wan_ifindex == wan_ifindex)
		return;
	core->wan4 = *wan4;
	core->wan_ifindex = wan_ifindex;
	core->need_rebuild = true;
	if (!another)
		return;
	if (addr_is_any(wan4))
		log_warning(core->log, "wan: no address");
	else
		log_info(core->log, "wan: address %s", addr_text(wan4, text));
	/* Losing an address and getting it back keeps what clients believe true. */
	if (!addr_is_any(wan4) && !addr_eq(wan4, &core->state.wan4)) {
		bool first = addr_is_any(&core->state.wan4);
		core->past_wan4 = core->state.wan4;
		core->state.wan4 = *wan4;
		if (!first)
			begin_epoch(core);
		store_state(core);
		if (!first)
			core_tell(core, CORE_NEWS_EPOCH, NULL);
	}
	core_tell(core, CORE_NEWS_WAN, NULL);
}

/* The kernel's interval sets bear no overlaps: what lies within another prefix is left out, and of
 * equal ones all but the first. */
static bool lies_within(const struct prefix *prefixes, size_t count, size_t i)
{
	for (size_t k = 0; k < count; k++) {
		if (k == i || !prefix_has(&prefixes[k], &prefixes[i].addr))
			continue;
		if (prefixes[k].len < prefixes[i].len ||
			(prefixes[k].len == prefixes[i].len && k < i))
			return true;
	}
	return false;
}

static bool same_lans(const struct core *core, const struct prefix *lans, size_t count)
{
	if (count != core->lan_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!prefix_eq(&lans[i], &core->lans[i]))
			return false;
	}
	return true;
}

void core_lan_changed(struct core *core, const struct prefix *prefixes, size_t count)
{
	struct prefix lans[CORE_LANS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count && n < CORE_LANS_MAX; i++) {
		if (!lies_within(prefixes, count, i))
			lans[n++] = prefixes[i];
	}
	/* A table made anew counts from nothing: not for every word about an address. */
	if (same_lans(core, lans, n))
		return;
	memcpy(core->lans, lans, n * sizeof(lans[0]));
	core->lan_count = n;
	core->need_rebuild = true;
	/* An address may have got its LAN, or lost it. */
	for (size_t i = 0; i < devices_count(core->devices); i++) {
		struct device *d = devices_at(core->devices, i);
		d->moved = true;
		home_look(core, d);
	}
	hands_look(core);
}

/* Leases restored without a clock end when they should. True: one ends earlier than was thought. */
static bool end_in_time(struct core *core, struct opening *o)
{
	uint64_t now = loop_now_ms(core->loop), wall = store_wall_s(core);
	bool moved = false;

	for (struct lease *l = o->leases; l; l = l->next) {
		uint64_t end = l->restored_wall_s;
		uint64_t left_ms = end > wall ? (end - wall) * 1000 : 0;
		if (end == 0 || l->expires_ms <= now + left_ms)
			continue;
		l->expires_ms = now + left_ms;
		loop_timer_set(core->loop, &l->timer, l->expires_ms);
		moved = true;
	}
	return moved;
}

void core_clock_synced(struct core *core)
{
	uint64_t now = loop_now_ms(core->loop), wall = store_wall_s(core);

	if (core->wall_synced)
		return;
	core->wall_synced = true;
	core->state.epoch_start_wall_s = wall - (now - core->epoch_start_ms) / 1000;
	for (size_t i = 0; i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		struct pending item = {.kind = PENDING_PROLONG, .opening_id = o->id};
		if (end_in_time(core, o))
			batch_push(core, &item);
	}
	cards_clock_synced(core);
	hands_look(core);
	redecide_now(core);
	store_everything(core);
}

uint32_t core_next_boot_id(struct core *core)
{
	core->state.upnp_boot_id = (core->state.upnp_boot_id + 1) & 0x7fffffff;
	store_state(core);
	return core->state.upnp_boot_id;
}
