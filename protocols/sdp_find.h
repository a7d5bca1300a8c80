/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where session descriptions stand in the body of a message: by Content-Type (RFC 3261 section
 * 7.4), in the parts of multipart bodies too (RFC 2046 section 5.1, RFC 5621). What is compressed
 * or coded for transfer cannot be read and has none.
 */
#ifndef PROTOCOLS_SDP_FIND_H
#define PROTOCOLS_SDP_FIND_H

#include "protocols/sip.h"

#define SDP_FIND_MAX 4		/* descriptions of a message: alternatives, early and late */
#define SDP_FIND_DEPTH_MAX 4	/* multipart bodies within each other */

/* Returns how many of at most max were found; a body that is none has none. */
size_t sdp_find(const struct sip_message *m, struct sip_span *out, size_t max);

#endif
