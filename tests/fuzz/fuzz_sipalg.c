/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any message as a phone's, its address being 192.168.1.20: changed on its way out it is as good a
 * message as before and names the phone nowhere that counts, so that nothing is left to change; on
 * its way in, whatever was kept of the phone, it stays a message.
 */
#include "protocols/sipalg.h"
#include "protocols/sipalg_sdp.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define OUT_MAX (SIP_MESSAGE_MAX + SIP_EDIT_TEXT_MAX)
#define PEERS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void begin(struct sipalg_phone *p)
{
	*p = (struct sipalg_phone){.lan.port = 5060, .wan.port = 36002};
	p->lan.addr = addr_from4(0xc0a80114);
	p->wan.addr = addr_from4(0xcb007107);
}

static void assign(struct sipalg_streams *list)
{
	uint16_t next = 36000;

	assert(list->count <= SIPALG_STREAMS_MAX);
	for (uint16_t i = 0; i < list->count; i++) {
		struct sipalg_stream *s = &list->at[i];
		assert(s->port >= SIPALG_PORT_MIN && s->count > 0 && s->count <= SIPALG_PORTS_MAX);
		assert(s->port + s->count <= 65536);
		s->external = next;
		next = (uint16_t)(next + s->count);
	}
	assert(next - 36000 <= SIPALG_PORTS_MAX);
}

/* The edits of the way out; false: it is to be passed unchanged. */
static bool plan(struct sipalg_phone *p, const struct sip_message *m, struct sip_edits *e)
{
	struct sipalg_streams streams;

	sip_edit_none(e);
	if (sipalg_out(p, m, e))
		return false;
	if (!sipalg_is_signed(m) && sipalg_sdp_streams(m, &p->lan.addr, &streams) == 0) {
		assign(&streams);
		assert(sipalg_sdp_edit(m, &p->lan.addr, &streams, &p->wan.addr, e) == 0);
	}
	sip_edit_length(e, m);
	return !e->full;
}

static bool write_out(const struct sip_message *m, const struct sip_edits *e,
	struct sip_message *out)
{
	static char buffer[2][OUT_MAX];
	static unsigned turn;
	struct writer w = writer_to(buffer[turn++ % 2], OUT_MAX);

	assert(sip_edit_apply(e, m, &w) == 0);
	if (w.len > SIP_MESSAGE_MAX)
		return false;
	assert(sip_decode(writer_done(&w), false, out) == 0);
	assert(out->header_count == m->header_count && out->extra == m->extra);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_message m, then;
	static struct sip_edits e;
	static struct sipalg_phone p;
	struct addr peers[PEERS_MAX];
	struct str bytes = {(const char *)data, size};

	begin(&p);
	if (sip_decode(bytes, false, &m))
		return 0;
	assert(sipalg_sdp_peers(&m, peers, PEERS_MAX) <= PEERS_MAX);
	sipalg_bound_s(&p, &m);
	if (plan(&p, &m, &e) && write_out(&m, &e, &then)) {
		assert(plan(&p, &then, &e));
		assert(e.count == 0);
		m = then;
	}
	sip_edit_none(&e);
	if (sipalg_in(&p, &m, &e) == 0 && !e.full)
		write_out(&m, &e, &then);
	return 0;
}
