/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phones by what is known of them, and the clock; below all else of the SIP gateway. */
#include "gateway/serve_sip_int.h"

#include <stdlib.h>

uint64_t serve_sip_now_s(const struct serve_sip *s)
{
	return loop_now_ms(s->loop) / 1000;
}

struct sip_phone *sip_phone_by_id(const struct serve_sip *s, uint32_t device_id)
{
	for (size_t i = 0; i < s->phone_count; i++) {
		if (s->phones[i]->device_id == device_id)
			return s->phones[i];
	}
	return NULL;
}

/* A phone may have many addresses, of IPv6 above all; the core knows them. */
struct sip_phone *sip_phone_of(const struct serve_sip *s, const struct addr *lan)
{
	uint32_t id = core_device_of(s->core, lan);

	return id ? sip_phone_by_id(s, id) : NULL;
}

struct sip_phone *sip_phone_at(const struct serve_sip *s, const struct endpoint *wan)
{
	if (addr_is_any(&s->wan4) || !addr_eq(&wan->addr, &s->wan4))
		return NULL;
	for (size_t i = 0; i < s->phone_count; i++) {
		if (s->phones[i]->wan_port == wan->port)
			return s->phones[i];
	}
	return NULL;
}

bool sip_phone_knows(const struct sip_phone *p, const struct addr *host)
{
	return sipreg_admits(&p->reg, host, serve_sip_now_s(p->serve)) ||
	       core_sip_admits(p->serve->core, p->device_id, host);
}

struct sip_phone *sip_phone_new(struct serve_sip *s, uint32_t device_id)
{
	struct sip_phone *p;

	if (s->phone_count == SERVE_SIP_PHONES_MAX)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->serve = s;
	p->device_id = device_id;
	p->udp = p->tcp = -1;
	p->lan4 = addr_any4();
	p->lan6 = addr_any6();
	p->hears = SIP_PORT;
	p->alg.lan = (struct endpoint){addr_any4(), SIP_PORT};
	p->alg.wan = (struct endpoint){addr_any4(), 0};
	p->held_end = &p->held;
	s->phones[s->phone_count++] = p;
	return p;
}

void sip_phone_free(struct sip_phone *p)
{
	struct serve_sip *s = p->serve;
	size_t i = 0;

	while (s->phones[i] != p)
		i++;
	s->phones[i] = s->phones[--s->phone_count];
	free(p);
}
