/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a phone, in the owner's record: registrations, calls, those it missed, and what
 * was passed as it came; see serve_sip_int.h.
 */
#include "gateway/serve_sip_int.h"

#include <string.h>

#define MISSED_ANEW_S 60	/* the same caller after a pause is another call */

static struct str party(const struct sip_message *m)
{
	struct str text;

	if (sip_find(m, m->is_request ? SIP_FROM : SIP_TO, &text))
		return STR_NONE;
	return text;
}

void sip_note_put(const struct sip_phone *p, const struct sip_message *m,
	const struct addr *peer, const struct sip_remark *remark)
{
	char text[SIPCALL_WHO_MAX + SIPCALL_ID_MAX + 2];
	struct writer w = writer_to(text, sizeof(text));
	const struct sipcall *c = remark->call;

	if (c) {
		writer_text(&w, c->who);
		writer_text(&w, " ");
		writer_bytes(&w, c->id.at, c->id.len);
	} else {
		writer_str(&w, str_sub(party(m), 0, SIPCALL_WHO_MAX));
		writer_text(&w, " ");
		writer_str(&w, str_sub(sip_text(m, m->call_id), 0, SIPCALL_ID_MAX));
	}
	core_sip_note(p->serve->core, &(struct core_sip_note){
		.refused = remark->refused,
		.device_id = p->device_id,
		.what = remark->what,
		.why = remark->why,
		.peer = *peer,
		.text = writer_done(&w),
	});
}

void sip_note_pass(const struct sip_phone *p, const struct sip_message *m,
	const struct addr *peer, const char *why)
{
	sip_note_put(p, m, peer, &(struct sip_remark){true, "pass", why, NULL});
	p->serve->passed++;
}

void sip_note_call(const struct sip_phone *p, const struct sipcall *c,
	enum sipcall_state before)
{
	struct sip_remark remark = {.call = c};

	if (before == c->state)
		return;
	switch (c->state) {
	case SIPCALL_FREE:
	case SIPCALL_CHALLENGED:
	case SIPCALL_ENDING:
		return;
	case SIPCALL_RINGING:
		if (before != SIPCALL_FREE)
			return;
		remark.what = "call";
		remark.why = c->by_phone ? "the phone calls" : "the phone is called";
		break;
	case SIPCALL_UP:
		if (before == SIPCALL_ENDING)
			return;
		remark.what = "answer";
		remark.why = "the call is answered";
		break;
	case SIPCALL_OVER:
		remark.what = "hang up";
		remark.why = c->why;
		break;
	}
	sip_note_put(p, NULL, &c->signalling, &remark);
}

void sip_note_missed(struct sip_phone *p, const struct endpoint *from, const struct sip_message *m)
{
	struct serve_sip *s = p->serve;
	struct serve_sip_missed *first = &s->missed[0];
	uint64_t now = loop_wall_s(s->loop);
	bool again = s->missed_count > 0 && first->device_id == p->device_id &&
		     addr_eq(&first->from.addr, &from->addr);
	bool told = again && now < first->wall_s + MISSED_ANEW_S;

	if (!again) {
		if (s->missed_count < SERVE_SIP_MISSED_MAX)
			s->missed_count++;
		memmove(first + 1, first, (s->missed_count - 1) * sizeof(*first));
		*first = (struct serve_sip_missed){.device_id = p->device_id};
	}
	first->wall_s = now;
	first->from = *from;
	first->count++;
	first->who[str_copy_plain(party(m), first->who, SIPCALL_WHO_MAX)] = '\0';
	if (!told)
		sip_note_put(p, m, &from->addr, &(struct sip_remark){true, "missed call",
			"it came from a host the phone is not registered at", NULL});
}
