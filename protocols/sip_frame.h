/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages in a stream (RFC 3261 section 18.3): where one ends, over whatever segments it comes in.
 * What was looked at is not looked at again, so a byte costs the same in segments of any size. A
 * stream that is no SIP is told at its first impossible byte, and is foreign from then on (SIP-04).
 */
#ifndef PROTOCOLS_SIP_FRAME_H
#define PROTOCOLS_SIP_FRAME_H

#include "protocols/sip_start.h"

/* Begin each stream with a zeroed one. */
struct sip_frame {
	struct sip_start start;
	uint32_t line;		/* where the line of the head begins that is looked at */
	uint32_t seen;		/* bytes looked at */
	uint32_t total;		/* 0: not known yet */
};

/* stream is what is there behind the last frame: the same bytes as last time and perhaps more. 0
 * with len: the first len bytes are a frame, which is a message or one CRLF (a keep-alive, to be
 * passed at once: RFC 5626 3.5.1); 0 with len 0: more is needed. ERR_SYNTAX (no SIP, or no one
 * Content-Length), ERR_RANGE (a number, or longer than SIP_MESSAGE_MAX): foreign for ever. */
int sip_frame_next(struct sip_frame *f, struct str stream, size_t *len);

#endif
