/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of a way past (fw_way in fw.h). A filter it cannot get rid of any more lets in only
 * packets that bear our mark: what is sent to the router itself at this port, from any side, meets
 * silence.
 */
#ifndef GATEWAY_WAY_H
#define GATEWAY_WAY_H

#include "gateway/fw.h"

/* mark: of packets the table led here. Needs CAP_NET_ADMIN. ERR_EXISTS: another program has the
 * port; ERR_DENIED, ERR_UNSUPPORTED (no such family), ERR_IO. */
int way_open(const struct fw_way *way, uint32_t mark, int *fd);
/* For tests: the same options as far as they need no privilege, but at the loopback address, at a
 * port the kernel picks, and without the filter. */
int way_open_local(const struct fw_way *way, int *fd);

#endif
