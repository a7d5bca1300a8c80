/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel knows of hosts and doors, so that it can tell forged packets from others: which
 * address is whose on which LAN, and where clients knock. All of it goes into a rebuild, what
 * changed into the next batch; neither makes a table that nobody needs.
 */
#include "gateway/core_around.h"
#include "gateway/core_sip_int.h"

#include <string.h>

/* ---- doors ---- */

static bool door_eq(const struct core_door *a, const struct core_door *b)
{
	return a->proto == b->proto && a->port == b->port;
}

static bool has_door(const struct door_list *list, const struct core_door *door)
{
	for (size_t i = 0; i < list->count; i++) {
		if (door_eq(&list->at[i], door))
			return true;
	}
	return false;
}

/* Those of list that are not in but. */
static int put_doors(struct core *core, const struct door_list *list, const struct door_list *but,
	enum fw_elem_op op)
{
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++) {
		const struct core_door *d = &list->at[i];
		struct fw_elem e = {.set = FW_SET_DOOR, .op = (uint8_t)op};
		e.key[0] = d->proto;
		e.key[4] = (uint8_t)(d->port >> 8);
		e.key[5] = (uint8_t)d->port;
		if (!has_door(but, d))
			err = elems_add(core, &e);
	}
	return err;
}

static bool doors_are(const struct door_list *a, const struct door_list *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; i < a->count && same; i++)
		same = has_door(b, &a->at[i]);
	return same;
}

void core_doors_changed(struct core *core, const struct core_door *doors, size_t count)
{
	struct door_list *wanted = &core->doors.wanted;

	wanted->count = 0;
	for (size_t i = 0; i < count && wanted->count < CORE_DOORS; i++) {
		if (!has_door(wanted, &doors[i]))
			wanted->at[wanted->count++] = doors[i];
	}
}

/* ---- hosts ---- */

static int put_host(struct core *core, const struct addr *addr, const struct device_bound *b,
	enum fw_elem_op op)
{
	struct fw_elem e = {.op = (uint8_t)op};
	bool is4 = addr_is4(addr);
	size_t len = is4 ? 4 : 16;

	e.set = is4 ? FW_SET_BOUND4 : FW_SET_BOUND6;
	memcpy(e.key, &b->ifindex, sizeof(uint32_t));
	memcpy(e.key + 4, is4 ? addr_bytes4(addr) : addr->b, len);
	memcpy(e.key + 4 + len, b->mac, sizeof(b->mac));
	return elems_add(core, &e);
}

static int put_known(struct core *core, const struct addr *addr, int ifindex, enum fw_elem_op op)
{
	struct fw_elem e = {.op = (uint8_t)op};
	bool is4 = addr_is4(addr);

	e.set = is4 ? FW_SET_KNOWN4 : FW_SET_KNOWN6;
	memcpy(e.key, &ifindex, sizeof(uint32_t));
	memcpy(e.key + 4, is4 ? addr_bytes4(addr) : addr->b, is4 ? 4 : 16);
	return elems_add(core, &e);
}

static int put_binding(void *arg, struct device_addr *a, const struct device_bound *wanted,
	const struct device_bound *old)
{
	struct core *core = arg;
	bool stays = wanted->ifindex == old->ifindex;
	int err = 0;

	if (old->ifindex != 0)
		err = put_host(core, &a->addr, old, FW_ELEM_DEL);
	if (!err && old->ifindex != 0 && !stays)
		err = put_known(core, &a->addr, old->ifindex, FW_ELEM_DEL);
	if (!err && wanted->ifindex != 0)
		err = put_host(core, &a->addr, wanted, FW_ELEM_ADD);
	if (!err && wanted->ifindex != 0 && !stays)
		err = put_known(core, &a->addr, wanted->ifindex, FW_ELEM_ADD);
	return err;
}

/* ---- both ---- */

bool around_news(const struct core *core)
{
	return devices_unbound(core->devices) || phones_news(core) || places_news(core) ||
	       !doors_are(&core->doors.wanted, &core->doors.shown);
}

int around_put(struct core *core, bool rebuild)
{
	static const struct door_list none;
	struct doors *d = &core->doors;
	const struct door_list *shown = rebuild ? &none : &d->shown;
	int err = put_doors(core, shown, &d->wanted, FW_ELEM_DEL);

	if (!err)
		err = put_doors(core, &d->wanted, shown, FW_ELEM_ADD);
	d->sent = d->wanted;
	if (!err && (rebuild || devices_unbound(core->devices)))
		err = devices_bind(core->devices, rebuild, put_binding, core);
	d->hosts_sent = rebuild || devices_unbound(core->devices);
	if (!err)
		err = phones_put(core, rebuild);
	return err ? err : places_put(core, rebuild);
}

void around_done(struct core *core)
{
	core->doors.shown = core->doors.sent;
	if (core->doors.hosts_sent)
		devices_bound(core->devices);
	phones_done(core);
	places_done(core);
}

bool around_try_again(struct core *core)
{
	bool any = devices_try_again(core->devices);

	any = phones_try_again(core) || any;
	return places_try_again(core) || any;
}

/* Without it what is forged passes there, and clients do all the same. */
static void refuse_door(struct core *core, const struct fw_elem *e)
{
	const struct core_door door = {e->key[0], (uint16_t)(e->key[4] << 8 | e->key[5])};
	struct door_list *wanted = &core->doors.wanted;

	for (size_t i = 0; i < wanted->count; i++) {
		if (door_eq(&wanted->at[i], &door))
			wanted->at[i] = wanted->at[--wanted->count];
	}
	log_warning(core->log, "firewall: refuses to guard port %u", door.port);
}

static void refuse_host(struct core *core, const struct fw_elem *e, bool is4)
{
	const uint8_t *bytes = e->key + 4;
	const struct addr addr = is4 ? addr_from4_bytes(bytes) : addr_from6_bytes(bytes);
	char text[ADDR_TEXT_MAX];
	struct device_addr *a;
	int ifindex;

	memcpy(&ifindex, e->key, sizeof(ifindex));
	a = devices_addr(core->devices, &addr, ifindex);
	if (!a)
		return;
	devices_refused(core->devices, a);
	log_warning(core->log, "firewall: refuses to guard address %s", addr_text(&addr, text));
}

bool around_refused(struct core *core, const struct fw_elem *e)
{
	switch ((enum fw_set)e->set) {
	case FW_SET_DOOR:
		refuse_door(core, e);
		return true;
	case FW_SET_BOUND4:
	case FW_SET_KNOWN4:
		refuse_host(core, e, true);
		return true;
	case FW_SET_BOUND6:
	case FW_SET_KNOWN6:
		refuse_host(core, e, false);
		return true;
	case FW_SET_PHONE4:
	case FW_SET_PHONE6:
	case FW_SET_SIP_PORT:
		phones_refused(core, e);
		return true;
	case FW_SET_PLACE_TCP4:
	case FW_SET_CALLER4:
		places_refused(core, e);
		return true;
	case FW_SET_WAN4:
	case FW_SET_LAN4:
	case FW_SET_LAN6:
	case FW_MAP_DNAT4:
	case FW_MAP_DNAT4_HOST:
	case FW_MAP_SNAT4:
	case FW_SET_OPEN_TCP4:
	case FW_SET_OPEN_UDP4:
	case FW_SET_OPEN4_HOST:
	case FW_SET_OPEN6:
	case FW_SET_OPEN6_HOST:
	case FW_SET_OPEN6_RANGE:
	case FW_SET_WAN_IF:
	case FW_MAP_PEER4:
	case FW_SET_PEER4_PORT:
	case FW_SET_OPEN4_RANGE:
	case FW_SET_OPEN4_PEER:
	case FW_SET_OPEN6_PEER:
	case FW_SET_HEARD:
		break;
	}
	return false;
}
