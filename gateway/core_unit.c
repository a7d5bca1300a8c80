/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See core_unit.h. */
#include "gateway/core_unit.h"

struct unit {
	struct opening *at[MAP_SET_MAX];	/* by port */
	size_t count;
};

static bool is_held_by(const struct opening *o, enum map_origin origin)
{
	return origin == MAP_ORIGIN_OWNER || opening_lease(o, origin);
}

static struct opening *find_nth(const struct core *core, const struct opening *o, unsigned n,
	enum map_origin origin)
{
	struct endpoint in = {
		o->internal.addr, (uint16_t)(o->internal.port - o->set_offset + n)};
	struct opening *other = table_first_internal(core->table, o->proto, &in);

	while (other && (other->set_id != o->set_id || !is_held_by(other, origin)))
		other = table_next_internal(other);
	return other;
}

/* What was opened with it, as far as this front door holds it as well; a door that comes later has
 * to do with the one opening. */
static struct unit unit_of(const struct core *core, struct opening *o, enum map_origin origin)
{
	struct unit u = {.at = {o}, .count = 1};

	if (o->set_id == 0 || !is_held_by(o, origin))
		return u;
	u.count = 0;
	for (unsigned n = 0; n < MAP_SET_MAX; n++) {
		struct opening *other = find_nth(core, o, n, origin);
		if (other)
			u.at[u.count++] = other;
	}
	return u;
}

/* Contiguous ports from this one on. */
static uint16_t run_of(const struct unit *u, const struct opening *o)
{
	uint8_t next = o->set_offset;

	for (size_t i = 0; i < u->count; i++) {
		if (u->at[i]->set_offset == next)
			next++;
	}
	return (uint16_t)(next - o->set_offset);
}

/* Policy for the opening's ports; of all caps so far the shortest holds for the whole unit. */
static bool decide_pair(struct asking *a, uint16_t internal, uint16_t external, uint32_t *cap_s)
{
	uint32_t cap;

	a->facts.internal_port = internal;
	if (!ask_decide(a, external))
		return false;
	cap = a->decision.lifetime_max_s;
	if (cap != 0 && (*cap_s == 0 || cap < *cap_s))
		*cap_s = cap;
	a->decision.lifetime_max_s = *cap_s;
	return true;
}

static struct opening_plan plan_of(const struct asking *a, uint16_t external)
{
	const struct map_req *req = a->req;

	return (struct opening_plan){
		.device_id = a->target->row.id,
		.proto = req->proto,
		.internal = req->internal,
		.external = {req->internal.addr, external},
		.remote = req->remote,
		.remote_port = req->remote_port,
		.disabled = req->disabled,
	};
}

/* The n-th of the ports that begin at external. */
static int open_nth(struct asking *a, uint16_t external, uint16_t n, uint32_t *cap_s,
	struct opening **first)
{
	struct opening_plan op = plan_of(a, (uint16_t)(external + n));
	struct lease_plan lp;
	struct opening *o;
	int err;

	op.internal.port = (uint16_t)(op.internal.port + n);
	decide_pair(a, op.internal.port, op.external.port, cap_s);
	lp = ask_lease(a);
	op.rule_id = a->decision.rule_id;
	op.why = a->decision.why;
	op.first = *first;
	op.set_offset = (uint8_t)n;
	err = change_open(a->core, a->index, &op, &lp, &o);
	if (err)
		return err;
	if (n == 0)
		*first = o;
	else
		(*first)->set_id = (*first)->id;
	return 0;
}

void unit_open(struct asking *a)
{
	struct opening *first = NULL;
	uint32_t cap_s = 0;
	uint16_t external, n;
	int err = 0;

	if (!ask_quota(a) || !ask_filters(a, NULL))
		return;
	external = ask_port(a);
	if (external == 0)
		return;
	for (n = 0; n < a->run; n++)
		decide_pair(a, (uint16_t)(a->req->internal.port + n), (uint16_t)(external + n),
			&cap_s);
	/* Which rule decides is known now, and how many it lets this device have. */
	if (!ask_quota(a))
		return;
	/* A quota makes the unit shorter, not impossible. */
	for (n = 0; n < a->run && !err &&
		(n == 0 || (ask_quota(a) && ask_filters(a, NULL))); n++)
		err = open_nth(a, external, n, &cap_s, &first);
	if (err) {
		ask_answer_err(a->item, err);
		return;
	}
	ask_granted(a, first, first->leases->granted_s);
	a->item->ans.set_size = n;
}

void unit_renew(struct asking *a, struct opening *o)
{
	struct unit u = unit_of(a->core, o, a->req->origin);
	struct lease_plan lp = {0};
	uint32_t cap_s = 0;
	int err = 0;

	if (!ask_nonce(a, opening_lease(o, a->req->origin)))
		return;
	if (a->req->exact && opening_is4(o) && o->external.port != a->req->external.port) {
		ask_answer(a->item, MAP_TAKEN, "this endpoint has another external port");
		return;
	}
	for (size_t i = 0; i < u.count; i++) {
		if (!decide_pair(a, u.at[i]->internal.port, u.at[i]->external.port, &cap_s))
			return;
	}
	for (size_t i = 0; i < u.count && !err; i++) {
		if (!ask_filters(a, u.at[i]))
			return;
		lp = ask_lease(a);
		err = change_lease(a->core, a->index, u.at[i], &lp, a->decision.why);
	}
	if (err) {
		ask_answer_err(a->item, err);
		return;
	}
	ask_granted(a, o, lp.granted_s);
	a->item->ans.set_size = run_of(&u, o);
}

int unit_end(struct asking *a, struct opening *o, const char *why)
{
	enum map_origin origin = a->req->origin;
	struct unit u = unit_of(a->core, o, origin);
	int err = 0;

	for (size_t i = 0; i < u.count && !err; i++) {
		if (origin == MAP_ORIGIN_OWNER)
			err = change_close(a->core, a->index, u.at[i], why);
		else
			err = change_end(a->core, a->index, opening_lease(u.at[i], origin), why);
	}
	return err;
}
