/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The things of the core in JSON; see api_show.h. Unknown and endless are null, times seconds. */
#include "web/api_show.h"

static void show_u64(struct jsonw *j, const char *key, uint64_t n, uint64_t none)
{
	if (n == none)
		jsonw_null(j, key);
	else
		jsonw_u64(j, key, n);
}

static void show_endpoint(struct jsonw *j, const char *key, const struct addr *addr, uint16_t port)
{
	jsonw_object(j, key);
	jsonw_addr(j, "address", addr);
	show_u64(j, "port", port, 0);
	jsonw_object_end(j);
}

static void show_peer(struct jsonw *j, const struct prefix *remote, uint16_t port)
{
	char text[ADDR_TEXT_MAX + 4];
	struct writer w = writer_to(text, sizeof(text));

	jsonw_object(j, NULL);
	prefix_encode(&w, remote);
	if (prefix_is_any(remote))
		jsonw_null(j, "from");
	else
		jsonw_str(j, "from", writer_done(&w));
	show_u64(j, "port", port, 0);
	jsonw_object_end(j);
}

/* Who may come in: an empty list is everybody. */
static void show_remote(struct jsonw *j, const struct opening *o)
{
	jsonw_array(j, "remote");
	if (!prefix_is_any(&o->remote) || o->remote_port != 0)
		show_peer(j, &o->remote, o->remote_port);
	for (size_t i = 0; o->filters && i < o->filters->count; i++)
		show_peer(j, &o->filters->at[i].remote, o->filters->at[i].port);
	jsonw_array_end(j);
}

/* Begins the object; what names a device and no more. */
static void show_device_name(struct jsonw *j, const char *key, const struct db_device *d)
{
	char mac[3 * 6];
	struct writer w = writer_to(mac, sizeof(mac));

	for (size_t i = 0; i < sizeof(d->mac); i++) {
		if (i > 0)
			writer_text(&w, ":");
		writer_hex(&w, &d->mac[i], 1);
	}
	jsonw_object(j, key);
	jsonw_u64(j, "id", d->id);
	jsonw_text(j, "name", d->name[0] ? d->name : NULL);
	if (d->has_mac)
		jsonw_str(j, "mac", writer_done(&w));
	else
		jsonw_null(j, "mac");
}

static void show_owner(struct jsonw *j, const struct db_device *d)
{
	if (d) {
		show_device_name(j, "device", d);
		jsonw_object_end(j);
	} else {
		jsonw_null(j, "device");
	}
}

void api_show_device(struct jsonw *j, const char *key, const struct db_device *d)
{
	show_device_name(j, key, d);
	jsonw_text(j, "interface", d->ifname[0] ? d->ifname : NULL);
	show_u64(j, "first_seen", d->first_wall_s, 0);
	show_u64(j, "last_seen", d->last_wall_s, 0);
	jsonw_object_end(j);
}

static void show_lease(struct jsonw *j, const struct core *core, const struct lease *l)
{
	jsonw_object(j, NULL);
	jsonw_text(j, "origin", map_origin_text(l->origin));
	jsonw_text(j, "description", l->descr);
	jsonw_addr(j, "client", &l->client);
	show_u64(j, "device_id", l->device_id, 0);
	show_u64(j, "granted_s", l->granted_s, MAP_LIFETIME_ENDLESS);
	show_u64(j, "left_s", core_lease_left_s(core, l), MAP_LIFETIME_ENDLESS);
	jsonw_object_end(j);
}

struct addr api_show_wan4(const struct core *core)
{
	struct core_status s;

	core_status(core, &s);
	return s.wan4;
}

void api_show_opening(struct jsonw *j, const struct core *core, const struct addr *wan4,
	const struct opening *o, const struct api_traffic *traffic)
{
	const struct addr *external = opening_is4(o) ? wan4 : &o->external.addr;

	jsonw_object(j, NULL);
	jsonw_u64(j, "id", o->id);
	jsonw_text(j, "protocol", map_proto_text(o->proto));
	show_endpoint(j, "external", external, o->external.port);
	show_endpoint(j, "internal", &o->internal.addr, o->internal.port);
	show_remote(j, o);
	jsonw_array(j, "leases");
	for (const struct lease *l = o->leases; l; l = l->next)
		show_lease(j, core, l);
	jsonw_array_end(j);
	show_u64(j, "left_s", core_opening_left_s(core, o), MAP_LIFETIME_ENDLESS);
	show_owner(j, core_device(core, o->device_id));
	show_u64(j, "rule", o->rule_id, 0);
	show_u64(j, "set", o->set_id, 0);
	jsonw_bool(j, "active", core_opening_active(core, o));
	jsonw_bool(j, "enabled", !o->disabled);
	show_u64(j, "created", o->created_wall_s, 0);
	if (traffic) {
		jsonw_u64(j, "packets", traffic->packets);
		jsonw_u64(j, "bytes", traffic->bytes);
	}
	jsonw_object_end(j);
}

static const char *health_text(enum core_health health)
{
	static const char *const text[] = {
		[CORE_OK] = "ok", [CORE_LATE] = "late", [CORE_FAILED] = "failed"};
	return text[health];
}

void api_show_status(struct jsonw *j, const struct core *core)
{
	struct core_status s;

	core_status(core, &s);
	jsonw_object(j, NULL);
	jsonw_text(j, "version", POSTERN_VERSION);
	jsonw_object(j, "wan");
	jsonw_addr(j, "address", &s.wan4);
	jsonw_bool(j, "private", s.wan_private);
	jsonw_object_end(j);
	jsonw_text(j, "firewall", health_text(s.firewall));
	jsonw_text(j, "store", health_text(s.store));
	jsonw_u64(j, "openings", s.openings);
	jsonw_u64(j, "devices_with_openings", s.devices_with_openings);
	jsonw_bool(j, "attended", s.attended);
	jsonw_u64(j, "epoch_s", s.epoch_s);
	jsonw_u64(j, "uptime_s", s.uptime_ms / 1000);
	jsonw_object_end(j);
}

static const char *ring_text(enum db_ring ring)
{
	static const char *const text[] = {
		[DB_RING_ADMIN] = "admin",
		[DB_RING_OPENINGS] = "openings",
		[DB_RING_REFUSALS] = "refusals",
	};
	return text[ring];
}

void api_show_record(struct jsonw *j, const struct db_record *r)
{
	jsonw_object(j, NULL);
	jsonw_u64(j, "seq", r->seq);
	jsonw_text(j, "ring", ring_text(r->ring));
	show_u64(j, "time", r->wall_s, 0);
	jsonw_bool(j, "time_synced", r->wall_synced);
	jsonw_text(j, "what", r->what);
	jsonw_text(j, "why", r->why[0] ? r->why : NULL);
	jsonw_u64(j, "count", r->count);
	jsonw_text(j, "origin", map_origin_text(r->origin));
	jsonw_text(j, "result", map_result_text(r->result));
	jsonw_text(j, "protocol", r->proto ? map_proto_text(r->proto) : NULL);
	show_endpoint(j, "external", &r->external.addr, r->external.port);
	show_endpoint(j, "internal", &r->internal.addr, r->internal.port);
	jsonw_addr(j, "client", &r->client);
	show_u64(j, "device_id", r->device_id, 0);
	show_u64(j, "opening_id", r->opening_id, 0);
	show_u64(j, "rule", r->rule_id, 0);
	show_u64(j, "lifetime_s", r->lifetime_s, MAP_LIFETIME_ENDLESS);
	jsonw_text(j, "description", r->descr);
	jsonw_object_end(j);
}
