/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows as they cross the privilege border (helper_wire.h), and back again.
 */
#ifndef GATEWAY_WIRE_FLOW_H
#define GATEWAY_WIRE_FLOW_H

#include "gateway/helper_wire.h"

struct wire_flow wire_flow_encode(const struct fw_flow *flow);
struct fw_flow wire_flow_decode(const struct wire_flow *w);
struct wire_tuple wire_flow_encode_tuple(const struct fw_tuple *t, uint32_t left_s);
struct fw_tuple wire_flow_decode_tuple(const struct wire_tuple *w);

#endif
