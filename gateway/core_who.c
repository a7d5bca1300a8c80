/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a packet or a request is from: which device, whether it is heard, how it is measured. */
#include "gateway/core_int.h"

#include <string.h>

#define RATE_DEVICE (UINT64_C(1) << 32)	/* devices' keys are above those of LANs */

struct device_host who_host(const struct core *core, const struct addr *addr)
{
	return (struct device_host){
		.addr = *addr,
		.zone = core->state.attended ? RULE_ZONE_NEW : RULE_ZONE_MEMBER,
		.wall_s = store_wall_s(core),
		.now_ms = loop_now_ms(core->loop),
	};
}

struct device *who_device(struct core *core, const struct addr *addr)
{
	struct device_host host = who_host(core, addr);
	const struct device_addr *at = devices_addr(core->devices, addr, 0);
	uint8_t mac[6];

	host.guest = at && at->device->row.guest;
	if (core->env.mac_of(core->env.arg, addr, mac))
		host.mac = mac;
	/* Another host on another LAN may have the same one. */
	else if (addr_is_link_local(addr))
		return NULL;
	return devices_see(core->devices, &host);
}

void device_set_zone(struct core *core, struct device *d, uint8_t zone)
{
	uint32_t counted = device_counted(d);

	core->zone_openings[d->row.zone] -= counted;
	core->zone_openings[zone] += counted;
	d->row.zone = zone;
}

static const struct device *device_at(const struct core *core, int ifindex, const struct addr *addr)
{
	const struct device_addr *a = devices_addr(core->devices, addr, ifindex);

	return a ? a->device : NULL;
}

bool core_hears(const struct core *core, int ifindex, const struct addr *addr)
{
	const struct device *d = device_at(core, ifindex, addr);

	return !d || (d->row.zone != RULE_ZONE_GUEST && d->row.zone != RULE_ZONE_BLOCKED);
}

uint64_t core_rate_key(const struct core *core, int ifindex, const struct addr *addr)
{
	const struct device *d = device_at(core, ifindex, addr);

	return d ? RATE_DEVICE | d->row.id : (uint32_t)ifindex;
}

/* A device may ask by an address it never opened anything by. */
uint32_t core_device_of(const struct core *core, const struct addr *addr)
{
	const struct device *d = devices_by_addr(core->devices, addr);
	uint8_t mac[6];

	if (!d && core->env.mac_of(core->env.arg, addr, mac))
		d = devices_by_mac(core->devices, mac, false);
	return d ? d->row.id : 0;
}
