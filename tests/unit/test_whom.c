/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a packet is from, on a virtual clock in a small world: hosts that answer on their LAN or do
 * not, some of them lying, and a kernel that notes who sends. What is heard of it are news.
 */
#include "gateway/whom.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOSTS_MAX 600
#define ANSWERS_MAX 512
#define HEARD_MAX 4096
#define RTT_MS 3
#define TOLD_MS 1	/* until the kernel says that it asks */
#define LAN1 3
#define LAN2 4
#define NOTED_MS 60000

/* Somebody on a LAN who answers for an address. */
struct peer {
	struct whom_host host;
	bool answers;
};

struct coming {
	uint64_t at_ms;
	struct whom_host host;
	enum whom_word word;
};

struct noted {
	struct fw_sender sender;
	uint64_t at_ms;
};

struct heard {
	enum whom_news news;
	struct whom_host host;
	uint8_t owner[6];
	uint16_t port;
};

/* The verdict one who waited got. */
struct waited {
	int calls;
	bool ok, known;
	uint8_t mac[6];
	uint64_t at_ms;
	struct loop *loop;
};

/* One who claims the address of a peer over and over; the kernel believes whom it heard last, and
 * what the owner answers then is lost on it. */
struct storm {
	struct whom_host liar;
	unsigned every_ms;	/* 0: there is none */
	bool believed;
	struct loop_timer timer;
};

struct world {
	struct loop *loop;
	struct whom *whom;
	struct peer peers[HOSTS_MAX];
	size_t peer_count;
	struct coming coming[ANSWERS_MAX];
	size_t coming_count;
	struct loop_timer timer;
	struct storm storm;
	bool fixed;		/* the kernel asks nobody */
	struct noted noted[FW_SENDERS_MAX];
	size_t noted_count;
	struct heard heard[HEARD_MAX];
	size_t heard_count;
	unsigned probes, looks;
	bool blind;		/* the firewall cannot be asked */
};

static struct addr ip(uint32_t low)
{
	return addr_from4(0xc0000200 + low);
}

static struct whom_host at(int ifindex, struct addr addr, uint8_t mac)
{
	return (struct whom_host){.addr = addr, .ifindex = ifindex, .mac = {2, 0, 0, 0, 0, mac}};
}

/* ---- the world ---- */

static bool is_stormed(const struct world *w, const struct whom_host *host)
{
	const struct whom_host *liar = &w->storm.liar;

	return w->storm.every_ms > 0 && host->ifindex == liar->ifindex &&
	       addr_eq(&host->addr, &liar->addr);
}

static void hear(struct world *w, const struct whom_host *host, enum whom_word word)
{
	if (is_stormed(w, host)) {
		if (word == WHOM_ASKED)
			w->storm.believed = false;
		else if (w->storm.believed)
			return;
	}
	whom_neighbour(w->whom, host, word);
}

/* The kernel tells a claim that is news to it, and then that this one answers, too. */
static void on_storm(void *arg)
{
	struct world *w = arg;
	struct storm *storm = &w->storm;

	loop_timer_set(w->loop, &storm->timer, loop_now_ms(w->loop) + storm->every_ms);
	if (storm->believed)
		return;
	storm->believed = true;
	whom_neighbour(w->whom, &storm->liar, WHOM_CLAIMS);
	whom_neighbour(w->whom, &storm->liar, WHOM_ANSWERS);
}

static void storm(struct world *w, struct whom_host liar, unsigned every_ms)
{
	loop_timer_stop(w->loop, &w->storm.timer);
	w->storm = (struct storm){.liar = liar, .every_ms = every_ms,
		.timer = {.fn = on_storm, .arg = w}};
	if (every_ms > 0)
		loop_timer_set(w->loop, &w->storm.timer, loop_now_ms(w->loop) + 1);
}

static void on_coming(void *arg)
{
	struct world *w = arg;
	uint64_t now = loop_now_ms(w->loop), next = LOOP_NEVER;

	for (size_t i = 0; i < w->coming_count;) {
		struct coming c = w->coming[i];

		if (c.at_ms <= now) {
			w->coming[i] = w->coming[--w->coming_count];
			hear(w, &c.host, c.word);
			continue;
		}
		next = c.at_ms < next ? c.at_ms : next;
		i++;
	}
	if (next != LOOP_NEVER)
		loop_timer_set(w->loop, &w->timer, next);
}

static void come(struct world *w, const struct whom_host *host, enum whom_word word)
{
	uint64_t at_ms = loop_now_ms(w->loop) + (word == WHOM_ASKED ? TOLD_MS : RTT_MS);

	assert_true(w->coming_count < ANSWERS_MAX);
	w->coming[w->coming_count++] = (struct coming){at_ms, *host, word};
	if (w->timer.slot == 0 || at_ms < w->timer.due_ms)
		loop_timer_set(w->loop, &w->timer, at_ms);
}

static int env_probe(void *arg, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	struct world *w = arg;

	w->probes++;
	if (w->fixed)
		return 0;
	if (mac) {
		struct whom_host asked = {.addr = *addr, .ifindex = ifindex};

		memcpy(asked.mac, mac, 6);
		come(w, &asked, WHOM_ASKED);
	}
	for (size_t i = 0; i < w->peer_count; i++) {
		const struct peer *p = &w->peers[i];

		if (!p->answers || p->host.ifindex != ifindex || !addr_eq(&p->host.addr, addr) ||
			(mac && memcmp(mac, p->host.mac, 6) != 0))
			continue;
		come(w, &p->host, WHOM_ANSWERS);
		break;
	}
	return 0;
}

static int env_senders(void *arg, fw_sender_fn *each, fw_done_fn *done, void *each_arg)
{
	struct world *w = arg;
	uint64_t now = loop_now_ms(w->loop);
	size_t kept = 0;

	w->looks++;
	if (w->blind)
		return ERR_GONE;
	for (size_t i = 0; i < w->noted_count; i++) {
		if (now - w->noted[i].at_ms < NOTED_MS)
			w->noted[kept++] = w->noted[i];
	}
	w->noted_count = kept;
	for (size_t i = 0; i < kept; i++)
		each(each_arg, &w->noted[i].sender);
	done(each_arg, 0, NULL, 0);
	return 0;
}

static bool env_neighbour(void *arg, int ifindex, const struct addr *addr, uint8_t mac[6])
{
	(void)arg;
	(void)ifindex;
	(void)addr;
	(void)mac;
	return false;
}

static void on_news(void *arg, enum whom_news news, const struct whom_host *host,
	const uint8_t *owner, uint16_t port)
{
	struct world *w = arg;
	struct heard *h = &w->heard[w->heard_count++ % HEARD_MAX];

	*h = (struct heard){.news = news, .host = *host, .port = port};
	if (owner)
		memcpy(h->owner, owner, 6);
}

static struct peer *settle_in(struct world *w, struct whom_host host)
{
	assert_true(w->peer_count < HOSTS_MAX);
	w->peers[w->peer_count] = (struct peer){host, true};
	return &w->peers[w->peer_count++];
}

/* A packet to a port, as the kernel notes it: forged if it knows the address by another MAC. */
static void send_to(struct world *w, struct whom_host from, uint16_t port)
{
	struct fw_sender s = {.kind = FW_SENDER_SEEN, .proto = 17, .port = port,
		.ifindex = from.ifindex, .addr = from.addr};
	uint8_t mac[6];

	memcpy(s.mac, from.mac, 6);
	if (whom_of(w->whom, from.ifindex, &from.addr, mac) == WHOM_KNOWN &&
		memcmp(mac, from.mac, 6) != 0)
		s.kind = FW_SENDER_FORGED;
	for (size_t i = 0; i < w->noted_count; i++) {
		if (memcmp(&w->noted[i].sender, &s, sizeof(s)) == 0) {
			w->noted[i].at_ms = loop_now_ms(w->loop);
			return;
		}
	}
	assert_true(w->noted_count < FW_SENDERS_MAX);
	w->noted[w->noted_count++] = (struct noted){s, loop_now_ms(w->loop)};
}

static size_t count(const struct world *w, enum whom_news news, const struct whom_host *host)
{
	size_t n = 0;

	for (size_t i = 0; i < w->heard_count && i < HEARD_MAX; i++) {
		const struct heard *h = &w->heard[i];
		n += h->news == news && h->host.ifindex == host->ifindex &&
		     addr_eq(&h->host.addr, &host->addr) && !memcmp(h->host.mac, host->mac, 6);
	}
	return n;
}

static bool is_bound(struct world *w, const struct whom_host *host)
{
	uint8_t mac[6];

	return whom_of(w->whom, host->ifindex, &host->addr, mac) == WHOM_KNOWN &&
	       memcmp(mac, host->mac, 6) == 0;
}

static void on_found(void *arg, bool ok, bool known, const uint8_t mac[6])
{
	struct waited *waited = arg;

	waited->calls++;
	waited->ok = ok;
	waited->known = known;
	waited->at_ms = loop_now_ms(waited->loop);
	memcpy(waited->mac, mac, 6);
}

/* A request of an unknown source: noted by the kernel, then held. */
static void ask(struct world *w, struct whom_host from, struct waited *out)
{
	*out = (struct waited){.loop = w->loop};
	send_to(w, from, 5351);
	assert_int_equal(whom_wait(w->whom, from.ifindex, &from.addr, on_found, out), 0);
	assert_int_equal(out->calls, 0);
}

static int begin(void **state)
{
	static const struct whom_env env = {
		.probe = env_probe, .senders = env_senders, .neighbour = env_neighbour};
	struct world *w = calloc(1, sizeof(*w));
	struct whom_env with = env;

	w->loop = loop_new_virtual(10000);
	w->timer = (struct loop_timer){.fn = on_coming, .arg = w};
	with.arg = w;
	w->whom = whom_new(w->loop, &with, on_news, w);
	assert_non_null(w->whom);
	*state = w;
	return 0;
}

static int finish(void **state)
{
	struct world *w = *state;

	whom_free(w->whom);
	loop_timer_stop(w->loop, &w->timer);
	loop_timer_stop(w->loop, &w->storm.timer);
	loop_free(w->loop);
	free(w);
	return 0;
}

/* ---- unknown sources ---- */

static void test_a_fresh_host_is_known_at_once(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1);
	struct waited got;

	settle_in(w, a);
	ask(w, a, &got);
	loop_advance(w->loop, 150);
	assert_int_equal(got.calls, 1);
	assert_true(got.ok && got.known);
	assert_memory_equal(got.mac, a.mac, 6);
	assert_int_equal(count(w, WHOM_NEWS_HERE, &a), 1);
	assert_true(is_bound(w, &a));
	loop_advance(w->loop, 5000);
	assert_int_equal(got.calls, 1);
	assert_int_equal(w->heard_count, 1);
}

static void test_a_forged_first_packet_is_dropped(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct waited got;

	settle_in(w, a);
	ask(w, liar, &got);
	loop_advance(w->loop, 1000);
	assert_int_equal(got.calls, 1);
	assert_false(got.ok);
	assert_true(is_bound(w, &a));
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
	assert_memory_equal(w->heard[w->heard_count - 1].owner, a.mac, 6);
}

/* Its owner sent something, too: what came with another's MAC since then is still forged. */
static void test_a_forged_packet_behind_a_true_one(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct waited got;

	settle_in(w, a);
	send_to(w, a, 1900);
	ask(w, liar, &got);
	loop_advance(w->loop, 1000);
	assert_int_equal(got.calls, 1);
	assert_false(got.ok);
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
}

/* Nobody answers for it: the one who sent has it until somebody does. */
static void test_a_mute_host_is_bound_weakly(void **state)
{
	struct world *w = *state;
	struct whom_host mute = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);
	struct waited got;

	ask(w, mute, &got);
	loop_advance(w->loop, WHOM_WAIT_MS + 200);
	assert_int_equal(got.calls, 1);
	assert_true(got.ok && got.known);
	assert_memory_equal(got.mac, mute.mac, 6);
	assert_true(is_bound(w, &mute));
	whom_neighbour(w->whom, &b, WHOM_ANSWERS);
	assert_true(is_bound(w, &b));
	assert_int_equal(count(w, WHOM_NEWS_GONE, &mute), 1);
	assert_int_equal(count(w, WHOM_NEWS_HERE, &b), 1);
}

static void test_nothing_known_is_served(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1);
	struct waited got = {.loop = w->loop};

	w->blind = true;
	assert_int_equal(whom_wait(w->whom, LAN1, &a.addr, on_found, &got), 0);
	loop_advance(w->loop, WHOM_WAIT_MS + 200);
	assert_int_equal(got.calls, 1);
	assert_true(got.ok && !got.known);
	assert_int_equal(w->heard_count, 0);
}

/* Two senders, nobody answers: neither is believed, nor served. */
static void test_two_mute_senders(void **state)
{
	struct world *w = *state;
	struct waited got;

	send_to(w, at(LAN1, ip(10), 1), 5351);
	ask(w, at(LAN1, ip(10), 2), &got);
	loop_advance(w->loop, WHOM_WAIT_MS + 200);
	assert_true(got.calls == 1 && !got.ok && !got.known);
	assert_int_equal(w->heard_count, 0);
}

/* Another spoke with it a moment ago, and again: which of both this one is from nobody knows. */
static void test_a_forger_as_the_owner_wakes(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct waited got;

	send_to(w, liar, 5351);
	loop_advance(w->loop, 3000);
	send_to(w, a, 1900);
	loop_advance(w->loop, 3000);
	settle_in(w, a);
	ask(w, liar, &got);
	loop_advance(w->loop, 1000);
	assert_true(got.calls == 1 && !got.ok);
	assert_true(is_bound(w, &a));
}

/* Whoever speaks for one who sleeps is not heard in his name, and is told. */
static void test_a_sleeper_has_no_spokesman(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct peer *owner = settle_in(w, a);
	struct waited got;

	ask(w, a, &got);
	loop_advance(w->loop, 1000);
	assert_true(got.ok && is_bound(w, &a));
	owner->answers = false;
	send_to(w, liar, 5351);
	loop_advance(w->loop, 3000);
	assert_false(is_bound(w, &a));
	ask(w, liar, &got);
	loop_advance(w->loop, 3000);
	assert_true(got.calls == 1 && !got.ok);
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
	/* Nor when the kernel cannot say who sent it. */
	w->blind = true;
	got = (struct waited){.loop = w->loop};
	assert_int_equal(whom_wait(w->whom, LAN1, &a.addr, on_found, &got), 0);
	loop_advance(w->loop, 3000);
	assert_true(got.calls == 1 && !got.ok);
	/* He is asked again when questions to him are saved up. */
	loop_advance(w->loop, 20000);
	owner->answers = true;
	got = (struct waited){.loop = w->loop};
	assert_int_equal(whom_wait(w->whom, LAN1, &a.addr, on_found, &got), 0);
	loop_advance(w->loop, 1000);
	assert_true(got.calls == 1 && is_bound(w, &a));
}

static void test_who_waits_is_bounded(void **state)
{
	struct world *w = *state;
	struct waited got = {.loop = w->loop};
	struct addr a = ip(10);
	int here = 0, all = 0;

	while (whom_wait(w->whom, LAN1, &a, on_found, &got) == 0)
		here++;
	assert_in_range(here, 1, WHOM_HELD_MAX / 4);
	for (uint32_t i = 20; i < 250; i++) {
		a = ip(i);
		all += whom_wait(w->whom, LAN1, &a, on_found, &got) == 0;
	}
	assert_int_equal(here + all, WHOM_HELD_MAX);
	whom_forget_waiting(w->whom, &got);
	loop_advance(w->loop, 3000);
	assert_int_equal(got.calls, 0);
	assert_int_equal(whom_wait(w->whom, LAN1, &a, on_found, &got), 0);
	loop_advance(w->loop, 3000);
	assert_int_equal(got.calls, 1);
}

/* ---- sticky bindings ---- */

static void bind_host(struct world *w, struct whom_host host)
{
	whom_neighbour(w->whom, &host, WHOM_ANSWERS);
	assert_true(is_bound(w, &host));
	loop_advance(w->loop, 10000);
}

static void test_a_forger_is_told_and_gets_nothing(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	bind_host(w, a);
	send_to(w, liar, 5351);
	loop_advance(w->loop, 1500);
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
	for (int i = 0; i < 100; i++) {
		send_to(w, liar, 5351);
		loop_advance(w->loop, 100);
	}
	assert_true(is_bound(w, &a));
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 0);
}

/* Gratuitous ARPs all the time, answers to every question but the one to the owner's MAC. */
static void test_spam_does_not_win(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	bind_host(w, a);
	settle_in(w, liar);
	for (int i = 0; i < 2000; i++) {
		whom_neighbour(w->whom, &liar, i % 2 ? WHOM_CLAIMS : WHOM_ANSWERS);
		loop_advance(w->loop, 5);
		assert_true(is_bound(w, &a));
	}
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 0);
	assert_in_range(count(w, WHOM_NEWS_FORGED, &liar), 1, 3);
}

/* The kernel believes the liar again; asking the owner makes it send to him. */
static void test_the_kernel_is_set_right(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	bind_host(w, a);
	whom_neighbour(w->whom, &liar, WHOM_CLAIMS);
	loop_advance(w->loop, 100);
	for (int i = 0; i < 3; i++) {
		w->probes = 0;
		whom_neighbour(w->whom, &liar, WHOM_CLAIMS);
		assert_int_equal(w->probes, 1);
		loop_advance(w->loop, 300);
	}
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
}

static void test_the_address_of_one_who_left_moves(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);
	struct peer *old = settle_in(w, a);

	bind_host(w, a);
	old->answers = false;
	settle_in(w, b);
	whom_neighbour(w->whom, &b, WHOM_CLAIMS);
	loop_advance(w->loop, WHOM_WAIT_MS - 10);
	assert_true(is_bound(w, &a));
	loop_advance(w->loop, 100);
	assert_true(is_bound(w, &b));
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 1);
	assert_int_equal(count(w, WHOM_NEWS_HERE, &b), 1);
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &b), 0);
}

/* It sends, but has never answered on the link: the old one is gone, the new one gets nothing. */
static void test_one_who_only_sends_does_not_take_over(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct peer *old = settle_in(w, a);

	bind_host(w, a);
	old->answers = false;
	send_to(w, liar, 5351);
	loop_advance(w->loop, 20000);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 1);
	assert_int_equal(count(w, WHOM_NEWS_HERE, &liar), 0);
	old->answers = true;
	whom_neighbour(w->whom, &a, WHOM_CLAIMS);
	loop_advance(w->loop, 10);
	assert_true(is_bound(w, &a));
}

static void test_a_sender_who_answers_takes_over(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);
	struct peer *old = settle_in(w, a);

	bind_host(w, a);
	old->answers = false;
	settle_in(w, b);
	send_to(w, b, 5351);
	loop_advance(w->loop, WHOM_POLL_MS + WHOM_WAIT_MS + 100);
	assert_true(is_bound(w, &b));
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 1);
}

/* One lost answer of three is no reason. */
static void test_a_sleepy_owner_keeps_it(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct peer *old = settle_in(w, a);

	bind_host(w, a);
	old->answers = false;
	whom_neighbour(w->whom, &liar, WHOM_ANSWERS);
	loop_advance(w->loop, 400);
	old->answers = true;
	loop_advance(w->loop, 1000);
	assert_true(is_bound(w, &a));
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
}

/* ---- storms of claims ---- */

static void assert_storm_moves_nothing(struct world *w, unsigned every_ms)
{
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	bind_host(w, a);
	settle_in(w, liar);
	w->probes = 0;
	storm(w, liar, every_ms);
	for (int i = 0; i < 6000; i++) {
		if (i % 50 == 0)
			send_to(w, liar, 5351);
		loop_advance(w->loop, 10);
		assert_true(is_bound(w, &a));
	}
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 0);
	assert_true(count(w, WHOM_NEWS_FORGED, &liar) >= 1);
	/* What the helper lets through of one address by MAC. */
	assert_in_range(w->probes, 5, 8 + 60 / 2);
}

static void test_a_storm_of_a_kilohertz(void **state)
{
	assert_storm_moves_nothing(*state, 1);
}

static void test_a_storm_every_100_ms(void **state)
{
	assert_storm_moves_nothing(*state, 100);
}

static void test_a_storm_every_300_ms(void **state)
{
	assert_storm_moves_nothing(*state, 300);
}

/* Nothing but the claims: it is told within two seconds, and the kernel set right after it. */
static void test_a_storm_is_told_and_over(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	bind_host(w, a);
	w->probes = 0;
	storm(w, liar, 1);
	loop_advance(w->loop, 2000);
	assert_in_range(w->probes, 3, 4);
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
	assert_memory_equal(w->heard[w->heard_count - 1].owner, a.mac, 6);
	loop_advance(w->loop, 30000);
	storm(w, liar, 0);
	w->probes = 0;
	loop_advance(w->loop, 8000);
	assert_in_range(w->probes, 1, 3);
	assert_true(is_bound(w, &a));
	loop_advance(w->loop, 60000);
	assert_in_range(w->probes, 1, 3);
}

/* The owner is silent, and each question to him is disturbed: by a claim behind which the kernel
 * asks him again, or by one that was lost, of which shows only that he is not asked any more. */
static void assert_disturbed(struct world *w, bool claims)
{
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);

	bind_host(w, a);
	settle_in(w, b);
	whom_neighbour(w->whom, &b, WHOM_CLAIMS);
	for (int i = 0; i < 60; i++) {
		loop_advance(w->loop, 100);
		whom_neighbour(w->whom, claims ? &b : &a, WHOM_CLAIMS);
		if (claims)
			whom_neighbour(w->whom, &a, WHOM_ASKED);
		assert_true(is_bound(w, &a));
	}
	loop_advance(w->loop, 15000);
	assert_true(is_bound(w, &b));
}

static void test_a_claim_that_is_over(void **state)
{
	assert_disturbed(*state, true);
}

static void test_a_claim_that_was_lost(void **state)
{
	assert_disturbed(*state, false);
}

/* Who came in another's place says so more than once, and is not told as a forger. */
static void test_a_successor_claims_twice(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);
	struct peer *old = settle_in(w, a);

	bind_host(w, a);
	old->answers = false;
	settle_in(w, b);
	whom_neighbour(w->whom, &b, WHOM_CLAIMS);
	loop_advance(w->loop, 150);
	whom_neighbour(w->whom, &b, WHOM_CLAIMS);
	loop_advance(w->loop, 1000);
	assert_true(is_bound(w, &b));
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 1);
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &b), 0);
}

/* One who is there once the storm is over, and its owner is not. */
static void test_a_successor_behind_a_storm(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);
	struct peer *old = settle_in(w, a);

	bind_host(w, a);
	old->answers = false;
	settle_in(w, b);
	storm(w, b, 1);
	loop_advance(w->loop, 20000);
	assert_true(is_bound(w, &a));
	storm(w, b, 0);
	loop_advance(w->loop, 15000);
	assert_true(is_bound(w, &b));
}

/* Whose it was before a restart: no storm has him asked in vain, nor is one sender believed. */
static void test_a_storm_takes_nothing_remembered(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	whom_remembered(w->whom, &a);
	storm(w, liar, 1);
	for (int i = 0; i < 40; i++) {
		struct waited got;

		ask(w, liar, &got);
		loop_advance(w->loop, 2 * WHOM_WAIT_MS + 100);
		assert_true(got.calls == 1 && !got.ok);
		assert_false(is_bound(w, &liar));
	}
	storm(w, liar, 0);
	loop_advance(w->loop, 15000);
	assert_true(is_bound(w, &a));
}

/* What whoever runs the router fixed stands: nobody is asked then, which is not silence. */
static void test_a_fixed_neighbour(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);

	settle_in(w, a);
	bind_host(w, a);
	w->fixed = true;
	whom_neighbour(w->whom, &b, WHOM_FIXED);
	assert_true(is_bound(w, &b));
	send_to(w, a, 5351);
	loop_advance(w->loop, 90000);
	assert_true(is_bound(w, &b));
	assert_int_equal(count(w, WHOM_NEWS_GONE, &b), 0);
	w->probes = 0;
	loop_advance(w->loop, 90000);
	assert_int_equal(w->probes, 0);
}

static void test_dhcp_moves_in_a_storm(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 9);

	settle_in(w, a);
	bind_host(w, a);
	storm(w, b, 1);
	loop_advance(w->loop, 500);
	whom_leased(w->whom, &b);
	assert_true(is_bound(w, &b));
}

static void test_dhcp_moves_at_once(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);

	settle_in(w, a);
	whom_leased(w->whom, &a);
	assert_int_equal(w->heard_count, 0);
	bind_host(w, a);
	whom_leased(w->whom, &b);
	assert_true(is_bound(w, &b));
	assert_int_equal(w->heard[w->heard_count - 2].news, WHOM_NEWS_GONE);
	assert_int_equal(w->heard[w->heard_count - 1].news, WHOM_NEWS_HERE);
}

/* Leases outlive their hosts, and files are read again and again. */
static void test_an_old_lease_is_no_news(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), b = at(LAN1, ip(10), 2);
	struct peer *old = settle_in(w, a);

	whom_leased(w->whom, &a);
	bind_host(w, a);
	old->answers = false;
	settle_in(w, b);
	whom_neighbour(w->whom, &b, WHOM_ANSWERS);
	loop_advance(w->loop, 1000);
	assert_true(is_bound(w, &b));
	whom_leased(w->whom, &a);
	assert_true(is_bound(w, &b));
}

static void test_one_who_fails_stays_bound(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);
	struct peer *old = settle_in(w, a);
	struct waited got;

	bind_host(w, a);
	whom_neighbour(w->whom, &liar, WHOM_FAILS);	/* a poisoned entry fails */
	loop_advance(w->loop, 2000);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 0);
	old->answers = false;
	whom_neighbour(w->whom, &a, WHOM_FAILS);
	loop_advance(w->loop, 2000);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &a), 1);
	assert_false(is_bound(w, &a));
	loop_advance(w->loop, 20000);
	/* It wakes up, and somebody forges a request of it before anything else is heard. */
	old->answers = true;
	ask(w, liar, &got);
	loop_advance(w->loop, 1000);
	assert_true(got.calls == 1 && !got.ok);
	assert_true(is_bound(w, &a));
}

static void test_remembered_until_shown_otherwise(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1), liar = at(LAN1, ip(10), 9);

	settle_in(w, a);
	whom_remembered(w->whom, &a);
	assert_int_equal(w->heard_count, 0);
	assert_false(is_bound(w, &a));
	whom_neighbour(w->whom, &liar, WHOM_ANSWERS);
	loop_advance(w->loop, 1000);
	assert_true(is_bound(w, &a));
	assert_int_equal(count(w, WHOM_NEWS_FORGED, &liar), 1);
	assert_int_equal(count(w, WHOM_NEWS_HERE, &liar), 0);
}

/* ---- many addresses, many places ---- */

static void test_a_repeater(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 10; i < 110; i++)
		settle_in(w, at(LAN1, ip(i), 1));
	for (uint32_t i = 10; i < 110; i++) {
		struct whom_host host = at(LAN1, ip(i), 1);
		struct waited got;

		ask(w, host, &got);
		loop_advance(w->loop, 200);
		assert_true(got.ok && got.known);
	}
	loop_advance(w->loop, 10000);
	for (uint32_t i = 10; i < 110; i++) {
		struct whom_host host = at(LAN1, ip(i), 1);
		assert_true(is_bound(w, &host));
		assert_int_equal(count(w, WHOM_NEWS_GONE, &host), 0);
	}
}

static void test_a_new_address_shows_the_dead_one(void **state)
{
	struct world *w = *state;
	struct whom_host old = at(LAN1, ip(10), 1), kept = at(LAN1, ip(11), 1);
	struct whom_host v6 = at(LAN1, (struct addr){{0xfe, 0x80, [15] = 1}}, 1);
	struct whom_host new = at(LAN1, ip(12), 1);
	struct peer *left = settle_in(w, old);

	settle_in(w, kept);
	settle_in(w, new);
	bind_host(w, old);
	bind_host(w, kept);
	bind_host(w, v6);
	left->answers = false;
	whom_neighbour(w->whom, &new, WHOM_ANSWERS);
	loop_advance(w->loop, 1000);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &old), 1);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &kept), 0);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &v6), 0);
	assert_true(is_bound(w, &kept) && is_bound(w, &new));
}

static void test_a_phone_roams(void **state)
{
	struct world *w = *state;
	struct whom_host here = at(LAN1, ip(10), 1), there = at(LAN2, ip(210), 1);
	struct peer *old = settle_in(w, here);
	struct waited got;

	bind_host(w, here);
	old->answers = false;
	settle_in(w, there);
	ask(w, there, &got);
	loop_advance(w->loop, 2 * WHOM_WAIT_MS + 200);
	assert_true(got.calls == 1 && got.ok && got.known);
	assert_true(is_bound(w, &there));
	assert_int_equal(count(w, WHOM_NEWS_GONE, &here), 1);
	assert_int_equal(count(w, WHOM_NEWS_HERE, &there), 1);
	assert_int_equal(count(w, WHOM_NEWS_CLONE, &there), 0);
}

static void test_a_clone_gets_nothing(void **state)
{
	struct world *w = *state;
	struct whom_host here = at(LAN1, ip(10), 1), there = at(LAN2, ip(210), 1);
	struct waited got;

	settle_in(w, here);
	bind_host(w, here);
	settle_in(w, there);
	ask(w, there, &got);
	loop_advance(w->loop, 2 * WHOM_WAIT_MS + 200);
	assert_true(got.calls == 1 && got.ok && !got.known);
	assert_true(is_bound(w, &here));
	assert_false(is_bound(w, &there));
	assert_int_equal(count(w, WHOM_NEWS_CLONE, &there), 1);
	assert_int_equal(count(w, WHOM_NEWS_GONE, &here), 0);
}

/* The same, by one who never answers: its word binds nothing while the true one is there. */
static void test_a_mute_clone_gets_nothing(void **state)
{
	struct world *w = *state;
	struct whom_host here = at(LAN1, ip(10), 1), there = at(LAN2, ip(210), 1);
	struct waited got;

	settle_in(w, here);
	bind_host(w, here);
	ask(w, there, &got);
	loop_advance(w->loop, 2 * WHOM_WAIT_MS);
	assert_true(got.calls == 1 && got.ok && !got.known);
	assert_false(is_bound(w, &there));
}

/* ---- what is noted, what it costs ---- */

static void test_other_senders_are_noted_once(void **state)
{
	struct world *w = *state;
	struct whom_host rival = at(LAN1, ip(66), 7);

	send_to(w, rival, 68);
	send_to(w, rival, 5350);
	loop_advance(w->loop, 30000);
	assert_int_equal(w->heard_count, 2);
	assert_int_equal(w->heard[0].news, WHOM_NEWS_NOTED);
	assert_int_equal(w->heard[0].port, 68);
	assert_int_equal(w->heard[1].port, 5350);
	loop_advance(w->loop, 60000);
	send_to(w, rival, 68);
	loop_advance(w->loop, 2000);
	assert_int_equal(w->heard_count, 3);
}

/* A search is answered before anything is known; its sender is known soon after all the same. */
static void test_who_only_searched_is_learned(void **state)
{
	struct world *w = *state;
	struct whom_host a = at(LAN1, ip(10), 1);

	settle_in(w, a);
	send_to(w, a, 1900);
	loop_advance(w->loop, WHOM_POLL_MS + 10);
	assert_true(is_bound(w, &a));
}

static void test_idle_costs_a_look_a_second(void **state)
{
	struct world *w = *state;

	settle_in(w, at(LAN1, ip(10), 1));
	bind_host(w, at(LAN1, ip(10), 1));
	w->looks = w->probes = 0;
	loop_advance(w->loop, 100000);
	assert_in_range(w->looks, 99, 101);
	assert_int_equal(w->probes, 0);
}

/* Looks for those who wait are at most ten a second. */
static void test_looks_are_coalesced(void **state)
{
	struct world *w = *state;
	struct waited got[40];

	for (uint32_t i = 0; i < 40; i++) {
		struct whom_host host = at(LAN1, ip(i + 10), (uint8_t)(i + 1));
		settle_in(w, host);
		ask(w, host, &got[i]);
		loop_advance(w->loop, 10);
	}
	loop_advance(w->loop, 200);
	for (size_t i = 0; i < 40; i++)
		assert_true(got[i].calls == 1 && got[i].known);
	assert_in_range(w->looks, 4, 8);
}

static struct addr invented(uint32_t i)
{
	return (struct addr){{0x20, 1, 0xd, 0xb8, [12] = (uint8_t)(i >> 24), (uint8_t)(i >> 16),
		(uint8_t)(i >> 8), (uint8_t)i}};
}

static void test_a_flood_pushes_out_nobody(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 10; i < 60; i++) {
		settle_in(w, at(LAN1, ip(i), (uint8_t)i));
		bind_host(w, at(LAN1, ip(i), (uint8_t)i));
	}
	/* One MAC answers for everything. */
	for (uint32_t i = 0; i < 3 * WHOM_MAX; i++) {
		struct whom_host host = at(LAN1, invented(i), 200);
		whom_neighbour(w->whom, &host, WHOM_ANSWERS);
		loop_advance(w->loop, 1);
	}
	/* And leases nobody uses, of a MAC each. */
	for (uint32_t i = 0; i < 2 * WHOM_MAX; i++) {
		struct whom_host host = at(LAN2, invented(i), 0);
		memcpy(host.mac, &i, sizeof(i));
		host.mac[5] = 1;
		whom_leased(w->whom, &host);
	}
	for (uint32_t i = 10; i < 60; i++) {
		struct whom_host host = at(LAN1, ip(i), (uint8_t)i);
		assert_true(is_bound(w, &host));
	}
}

/* ---- by chance ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void step(struct world *w, uint32_t *seed)
{
	uint32_t r = next_random(seed);
	struct peer *p = &w->peers[r / 8 % w->peer_count];
	struct whom_host liar = p->host;

	liar.mac[5] = (uint8_t)(100 + r / 1024 % 5);
	switch (r % 8) {
	case 0:
		whom_neighbour(w->whom, &liar, WHOM_ANSWERS);
		break;
	case 1:
		whom_neighbour(w->whom, &liar, WHOM_CLAIMS);
		break;
	case 2:
		whom_neighbour(w->whom, &liar, WHOM_FAILS);
		break;
	case 3:
		send_to(w, liar, 5351);
		break;
	case 4:
		send_to(w, p->host, 5351);
		break;
	case 5:
		whom_neighbour(w->whom, &p->host, WHOM_CLAIMS);
		break;
	default:
		break;
	}
	loop_advance(w->loop, next_random(seed) % 700);
}

/* Another storm, at another pace, on another one, or none. */
static void storm_by_chance(struct world *w, uint32_t *seed)
{
	static const unsigned every_ms[] = {0, 1, 2, 5, 30, 100, 260, 300, 900};
	uint32_t r = next_random(seed);
	struct whom_host liar = w->peers[r % w->peer_count].host;

	liar.mac[5] = (uint8_t)(100 + r / 64 % 5);
	storm(w, liar, every_ms[r / 1024 % 9]);
}

/* A binding never moves while its MAC answers and DHCP says nothing, whatever others send. */
static void test_what_answers_stays(void **state)
{
	struct world *w = *state;
	uint32_t seed = 42;

	for (uint32_t i = 0; i < 8; i++) {
		settle_in(w, at(i % 2 ? LAN1 : LAN2, ip(i), (uint8_t)(i + 1)));
		bind_host(w, w->peers[i].host);
	}
	for (int i = 0; i < 20000; i++) {
		if (i % 20 == 0)
			storm_by_chance(w, &seed);
		step(w, &seed);
		for (size_t k = 0; k < w->peer_count; k++)
			assert_true(is_bound(w, &w->peers[k].host));
	}
}

/* The same with hosts that come and go: in the end, those who answer have what is theirs. */
static void test_who_comes_back_has_it(void **state)
{
	struct world *w = *state;
	uint32_t seed = 7;

	for (uint32_t i = 0; i < 8; i++)
		bind_host(w, settle_in(w, at(LAN1, ip(i), (uint8_t)(i + 1)))->host);
	for (int i = 0; i < 5000; i++) {
		struct peer *p = &w->peers[next_random(&seed) % w->peer_count];
		p->answers = next_random(&seed) % 3 > 0;
		step(w, &seed);
	}
	loop_advance(w->loop, 2 * NOTED_MS);
	for (size_t k = 0; k < w->peer_count; k++) {
		w->peers[k].answers = true;
		whom_neighbour(w->whom, &w->peers[k].host, WHOM_ANSWERS);
	}
	loop_advance(w->loop, 10000);
	for (size_t k = 0; k < w->peer_count; k++) {
		whom_neighbour(w->whom, &w->peers[k].host, WHOM_ANSWERS);
		loop_advance(w->loop, 10000);
		assert_true(is_bound(w, &w->peers[k].host));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_fresh_host_is_known_at_once),
		TEST(test_a_forged_first_packet_is_dropped),
		TEST(test_a_forged_packet_behind_a_true_one),
		TEST(test_a_mute_host_is_bound_weakly),
		TEST(test_nothing_known_is_served),
		TEST(test_two_mute_senders),
		TEST(test_a_sleeper_has_no_spokesman),
		TEST(test_a_forger_as_the_owner_wakes),
		TEST(test_who_waits_is_bounded),
		TEST(test_a_forger_is_told_and_gets_nothing),
		TEST(test_spam_does_not_win),
		TEST(test_the_kernel_is_set_right),
		TEST(test_the_address_of_one_who_left_moves),
		TEST(test_one_who_only_sends_does_not_take_over),
		TEST(test_a_sender_who_answers_takes_over),
		TEST(test_a_sleepy_owner_keeps_it),
		TEST(test_a_storm_of_a_kilohertz),
		TEST(test_a_storm_every_100_ms),
		TEST(test_a_storm_every_300_ms),
		TEST(test_a_storm_is_told_and_over),
		TEST(test_a_claim_that_is_over),
		TEST(test_a_claim_that_was_lost),
		TEST(test_a_successor_claims_twice),
		TEST(test_a_successor_behind_a_storm),
		TEST(test_a_storm_takes_nothing_remembered),
		TEST(test_a_fixed_neighbour),
		TEST(test_dhcp_moves_in_a_storm),
		TEST(test_dhcp_moves_at_once),
		TEST(test_an_old_lease_is_no_news),
		TEST(test_one_who_fails_stays_bound),
		TEST(test_remembered_until_shown_otherwise),
		TEST(test_a_repeater),
		TEST(test_a_new_address_shows_the_dead_one),
		TEST(test_a_phone_roams),
		TEST(test_a_clone_gets_nothing),
		TEST(test_a_mute_clone_gets_nothing),
		TEST(test_other_senders_are_noted_once),
		TEST(test_who_only_searched_is_learned),
		TEST(test_idle_costs_a_look_a_second),
		TEST(test_looks_are_coalesced),
		TEST(test_a_flood_pushes_out_nobody),
		TEST(test_what_answers_stays),
		TEST(test_who_comes_back_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
