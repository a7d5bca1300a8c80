/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Phones in the kernel: the addresses of devices the owner marked, as they come and go, beside the
 * SIP ports the gateway reads. A flow that began without us has another way in its entry of the
 * kernel's tracking, and one that began with us has none that leads out: both are forgotten when an
 * address comes under our care, or leaves it. IPv6 is not translated, so its flows may stay.
 */
#include "gateway/core_sip_int.h"

#include <string.h>

#define FLOWS_AT_ONCE 64

/* ---- lists ---- */

static bool has_addr(const struct phone_list *list, const struct addr *addr)
{
	for (size_t i = 0; i < list->addr_count; i++) {
		if (addr_eq(&list->addrs[i], addr))
			return true;
	}
	return false;
}

static bool has_port(const struct phone_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->port_count; i++) {
		if (list->ports[i] == port)
			return true;
	}
	return false;
}

/* Each list has a thing once. */
static bool is_same(const struct phone_list *a, const struct phone_list *b)
{
	bool same = a->addr_count == b->addr_count && a->port_count == b->port_count;

	for (size_t i = 0; i < a->addr_count && same; i++)
		same = has_addr(b, &a->addrs[i]);
	for (size_t i = 0; i < a->port_count && same; i++)
		same = has_port(b, a->ports[i]);
	return same;
}

static size_t count_family(const struct phone_list *list, bool is4)
{
	size_t n = 0;

	for (size_t i = 0; i < list->addr_count; i++)
		n += addr_is4(&list->addrs[i]) == is4;
	return n;
}

/* ---- what the kernel should know ---- */

static void want_addr(const struct core *core, struct phones *p, const struct device_addr *a)
{
	struct phone_list *w = &p->wanted;

	if (addr_is_link_local(&a->addr) || !core->env.is_lan_host(core->env.arg, &a->addr) ||
		has_addr(&p->refused, &a->addr) ||
		count_family(w, addr_is4(&a->addr)) == FW_PHONES_MAX)
		return;
	w->addrs[w->addr_count++] = a->addr;
}

static void want_state(const struct core *core, struct phones *p, enum device_addr_state state)
{
	for (size_t i = 0; i < devices_count(core->devices); i++) {
		const struct device *d = devices_at(core->devices, i);
		if (!device_is_phone(&d->row))
			continue;
		for (const struct device_addr *a = d->addrs; a; a = a->next) {
			if (a->state == state)
				want_addr(core, p, a);
		}
	}
}

static size_t count_marked(const struct core *core)
{
	size_t n = 0;

	for (size_t i = 0; i < devices_count(core->devices); i++)
		n += device_is_phone(&devices_at(core->devices, i)->row);
	return n;
}

/* An address that is remembered is a phone's until somebody else is there, or it does not answer:
 * a phone that goes on talking after a start must not be passed over. */
static struct phones *look(const struct core *core)
{
	struct phones *p = &core->sip->phones;
	uint32_t version = devices_version(core->devices);

	if (!p->stale && p->version == version)
		return p;
	p->stale = false;
	p->version = version;
	p->marked = count_marked(core);
	p->wanted.addr_count = 0;
	if (p->wanted.port_count > 0 && p->marked > 0) {
		want_state(core, p, DEVICE_ADDR_HERE);
		want_state(core, p, DEVICE_ADDR_UNSEEN);
	}
	p->news = !is_same(&p->wanted, &p->shown);
	return p;
}

bool core_sip_helps(const struct db_device *d)
{
	return device_is_phone(d);
}

bool core_sip_admits(const struct core *core, uint32_t device_id, const struct addr *host)
{
	const struct device *d = devices_by_id(core->devices, device_id);

	return d && device_admits(&d->row, host);
}

void core_sip_ports(struct core *core, const uint16_t *ports, size_t count)
{
	struct phones *p = &core->sip->phones;

	p->wanted.port_count = 0;
	for (size_t i = 0; i < count && p->wanted.port_count < FW_SIP_PORTS_MAX; i++) {
		if (!has_port(&p->wanted, ports[i]) && !has_port(&p->refused, ports[i]))
			p->wanted.ports[p->wanted.port_count++] = ports[i];
	}
	p->stale = true;
}

bool core_sip_helper(const struct core *core)
{
	return core->sip->kernel_helper;
}

bool phones_any(const struct core *core)
{
	return look(core)->marked > 0;
}

bool phones_reserve(const struct core *core, uint16_t port)
{
	return port >= CORE_SIP_PORT_MIN && port <= CORE_SIP_PORT_MAX && phones_any(core);
}

/* ---- telling it ---- */

static int put_addr(struct core *core, const struct addr *addr, enum fw_elem_op op)
{
	bool is4 = addr_is4(addr);
	struct fw_elem e = {.set = is4 ? FW_SET_PHONE4 : FW_SET_PHONE6, .op = (uint8_t)op};

	memcpy(e.key, is4 ? addr_bytes4(addr) : addr->b, is4 ? 4 : 16);
	return elems_add(core, &e);
}

static int put_port(struct core *core, uint16_t port, enum fw_elem_op op)
{
	struct fw_elem e = {.set = FW_SET_SIP_PORT, .op = (uint8_t)op};

	e.key[0] = (uint8_t)(port >> 8);
	e.key[1] = (uint8_t)port;
	return elems_add(core, &e);
}

/* Those of list that are not in but. */
static int put_list(struct core *core, const struct phone_list *list, const struct phone_list *but,
	enum fw_elem_op op)
{
	int err = 0;

	for (size_t i = 0; i < list->port_count && !err; i++) {
		if (!has_port(but, list->ports[i]))
			err = put_port(core, list->ports[i], op);
	}
	for (size_t i = 0; i < list->addr_count && !err; i++) {
		if (!has_addr(but, &list->addrs[i]))
			err = put_addr(core, &list->addrs[i], op);
	}
	return err;
}

bool phones_news(const struct core *core)
{
	return look(core)->news;
}

int phones_put(struct core *core, bool rebuild)
{
	static const struct phone_list none;
	struct phones *p = &core->sip->phones;
	const struct phone_list *shown = rebuild ? &none : &p->shown;
	int err;

	/* The LAN may be another one. */
	p->stale |= rebuild;
	p->told = look(core)->news || rebuild;
	p->anew = rebuild;
	if (!p->told)
		return 0;
	p->sent = p->wanted;
	err = put_list(core, shown, &p->wanted, FW_ELEM_DEL);
	return err ? err : put_list(core, &p->wanted, shown, FW_ELEM_ADD);
}

/* ---- flows ---- */

struct forgetting {
	struct core *core;
	struct fw_flow flows[FLOWS_AT_ONCE];
	size_t count;
};

static void flush_flows(struct forgetting *f)
{
	if (f->count > 0)
		(void)fw_forget(f->core->fw, f->flows, f->count);
	f->count = 0;
}

static void forget_flow(struct forgetting *f, const struct addr *phone, uint16_t port)
{
	static const uint8_t protos[] = {MAP_PROTO_UDP, MAP_PROTO_TCP};

	for (size_t i = 0; i < sizeof(protos); i++) {
		if (f->count == FLOWS_AT_ONCE)
			flush_flows(f);
		f->flows[f->count++] = (struct fw_flow){
			.proto = protos[i],
			.dst = {addr_any4(), port},
			.remote = *phone,
			.keep = {addr_any4(), 0},
		};
	}
}

/* What list leads to us and other does not. */
static void forget_differing(struct forgetting *f, const struct phone_list *list,
	const struct phone_list *other)
{
	for (size_t i = 0; i < list->addr_count; i++) {
		const struct addr *phone = &list->addrs[i];
		bool known = has_addr(other, phone);
		for (size_t k = 0; k < list->port_count && addr_is4(phone); k++) {
			if (!known || !has_port(other, list->ports[k]))
				forget_flow(f, phone, list->ports[k]);
		}
	}
}

void phones_done(struct core *core)
{
	static const struct phone_list none;
	struct phones *p = &core->sip->phones;
	struct forgetting f = {.core = core};

	if (!p->told)
		return;
	/* Nobody knows how long there was no table. */
	forget_differing(&f, &p->sent, p->anew ? &none : &p->shown);
	forget_differing(&f, &p->shown, &p->sent);
	flush_flows(&f);
	p->shown = p->sent;
	p->told = false;
	p->news = !is_same(&p->wanted, &p->shown);
}

/* ---- what it does not take ---- */

/* Its calls go by as they would without us. */
static void refuse_addr(struct core *core, const struct addr *addr)
{
	struct phone_list *refused = &core->sip->phones.refused;
	char text[ADDR_TEXT_MAX];

	if (refused->addr_count < 2 * FW_PHONES_MAX)
		refused->addrs[refused->addr_count++] = *addr;
	log_warning(core->log, "firewall: refuses the phone's address %s", addr_text(addr, text));
}

static void refuse_port(struct core *core, uint16_t port)
{
	struct phones *p = &core->sip->phones;
	size_t i = 0;

	if (p->refused.port_count < FW_SIP_PORTS_MAX)
		p->refused.ports[p->refused.port_count++] = port;
	while (i < p->wanted.port_count && p->wanted.ports[i] != port)
		i++;
	if (i < p->wanted.port_count)
		p->wanted.ports[i] = p->wanted.ports[--p->wanted.port_count];
	log_warning(core->log, "firewall: refuses the SIP port %u", port);
}

void phones_refused(struct core *core, const struct fw_elem *e)
{
	struct addr addr = e->set == FW_SET_PHONE4 ? addr_from4_bytes(e->key)
						   : addr_from6_bytes(e->key);

	if (e->set == FW_SET_SIP_PORT)
		refuse_port(core, (uint16_t)(e->key[0] << 8 | e->key[1]));
	else
		refuse_addr(core, &addr);
	core->sip->phones.stale = true;
}

bool phones_try_again(struct core *core)
{
	struct phones *p = &core->sip->phones;
	bool any = p->refused.addr_count > 0 || p->refused.port_count > 0;

	for (size_t i = 0; i < p->refused.port_count; i++) {
		if (p->wanted.port_count < FW_SIP_PORTS_MAX)
			p->wanted.ports[p->wanted.port_count++] = p->refused.ports[i];
	}
	p->refused.addr_count = p->refused.port_count = 0;
	p->stale |= any;
	return any;
}
