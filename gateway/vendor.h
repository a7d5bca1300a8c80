/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The makers of network cards by the first three bytes of a MAC, from an optional file of sorted
 * lines "AABBCC Name" (share/postern/oui, made by gateway/oui.sh from the IEEE's list). Read once
 * as a whole; without the file nobody has a maker.
 */
#ifndef GATEWAY_VENDOR_H
#define GATEWAY_VENDOR_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

struct vendors;
struct vendors *vendor_open(const char *path);	/* NULL: there is none, or no memory */
struct str vendor_of(const struct vendors *v, const uint8_t mac[6]);	/* STR_NONE: not known */
/* The locally administered bit: the device made this MAC up (IEEE 802-2014 section 8.4). */
bool vendor_is_random(const uint8_t mac[6]);
void vendor_close(struct vendors *v);

#endif
