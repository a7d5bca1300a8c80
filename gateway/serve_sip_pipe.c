/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of a connection; see serve_sip_pipe.h. */
#include "gateway/serve_sip_pipe.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 4096
#define TLS_HANDSHAKE 0x16	/* the first octet of a record, then the version's (RFC 8446 5.1) */
#define TLS_MAJOR 0x03

/* ---- buffers ---- */

static struct str content(const struct sip_buffer *b)
{
	return b->at ? (struct str){b->at + b->off, b->len - b->off} : STR_NONE;
}

static int append(struct sip_buffer *b, struct str bytes)
{
	size_t size = b->size ? b->size : BUFFER_FIRST;
	char *at;

	if (bytes.len == 0)
		return 0;
	if (b->off > 0) {
		memmove(b->at, b->at + b->off, b->len - b->off);
		b->len -= b->off;
		b->off = 0;
	}
	while (size - b->len < bytes.len)
		size *= 2;
	at = size > b->size ? realloc(b->at, size) : b->at;
	if (!at)
		return ERR_MEMORY;
	b->at = at;
	b->size = size;
	memcpy(b->at + b->len, bytes.p, bytes.len);
	b->len += bytes.len;
	return 0;
}

static void consume(struct sip_buffer *b, size_t len)
{
	b->off += len;
	if (b->off < b->len)
		return;
	/* Connections are silent for hours: they keep nothing meanwhile. */
	free(b->at);
	*b = (struct sip_buffer){0};
}

/* ---- messages ---- */

static void put_out(struct sip_pipe *pipe, struct str bytes)
{
	pipe->broken = pipe->broken || append(&pipe->out, bytes) != 0;
}

static void pass_all(struct sip_pipe *pipe)
{
	put_out(pipe, content(&pipe->in));
	consume(&pipe->in, pipe->in.len - pipe->in.off);
}

static bool is_keep_alive(struct str frame)
{
	return frame.p[0] == '\r' || frame.p[0] == '\n';
}

static void hand_over(struct sip_pipe *pipe, size_t len)
{
	struct str frame = {content(&pipe->in).p, len};

	if (is_keep_alive(frame)) {
		put_out(pipe, frame);
	} else {
		pipe->waiting = true;
		sip_phone_message(pipe->phone, &pipe->carry, frame);
	}
	consume(&pipe->in, len);
	pipe->frame = (struct sip_frame){0};
}

static void work(struct sip_pipe *pipe)
{
	while (!pipe->waiting && !pipe->foreign && pipe->in.off < pipe->in.len) {
		size_t len = 0;

		if (sip_frame_next(&pipe->frame, content(&pipe->in), &len))
			pipe->foreign = true;
		else if (len > 0)
			hand_over(pipe, len);
		else
			break;
	}
	if (!pipe->waiting && (pipe->foreign || pipe->ended))
		pass_all(pipe);
}

/* A message that goes at once is sent within the loop of work(). */
static void work_once(struct sip_pipe *pipe)
{
	pipe->feeding = true;
	work(pipe);
	pipe->feeding = false;
}

static void on_send(const struct sip_carry *carry, struct str bytes)
{
	struct sip_pipe *pipe = carry->arg;

	pipe->waiting = false;
	put_out(pipe, bytes);
	if (pipe->feeding)
		return;
	work_once(pipe);
	pipe->moved(pipe->arg);
}

void sip_pipe_begin(struct sip_pipe *pipe, const struct sip_carry *carry)
{
	pipe->carry = *carry;
	pipe->carry.is_stream = true;
	pipe->carry.send = on_send;
	pipe->carry.arg = pipe;
	pipe->foreign = pipe->phone == NULL;
}

size_t sip_pipe_room(const struct sip_pipe *pipe)
{
	size_t in = pipe->in.len - pipe->in.off, out = pipe->out.len - pipe->out.off;

	if (pipe->waiting || out > (pipe->foreign ? SIP_PIPE_FOREIGN_MAX : SIP_PIPE_OUT_MAX))
		return 0;
	return in < SIP_PIPE_IN_MAX ? SIP_PIPE_IN_MAX - in : 0;
}

static bool is_tls(struct str bytes)
{
	return (uint8_t)bytes.p[0] == TLS_HANDSHAKE &&
	       (bytes.len == 1 || (uint8_t)bytes.p[1] == TLS_MAJOR);
}

void sip_pipe_feed(struct sip_pipe *pipe, struct str bytes)
{
	if (bytes.len == 0)
		return;
	pipe->encrypted = pipe->begun ? pipe->encrypted : is_tls(bytes);
	pipe->begun = true;
	pipe->broken = pipe->broken || append(&pipe->in, bytes) != 0;
	work_once(pipe);
}

void sip_pipe_end(struct sip_pipe *pipe)
{
	pipe->ended = true;
	work_once(pipe);
}

void sip_pipe_be_foreign(struct sip_pipe *pipe)
{
	pipe->foreign = true;
	work_once(pipe);
}

struct str sip_pipe_out(const struct sip_pipe *pipe)
{
	return content(&pipe->out);
}

void sip_pipe_sent(struct sip_pipe *pipe, size_t len)
{
	consume(&pipe->out, len);
}

bool sip_pipe_is_done(const struct sip_pipe *pipe)
{
	return pipe->ended && !pipe->waiting && pipe->in.off == pipe->in.len &&
	       pipe->out.off == pipe->out.len;
}

void sip_pipe_free(struct sip_pipe *pipe)
{
	if (pipe->phone)
		sip_hold_cancel(pipe->phone, pipe);
	free(pipe->in.at);
	free(pipe->out.at);
	*pipe = (struct sip_pipe){0};
}
