/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sets and maps of table `inet postern` are made of: one row each, from which key and
 * data lengths, nft types and netlink attributes follow.
 */
#ifndef GATEWAY_FW_SET_H
#define GATEWAY_FW_SET_H

#include "gateway/fw.h"

/* Each field starts on a four byte boundary of the key. */
enum fw_field {
	FW_FIELD_END = 0,
	FW_FIELD_ADDR4,
	FW_FIELD_ADDR6,
	FW_FIELD_PROTO,
	FW_FIELD_PORT,
	FW_FIELD_IFINDEX,
	FW_FIELD_MAC,
	FW_FIELD_ID,		/* of an opening */
	FW_FIELD_WAY,		/* of a packet, as ct direction has it */
};
#define FW_FIELDS_MAX 6	/* of a key, with the end mark */

struct fw_set_def {
	const char *name;
	enum fw_field key[FW_FIELDS_MAX];
	bool is_map;		/* data is ADDR4 . PORT */
	bool has_id;		/* a map, too: data is ID */
	bool is_interval;
	bool is_leased;		/* elements may have a timeout, and are dumped */
	bool is_counted;	/* elements have a counter */
	bool is_dynamic;	/* the kernel fills it by itself; elements end by themselves */
	uint32_t most;		/* elements; 0: as many as there are ports */
};

const struct fw_set_def *fw_set_def(enum fw_set set);
/* The set in which the kernel notes senders of this kind: IFINDEX, ADDR, MAC, PROTO, PORT. */
const struct fw_set_def *fw_sender_def(enum fw_sender_kind kind, bool is4);
size_t fw_def_key_len(const struct fw_set_def *def);
size_t fw_def_data_len(const struct fw_set_def *def);
/* Bytes the field's value takes, without padding. */
uint8_t fw_field_len(enum fw_field field);

#endif
