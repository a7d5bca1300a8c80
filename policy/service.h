/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services an owner opens by name instead of by number, as data (IANA's numbers, and the makers'
 * documentation for games). */
#ifndef POLICY_SERVICE_H
#define POLICY_SERVICE_H

#include "protocols/str.h"

#include <stddef.h>
#include <stdint.h>

#define SERVICE_TCP 1
#define SERVICE_UDP 2

struct service {
	const char *name;	/* "web-server"; lower case, digits and dashes */
	const char *title;	/* "Web server" */
	uint8_t protos;		/* SERVICE_TCP | SERVICE_UDP */
	uint16_t port, count;	/* the same outside and inside */
	const char *advice;	/* what to know before opening it; NULL: nothing */
};

const struct service *service_table(size_t *count);
const struct service *service_find(struct str name);	/* NULL: none of this name */

#endif
