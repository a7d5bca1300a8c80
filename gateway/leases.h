/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP leases as the router's own servers write them: dnsmasq's lease file (man dnsmasq,
 * --dhcp-leasefile) and odhcpd's state file. Read whole when it changes (inotify on the file, which
 * dnsmasq rewrites without closing it, and on its folder, since odhcpd renames new ones into
 * place). What cannot be read is left out and counted.
 */
#ifndef GATEWAY_LEASES_H
#define GATEWAY_LEASES_H

#include "gateway/log.h"
#include "gateway/loop.h"
#include "protocols/addr.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEASES_FILES_MAX 4
#define LEASES_MAX 4096
#define LEASES_FILE_MAX (1024 * 1024)

struct lease_row {
	struct addr addr;
	bool has_mac;
	uint8_t mac[6];
	uint64_t expires_wall_s;	/* 0: never, or not known */
	struct str hostname;		/* STR_NONE: none; not yet believed */
	struct str client_id;		/* DHCPv4 client id or DHCPv6 DUID, as written */
};
typedef void leases_fn(void *arg, const struct lease_row *row);

/* Pure. Every row of a file of either kind; which kind is told by its lines. Returns how many lines
 * could not be understood. */
size_t leases_decode(struct str text, leases_fn *fn, void *arg);

struct leases;
struct leases_config {
	struct loop *loop;
	struct log *log;
	const char *const *paths;	/* not kept */
	size_t count;
	leases_fn *fn;			/* hears of every row at once and after each change */
	void *arg;
};
/* NULL: no memory. A file that is not there is waited for. */
struct leases *leases_new(const struct leases_config *config);
/* Tells all rows again soon: somebody they are about was not there before. */
void leases_again(struct leases *leases);
void leases_free(struct leases *leases);

#endif
