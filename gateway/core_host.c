/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts of the LAN as they are seen to come, move and go, and what they call themselves. */
#include "gateway/core_job.h"
#include "gateway/core_sip.h"

#include "protocols/err.h"

#include <sodium.h>
#include <string.h>

#define STORE_MS 60000		/* the flash is not worn by who comes and goes */
#define NEW_S 3600		/* so young a device may be one that was known by another MAC */

/* ---- "is this the same device?" ---- */

static const uint8_t *id_of(const struct device *d)
{
	static const uint8_t none[DB_CLIENT_ID_LEN];

	return memcmp(d->row.client_id, none, sizeof(none)) == 0 ? NULL : d->row.client_id;
}

static bool is_alike(const struct device *a, const struct device *b)
{
	if (id_of(a) && id_of(b))
		return memcmp(id_of(a), id_of(b), DB_CLIENT_ID_LEN) == 0;
	return a->row.hostname[0] != '\0' && strcmp(a->row.hostname, b->row.hostname) == 0;
}

/* Made a moment ago, or with a MAC nobody's factory gave it: "the same device with another MAC" is
 * worth a question. Nothing but the owner's answer joins them. */
static bool may_be_known(const struct core *core, const struct device *d)
{
	return store_wall_s(core) < d->row.first_wall_s + NEW_S || (d->row.mac[0] & 2) != 0;
}

static bool may_be(const struct core *core, const struct device *d, const struct device *other)
{
	return d->row.zone == RULE_ZONE_NEW && may_be_known(core, d) && other != d &&
	       other->row.guest == d->row.guest && !device_is_here(other) && is_alike(d, other);
}

static void ask_whether_same(struct core *core, const struct device *d, const struct device *other)
{
	struct db_alert a = {.kind = DB_ALERT_SAME_DEVICE, .addr = addr_any6(),
		.device_id = d->row.id, .other_id = other->row.id};
	bool by_id = id_of(d) && id_of(other);

	strncpy(a.text, by_id ? "it says the same DHCP client id" : "it has the same name",
		sizeof(a.text) - 1);
	core_alert_raise(core, &a);
}

/* This new one: which of those that are away? */
static void ask_who_it_was(struct core *core, const struct device *d)
{
	for (size_t i = 0; i < devices_count(core->devices); i++) {
		const struct device *other = devices_at(core->devices, i);
		if (may_be(core, d, other)) {
			ask_whether_same(core, d, other);
			return;
		}
	}
}

/* This one that went: which of the new ones? */
static void ask_who_is_it(struct core *core, const struct device *d)
{
	for (size_t i = 0; i < devices_count(core->devices); i++) {
		const struct device *other = devices_at(core->devices, i);
		if (may_be(core, other, d)) {
			ask_whether_same(core, other, d);
			return;
		}
	}
}

/* ---- coming and going ---- */

static struct device_host host_of(const struct core *core, const struct core_host *host)
{
	struct device_host h = who_host(core, &host->addr);

	h.mac = host->mac;
	h.ifindex = host->ifindex;
	h.ifname = host->ifname;
	h.guest = host->guest;
	return h;
}

/* ---- the store ---- */

static void store(void *arg)
{
	struct core *core = arg;
	struct store_job *sj = job_new(core, false);

	if (!sj)
		return;
	job_put_devices(sj);
	if (sj->count > 0)
		job_submit(sj);
	else
		job_free(sj);
}

static void store_soon(struct core *core)
{
	if (core->hosts_soon.slot == 0)
		loop_timer_set(core->loop, &core->hosts_soon, loop_now_ms(core->loop) + STORE_MS);
}

void hosts_init(struct core *core)
{
	core->hosts_soon = (struct loop_timer){.fn = store, .arg = core};
}

void hosts_stop(struct core *core)
{
	loop_timer_stop(core->loop, &core->hosts_soon);
	if (core->devices)
		store(core);
}

/* What its openings have to do with it comes in the next batch. */
static void look(struct core *core, struct device *d)
{
	home_look(core, d);
	hands_device_moved(core, d);
	store_soon(core);
	core_tell_id(core, CORE_NEWS_DEVICE, d->row.id);
}

void core_host_here(struct core *core, const struct core_host *host)
{
	struct device_host h = host_of(core, host);
	const struct device_addr *at = devices_addr(core->devices, &host->addr, host->ifindex);
	uint32_t before = at ? at->device->row.id : 0;
	struct device *d, *old;

	if (core->stopped)
		return;
	d = devices_see(core->devices, &h);
	if (!d)
		return;
	d->home_ms = loop_now_ms(core->loop);
	old = before != d->row.id ? devices_by_id(core->devices, before) : NULL;
	if (old)
		look(core, old);
	if (d->moved)
		look(core, d);
}

void core_host_gone(struct core *core, const struct core_host *host)
{
	struct device_host h = host_of(core, host);
	struct device *d = core->stopped ? NULL : devices_gone(core->devices, &h);

	if (!d)
		return;
	look(core, d);
	ask_who_is_it(core, d);
}

void core_hosts(const struct core *core, core_host_fn *fn, void *arg)
{
	for (size_t i = 0; i < devices_count(core->devices); i++) {
		const struct device *d = devices_at(core->devices, i);
		struct core_host host = {.guest = d->row.guest};
		memcpy(host.mac, d->row.mac, sizeof(host.mac));
		for (const struct device_addr *a = d->addrs; a && d->row.has_mac; a = a->next) {
			host.addr = a->addr;
			host.ifindex = a->ifindex;
			memcpy(host.ifname, a->ifname, sizeof(host.ifname));
			fn(arg, &host);
		}
	}
}

void core_sip_seen(struct core *core, const struct core_host *host)
{
	struct device_addr *a = devices_addr(core->devices, &host->addr, host->ifindex);
	struct device *d = a ? a->device : NULL;

	if (core->stopped || !d || d->row.sip_seen || !d->row.has_mac ||
		memcmp(d->row.mac, host->mac, sizeof(host->mac)) != 0)
		return;
	d->row.sip_seen = true;
	devices_changed(core->devices, d);
	store_soon(core);
	core_tell_id(core, CORE_NEWS_DEVICE, d->row.id);
}

/* ---- names ---- */

/* Only what can be shown: control characters would be somebody's way into a terminal. */
static struct str shown(struct str name)
{
	struct str cut = str_cut_utf8(name, DB_NAME_MAX);

	if (!str_is_utf8(cut))
		return (struct str){NULL, 0};
	for (size_t i = 0; i < cut.len; i++) {
		if ((uint8_t)cut.p[i] < 0x20 || cut.p[i] == 0x7f)
			return (struct str){NULL, 0};
	}
	return cut;
}

static bool put_names(struct device *d, const struct core_name *name)
{
	struct str host = shown(name->hostname);
	struct db_device row = d->row;

	if (host.len > 0) {
		memset(row.hostname, 0, sizeof(row.hostname));
		memcpy(row.hostname, host.p, host.len);
	}
	if (name->client_id.len > 0 &&
		crypto_generichash(row.client_id, sizeof(row.client_id),
			(const uint8_t *)name->client_id.p, name->client_id.len, NULL, 0) != 0)
		return false;
	if (strcmp(row.hostname, d->row.hostname) == 0 &&
		memcmp(row.client_id, d->row.client_id, sizeof(row.client_id)) == 0)
		return false;
	d->row = row;
	return true;
}

void core_host_named(struct core *core, const struct core_name *name)
{
	struct device *d = devices_by_addr(core->devices, &name->addr);

	if (core->stopped || !d)
		return;
	if (name->has_mac && (!d->row.has_mac || memcmp(d->row.mac, name->mac, 6) != 0))
		return;
	if (!put_names(d, name))
		return;
	devices_changed(core->devices, d);
	store_soon(core);
	core_tell_id(core, CORE_NEWS_DEVICE, d->row.id);
	ask_who_it_was(core, d);
}
