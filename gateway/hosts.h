/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hosts of the LANs, as the daemon knows them: brings together the neighbour table, DHCP leases
 * and the kernel's notes (whom.h), tells the core who is where and what is wrong, and lets the
 * doors ask whom a packet is from.
 */
#ifndef GATEWAY_HOSTS_H
#define GATEWAY_HOSTS_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/fw.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/udp.h"

#include <stdbool.h>
#include <stdint.h>

struct hosts;

/* Before the core, whose questions it answers. NULL: no memory. */
struct hosts *hosts_new(struct loop *loop, struct log *log, struct net *net, struct fw *fw);
/* Whose address this is on our LANs, for struct core_env. */
bool hosts_mac_of(struct hosts *hosts, const struct addr *addr, uint8_t mac[6]);
/* Asks the link whose it is, as whom_wait; ERR_NOT_FOUND: it belongs to no LAN of ours. */
int hosts_find(struct hosts *hosts, const struct addr *addr, whom_found_fn *fn, void *fn_arg);
/* From now on the core is told. ERR_MEMORY. */
int hosts_begin(struct hosts *hosts, struct core *core, const struct conf *conf);
/* For udp_new; after hosts_begin. */
struct udp_admit hosts_admit(struct hosts *hosts);
/* Another host announced itself by SSDP (NT). For serve_ssdp_watch; arg is the hosts. */
void hosts_announced(void *arg, int ifindex, const struct addr *from, struct str nt);
/* After the firewall and the doors, before core and net. */
void hosts_free(struct hosts *hosts);

#endif
