/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIP over TCP; see serve_sip_int.h. A connection of a phone is taken where it was going to and
 * made again from the external address; one from an admitted host to a phone's public place is made
 * again to where the phone listens. Both ends see each other's end of stream, reset and pace.
 * Who is not admitted gets no answer at all: the kernel drops what he sends (chain places of
 * ruleset.c). While there is no table, he is reset.
 */
#include "gateway/serve_sip_pipe.h"
#include "gateway/serve_sip_sock.h"

#include "protocols/err.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX 256		/* in all: further ones are reset at once */
#define PAIRS_PHONE_MAX 64	/* of one phone: the same */
#define PAIRS_READ_MAX 16	/* of one phone: further ones pass without being read */
#define CONNECT_MS 30000
#define READ_MAX 16384

enum { PHONE = 0, OUTSIDE = 1 };

struct pair;

struct end {
	struct pair *pair;
	int fd;
	struct loop_fd *lfd;
	uint32_t events;		/* waited for */
	bool connecting;
	bool told_end;			/* shut down for writing */
};

struct pair {
	struct sip_tcp *tcp;
	struct pair *next, **prev;
	uint32_t device_id;
	struct end ends[2];
	struct sip_pipe pipes[2];	/* by who speaks */
	struct loop_timer connect;
	int called;			/* the end we connected to */
};

struct sip_tcp {
	struct serve_sip *serve;
	struct pair *pairs;
	size_t count;
};

/* ---- pairs ---- */

static void end_close(struct end *e, bool abort)
{
	if (e->fd < 0)
		return;
	loop_fd_remove(e->pair->tcp->serve->loop, e->lfd);
	if (abort)
		sip_sock_reset(e->fd);
	else
		close(e->fd);
	e->fd = -1;
}

static void pair_free(struct pair *p, bool abort)
{
	end_close(&p->ends[PHONE], abort);
	end_close(&p->ends[OUTSIDE], abort);
	loop_timer_stop(p->tcp->serve->loop, &p->connect);
	sip_pipe_free(&p->pipes[PHONE]);
	sip_pipe_free(&p->pipes[OUTSIDE]);
	*p->prev = p->next;
	if (p->next)
		p->next->prev = p->prev;
	p->tcp->count--;
	free(p);
}

/* Where nothing is waited for the kernel tells a hang-up all the same: once, not for ever. */
static void end_watch(struct end *e, uint32_t events)
{
	if (events == 0)
		events = EPOLLET;
	if (events == e->events)
		return;
	e->events = events;
	loop_fd_set(e->pair->tcp->serve->loop, e->lfd, events);
}

static void pair_watch(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct end *e = &p->ends[i];
		const struct sip_pipe *in = &p->pipes[i], *out = &p->pipes[!i];
		uint32_t events = 0;

		/* Both ways over: nothing of it is waited for. */
		if (e->told_end && in->ended)
			end_close(e, false);
		if (e->fd < 0)
			continue;
		if (e->connecting || sip_pipe_out(out).len > 0)
			events |= EPOLLOUT;
		if (!e->connecting && !in->ended && sip_pipe_room(in) > 0)
			events |= EPOLLIN;
		end_watch(e, events);
	}
}

/* One that is no SIP is none in the other direction either; what begins as TLS does is said. */
static void pair_agree(struct pair *p)
{
	struct sip_phone *phone = sip_phone_by_id(p->tcp->serve, p->device_id);

	for (int i = 0; i < 2; i++) {
		if (p->pipes[i].foreign && !p->pipes[!i].foreign)
			sip_pipe_be_foreign(&p->pipes[!i]);
		if (phone && p->pipes[i].encrypted && !phone->encrypted)
			phone->encrypted = phone->dirty = true;
	}
}

/* false: it broke. */
static bool end_write(struct pair *p, int i)
{
	struct end *e = &p->ends[i];
	struct sip_pipe *pipe = &p->pipes[!i];

	while (!e->connecting && e->fd >= 0 && sip_pipe_out(pipe).len > 0) {
		struct str out = sip_pipe_out(pipe);
		ssize_t n = send(e->fd, out.p, out.len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		sip_pipe_sent(pipe, (size_t)n);
	}
	if (!e->connecting && !e->told_end && sip_pipe_is_done(pipe)) {
		shutdown(e->fd, SHUT_WR);
		e->told_end = true;
	}
	return true;
}

/* Who is connected to never speaks first in SIP: it is heard at once (SIP-05). */
static bool is_greeting(const struct pair *p, int i, char first)
{
	return i == p->called && !p->pipes[i].begun && !p->pipes[!i].begun && first != '\r' &&
	       first != '\n';
}

static bool end_read(struct pair *p, int i)
{
	char bytes[READ_MAX];
	struct sip_pipe *pipe = &p->pipes[i];
	size_t room = sip_pipe_room(pipe);
	ssize_t n;

	if (p->ends[i].connecting || pipe->ended || room == 0)
		return true;
	n = recv(p->ends[i].fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes), 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0 && is_greeting(p, i, bytes[0]))
		sip_pipe_be_foreign(pipe);
	if (n == 0)
		sip_pipe_end(pipe);
	else
		sip_pipe_feed(pipe, (struct str){bytes, (size_t)n});
	return !pipe->broken;
}

/* Takes everything a step on; the pair may be gone afterwards. */
static void pair_step(struct pair *p, bool sound)
{
	pair_agree(p);
	sound = sound && end_write(p, PHONE) && end_write(p, OUTSIDE) && !p->pipes[PHONE].broken &&
		!p->pipes[OUTSIDE].broken;
	if (!sound)
		pair_free(p, true);
	else if (p->ends[PHONE].told_end && p->ends[OUTSIDE].told_end)
		pair_free(p, false);
	else
		pair_watch(p);
}

static bool is_connected(struct end *e)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err != 0)
		return false;
	e->connecting = false;
	loop_timer_stop(e->pair->tcp->serve->loop, &e->pair->connect);
	return true;
}

static void on_ready(void *arg, uint32_t events)
{
	struct end *e = arg;
	struct pair *p = e->pair;
	int i = e == &p->ends[OUTSIDE];
	bool sound = true;

	if (e->connecting)
		sound = is_connected(e);
	else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		sound = end_read(p, i);
	/* A reset comes as an error, and reading may be paused. */
	if (sound && !e->connecting && (events & EPOLLERR))
		sound = false;
	pair_step(p, sound);
}

static void on_moved(void *arg)
{
	pair_step(arg, true);
}

static void on_connect_late(void *arg)
{
	pair_free(arg, true);
}

static size_t count_of(const struct sip_tcp *tcp, uint32_t device_id)
{
	size_t n = 0;

	for (const struct pair *p = tcp->pairs; p; p = p->next)
		n += p->device_id == device_id;
	return n;
}

static void link_pair(struct sip_tcp *tcp, struct pair *p)
{
	p->next = tcp->pairs;
	p->prev = &tcp->pairs;
	if (p->next)
		p->next->prev = &p->next;
	tcp->pairs = p;
	tcp->count++;
}

static bool begin_end(struct pair *p, int i, int fd)
{
	struct end *e = &p->ends[i];

	*e = (struct end){.pair = p, .fd = fd, .events = EPOLLET};
	e->lfd = loop_fd_add(p->tcp->serve->loop, fd, EPOLLET, on_ready, e);
	return e->lfd != NULL;
}

static void begin_pipe(struct pair *p, int i, struct sip_phone *phone,
	const struct endpoint ends[2])
{
	struct sip_carry carry = {.by_phone = i == PHONE, .inside = ends[PHONE],
		.outside = ends[OUTSIDE]};

	p->pipes[i] = (struct sip_pipe){.phone = phone, .moved = on_moved, .arg = p};
	sip_pipe_begin(&p->pipes[i], &carry);
}

/* Takes both descriptors over. */
static void pair_new(struct sip_phone *phone, const int fds[2], const struct endpoint ends[2],
	int connecting)
{
	struct sip_tcp *tcp = phone->serve->tcp;
	bool read_it = count_of(tcp, phone->device_id) < PAIRS_READ_MAX, sound = true;
	struct pair *p = calloc(1, sizeof(*p));

	if (!p) {
		sip_sock_reset(fds[PHONE]);
		sip_sock_reset(fds[OUTSIDE]);
		return;
	}
	p->tcp = tcp;
	p->device_id = phone->device_id;
	p->connect = (struct loop_timer){.fn = on_connect_late, .arg = p};
	link_pair(tcp, p);
	for (int i = 0; i < 2; i++) {
		begin_pipe(p, i, read_it ? phone : NULL, ends);
		sound = begin_end(p, i, fds[i]) && sound;
	}
	if (!sound) {
		pair_free(p, true);
		return;
	}
	p->called = connecting;
	p->ends[connecting].connecting = true;
	loop_timer_set(tcp->serve->loop, &p->connect,
		loop_now_ms(tcp->serve->loop) + CONNECT_MS);
	pair_watch(p);
}

static bool has_room(const struct sip_phone *phone)
{
	const struct sip_tcp *tcp = phone->serve->tcp;

	return tcp->count < PAIRS_MAX && count_of(tcp, phone->device_id) < PAIRS_PHONE_MAX;
}

/* ---- from a phone ---- */

/* What is for this machine itself is answered by nobody. */
static void take_phone(struct serve_sip *s, int fd, const struct endpoint ends[2])
{
	struct sip_phone *phone = sip_phone_of(s, &ends[PHONE].addr);
	int fds[2] = {fd, -1};
	uint8_t tos = sip_sock_tos(fd);

	if (phone && has_room(phone) && !addr_is_any(&s->wan4) &&
		!net_is_own(s->net, &ends[OUTSIDE].addr))
		fds[OUTSIDE] = sip_sock_connect(&s->wan4, &ends[OUTSIDE], tos);
	if (fds[OUTSIDE] < 0) {
		sip_sock_reset(fd);
		return;
	}
	sip_sock_set(fd, tos);
	pair_new(phone, fds, ends, OUTSIDE);
}

static void on_phone(void *arg, uint32_t events)
{
	struct sip_way *way = arg;
	struct endpoint ends[2];
	int fd = sip_sock_accept(way->tcp4, &ends[PHONE], &ends[OUTSIDE]);

	(void)events;
	if (fd >= 0)
		take_phone(way->serve, fd, ends);
}

int sip_tcp_way(struct sip_way *way)
{
	sip_sock_keep_syn(way->tcp4);
	way->tcp4_fd = loop_fd_add(way->serve->loop, way->tcp4, EPOLLIN, on_phone, way);
	return way->tcp4_fd ? 0 : ERR_MEMORY;
}

static void stop_listening(struct loop *loop, int *fd, struct loop_fd **lfd)
{
	if (*lfd)
		loop_fd_remove(loop, *lfd);
	if (*fd >= 0)
		close(*fd);
	*lfd = NULL;
	*fd = -1;
}

void sip_tcp_way_close(struct sip_way *way)
{
	stop_listening(way->serve->loop, &way->tcp4, &way->tcp4_fd);
}

/* ---- to a phone ---- */

static struct endpoint listens_at(const struct sip_phone *phone)
{
	return (struct endpoint){phone->lan4, phone->listens ? phone->listens : SIP_PORT};
}

static void take_outside(struct sip_phone *phone, int fd, const struct endpoint *from)
{
	struct endpoint ends[2] = {listens_at(phone), *from};
	struct addr any = addr_any4();
	uint8_t tos = sip_sock_tos(fd);
	int fds[2] = {-1, fd};

	if (sip_phone_admits(phone, from, STR_NONE) && !addr_is_any(&phone->lan4) &&
		has_room(phone))
		fds[PHONE] = sip_sock_connect(&any, &ends[PHONE], tos);
	if (fds[PHONE] < 0) {
		sip_sock_reset(fd);
		return;
	}
	sip_sock_set(fd, tos);
	pair_new(phone, fds, ends, PHONE);
}

static void on_outside(void *arg, uint32_t events)
{
	struct sip_phone *phone = arg;
	struct endpoint from, to;
	int fd = sip_sock_accept(phone->tcp, &from, &to);

	(void)events;
	if (fd >= 0)
		take_outside(phone, fd, &from);
}

_Static_assert(SIPREG_HOSTS_MAX + DB_CALLERS_MAX <= CORE_SIP_CALLERS_MAX, "all can be admitted");
_Static_assert(SERVE_SIP_PHONES_MAX <= CORE_SIP_PLACES_MAX, "each can have a place");

static void add_caller(struct core_sip_place *place, const struct prefix *from)
{
	size_t kept = 0;

	if (!addr_is4(&from->addr))
		return;
	for (size_t i = 0; i < place->count; i++) {
		if (prefix_within(from, &place->callers[i]))
			return;
	}
	for (size_t i = 0; i < place->count; i++) {
		if (!prefix_within(&place->callers[i], from))
			place->callers[kept++] = place->callers[i];
	}
	place->callers[kept] = *from;
	place->count = kept + 1;
}

/* As sip_phone_knows() has it. */
static void add_callers(const struct sip_phone *phone, struct core_sip_place *place)
{
	const struct db_device *d = core_device(phone->serve->core, phone->device_id);
	uint64_t now_s = serve_sip_now_s(phone->serve);

	for (uint8_t i = 0; d && i < d->callers.count; i++)
		add_caller(place, &d->callers.at[i]);
	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		struct prefix host = prefix_host(&phone->reg.hosts[i].addr);
		if (!addr_is_any(&host.addr) && sipreg_admits(&phone->reg, &host.addr, now_s))
			add_caller(place, &host);
	}
}

static bool is_tcp(const struct sip_phone *phone)
{
	uint64_t now_s = serve_sip_now_s(phone->serve);

	for (size_t i = 0; i < SIPREG_MAX; i++) {
		const struct sipreg_binding *b = &phone->reg.at[i];
		if (b->used && b->is_tcp && b->until_s > now_s)
			return true;
	}
	return false;
}

static void close_listener(struct sip_phone *phone)
{
	stop_listening(phone->serve->loop, &phone->tcp, &phone->tcp_fd);
}

static void listen_outside(struct sip_phone *phone)
{
	if (sip_sock_listen(phone->tcp) == 0)
		phone->tcp_fd = loop_fd_add(phone->serve->loop, phone->tcp, EPOLLIN, on_outside,
			phone);
	if (!phone->tcp_fd)
		close_listener(phone);
}

/* A port that another program has is never made a place: strangers may be that one's business. */
static void hold_port(struct sip_phone *phone)
{
	bool wanted = is_tcp(phone);

	if (!wanted)
		close_listener(phone);
	else if (phone->tcp < 0)
		phone->tcp = sip_sock_bind(&phone->alg.wan);
}

void sip_tcp_tend(struct sip_phone *phone)
{
	struct core *core = phone->serve->core;
	struct core_sip_place place = {.port = phone->wan_port};
	bool shut;

	if (phone->udp < 0)
		return;
	hold_port(phone);
	place.has_tcp = phone->tcp >= 0;
	add_callers(phone, &place);
	core_sip_place(core, &place);
	shut = core_sip_place_is_shut(core, place.port);
	if (phone->tcp_fd && !shut)
		close_listener(phone);
	else if (phone->tcp >= 0 && !phone->tcp_fd && shut)
		listen_outside(phone);
}

void sip_tcp_public_close(struct sip_phone *phone)
{
	close_listener(phone);
	core_sip_place(phone->serve->core, &(struct core_sip_place){.port = phone->wan_port});
}

/* ---- all of them ---- */

void sip_tcp_forget(struct sip_phone *phone)
{
	struct pair *p = phone->serve->tcp ? phone->serve->tcp->pairs : NULL, *next;

	for (; p; p = next) {
		next = p->next;
		if (p->device_id == phone->device_id)
			pair_free(p, true);
	}
}

int sip_tcp_init(struct serve_sip *s)
{
	s->tcp = calloc(1, sizeof(*s->tcp));
	if (!s->tcp)
		return ERR_MEMORY;
	s->tcp->serve = s;
	return 0;
}

void sip_tcp_free(struct serve_sip *s)
{
	while (s->tcp && s->tcp->pairs)
		pair_free(s->tcp->pairs, false);
	free(s->tcp);
	s->tcp = NULL;
}
