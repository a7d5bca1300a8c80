/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See core_ask.h. Nothing here changes the table. */
#include "gateway/core_ask.h"
#include "gateway/core_sip_int.h"

#include "protocols/err.h"

#include <string.h>

void ask_answer(struct pending *item, enum map_result result, const char *reason)
{
	item->ans.result = result;
	item->reason = reason;
}

void ask_answer_err(struct pending *item, int err)
{
	if (err == ERR_BUSY)
		item->deferred = true;
	else
		ask_answer(item, MAP_TROUBLE, err_text(err));
}

static bool is_call(const struct asking *a)
{
	return a->req->origin == MAP_ORIGIN_SIP;
}

/* As it would be made, were it more than a question. */
static struct device *ghost(const struct core *core, const struct addr *addr, struct device *out)
{
	struct device_host host = who_host(core, addr);

	out->row.zone = host.guest ? RULE_ZONE_GUEST : host.zone;
	return out;
}

struct device *ask_device(struct asking *a, const struct addr *addr, struct device *unknown)
{
	struct device *known;

	if (!a->item->explained)
		return who_device(a->core, addr);
	known = devices_by_id(a->core->devices, core_device_of(a->core, addr));
	return known ? known : ghost(a->core, addr, unknown);
}

/* The client itself, or another address of the same device (a pinhole asked for over IPv4). */
static bool is_own_address(struct core *core, const struct map_req *req, const struct device *d)
{
	uint8_t mac[6];

	if (addr_eq(&req->internal.addr, &req->client))
		return true;
	if (!core->env.is_lan_host(core->env.arg, &req->internal.addr))
		return false;
	return d->row.has_mac && core->env.mac_of(core->env.arg, &req->internal.addr, mac) &&
	       memcmp(mac, d->row.mac, sizeof(mac)) == 0;
}

/* Not everything may be asked about, however often it is. */
static void check_card(struct asking *a)
{
	const char *why = card_refusal(a->core, a->device->row.id);

	if (!why)
		return;
	a->decision.result = MAP_DENIED;
	a->decision.why = why;
}

/* Decides for this external port; false: refused, and the item answered. */
bool ask_decide(struct asking *a, uint16_t external_port)
{
	a->facts.external_port = external_port;
	decide(a->core->rules, a->core->rule_count, &a->facts, &a->decision);
	a->item->rule_id = a->decision.rule_id;
	if (a->decision.result == MAP_PENDING)
		check_card(a);
	if (a->item->explained)
		*a->item->explained = (struct explained){true, a->facts, a->decision};
	if (a->decision.result == MAP_OK)
		return true;
	ask_answer(a->item, a->decision.result, a->decision.why);
	return false;
}

static bool is_held(const struct core *core, uint16_t port, uint32_t device_id)
{
	const struct hold *h = &core->held[port];

	return h->device_id != device_id && h->until_ms > loop_now_ms(core->loop);
}

/* A port number belongs to one device for TCP and UDP; two keys that both name their remote host
 * may share it (UPnP), and so may one device's TCP and UDP. */
static bool collides(const struct opening *o, const struct asking *a)
{
	bool same_end = o->proto == a->req->proto && o->internal.port == a->req->internal.port &&
			addr_eq(&o->internal.addr, &a->req->internal.addr);

	if (a->req->op == MAP_OP_PEER)
		return !same_end && (o->device_id != a->target->row.id ||
					    o->proto == a->req->proto);
	if (prefix_eq(&o->remote, &a->req->remote) && o->proto == a->req->proto)
		return true;
	if (o->device_id == a->target->row.id)
		return false;
	return prefix_is_any(&o->remote) || prefix_is_any(&a->req->remote);
}

static bool is_routers(const struct core *core, uint16_t port)
{
	return ports_is_displaced(port) ||
	       core->env.port_is_ours(core->env.arg, MAP_PROTO_TCP, port) ||
	       core->env.port_is_ours(core->env.arg, MAP_PROTO_UDP, port);
}

enum map_result ask_port_state(const struct asking *a, uint16_t port)
{
	const struct opening *o = table_first_port(a->core->table, port);

	if (port == 0 || is_routers(a->core, port) ||
		phones_reserve(a->core, port) != is_call(a))
		return MAP_RESERVED;
	for (; o; o = table_next_port(o, port)) {
		if (collides(o, a))
			return o->hand_id != 0 ? MAP_RESERVED : MAP_TAKEN;
	}
	return is_held(a->core, port, a->target->row.id) ? MAP_TAKEN : MAP_OK;
}

/* Policy for the n-th internal port with this external one. */
static bool is_allowed(const struct asking *a, uint16_t n, uint16_t external)
{
	struct decide_facts facts = a->facts;
	struct decision d;

	facts.internal_port = (uint16_t)(a->req->internal.port + n);
	facts.external_port = external;
	decide(a->core->rules, a->core->rule_count, &facts, &d);
	return d.result == MAP_OK;
}

/* So many internal ports from the first on could be a unit. */
static uint16_t count_wanted(const struct asking *a)
{
	const struct map_req *req = a->req;
	struct endpoint in = req->internal;
	uint16_t n = 1;

	for (; n < req->set_size && n < MAP_SET_MAX && !req->exact && in.port < UINT16_MAX; n++) {
		in.port++;
		if (table_first_internal(a->core->table, req->proto, &in) ||
			!is_allowed(a, n, addr_is4(&in.addr) ? 0 : in.port))
			break;
	}
	return n;
}

/* For ports_choose: free and allowed, as many from here on as are wanted. The longest run is kept
 * for when there is no better one. */
static bool is_good_start(void *arg, uint16_t port)
{
	struct asking *a = arg;
	uint16_t n = 0;

	if (a->req->set_parity && ((port ^ a->req->internal.port) & 1))
		return false;
	while (n < a->wanted && n <= UINT16_MAX - port &&
		ask_port_state(a, (uint16_t)(port + n)) == MAP_OK &&
		is_allowed(a, n, (uint16_t)(port + n)))
		n++;
	if (n > a->run) {
		a->run = n;
		a->run_port = port;
	}
	return n == a->wanted;
}

static uint16_t exact_port(struct asking *a)
{
	enum map_result state = ask_port_state(a, a->req->external.port);

	if (state == MAP_OK)
		return a->req->external.port;
	ask_answer(a->item, state, map_result_text(state));
	return 0;
}

/* One external port an internal port (RFC 4787 REQ-1): that of its outbound flows, else the one
 * that is suggested. */
static uint16_t wanted_port(const struct asking *a)
{
	const struct map_req *req = a->req;
	const struct opening *o = table_first_internal(a->core->table, req->proto, &req->internal);

	while (o && (!o->outbound || o->disabled))
		o = table_next_internal(o);
	return o ? o->external.port : req->external.port;
}

/* A suggestion never causes a refusal (RFC 6887 section 11.3): what policy says to it decides only
 * whether it is used. 0: answered. */
uint16_t ask_port(struct asking *a)
{
	a->wanted = count_wanted(a);
	a->run = addr_is4(&a->req->internal.addr) ? 1 : a->wanted;
	if (!addr_is4(&a->req->internal.addr))
		return ask_decide(a, a->req->internal.port) ? a->req->internal.port : 0;
	if (a->req->exact)
		return ask_decide(a, a->req->external.port) ? exact_port(a) : 0;
	if (!ask_decide(a, 0))
		return 0;
	a->core->port_seed = a->core->port_seed * 1664525u + 1013904223u;
	a->run = a->run_port = 0;
	ports_choose(wanted_port(a), a->req->internal.port, a->core->port_seed >> 8,
		is_good_start, a);
	if (a->run == 0)
		ask_answer(a->item, MAP_NO_PORT, map_result_text(MAP_NO_PORT));
	else
		ask_decide(a, a->run_port);
	return a->run_port;
}

static bool too_many_filters(const struct asking *a, const struct opening *o)
{
	uint32_t more = a->filters.count, less = o && o->filters ? o->filters->count : 0;
	uint32_t of_all = is_call(a) ? a->core->sip_filters : a->core->filters;
	uint32_t own = is_call(a) ? a->target->call_filters : a->target->filters;

	return more > less &&
	       (own + more - less > (is_call(a) ? CORE_SIP_FILTERS_DEVICE : CORE_FILTERS_DEVICE) ||
		       of_all + more - less > (is_call(a) ? CORE_SIP_FILTERS_MAX
							  : CORE_FILTERS_MAX));
}

/* An opening with filters is one door's alone: another one's clients would be shut out by them, or
 * let in those they keep out. */
bool ask_filters(struct asking *a, const struct opening *o)
{
	const struct map_req *req = a->req;
	bool shared = o && (!opening_lease(o, req->origin) || o->leases->next);
	int err;

	a->filters = (struct map_filters){0};
	if (o && o->filters && !req->clear_filters)
		a->filters = *o->filters;
	if (!filter_is_family(req->filters, req->filter_count, addr_is4(&req->internal.addr))) {
		ask_answer(a->item, MAP_DENIED, "a filter of the other family");
		return false;
	}
	err = filter_add(&a->filters, req->filters, req->filter_count);
	if (err || too_many_filters(a, o)) {
		ask_answer(a->item, MAP_TOO_MANY_REMOTES, map_result_text(MAP_TOO_MANY_REMOTES));
		return false;
	}
	if (shared && (o->filters || a->filters.count > 0)) {
		ask_answer(a->item, MAP_TAKEN, "another protocol has it open to other peers");
		return false;
	}
	return true;
}

struct lease_plan ask_lease(const struct asking *a)
{
	const struct map_req *req = a->req;

	return (struct lease_plan){
		.origin = req->origin,
		.device_id = a->device->row.id,
		.client = req->client,
		.has_nonce = req->has_nonce,
		.nonce = req->nonce,
		.granted_s = decide_lifetime(&a->core->limits, req->origin, req->lifetime_s,
			a->decision.lifetime_max_s),
		.descr = req->descr,
		.filters = a->filters,
	};
}

static struct endpoint external_of(const struct core *core, const struct opening *o)
{
	if (!opening_is4(o))
		return o->internal;
	return (struct endpoint){core->wan4, o->external.port};
}

void ask_granted(struct asking *a, const struct opening *o, uint32_t granted_s)
{
	a->item->ans = (struct map_ans){
		.result = MAP_OK,
		.external = external_of(a->core, o),
		.lifetime_s = granted_s,
		.id = o->id,
	};
	a->item->reason = NULL;
}

static uint32_t count_by_rule(const struct asking *a)
{
	const struct opening *o = table_first_device(a->core->table, a->target->row.id);
	uint32_t n = 0;

	for (; o && n < a->decision.quota; o = table_next_device(o))
		n += o->rule_id == a->decision.rule_id;
	return n;
}

static bool ask_bound(struct asking *a)
{
	if (a->target->calls < CORE_SIP_OPENINGS_MAX)
		return true;
	ask_answer(a->item, MAP_QUOTA, "this phone has as many ports for calls as it may");
	return false;
}

/* Calls have a bound instead: a game's openings must not keep anybody from telephoning. */
bool ask_quota(struct asking *a)
{
	struct decide_usage usage = {
		.device = devices_usage(a->core->devices, a->target),
		.zone = a->core->zone_openings[a->target->row.zone],
		.total = (uint32_t)table_count(a->core->table) - a->core->beside_openings,
		.rule = count_by_rule(a),
	};
	const char *full;

	if (is_call(a))
		return ask_bound(a);
	full = decide_quota(&a->core->limits, (enum rule_zone)a->target->row.zone, &usage,
		a->decision.quota);
	if (full)
		ask_answer(a->item, MAP_QUOTA, full);
	return full == NULL;
}

bool ask_nonce(struct asking *a, const struct lease *l)
{
	if (!l || !l->has_nonce ||
		(a->req->has_nonce && memcmp(l->nonce, a->req->nonce, MAP_NONCE_LEN) == 0))
		return true;
	ask_answer(a->item, MAP_NOT_OWNER, "the nonce is another one");
	a->item->ans.lifetime_s = core_lease_left_s(a->core, l);
	return false;
}

/* UPnP may wait for an address; PCP, NAT-PMP and a call must name one. */
static bool needs_wan(const struct map_req *req)
{
	return addr_is4(&req->internal.addr) &&
	       (req->origin == MAP_ORIGIN_PCP || req->origin == MAP_ORIGIN_NATPMP ||
		       req->origin == MAP_ORIGIN_SIP);
}

/* PREFER_FAILURE (RFC 6887 section 13.2) is about the suggested address as well, and IPv6 has but
 * one endpoint to give. */
static bool can_be_exact(const struct core *core, const struct map_req *req)
{
	bool is4 = addr_is4(&req->internal.addr);
	const struct addr *ours = is4 ? &core->wan4 : &req->internal.addr;

	if (!req->exact)
		return true;
	if (!is4 && req->external.port != req->internal.port)
		return false;
	return addr_is_any(&req->external.addr) || addr_eq(&req->external.addr, ours);
}

/* By THIRD_PARTY only: the host that shall be opened. */
static bool find_target(struct asking *a)
{
	struct core *core = a->core;
	uint32_t id = a->device->row.id;

	if (!core->env.is_lan_host(core->env.arg, &a->req->internal.addr)) {
		ask_answer(a->item, MAP_DENIED, "not a host of the LAN");
		return false;
	}
	a->target = ask_device(a, &a->req->internal.addr, &a->unknown_target);
	/* A new device may have taken the place of an idle one. */
	if (id != 0)
		a->device = devices_by_id(core->devices, id);
	if (a->target && a->device)
		return true;
	ask_answer(a->item, MAP_TROUBLE, "too many devices");
	return false;
}

/* What a phone's call never needs, whatever rules say: NULL, or why it is refused. */
static const char *call_fault(const struct asking *a)
{
	if (!is_call(a))
		return NULL;
	if (!device_is_phone(&a->device->row))
		return "this device is not marked as a phone";
	if (a->req->proto != MAP_PROTO_UDP)
		return "calls need UDP only";
	if (a->req->internal.port < 1024)
		return "no phone hears a call at a port below 1024";
	return a->facts.own_address ? NULL : "calls lead to the phone itself";
}

bool ask_begin(struct asking *a)
{
	struct core *core = a->core;
	const struct map_req *req = a->req;
	const char *why;

	if (req->proto != MAP_PROTO_TCP && req->proto != MAP_PROTO_UDP) {
		ask_answer(a->item, MAP_UNSUPP_PROTO, map_result_text(MAP_UNSUPP_PROTO));
		return false;
	}
	if (addr_is_link_local(&req->internal.addr)) {
		ask_answer(a->item, MAP_DENIED, "a link-local address is not reached from outside");
		return false;
	}
	if (needs_wan(req) && addr_is_any(&core->wan4)) {
		ask_answer(a->item, MAP_NO_WAN, map_result_text(MAP_NO_WAN));
		return false;
	}
	if (!can_be_exact(core, req)) {
		ask_answer(a->item, MAP_TAKEN, "not this external address and port");
		return false;
	}
	a->facts = (struct decide_facts){
		.zone = (enum rule_zone)a->device->row.zone,
		.device_id = a->device->row.id,
		.origin = req->origin,
		.proto = req->proto,
		.internal_port = req->internal.port,
		.own_address = is_own_address(core, req, a->device),
		.third_party = req->third_party,
		.somebody_answers = core->state.attended,
		.remote = &req->remote,
		.descr = req->descr,
	};
	rules_time(core, &a->facts);
	a->target = a->device;
	why = call_fault(a);
	if (why) {
		ask_answer(a->item, MAP_DENIED, why);
		return false;
	}
	return a->facts.own_address || !req->third_party || find_target(a);
}
