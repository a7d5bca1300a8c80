/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any message as a phone's, its address being 192.168.1.20: changed on its way out it is as good a
 * message as before and names the phone nowhere that counts, so that nothing is left to change; on
 * its way in, whatever was kept of the phone, it stays a message, and led back to a phone of this
 * LAN it names nobody who is not there. Whatever it says of registrations, nobody is admitted by a
 * host that asked for no password, and no registrar is lost.
 */
#include "protocols/sipalg.h"
#include "protocols/sipalg_sdp.h"
#include "protocols/sipalg_show.h"
#include "protocols/sipreg.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* Ports of media from the first public one on lead to this phone, but for some. */
static bool find_phone(void *arg, uint16_t external, struct endpoint *out)
{
	const struct sipalg_phone *p = arg;

	if (external < 36000 || external % 16 > 11)
		return false;
	*out = (struct endpoint){p->lan.addr, (uint16_t)(external - 30000)};
	return true;
}

/* Led back once, nothing that could be led back is left. */
static void lead_back(struct sipalg_phone *p, const struct sip_message *m)
{
	static struct sip_edits e;
	static struct sip_message then;
	struct sipalg_places places = {find_phone, p};

	sip_edit_none(&e);
	sipalg_sdp_back(m, &p->wan.addr, &places, &e);
	sip_edit_length(&e, m);
	if (e.full || !write_out(m, &e, &then))
		return;
	sip_edit_none(&e);
	sipalg_sdp_back(&then, &p->wan.addr, &places, &e);
	assert(e.count == 0);
}

static void show(const struct sip_message *m)
{
	char codecs[32];

	memset(codecs, 'x', sizeof(codecs));
	sipalg_show_codecs(m, codecs, sizeof(codecs));
	assert(memchr(codecs, '\0', sizeof(codecs)));
	sipalg_show_holds(m);
}

static void sign_in(struct sipreg *r, const struct addr *registrar)
{
	r->at[0] = (struct sipreg_binding){.used = true, .registrar = {*registrar, 5060},
		.until_s = 5000, .since_s = 1};
	r->hosts[0] = (struct sipreg_host){.addr = *registrar, .challenged = true, .heard_s = 1};
}

/* Both ways and as an answer to itself, for a phone that is registered elsewhere, and one that is
 * not and has asked nobody for long. */
static void see(const struct sipalg_phone *p, const struct sip_message *m)
{
	static struct sipreg r;
	struct sipreg_facts f = {.peer = {addr_from4(0xc6336401), 5060}, .now_s = 2000};
	struct addr registrar = addr_from4(0xc633640a);
	bool gone;

	memset(&r, 0, sizeof(r));
	f.bound_s = sipalg_bound_s(&p->wan, m);
	for (int way = 0; way < 2; way++) {
		f.by_phone = way == 0;
		assert(sipreg_see(&r, m, &f) == SIPREG_NOTHING);
	}
	assert(!sipreg_is_bound(&r, f.now_s));
	r.asked[0] = (struct sipreg_asked){str_hash(sip_text(m, m->call_id)), m->cseq,
		m->bytes.len % 2, f.peer.addr, 3000};
	sign_in(&r, &registrar);
	for (int way = 0; way < 2; way++) {
		enum sipreg_news news;
		f.by_phone = way == 0;
		news = sipreg_see(&r, m, &f);
		if (news == SIPREG_UNCONFIRMED)
			assert(m->bytes.len % 2 && !f.bound_s);
		else
			assert(news == SIPREG_NOTHING || (news == SIPREG_UNPROVEN && f.bound_s));
		assert(sipreg_admits(&r, &registrar, f.now_s));
	}
	assert(sipreg_tick(&r, 6000, &gone) == UINT64_MAX && gone);
	assert(!sipreg_admits(&r, &registrar, 6000));
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
	see(&p, &m);
	show(&m);
	lead_back(&p, &m);
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
