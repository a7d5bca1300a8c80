/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where openings lead when devices move. An app's opening belongs to its device, not to an address:
 * it follows when its own address does not answer any more and another one does, and is suspended
 * while somebody else has its address and it has nowhere to go. What is so is compared with what
 * should be, so that it does not matter which news came first. Openings by hand are core_hand.c's.
 */
#include "gateway/core_ask.h"

#include "protocols/err.h"

#include <string.h>

static const char SUSPEND_WHY[] = "its address belongs to another device now";
static const char FOLLOW_WHY[] = "its device has another address now";
static const char RESUME_WHY[] = "its device is at this address again";
static const char KNOWN_WHY[] = "its device is known by its MAC now";

static bool same_interface_id(const struct addr *a, const struct addr *b)
{
	return !addr_is4(a) && memcmp(a->b + 8, b->b + 8, 8) == 0;
}

static bool can_lead_to(struct core *core, const struct device_addr *a, const struct opening *o)
{
	const struct endpoint in = {a->addr, o->internal.port};

	if (a->state != DEVICE_ADDR_HERE || addr_is4(&a->addr) != opening_is4(o) ||
		addr_eq(&a->addr, &o->internal.addr) || addr_is_link_local(&a->addr) ||
		(!addr_is4(&a->addr) &&
			addr_is_private(&a->addr) != addr_is_private(&o->internal.addr)) ||
		!core->env.is_lan_host(core->env.arg, &a->addr))
		return false;
	return opening_is4(o) ||
	       !table_by_internal(core->table, o->proto, &in, &o->remote, o->remote_port);
}

/* The same interface identifier in another prefix, else the address last confirmed. A device that
 * had others besides its old one may be many hosts behind a repeater: then none of them. */
static const struct device_addr *find_new(struct core *core, const struct device *d,
	const struct opening *o)
{
	const struct device_addr *best = NULL;
	const struct device_addr *old = devices_addr(core->devices, &o->internal.addr, 0);
	bool many = false;

	for (const struct device_addr *a = d->addrs; a; a = a->next) {
		bool same = same_interface_id(&a->addr, &o->internal.addr);
		bool best_same = best && same_interface_id(&best->addr, &o->internal.addr);
		if (!can_lead_to(core, a, o))
			continue;
		many |= a->beside || (old && old->device == d && a->here_ms < old->here_ms);
		if (!best || same > best_same ||
			(same == best_same && a->confirmed > best->confirmed))
			best = a;
	}
	if (best && many && !same_interface_id(&best->addr, &o->internal.addr))
		return NULL;
	return best;
}

static bool can_return(const struct core *core, const struct opening *o)
{
	struct opening back = *o;
	const struct opening *rival;

	back.suspended = false;
	rival = table_rival(core->table, &back);
	return !rival || rival == o;
}

/* What it should do, if anything; what NULL: it is where it should be. */
static struct opening_move wanted(struct core *core, const struct device *d,
	const struct opening *o)
{
	const struct device_addr *at = devices_addr(core->devices, &o->internal.addr, 0);
	bool foreign = at && at->device != d;
	bool lan = core->env.is_lan_host(core->env.arg, &o->internal.addr);
	bool here = at && !foreign && at->state == DEVICE_ADDR_HERE && lan;
	bool gone = !lan || (at && !foreign && at->state == DEVICE_ADDR_GONE);
	struct opening_move m = {.to = {o->device_id, o->internal.addr, false, false}};
	const struct device_addr *new = NULL;

	/* Only its address was known when it asked; now that is somebody's, who is the same. */
	if (foreign && !d->row.has_mac) {
		m.to.device_id = at->device->row.id;
		m.what = "device";
		m.why = KNOWN_WHY;
		return m;
	}
	if (!here && (foreign || gone || o->suspended) && !o->outbound)
		new = find_new(core, d, o);
	if (new) {
		m.to.addr = new->addr;
		m.what = "follow";
		m.why = FOLLOW_WHY;
	} else if (foreign && !o->suspended) {
		m.to.suspended = true;
		m.what = "suspend";
		m.why = SUSPEND_WHY;
	} else if (here && o->suspended && can_return(core, o)) {
		m.what = "resume";
		m.why = RESUME_WHY;
	}
	return m;
}

static void plan(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct device *d = devices_by_id(core->devices, item->device_id);
	struct opening *next, *o = table_first_device(core->table, item->device_id);
	int err = 0;

	if (!d)
		return;
	d->awaited = false;
	for (; o && !err; o = next) {
		struct opening_move m = {0};
		next = table_next_device(o);
		if (o->hand_id == 0)
			m = wanted(core, d, o);
		/* Where the firewall does not let it go it stays, until that is tried again; it can
		 * always be taken out. */
		if (m.what && (!item->barred || m.to.suspended))
			err = change_move(core, index, o, &m);
		else if (m.what)
			d->moved = true;
	}
	if (err)
		ask_answer_err(item, err);
}

void home_look(struct core *core, struct device *d)
{
	struct pending item = {.kind = PENDING_PLAN, .plan = plan, .device_id = d->row.id};

	if (!d->moved)
		return;
	d->moved = false;
	if (d->awaited || d->openings == d->by_hand)
		return;
	d->awaited = batch_push(core, &item) == 0;
}

static void look_again(struct core *core, struct device *d)
{
	if (d->suspended == 0)
		return;
	d->moved = true;
	home_look(core, d);
}

/* What is suspended may have waited for this one's key: it is of who has the address now. */
static void on_news(void *arg, const struct core_told *told)
{
	struct core *core = arg;
	const struct opening *o = told->opening;
	const struct device_addr *at;

	if (told->news != CORE_NEWS_CLOSED && (told->news != CORE_NEWS_CHANGED || !o->suspended))
		return;
	at = devices_addr(core->devices, &o->internal.addr, 0);
	if (at)
		look_again(core, at->device);
}

int home_init(struct core *core)
{
	return core_watch(core, on_news, core);
}
