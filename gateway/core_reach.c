/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Openings by hand in force: of each entry the openings that should be there now, by its device's
 * addresses and its schedule, compared with those that are. Whatever changes (an address, the
 * time, the entry) leads to the same comparison, in the next batch. The owner's word goes before
 * an app's: what an app has open on such a port ends.
 */
#include "gateway/core_ask.h"
#include "gateway/core_hands.h"

#include "protocols/err.h"

#include <string.h>

#define TARGETS6 8		/* IPv6 addresses of one device that are opened */
#define HOUR_MIN 60		/* the clock may be put to summer time meanwhile */
#define TRY_AGAIN_MS 60000	/* what the firewall refused it may take later */

static const char BY_HAND_WHY[] = "the owner opened this port by hand";

/* Where an entry leads now. */
struct targets {
	struct addr at[1 + TARGETS6];
	size_t count;
};

/* ---- what should be ---- */

static const char *own_port(const struct core *core, uint8_t proto, uint16_t port, bool yielded)
{
	if (!core->env.port_is_ours(core->env.arg, proto, port) ||
		core->env.port_is_yielded(core->env.arg, proto, port) != yielded)
		return NULL;
	return "the router itself listens on this port";
}

static uint8_t proto_of(const struct hand *h, unsigned n)
{
	static const uint8_t protos[] = {MAP_PROTO_TCP, MAP_PROTO_UDP};

	return h->protos & (1u << n) ? protos[n] : 0;
}

static const char *find_own_port(const struct core *core, const struct hand *h, bool yielded)
{
	const char *found = NULL;

	for (unsigned n = 0; n < 2; n++) {
		for (uint16_t i = 0; i < h->count && !found && proto_of(h, n) != 0; i++) {
			found = own_port(core, proto_of(h, n), (uint16_t)(h->external_port + i),
				yielded);
		}
	}
	return found;
}

const char *hands_port_fault(const struct core *core, const struct hand *h)
{
	if (!(h->families & HAND_IP4))
		return NULL;
	if (h->external_port <= PORTS_DISPLACED_MAX &&
		h->external_port + h->count > PORTS_DISPLACED_MIN)
		return "ports 61000 to 61999 are the router's own";
	return find_own_port(core, h, false);
}

static bool is_time(const struct core *core, const struct hand *h)
{
	const struct core_env *env = &core->env;

	if (schedule_is_always(&h->when))
		return true;
	return core->wall_synced &&
	       schedule_holds(&h->when, env->minute_of_week(env->arg, store_wall_s(core)));
}

static bool is_open_at(const struct core *core, const struct hand *h, const struct addr *addr)
{
	const struct opening *o = table_first_device(core->table, h->device_id);

	while (o && (o->hand_id != h->id || !addr_eq(&o->internal.addr, addr)))
		o = table_next_device(o);
	return o != NULL;
}

/* 0: not to be led to. One that is gone is only where it was open before: its device may sleep. */
static unsigned rank4(struct core *core, const struct hand *h, const struct device_addr *a)
{
	if (!addr_is4(&a->addr) || !core->env.is_lan_host(core->env.arg, &a->addr))
		return 0;
	if (a->state == DEVICE_ADDR_HERE)
		return 3;
	if (is_open_at(core, h, &a->addr))
		return 2;
	return a->state == DEVICE_ADDR_UNSEEN ? 1 : 0;
}

/* Of its own IPv4 addresses the one found to be here last. */
static const struct device_addr *target4(struct core *core, const struct hand *h,
	const struct device *d)
{
	const struct device_addr *best = NULL;
	unsigned best_rank = 0;

	for (const struct device_addr *a = d->addrs; a; a = a->next) {
		unsigned rank = rank4(core, h, a);
		if (rank < best_rank || rank == 0 ||
			(rank == best_rank && a->confirmed <= best->confirmed))
			continue;
		best = a;
		best_rank = rank;
	}
	return best;
}

/* After a start what was open stays so until its address is known to be gone. */
static bool is_target6(struct core *core, const struct hand *h, const struct device_addr *a)
{
	return !addr_is4(&a->addr) && !addr_is_private(&a->addr) &&
	       core->env.is_lan_host(core->env.arg, &a->addr) &&
	       (a->state == DEVICE_ADDR_HERE ||
		       (a->state == DEVICE_ADDR_UNSEEN && is_open_at(core, h, &a->addr)));
}

static struct targets targets_of(struct core *core, const struct hand *h, const struct device *d)
{
	struct targets t = {.count = 0};
	const struct device_addr *four = h->families & HAND_IP4 ? target4(core, h, d) : NULL;
	size_t six = 0;

	if (four)
		t.at[t.count++] = four->addr;
	for (const struct device_addr *a = d->addrs; a && (h->families & HAND_IP6); a = a->next) {
		if (is_target6(core, h, a) && six < TARGETS6) {
			t.at[t.count++] = a->addr;
			six++;
		}
	}
	return t;
}

/* What keeps it from being open now, in n; else where it leads. */
static struct targets look_at(struct core *core, const struct hand *h, const struct device *d,
	struct hand_note *n)
{
	struct targets none = {.count = 0}, t;

	n->warning = h->families & HAND_IP4 ? find_own_port(core, h, true) : NULL;
	n->state = CORE_HAND_OFF;
	n->text = "it is switched off";
	if (!h->enabled)
		return none;
	n->text = "its device is blocked";
	if (d && d->row.zone == RULE_ZONE_BLOCKED)
		return none;
	n->state = CORE_HAND_RESTING;
	n->text = "everything was closed: save it again to open it";
	if (n->rests)
		return none;
	n->text = "the clock is not known yet";
	if (!core->wall_synced && !schedule_is_always(&h->when))
		return none;
	n->text = "it is closed at this time";
	if (!is_time(core, h))
		return none;
	n->state = CORE_HAND_TAKEN;
	n->text = hands_port_fault(core, h);
	if (n->text)
		return none;
	t = targets_of(core, h, d);
	n->state = t.count > 0 ? CORE_HAND_OPEN : CORE_HAND_WAITING;
	n->text = t.count > 0 ? "it is open" : "its device has no address now";
	return t;
}

static struct map_filters filters_of(const struct hand *h)
{
	struct map_filters f = {0};

	if (h->has_remote)
		f.at[f.count++].remote = h->remote;
	return f;
}

static bool is_wanted(const struct hand *h, const struct targets *t, const struct opening *o)
{
	static const struct map_filters none;
	struct map_filters filters = filters_of(h);
	unsigned n = (unsigned)o->internal.port - h->internal_port;
	bool found = false;

	for (size_t i = 0; i < t->count && !found; i++)
		found = addr_eq(&t->at[i], &o->internal.addr);
	if (!found || o->device_id != h->device_id || n >= h->count ||
		(o->proto != proto_of(h, 0) && o->proto != proto_of(h, 1)))
		return false;
	if (opening_is4(o) && o->external.port != h->external_port + n)
		return false;
	return filter_eq(o->filters ? o->filters : &none, &filters);
}

/* ---- making it so ---- */

static int close_others(struct core *core, uint32_t index, const struct hand *h,
	const struct targets *t)
{
	const struct pending *item = &core->batch.items[index];
	struct opening *next, *o = table_first_device(core->table, item->device_id);
	int err = 0;

	for (; o && !err; o = next) {
		next = table_next_device(o);
		if (o->hand_id == item->opening_id && (!h || !is_wanted(h, t, o)))
			err = change_close(core, index, o, h ? "it shall be open otherwise now"
							      : "closed by the owner");
	}
	return err;
}

/* An app gives way; of an entry by hand only what is its own does. */
static int make_way(struct core *core, uint32_t index, struct opening *o, const struct hand *h)
{
	if (!o || o->hand_id == h->id)
		return 0;
	return o->hand_id != 0 ? ERR_EXISTS : change_close(core, index, o, BY_HAND_WHY);
}

static int make_way4(struct core *core, uint32_t index, const struct opening_plan *op,
	const struct hand *h)
{
	struct opening *next, *o = table_first_port(core->table, op->external.port);
	int err = 0;

	for (; o && !err; o = next) {
		bool collides = o->proto == op->proto || o->device_id != op->device_id;
		next = table_next_port(o, op->external.port);
		if (collides && !(o->hand_id != 0 && o->proto != op->proto))
			err = make_way(core, index, o, h);
	}
	return err;
}

static int make_way6(struct core *core, uint32_t index, const struct opening_plan *op,
	const struct hand *h)
{
	struct opening *next, *o = table_first_internal(core->table, op->proto, &op->internal);
	int err = 0;

	for (; o && !err; o = next) {
		next = table_next_internal(o);
		if (!o->outbound)
			err = make_way(core, index, o, h);
	}
	return err;
}

static bool is_open(const struct core *core, const struct opening_plan *op)
{
	const struct opening *o = table_first_internal(core->table, op->proto, &op->internal);

	while (o && (o->hand_id != op->hand_id ||
			    (opening_is4(o) && o->external.port != op->external.port)))
		o = table_next_internal(o);
	return o != NULL;
}

static int open_one(struct core *core, uint32_t index, const struct hand *h,
	const struct opening_plan *op)
{
	struct lease_plan lp = {
		.origin = MAP_ORIGIN_OWNER,
		.device_id = h->device_id,
		.client = op->internal.addr,
		.granted_s = MAP_LIFETIME_ENDLESS,
		.descr = str_from(h->name),
		.filters = filters_of(h),
	};
	struct opening *o;
	int err;

	if (is_open(core, op))
		return 0;
	err = addr_is4(&op->internal.addr) ? make_way4(core, index, op, h)
					   : make_way6(core, index, op, h);
	return err ? err : change_open(core, index, op, &lp, &o);
}

/* All ports of one protocol to one address. */
static int open_ports(struct core *core, uint32_t index, const struct hand *h,
	const struct endpoint *to)
{
	bool is4 = addr_is4(&to->addr);
	struct opening_plan op = {
		.device_id = h->device_id,
		.proto = (uint8_t)to->port,
		.remote = is4 ? prefix_any4() : prefix_any6(),
		.hand_id = h->id,
		.why = BY_HAND_WHY,
	};
	int err = 0;

	for (uint16_t i = 0; i < h->count && !err; i++) {
		uint16_t port = (uint16_t)(h->internal_port + i);
		op.internal = (struct endpoint){to->addr, port};
		op.external = op.internal;
		if (is4)
			op.external.port = (uint16_t)(h->external_port + i);
		err = open_one(core, index, h, &op);
	}
	return err;
}

static int open_wanted(struct core *core, uint32_t index, const struct hand *h,
	const struct targets *t)
{
	int err = 0;

	for (size_t i = 0; i < t->count; i++) {
		for (unsigned n = 0; n < 2 && !err; n++) {
			struct endpoint to = {t->at[i], proto_of(h, n)};
			if (to.port != 0)
				err = open_ports(core, index, h, &to);
		}
	}
	return err;
}

/* ---- status and alerts ---- */

static bool another_is_taken(const struct hands *hs, uint32_t device_id)
{
	for (size_t i = 0; i < hs->count; i++) {
		if (hs->at[i].device_id == device_id && hs->notes[i].state == CORE_HAND_TAKEN)
			return true;
	}
	return false;
}

static void tell(struct core *core, size_t place, const struct hand_note *before)
{
	const struct hands *hs = core->hands;
	const struct hand_note *n = &hs->notes[place];
	struct db_alert a = {.kind = DB_ALERT_TAKEN, .addr = addr_any6(),
		.device_id = hs->at[place].device_id};

	if (n->state == before->state && n->text == before->text)
		return;
	core_tell_id(core, CORE_NEWS_HAND, hs->at[place].id);
	if (n->state == CORE_HAND_TAKEN) {
		strncpy(a.text, n->text, sizeof(a.text) - 1);
		core_alert_raise(core, &a);
	} else if (before->state == CORE_HAND_TAKEN && !another_is_taken(hs, a.device_id)) {
		alert_over_like(core, &a);
	}
}

static void try_again(struct core *core)
{
	struct loop_timer *clock = &core->hands->clock;
	uint64_t due = loop_now_ms(core->loop) + TRY_AGAIN_MS;

	if (clock->slot == 0 || clock->due_ms > due)
		loop_timer_set(core->loop, clock, due);
}

/* What could not be, all of it: nothing of an entry is open that is not open as a whole. */
static void not_open(struct core *core, uint32_t index, size_t mark, struct hand_note *n, int err)
{
	change_undo_to(core, mark);
	n->state = err == ERR_EXISTS ? CORE_HAND_TAKEN : CORE_HAND_TROUBLE;
	n->text = err == ERR_EXISTS ? "another opening by hand has this port"
		: err == ERR_DENIED ? "the firewall refuses it" : err_text(err);
	if (err == ERR_MEMORY)
		ask_answer_err(&core->batch.items[index], err);
	try_again(core);
}

/* item: opening_id is the entry's, device_id the device it leads, or led, to. */
static void plan(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct hands *hs = core->hands;
	size_t place = hands_place(hs, item->opening_id);
	bool there = place < hs->count && hs->at[place].device_id == item->device_id;
	const struct hand *h = there ? &hs->at[place] : NULL;
	const struct device *d = devices_by_id(core->devices, item->device_id);
	struct hand_note n = there ? hs->notes[place] : (struct hand_note){0}, before = n;
	struct targets t = {.count = 0};
	size_t mark;
	int err;

	n.awaited = false;
	if (h && d)
		t = look_at(core, h, d, &n);
	err = close_others(core, index, h, &t);
	mark = core->batch.change_count;
	if (!err && h)
		err = item->barred ? ERR_DENIED : open_wanted(core, index, h, &t);
	if (err == ERR_BUSY)
		item->deferred = true;
	else if (err)
		not_open(core, index, mark, &n, err);
	if (!h || err == ERR_BUSY)
		return;
	hs->notes[place] = n;
	tell(core, place, &before);
}

static void look(struct core *core, uint32_t id, uint32_t device_id, const struct pending *done)
{
	struct pending item = {.kind = PENDING_PLAN, .plan = plan, .opening_id = id,
		.device_id = device_id};
	size_t place = hands_place(core->hands, id);

	if (done) {
		item.done = done->done;
		item.arg = done->arg;
	}
	if (batch_push(core, &item) == 0) {
		if (place < core->hands->count)
			core->hands->notes[place].awaited = true;
	} else if (done) {
		done->done(done->arg, ERR_MEMORY);
	}
}

/* Until a schedule of one of them begins or ends. */
static void set_clock(struct core *core)
{
	struct hands *hs = core->hands;
	uint64_t wall = store_wall_s(core), next = HOUR_MIN;
	uint16_t minute;
	bool any = false;

	if (!core->wall_synced)
		return;
	minute = core->env.minute_of_week(core->env.arg, wall);
	for (size_t i = 0; i < hs->count; i++) {
		uint16_t in = schedule_next(&hs->at[i].when, minute);
		if (!hs->at[i].enabled || in == 0)
			continue;
		any = true;
		next = in < next ? in : next;
	}
	if (any)
		loop_timer_set(core->loop, &hs->clock, loop_now_ms(core->loop) +
			(next * 60 - wall % 60) * 1000);
}

void hands_look(struct core *core)
{
	struct hands *hs = core->hands;

	for (size_t i = 0; i < hs->count; i++) {
		if (!hs->notes[i].awaited && !hs->notes[i].rests)
			look(core, hs->at[i].id, hs->at[i].device_id, NULL);
	}
	set_clock(core);
}

static bool is_due(const struct core *core, size_t i)
{
	const struct hand *h = &core->hands->at[i];
	const struct hand_note *n = &core->hands->notes[i];

	if (n->rests)
		return false;
	return n->state == CORE_HAND_TAKEN || n->state == CORE_HAND_TROUBLE ||
	       (h->enabled && !schedule_is_always(&h->when) &&
		       is_time(core, h) != (n->state != CORE_HAND_RESTING));
}

static void on_clock(void *arg)
{
	struct core *core = arg;
	struct hands *hs = core->hands;

	for (size_t i = 0; i < hs->count; i++) {
		if (is_due(core, i) && !hs->notes[i].awaited)
			look(core, hs->at[i].id, hs->at[i].device_id, NULL);
	}
	set_clock(core);
}

void hands_device_moved(struct core *core, const struct device *d)
{
	const struct hands *hs = core->hands;

	for (size_t i = 0; d->hands > 0 && i < hs->count; i++) {
		if (hs->at[i].device_id == d->row.id && hs->at[i].enabled &&
			!hs->notes[i].awaited && !hs->notes[i].rests)
			look(core, hs->at[i].id, d->row.id, NULL);
	}
}

/* ---- changing them ---- */

static void count_on_device(struct core *core, uint32_t device_id, int by)
{
	struct device *d = devices_by_id(core->devices, device_id);

	if (d)
		d->hands += (uint32_t)by;
}

void hands_drop(struct core *core, uint32_t id, const struct pending *done)
{
	struct hands *hs = core->hands;
	size_t i = hands_place(hs, id);
	uint32_t device_id = hs->at[i].device_id;

	count_on_device(core, device_id, -1);
	hands_remove(hs, i);
	look(core, id, device_id, done);
	set_clock(core);
	core_tell_id(core, CORE_NEWS_HAND, id);
}

void hands_put(struct core *core, const struct hand *h, const struct pending *done)
{
	struct hands *hs = core->hands;
	size_t i = hands_place(hs, h->id);
	uint32_t old = i < hs->count ? hs->at[i].device_id : 0;

	if (old != 0) {
		count_on_device(core, old, -1);
		hands_remove(hs, i);
	}
	hands_insert(hs, h);
	count_on_device(core, h->device_id, 1);
	if (old != 0 && old != h->device_id)
		look(core, h->id, old, NULL);
	look(core, h->id, h->device_id, done);
	set_clock(core);
}

int hands_set(struct core *core, const struct hand *hands, size_t count)
{
	struct hands *hs = core->hands;

	if (count > HANDS_MAX)
		return ERR_FULL;
	while (hs->count > 0)
		hands_drop(core, hs->at[hs->count - 1].id, NULL);
	for (size_t i = 0; i < count; i++)
		hands_put(core, &hands[i], NULL);
	return 0;
}

void hands_move(struct core *core, uint32_t from, uint32_t into)
{
	struct hands *hs = core->hands;

	for (size_t i = 0; i < hs->count; i++) {
		if (hs->at[i].device_id != from)
			continue;
		count_on_device(core, from, -1);
		count_on_device(core, into, 1);
		hs->at[i].device_id = into;
		look(core, hs->at[i].id, into, NULL);
	}
}

void hands_rest(struct core *core)
{
	struct hands *hs = core->hands;

	for (size_t i = 0; i < hs->count; i++) {
		hs->notes[i].rests = true;
		hs->notes[i].state = CORE_HAND_RESTING;
		hs->notes[i].text = "everything was closed: save it again to open it";
		core_tell_id(core, CORE_NEWS_HAND, hs->at[i].id);
	}
}

void hands_start(struct core *core)
{
	core->hands->clock.fn = on_clock;
	core->hands->clock.arg = core;
	hands_look(core);
}

void hands_stop(struct core *core)
{
	if (core->hands)
		loop_timer_stop(core->loop, &core->hands->clock);
}
