/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a connection: bytes in, framed as SIP (RFC 3261 section 18.3), each message
 * through the phone's hands, bytes out, in their order. A stream that is not SIP, or not any more,
 * is foreign for ever: its bytes go through as they are (SIP-04). No sockets here.
 */
#ifndef GATEWAY_SERVE_SIP_PIPE_H
#define GATEWAY_SERVE_SIP_PIPE_H

#include "gateway/serve_sip_int.h"
#include "protocols/sip_frame.h"

/* What is taken in before something goes out: a message, and the segment it came in. */
#define SIP_PIPE_IN_MAX (SIP_MESSAGE_MAX + 16384)
#define SIP_PIPE_OUT_MAX (2 * SIP_MESSAGE_MAX)	/* nothing is taken in while more waits */
#define SIP_PIPE_FOREIGN_MAX 32768	/* the same of what is not read */

struct sip_buffer {
	char *at;
	size_t off, len, size;		/* bytes are at off .. len */
};

/* Embedded in its owner, zeroed, then sip_pipe_begin(). */
struct sip_pipe {
	struct sip_phone *phone;	/* NULL: foreign */
	struct sip_carry carry;		/* of its messages; send and arg are the pipe's own */
	void (*moved)(void *arg);	/* bytes to send came later than the call that fed them */
	void *arg;
	struct sip_frame frame;
	struct sip_buffer in, out;
	bool foreign;
	bool encrypted;			/* it began as TLS does */
	bool begun;			/* bytes came */
	bool ended;			/* no more come */
	bool waiting;			/* a message is in the phone's hands */
	bool feeding;			/* within sip_pipe_feed() */
	bool broken;			/* no memory: the connection is of no more use */
};

void sip_pipe_begin(struct sip_pipe *pipe, const struct sip_carry *carry);
/* How many bytes it takes now; 0: none before some of out are sent, or a message is back. */
size_t sip_pipe_room(const struct sip_pipe *pipe);
void sip_pipe_feed(struct sip_pipe *pipe, struct str bytes);
void sip_pipe_end(struct sip_pipe *pipe);	/* the sender will say no more */
/* This stream has nothing to do with SIP, whatever it says. */
void sip_pipe_be_foreign(struct sip_pipe *pipe);
struct str sip_pipe_out(const struct sip_pipe *pipe);
void sip_pipe_sent(struct sip_pipe *pipe, size_t len);
/* All that came has been sent on, and nothing more will come. */
bool sip_pipe_is_done(const struct sip_pipe *pipe);
void sip_pipe_free(struct sip_pipe *pipe);

#endif
