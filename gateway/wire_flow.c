/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See wire_flow.h. */
#include "gateway/wire_flow.h"

#include <string.h>

struct wire_flow wire_flow_encode(const struct fw_flow *flow)
{
	struct wire_flow w = {.proto = flow->proto, .port = flow->dst.port,
		.keep_port = flow->keep.port};

	memcpy(w.dst, flow->dst.addr.b, sizeof(w.dst));
	memcpy(w.remote, flow->remote.b, sizeof(w.remote));
	memcpy(w.keep, flow->keep.addr.b, sizeof(w.keep));
	return w;
}

struct fw_flow wire_flow_decode(const struct wire_flow *w)
{
	struct fw_flow flow = {.proto = w->proto, .dst.port = w->port, .keep.port = w->keep_port};

	memcpy(flow.dst.addr.b, w->dst, sizeof(w->dst));
	memcpy(flow.remote.b, w->remote, sizeof(w->remote));
	memcpy(flow.keep.addr.b, w->keep, sizeof(w->keep));
	return flow;
}

struct wire_tuple wire_flow_encode_tuple(const struct fw_tuple *t, uint32_t left_s)
{
	struct wire_tuple w = {.proto = t->proto, .src_port = t->src.port,
		.dst_port = t->dst.port, .left_s = left_s};

	memcpy(w.src, t->src.addr.b, sizeof(w.src));
	memcpy(w.dst, t->dst.addr.b, sizeof(w.dst));
	return w;
}

struct fw_tuple wire_flow_decode_tuple(const struct wire_tuple *w)
{
	struct fw_tuple t = {.proto = w->proto, .src.port = w->src_port, .dst.port = w->dst_port};

	memcpy(t.src.addr.b, w->src, sizeof(w->src));
	memcpy(t.dst.addr.b, w->dst, sizeof(w->dst));
	return t;
}
