/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings, the whole and the record in JSON; see api_show.h. */
#include "web/api_show.h"

#include "protocols/err.h"
#include "web/auth.h"

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
	api_show_number(j, "port", port, 0);
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

static void show_lease(struct jsonw *j, const struct core *core, const struct lease *l)
{
	jsonw_object(j, NULL);
	jsonw_text(j, "origin", map_origin_text(l->origin));
	jsonw_text(j, "description", l->descr);
	jsonw_addr(j, "client", &l->client);
	api_show_number(j, "device_id", l->device_id, 0);
	api_show_number(j, "granted_s", l->granted_s, MAP_LIFETIME_ENDLESS);
	api_show_number(j, "left_s", core_lease_left_s(core, l), MAP_LIFETIME_ENDLESS);
	jsonw_object_end(j);
}

struct api_view api_show_view(const struct api *api)
{
	return (struct api_view){.api = api, .wan4 = *core_wan4(api->core)};
}

void api_show_opening(struct jsonw *j, struct api_view *view, const struct opening *o,
	const struct core_traffic *traffic)
{
	const struct core *core = view->api->core;
	const struct addr *external = opening_is4(o) ? &view->wan4 : &o->external.addr;

	jsonw_object(j, NULL);
	jsonw_u64(j, "id", o->id);
	jsonw_text(j, "protocol", map_proto_text(o->proto));
	api_show_endpoint(j, "external", external, o->external.port);
	api_show_endpoint(j, "internal", &o->internal.addr, o->internal.port);
	show_remote(j, o);
	jsonw_array(j, "leases");
	for (const struct lease *l = o->leases; l; l = l->next)
		show_lease(j, core, l);
	jsonw_array_end(j);
	api_show_number(j, "left_s", core_opening_left_s(core, o), MAP_LIFETIME_ENDLESS);
	api_show_device_name(j, "device", view->api, o->device_id);
	api_show_number(j, "rule", o->rule_id, 0);
	jsonw_text(j, "rule_note", api_show_rule_note(core, o->rule_id, &view->rule));
	api_show_number(j, "set", o->set_id, 0);
	api_show_number(j, "hand", o->hand_id, 0);
	api_show_risk(j, o->external.port, o->internal.port);
	jsonw_bool(j, "active", core_opening_active(core, o));
	jsonw_bool(j, "enabled", !o->disabled);
	jsonw_bool(j, "suspended", o->suspended);
	api_show_number(j, "created", o->created_wall_s, 0);
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

/* Both are for everybody to know: the fingerprint is there to be compared. */
static void show_web(struct jsonw *j, const struct auth *auth)
{
	struct auth_place at = {NULL, NULL};

	if (auth)
		at = auth_place(auth);
	if (!at.url && !at.fingerprint) {
		jsonw_null(j, "web");
		return;
	}
	jsonw_object(j, "web");
	jsonw_text(j, "url", at.url);
	jsonw_text(j, "fingerprint", at.fingerprint);
	jsonw_object_end(j);
}

void api_show_status(struct jsonw *j, const struct api *api)
{
	struct core_status s;

	core_status(api->core, &s);
	jsonw_object(j, NULL);
	jsonw_text(j, "version", POSTERN_VERSION);
	jsonw_object(j, "wan");
	jsonw_addr(j, "address", &s.wan4);
	jsonw_bool(j, "private", s.wan_private);
	jsonw_object_end(j);
	show_web(j, api->config.auth);
	jsonw_text(j, "firewall", health_text(s.firewall));
	jsonw_text(j, "store", health_text(s.store));
	jsonw_u64(j, "openings", s.openings);
	jsonw_u64(j, "devices_with_openings", s.devices_with_openings);
	jsonw_bool(j, "attended", s.attended);
	jsonw_text(j, "preset", s.preset < PRESETS ? preset_of(s.preset)->name : NULL);
	jsonw_u64(j, "cards", s.cards);
	jsonw_u64(j, "alerts", s.alerts);
	jsonw_u64(j, "epoch_s", s.epoch_s);
	jsonw_u64(j, "uptime_s", s.uptime_ms / 1000);
	jsonw_object_end(j);
}

const char *api_show_ring(enum db_ring ring)
{
	static const char *const text[] = {
		[DB_RING_ADMIN] = "admin",
		[DB_RING_OPENINGS] = "openings",
		[DB_RING_REFUSALS] = "refusals",
	};
	return text[ring];
}

/* JSON, unless somebody edited the store or it was cut: then the text it is. */
static void show_detail(struct jsonw *j, const char *detail)
{
	json_t *value = *detail ? json_loads(detail, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (value)
		jsonw_json(j, "detail", value);
	else
		jsonw_text(j, "detail", *detail ? detail : NULL);
}

void api_show_record(struct jsonw *j, const struct core_row *row)
{
	const struct db_record *r = &row->record;

	jsonw_object(j, NULL);
	jsonw_u64(j, "seq", r->seq);
	jsonw_text(j, "ring", api_show_ring(r->ring));
	api_show_number(j, "time", r->wall_s, 0);
	jsonw_bool(j, "time_synced", r->wall_synced);
	jsonw_text(j, "what", r->what);
	jsonw_text(j, "why", r->why[0] ? r->why : NULL);
	jsonw_u64(j, "count", r->count);
	jsonw_text(j, "origin", map_origin_text(r->origin));
	jsonw_text(j, "result", map_result_text(r->result));
	jsonw_text(j, "protocol", r->proto ? map_proto_text(r->proto) : NULL);
	api_show_endpoint(j, "external", &r->external.addr, r->external.port);
	api_show_endpoint(j, "internal", &r->internal.addr, r->internal.port);
	jsonw_addr(j, "client", &r->client);
	api_show_number(j, "device_id", r->device_id, 0);
	api_show_number(j, "opening_id", r->opening_id, 0);
	api_show_number(j, "rule", r->rule_id, 0);
	api_show_number(j, "lifetime_s", r->lifetime_s, MAP_LIFETIME_ENDLESS);
	jsonw_text(j, "description", r->descr);
	show_detail(j, row->detail);
	jsonw_object_end(j);
}

static void on_closing(void *arg, const struct opening *o, const char *why)
{
	struct api_closing *c = arg;

	jsonw_object(&c->j, NULL);
	jsonw_key(&c->j, "opening");
	api_show_opening(&c->j, &c->view, o, NULL);
	jsonw_text(&c->j, "why", why);
	jsonw_object_end(&c->j);
}

void api_show_closing(struct api_closing *c, const struct api *api)
{
	*c = (struct api_closing){.view = api_show_view(api), .closing = {on_closing, c}};
	jsonw_object(&c->j, NULL);
	jsonw_array(&c->j, "closing");
}

void api_show_closing_end(struct api_closing *c, const struct api_call *call, int err,
	const struct core_fault *fault)
{
	jsonw_array_end(&c->j);
	jsonw_object_end(&c->j);
	if (!err) {
		api_answer_json(call->req, 200, &c->j);
		return;
	}
	jsonw_free(&c->j);
	if (fault && (err == ERR_RANGE || err == ERR_SYNTAX))
		api_error_fault(call->req, fault);
	else
		api_error_core(call->req, err);
}
