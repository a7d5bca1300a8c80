/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a message says of its media that an owner wants to see: which codecs, and whether the call
 * is on hold. Nothing is decided by it.
 */
#ifndef PROTOCOLS_SIPALG_SHOW_H
#define PROTOCOLS_SIPALG_SHOW_H

#include "protocols/sip.h"

/* The names of the codecs that the descriptions of a message offer, each once, "PCMA, opus": by
 * a=rtpmap, else by the numbers of RFC 3551. Tones and silence are no codecs. NUL-terminated; names
 * that do not fit in size are left out. "" without a description. */
void sipalg_show_codecs(const struct sip_message *m, char *out, size_t size);
/* A description says that all of its media rests: inactive, sendonly, recvonly, 0.0.0.0 (RFC 3264
 * section 8.4). False without a description. */
bool sipalg_show_holds(const struct sip_message *m);

#endif
