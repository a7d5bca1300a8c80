/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others may see of the core; nothing here changes it. */
#include "gateway/core_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

uint32_t core_epoch_s(const struct core *core)
{
	return (uint32_t)((loop_now_ms(core->loop) - core->epoch_start_ms) / 1000);
}

const struct addr *core_wan4(const struct core *core)
{
	return &core->wan4;
}

uint32_t core_update_id(const struct core *core)
{
	return core->update_id;
}

const struct limits *core_limits(const struct core *core)
{
	return &core->limits;
}

const struct db_state *core_state(const struct core *core)
{
	return &core->state;
}

static size_t devices_with_openings(const struct core *core)
{
	size_t n = 0;

	for (size_t i = 0; i < devices_count(core->devices); i++)
		n += devices_at(core->devices, i)->openings > 0;
	return n;
}

static size_t cards_waiting(const struct core *core)
{
	size_t count, n = 0;
	const struct card *cards = core_cards(core, &count);

	for (size_t i = 0; i < count; i++)
		n += cards[i].state == CARD_OPEN;
	return n;
}

static size_t outbound(const struct core *core)
{
	size_t n = 0;

	for (size_t i = 0; i < table_listed(core->table); i++)
		n += table_at(core->table, i)->outbound &&
		     table_at(core->table, i)->state == OPENING_LISTED;
	return n;
}

void core_status(const struct core *core, struct core_status *out)
{
	*out = (struct core_status){
		.wan4 = core->wan4,
		.wan_private = addr_is_private(&core->wan4),
		.firewall = core->firewall,
		.store = core->store,
		.openings = table_count(core->table) - outbound(core),
		.devices_with_openings = devices_with_openings(core),
		.attended = core->state.attended,
		.preset = core->state.preset,
		.cards = cards_waiting(core),
		.alerts = alerts_waiting(core),
		.epoch_s = core_epoch_s(core),
		.uptime_ms = loop_now_ms(core->loop) - core->started_ms,
	};
}

size_t core_openings(const struct core *core)
{
	return table_listed(core->table);
}

const struct opening *core_opening_at(const struct core *core, size_t place)
{
	return table_at(core->table, place);
}

size_t core_openings4(const struct core *core)
{
	return table_listed4(core->table);
}

const struct opening *core_opening_at4(const struct core *core, size_t place)
{
	return table_at4(core->table, place);
}

static const struct opening *if_listed(const struct opening *o)
{
	return o && o->state == OPENING_LISTED ? o : NULL;
}

const struct opening *core_opening_by_id(const struct core *core, uint32_t id)
{
	return if_listed(table_by_id(core->table, id));
}

const struct opening *core_opening_by_external(const struct core *core, uint8_t proto,
	uint16_t port, const struct prefix *remote)
{
	return if_listed(table_by_external(core->table, proto, port, remote));
}

bool core_opening_active(const struct core *core, const struct opening *o)
{
	bool somewhere = !opening_is4(o) || !addr_is_any(&core->wan4);

	return somewhere && o->active && !o->disabled && !o->suspended && core->firewall == CORE_OK;
}

uint32_t core_opening_left_s(const struct core *core, const struct opening *o)
{
	uint32_t most = 0;

	for (const struct lease *l = o->leases; l; l = l->next) {
		uint32_t left = core_lease_left_s(core, l);
		most = left > most ? left : most;
	}
	return most;
}

const struct db_device *core_device(const struct core *core, uint32_t id)
{
	const struct device *d = devices_by_id(core->devices, id);
	return d ? &d->row : NULL;
}

size_t core_devices(const struct core *core)
{
	return devices_count(core->devices);
}

const struct db_device *core_device_at(const struct core *core, size_t place)
{
	const struct device *d = devices_at(core->devices, place);
	return d ? &d->row : NULL;
}

struct counting {
	struct core *core;
	core_counter_fn *each;
	core_done_fn *done;
	void *arg;
};

static void on_counter(void *arg, const struct fw_dumped *dumped)
{
	struct counting *c = arg;
	struct core_traffic traffic = {0};
	struct elems_memo memo;
	const struct opening *o;
	bool from_phone;

	if (dumped->elem.set == FW_SET_HEARD) {
		memo.id = fw_heard_id(&dumped->elem, &from_phone);
		*(from_phone ? &traffic.packets_out : &traffic.packets_in) = dumped->packets;
	} else if (elems_memo_decode(dumped->elem.userdata, dumped->elem.userdata_len, &memo)) {
		return;
	} else {
		traffic.packets = dumped->packets;
		traffic.bytes = dumped->bytes;
	}
	o = core_opening_by_id(c->core, memo.id);
	if (o)
		c->each(c->arg, o, &traffic);
}

static void on_counted(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct counting *c = arg;

	(void)bad;
	(void)bad_count;
	c->done(c->arg, err);
	free(c);
}

int core_counters(struct core *core, core_counter_fn *each, core_done_fn *done, void *arg)
{
	struct counting *c = malloc(sizeof(*c));
	int err;

	if (!c)
		return ERR_MEMORY;
	*c = (struct counting){core, each, done, arg};
	err = fw_dump(core->fw, on_counter, on_counted, c);
	if (err)
		free(c);
	return err;
}
