/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Phones and sockets come and go; see serve_sip.h. It goes by levels: whatever the core has news
 * of, what there is is compared with what there should be. With the first phone the ways are asked
 * for, and when they are there the kernel is told to lead phones to them; with the last one gone
 * all of it ends.
 */
#include "gateway/serve_sip.h"

#include "gateway/core_owner.h"
#include "gateway/serve_sip_int.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <unistd.h>

#define LOOK_MS 50
#define RETRY_MS 60000		/* what failed is tried again */
#define TICK_MS 1000
#define KEEP_S 20		/* firewalls forget UDP flows after 30 s and more (RFC 4787) */
#define ADDRS_MAX 128		/* of one phone; the core keeps no more */
#define PORT_TRIES 16		/* for a public place that no other program has */

static void look_soon(struct serve_sip *s, uint64_t wait_ms)
{
	uint64_t due = loop_now_ms(s->loop) + wait_ms;

	if (s->look.slot == 0 || s->look.due_ms > due)
		loop_timer_set(s->loop, &s->look, due);
}

/* ---- phones ---- */

static const struct core_device_addr *find_addr(const struct core_device_addr *at, size_t count,
	const struct addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_eq(&at[i].addr, addr))
			return &at[i];
	}
	return NULL;
}

/* The one it has, as long as it answers there or nowhere. */
static void follow(const struct core_device_addr *at, size_t count, struct addr *addr)
{
	const struct core_device_addr *now = find_addr(at, count, addr), *best = now;
	bool is4 = addr_is4(addr);

	for (size_t i = 0; i < count && !(best && best->here); i++) {
		if (addr_is4(&at[i].addr) == is4 && (at[i].here || !best))
			best = &at[i];
	}
	if (best)
		*addr = best->addr;
	else
		*addr = is4 ? addr_any4() : addr_any6();
}

static void find_home(struct sip_phone *p)
{
	struct core_device_addr at[ADDRS_MAX];
	size_t count = core_device_addrs(p->serve->core, p->device_id, at, ADDRS_MAX);

	follow(at, count, &p->lan4);
	follow(at, count, &p->lan6);
	p->alg.lan.addr = p->lan4;
}

static void add_phones(struct serve_sip *s)
{
	for (size_t i = 0; i < core_devices(s->core); i++) {
		const struct db_device *d = core_device_at(s->core, i);

		if (core_sip_helps(d) && !sip_phone_by_id(s, d->id) && !sip_phone_new(s, d->id))
			log_warning(s->log, "sip: there is no room for one more phone");
	}
}

static void close_phone(struct sip_phone *p)
{
	sip_hold_free(p);
	sip_media_leave(p);
	sip_udp_public_close(p);
	sip_tcp_public_close(p);
	sip_phone_free(p);
}

/* It is no phone any more: what it had open closes, and nothing of it is remembered. */
static void drop_phone(struct sip_phone *p)
{
	sip_tcp_forget(p);
	sip_media_drop(p);
	sip_memo_drop(p);
	close_phone(p);
}

static void find_phones(struct serve_sip *s)
{
	for (size_t i = s->phone_count; i > 0; i--) {
		struct sip_phone *p = s->phones[i - 1];
		const struct db_device *d = core_device(s->core, p->device_id);

		if (!d || !core_sip_helps(d))
			drop_phone(p);
	}
	add_phones(s);
	for (size_t i = 0; i < s->phone_count; i++)
		find_home(s->phones[i]);
}

/* ---- their public places ---- */

/* An odd one: media wants even ones and what follows them. */
static uint16_t choose_port(const struct sip_phone *p)
{
	const struct serve_sip *s = p->serve;

	for (int i = 0; i < PORT_TRIES; i++) {
		uint16_t even = core_sip_run(s->core, p->device_id, 2, true);
		struct endpoint place = {s->wan4, (uint16_t)(even + 1)};

		if (even != 0 && !sip_phone_at(s, &place))
			return place.port;
	}
	return 0;
}

static bool is_taken(const struct sip_phone *p)
{
	struct prefix all = prefix_any4();

	return core_opening_by_external(p->serve->core, MAP_PROTO_UDP, p->wan_port, &all);
}

static int open_public(struct sip_phone *p)
{
	int err = ERR_EXISTS;

	for (int i = 0; i < PORT_TRIES && err == ERR_EXISTS; i++) {
		if (p->wan_port == 0 || i > 0 || is_taken(p))
			p->wan_port = choose_port(p);
		p->alg.wan = (struct endpoint){p->serve->wan4, p->wan_port};
		p->dirty = true;
		err = p->wan_port ? sip_udp_public(p) : ERR_FULL;
	}
	return err;
}

static void close_public(struct sip_phone *p)
{
	sip_udp_public_close(p);
	sip_tcp_public_close(p);
	p->alg.wan.addr = addr_any4();
}

static void find_places(struct serve_sip *s)
{
	const struct addr *wan4 = core_wan4(s->core);
	bool moved = !addr_eq(&s->wan4, wan4);

	s->wan4 = *wan4;
	for (size_t i = 0; i < s->phone_count; i++) {
		struct sip_phone *p = s->phones[i];
		int err;

		if (moved) {
			close_public(p);
			/* Made from what is not ours any more: better a reset than silence. */
			sip_tcp_forget(p);
		}
		if (p->udp >= 0 || addr_is_any(&s->wan4))
			continue;
		err = open_public(p);
		if (err) {
			log_warning(s->log, "sip: no public place for a phone: %s", err_text(err));
			look_soon(s, RETRY_MS);
		}
	}
}

/* ---- ways ---- */

static void on_way(void *arg, int err, int fd)
{
	struct sip_ask *a = arg;
	struct sip_way *way = a->way;
	struct serve_sip *s = way->serve;
	bool again = a->err == err;

	a->waits = false;
	a->err = err;
	if (err) {
		/* Without a helper its return is news. */
		if (err != ERR_GONE && !again)
			log_warning(s->log, "sip: no way by %s port %u: %s",
				map_proto_text(a->wanted.proto), way->port, err_text(err));
		s->retry_ms = loop_now_ms(s->loop) + RETRY_MS;
		sip_status_look(s);
	} else if (s->phone_count == 0 || *a->fd >= 0) {
		close(fd);
	} else {
		*a->fd = fd;
		a->err = a->wanted.proto == MAP_PROTO_TCP ? sip_tcp_way(way) : sip_udp_way(way);
	}
	look_soon(s, err ? RETRY_MS : 0);
}

static void ask(struct serve_sip *s, struct sip_ask *a)
{
	int err;

	if (a->waits || *a->fd >= 0 || (a->err && loop_now_ms(s->loop) < s->retry_ms))
		return;
	a->waits = true;
	err = fw_way(s->fw, &a->wanted, on_way, a);
	if (err)
		on_way(a, err, -1);
}

static bool has_lan6(const struct serve_sip *s)
{
	struct prefix at[CONF_LANS_MAX * 4];
	size_t count = net_lan_prefixes(s->net, at, CONF_LANS_MAX * 4);

	for (size_t i = 0; i < count; i++) {
		if (!addr_is4(&at[i].addr))
			return true;
	}
	return false;
}

static void ask_ways(struct serve_sip *s)
{
	bool lan6 = has_lan6(s);

	for (size_t i = 0; i < s->way_count * SIP_ASKS; i++) {
		struct sip_ask *a = &s->ways[i / SIP_ASKS].asks[i % SIP_ASKS];

		if (a->way && (lan6 || !a->wanted.is6))
			ask(s, a);
	}
}

static void close_ways(struct serve_sip *s)
{
	for (size_t i = 0; i < s->way_count; i++) {
		sip_udp_way_close(&s->ways[i]);
		sip_tcp_way_close(&s->ways[i]);
	}
}

/* What nobody listens for goes on as if there were no gateway. */
static void tell_ports(struct serve_sip *s)
{
	uint16_t ports[FW_SIP_PORTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < s->way_count; i++) {
		const struct sip_way *way = &s->ways[i];
		if (!way->is_spare && (way->udp4 >= 0 || way->tcp4 >= 0 || way->udp6 >= 0))
			ports[count++] = way->port;
	}
	if (count == s->told_ports)
		return;
	s->told_ports = count;
	core_sip_ports(s->core, ports, count);
}

static void begin_ask(struct sip_way *way, int *fd, uint8_t proto, bool is6)
{
	size_t i = 0;

	while (way->asks[i].way)
		i++;
	way->asks[i] = (struct sip_ask){.way = way, .fd = fd, .wanted = {proto, is6, way->port}};
}

static struct sip_way *begin_way(struct serve_sip *s, struct sip_way *way, uint16_t port)
{
	*way = (struct sip_way){.serve = s, .port = port, .udp4 = -1, .udp6 = -1, .tcp4 = -1};
	begin_ask(way, &way->udp6, MAP_PROTO_UDP, true);
	return way;
}

static void begin_ways(struct serve_sip *s)
{
	for (uint16_t i = 0; i < s->conf->sip_port_count; i++) {
		struct sip_way *way = begin_way(s, &s->ways[s->way_count++],
			s->conf->sip_ports[i]);

		begin_ask(way, &way->udp4, MAP_PROTO_UDP, false);
		begin_ask(way, &way->tcp4, MAP_PROTO_TCP, false);
	}
}

static bool has_port(const struct serve_sip *s, uint16_t port)
{
	for (size_t i = 0; i < s->way_count; i++) {
		if (s->ways[i].port == port)
			return true;
	}
	return false;
}

/* The spare way that is there for longest makes room, unless it is being asked for. */
static void begin_spare(struct serve_sip *s)
{
	size_t fixed = s->conf->sip_port_count, place;
	struct sip_way *way;

	if (s->spare_wanted == 0 || has_port(s, s->spare_wanted))
		return;
	place = fixed + s->spare_next % (SIP_WAYS_MAX - fixed);
	way = &s->ways[place];
	if (way->asks[0].waits)
		return;
	if (place < s->way_count)
		sip_udp_way_close(way);
	else
		s->way_count = place + 1;
	s->spare_next++;
	begin_way(s, way, s->spare_wanted)->is_spare = true;
	s->spare_wanted = 0;
}

/* ---- all of it ---- */

static void on_look(void *arg)
{
	struct serve_sip *s = arg;

	find_phones(s);
	find_places(s);
	begin_spare(s);
	if (s->phone_count > 0)
		ask_ways(s);
	else
		close_ways(s);
	tell_ports(s);
	sip_status_look(s);
	if (s->phone_count > 0 && s->tick.slot == 0)
		loop_timer_set(s->loop, &s->tick, loop_now_ms(s->loop) + TICK_MS);
}

/* Once more when the kernel has told which ports of calls are open. */
static void begin_media(struct serve_sip *s)
{
	if (s->media_read || !core_sip_is_read(s->core))
		return;
	s->media_read = true;
	sip_media_begin(s);
}

static void on_news(void *arg, const struct core_told *told)
{
	struct serve_sip *s = arg;

	if (told->news == CORE_NEWS_HEALTH) {
		s->retry_ms = 0;
		begin_media(s);
	}
	if (told->news == CORE_NEWS_HEALTH || told->news == CORE_NEWS_DEVICE ||
		told->news == CORE_NEWS_WAN || told->news == CORE_NEWS_POLICY)
		look_soon(s, LOOK_MS);
}

static void on_tick(void *arg)
{
	struct serve_sip *s = arg;
	uint64_t now_s = serve_sip_now_s(s);

	for (size_t i = 0; i < s->phone_count; i++) {
		sip_phone_tick(s->phones[i]);
		sip_tcp_tend(s->phones[i]);
		if (now_s >= s->keep_s)
			sip_udp_keep(s->phones[i]);
	}
	if (now_s >= s->keep_s)
		s->keep_s = now_s + KEEP_S;
	if (s->phone_count > 0)
		loop_timer_set(s->loop, &s->tick, loop_now_ms(s->loop) + TICK_MS);
}

static int begin(struct serve_sip *s)
{
	int err = sip_tcp_init(s);

	if (!err)
		err = core_watch(s->core, on_news, s);
	if (err)
		return err;
	begin_ways(s);
	find_phones(s);
	s->media_read = core_sip_is_read(s->core);
	sip_memo_load(s);
	look_soon(s, 0);
	return 0;
}

struct serve_sip *serve_sip_new(const struct serve_sip_config *config)
{
	struct serve_sip *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = config->loop;
	s->core = config->core;
	s->fw = config->fw;
	s->net = config->net;
	s->log = config->log;
	s->conf = config->conf;
	s->wan4 = addr_any4();
	s->answered = sip_phone_look;
	s->look = (struct loop_timer){.fn = on_look, .arg = s};
	s->tick = (struct loop_timer){.fn = on_tick, .arg = s};
	if (!s->conf->sip) {
		sip_status_look(s);
	} else if (begin(s) != 0) {
		serve_sip_free(s);
		return NULL;
	}
	return s;
}

void serve_sip_stop(struct serve_sip *s)
{
	if (s)
		sip_memo_flush(s);
}

void serve_sip_free(struct serve_sip *s)
{
	if (!s)
		return;
	loop_timer_stop(s->loop, &s->memo);
	core_unwatch(s->core, on_news, s);
	loop_timer_stop(s->loop, &s->look);
	loop_timer_stop(s->loop, &s->tick);
	sip_tcp_free(s);
	while (s->phone_count > 0)
		close_phone(s->phones[s->phone_count - 1]);
	close_ways(s);
	free(s);
}

/* ---- for the owner ---- */

size_t serve_sip_phones(const struct serve_sip *s)
{
	return s->phone_count;
}

void serve_sip_phone_at(const struct serve_sip *s, size_t place, struct serve_sip_phone *out)
{
	const struct sip_phone *p = s->phones[place];

	*out = (struct serve_sip_phone){
		.device_id = p->device_id,
		.lan = addr_is_any(&p->lan4) ? p->lan6 : p->lan4,
		.wan = p->alg.wan,
		.heard_s = p->heard_s,
		.encrypted = p->encrypted,
		.left_alone = p->left_alone,
		.unconfirmed = p->unconfirmed,
		.reg = &p->reg,
		.calls = &p->calls,
	};
}

uint32_t serve_sip_opening(const struct serve_sip *s, size_t place, uint16_t port)
{
	const struct sip_phone *p = s->phones[place];

	for (size_t i = 0; i < p->place_end; i++) {
		const struct sip_place *at = &p->places[i];
		if (at->state == SIP_PLACE_OPEN && at->port == port)
			return at->opening_id;
	}
	return 0;
}

size_t serve_sip_missed(const struct serve_sip *s)
{
	return s->missed_count;
}

const struct serve_sip_missed *serve_sip_missed_at(const struct serve_sip *s, size_t place)
{
	return &s->missed[place];
}
