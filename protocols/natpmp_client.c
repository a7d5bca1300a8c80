/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NAT-PMP's client side (RFC 6886 section 3); see natpmp_client.h. */
#include "protocols/natpmp_client.h"

#include "protocols/err.h"

#define ANSWER_BIT 0x80

void natpmp_client_encode(struct writer *w, const struct natpmp_msg *msg)
{
	writer_u8(w, NATPMP_VERSION);
	writer_u8(w, msg->opcode);
	if (msg->opcode == NATPMP_OP_ADDRESS)
		return;
	writer_u16(w, 0);
	writer_u16(w, msg->internal_port);
	writer_u16(w, msg->external_port);
	writer_u32(w, msg->lifetime_s);
}

int natpmp_client_decode(const void *bytes, size_t len, struct natpmp_answer *out)
{
	struct reader r = reader_from(bytes, len);
	uint8_t version = reader_u8(&r), opcode = reader_u8(&r);
	struct natpmp_answer a = {.opcode = opcode & (ANSWER_BIT - 1), .external = addr_any4()};

	a.result = reader_u16(&r);
	if (r.bad || version != NATPMP_VERSION || !(opcode & ANSWER_BIT) ||
	    a.opcode > NATPMP_OP_TCP)
		return ERR_SYNTAX;
	a.epoch_s = reader_u32(&r);
	if (a.result == NATPMP_UNSUPP_VERSION) {
		*out = a;	/* that may be all of it */
		return 0;
	}
	if (a.opcode == NATPMP_OP_ADDRESS) {
		a.external = addr_from4(reader_u32(&r));
	} else {
		a.internal_port = reader_u16(&r);
		a.external_port = reader_u16(&r);
		a.lifetime_s = reader_u32(&r);
	}
	if (r.bad)
		return ERR_SYNTAX;
	*out = a;
	return 0;
}

const char *natpmp_client_result_text(uint16_t result)
{
	static const char *const text[] = {
		[NATPMP_SUCCESS] = "SUCCESS",
		[NATPMP_UNSUPP_VERSION] = "UNSUPP_VERSION",
		[NATPMP_REFUSED] = "REFUSED",
		[NATPMP_NETWORK_FAILURE] = "NETWORK_FAILURE",
		[NATPMP_NO_RESOURCES] = "NO_RESOURCES",
		[NATPMP_UNSUPP_OPCODE] = "UNSUPP_OPCODE",
	};

	return result < sizeof(text) / sizeof(text[0]) ? text[result] : NULL;
}
