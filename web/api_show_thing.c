/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices, cards, openings by hand and what they have in common in JSON; see api_show.h. */
#include "gateway/policy_json.h"
#include "gateway/vendor.h"
#include "web/api_show.h"

#define ADDRS_MAX 64	/* of one device, shown */

void api_show_number(struct jsonw *j, const char *key, uint64_t n, uint64_t none)
{
	if (n == none)
		jsonw_null(j, key);
	else
		jsonw_u64(j, key, n);
}

void api_show_endpoint(struct jsonw *j, const char *key, const struct addr *addr, uint16_t port)
{
	jsonw_object(j, key);
	jsonw_addr(j, "address", addr);
	api_show_number(j, "port", port, 0);
	jsonw_object_end(j);
}

void api_show_mac(struct jsonw *j, const struct api *api, const uint8_t *mac)
{
	const struct api_config *c = &api->config;
	struct str vendor = mac && c->vendor_of ? c->vendor_of(c->arg, mac) : STR_NONE;
	char text[3 * 6];
	struct writer w = writer_to(text, sizeof(text));

	for (size_t i = 0; mac && i < 6; i++) {
		if (i > 0)
			writer_text(&w, ":");
		writer_hex(&w, &mac[i], 1);
	}
	if (mac)
		jsonw_str(j, "mac", writer_done(&w));
	else
		jsonw_null(j, "mac");
	if (vendor.len)
		jsonw_str(j, "vendor", vendor);
	else
		jsonw_null(j, "vendor");
}

/* Begins the object. */
static void begin_device(struct jsonw *j, const char *key, const struct api *api,
	const struct db_device *d)
{
	jsonw_object(j, key);
	jsonw_u64(j, "id", d->id);
	jsonw_text(j, "name", d->name[0] ? d->name : NULL);
	api_show_mac(j, api, d->has_mac ? d->mac : NULL);
}

void api_show_device_name(struct jsonw *j, const char *key, const struct api *api, uint32_t id)
{
	const struct db_device *d = id ? core_device(api->core, id) : NULL;

	if (d) {
		begin_device(j, key, api, d);
		jsonw_object_end(j);
	} else {
		jsonw_null(j, key);
	}
}

static void show_addrs(struct jsonw *j, const struct core *core, uint32_t id)
{
	struct core_device_addr addrs[ADDRS_MAX];
	size_t count = core_device_addrs(core, id, addrs, ADDRS_MAX);

	jsonw_array(j, "addresses");
	for (size_t i = 0; i < count; i++) {
		jsonw_object(j, NULL);
		jsonw_addr(j, "address", &addrs[i].addr);
		jsonw_bool(j, "here", addrs[i].here);
		jsonw_object_end(j);
	}
	jsonw_array_end(j);
}

void api_show_device(struct jsonw *j, const struct api *api, const struct db_device *d)
{
	jsonw_object(j, NULL);
	begin_device(j, "device", api, d);
	jsonw_bool(j, "random_mac", d->has_mac && vendor_is_random(d->mac));
	jsonw_text(j, "hostname", d->hostname[0] ? d->hostname : NULL);
	jsonw_text(j, "zone", rule_zone_text(d->zone));
	jsonw_bool(j, "guest", d->guest);
	jsonw_bool(j, "phone", d->phone);
	jsonw_bool(j, "sip_seen", d->sip_seen);
	jsonw_json(j, "callers", policy_json_callers(&d->callers));
	jsonw_text(j, "interface", d->ifname[0] ? d->ifname : NULL);
	api_show_number(j, "first_seen", d->first_wall_s, 0);
	api_show_number(j, "last_seen", d->last_wall_s, 0);
	jsonw_object_end(j);
	jsonw_u64(j, "openings", core_device_openings(api->core, d->id));
	show_addrs(j, api->core, d->id);
	jsonw_object_end(j);
}

void api_show_risk(struct jsonw *j, uint16_t external, uint16_t internal)
{
	const struct risk *outer = external ? risk_of(external) : NULL;
	const struct risk *inner = internal ? risk_of(internal) : NULL;
	const struct risk *r = outer && (!inner || outer->class == RULE_RISK_RISKY) ? outer : inner;

	if (!r) {
		jsonw_null(j, "risk");
		return;
	}
	jsonw_object(j, "risk");
	jsonw_text(j, "class", rule_risk_text((uint8_t)r->class));
	jsonw_text(j, "why", r->why);
	jsonw_object_end(j);
}

const char *api_show_rule_note(const struct core *core, uint32_t id, const struct rule **last)
{
	size_t count;
	const struct rule *rules;

	if (id == 0)
		return NULL;
	if (*last && (*last)->id == id)
		return (*last)->note;
	rules = core_rules(core, &count);
	for (size_t i = 0; i < count; i++) {
		if (rules[i].id != id)
			continue;
		*last = &rules[i];
		return rules[i].note;
	}
	return NULL;
}

static void show_item(struct jsonw *j, const struct card_item *i)
{
	jsonw_object(j, NULL);
	jsonw_text(j, "origin", map_origin_text(i->origin));
	jsonw_text(j, "protocol", map_proto_text(i->proto));
	api_show_endpoint(j, "internal", &i->internal.addr, i->internal.port);
	api_show_number(j, "external_port", i->external_port, 0);
	jsonw_u64(j, "count", i->count);
	jsonw_u64(j, "first", i->first_wall_s);
	jsonw_u64(j, "last", i->last_wall_s);
	jsonw_text(j, "description", i->descr);
	api_show_risk(j, i->external_port, i->internal.port);
	jsonw_object_end(j);
}

void api_show_card(struct jsonw *j, const struct api *api, const struct card *c)
{
	jsonw_object(j, NULL);
	jsonw_u64(j, "id", c->id);
	api_show_device_name(j, "device", api, c->device_id);
	jsonw_text(j, "state", card_state_text((uint8_t)c->state));
	jsonw_bool(j, "fresh", core_card_is_fresh(api->core, c));
	jsonw_u64(j, "made", c->made_wall_s);
	api_show_number(j, "answered", c->answered_wall_s, 0);
	api_show_number(j, "until", c->until_wall_s, 0);
	jsonw_u64(j, "prompts", c->prompts);
	jsonw_u64(j, "more", c->more);
	jsonw_array(j, "items");
	for (size_t i = 0; i < c->item_count; i++)
		show_item(j, &c->items[i]);
	jsonw_array_end(j);
}

static const char *hand_state_text(enum core_hand_state state)
{
	static const char *const text[] = {
		[CORE_HAND_OPEN] = "open",
		[CORE_HAND_OFF] = "off",
		[CORE_HAND_RESTING] = "resting",
		[CORE_HAND_WAITING] = "waiting",
		[CORE_HAND_TAKEN] = "taken",
		[CORE_HAND_TROUBLE] = "trouble",
	};
	return text[state];
}

void api_show_hand(struct jsonw *j, const struct api *api, const struct hand *h)
{
	struct core_hand_status s = core_hand_status(api->core, h);

	jsonw_object(j, NULL);
	jsonw_json(j, "hand", policy_json_hand(h));
	api_show_device_name(j, "device", api, h->device_id);
	jsonw_object(j, "status");
	jsonw_text(j, "state", hand_state_text(s.state));
	jsonw_text(j, "text", s.text);
	jsonw_text(j, "warning", s.warning);
	if (s.target4.port)
		api_show_endpoint(j, "target", &s.target4.addr, s.target4.port);
	else
		jsonw_null(j, "target");
	jsonw_u64(j, "openings", s.openings);
	jsonw_object_end(j);
	jsonw_object_end(j);
}
