/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core with a store of its own, a firewall in memory and a virtual clock. The LAN is
 * 192.168.1.0/24 and 2001:db8:1::/64, each address its own device; the WAN address 203.0.113.5.
 */
#ifndef TESTS_UNIT_CORE_RIG_H
#define TESTS_UNIT_CORE_RIG_H

#include "gateway/core_int.h"
#include "gateway/fw_fake.h"
#include "policy/preset.h"
#include "temp_db.h"

#include <poll.h>

struct rig {
	struct temp_db *temp;
	struct loop *loop;
	struct log log;
	struct fw *fw;
	struct core *core;
	int answers;
	struct map_ans ans;		/* the latest */
	char copy[128];			/* the policy's, as JSON */
	const char *factory;
	bool no_clock;			/* nobody knows what time it is */
};

static inline struct addr rig_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(text), &a), 0);
	return a;
}

static inline bool rig_mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	(void)arg;
	memset(mac, 2, 6);
	mac[4] = addr->b[13];
	mac[5] = addr->b[15];
	return true;
}

static inline bool rig_is_lan_host(void *arg, const struct addr *addr)
{
	const struct addr lan4 = rig_addr("192.168.1.0"), lan6 = rig_addr("2001:db8:1::");
	struct prefix p4 = prefix_mask(&lan4, 120), p6 = prefix_mask(&lan6, 64);

	(void)arg;
	return (prefix_has(&p4, addr) || prefix_has(&p6, addr)) && addr->b[15] > 1;
}

static inline bool rig_port_is_ours(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	(void)proto;
	return port == 22;
}

static inline bool rig_port_is_yielded(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg, (void)proto, (void)port;
	return false;
}

/* As if the router lived at UTC. */
static inline uint16_t rig_minute(void *arg, uint64_t wall_s)
{
	(void)arg;
	return (uint16_t)((wall_s / 60 + 3 * 1440) % 10080);
}

static inline void rig_settle(struct rig *r)
{
	struct pollfd p = {.fd = db_queue_fd(r->core->queue), .events = POLLIN};

	for (int i = 0; i < 500; i++) {
		loop_once(r->loop, 0);
		if (r->core->pending_count == 0 && !r->core->batch.busy &&
			db_queue_depth(r->core->queue) == 0)
			return;
		poll(&p, 1, 10);
	}
	fail_msg("the core does not come to rest");
}

static inline void rig_start(struct rig *r)
{
	const struct addr wan = rig_addr("203.0.113.5");
	const struct prefix lans[] = {
		{rig_addr("192.168.1.0"), 120}, {rig_addr("2001:db8:1::"), 64}};
	struct core_config config = {
		.loop = r->loop,
		.fw = r->fw,
		.db = r->temp->db,
		.log = &r->log,
		.env = {
			.mac_of = rig_mac_of,
			.is_lan_host = rig_is_lan_host,
			.port_is_ours = rig_port_is_ours,
			.port_is_yielded = rig_port_is_yielded,
			.minute_of_week = rig_minute,
		},
		.policy_copy = r->copy,
		.factory = r->factory,
		.wall_synced = !r->no_clock,
	};

	r->temp->db = NULL;
	snprintf(r->copy, sizeof(r->copy), "%s/policy.json", r->temp->dir);
	assert_int_equal(core_new(&config, &r->core), 0);
	core_lan_changed(r->core, lans, 2);
	core_wan_changed(r->core, &wan, 2);
	rig_settle(r);
}

/* The kernel's table goes with it: what is there afterwards the store has remembered. */
static inline void rig_restart(struct rig *r)
{
	core_free(r->core);
	fw_free(r->fw);
	r->fw = fw_fake_new(r->loop);
	temp_db_reopen(r->temp);
	rig_start(r);
}

/* Whom a rule speaks of is there: 192.168.1.10. */
static inline void rig_put_device(struct rig *r, uint32_t id)
{
	const struct addr addr = rig_addr("192.168.1.10");
	struct db_device row = {.id = id, .has_mac = true, .zone = RULE_ZONE_MEMBER};

	rig_mac_of(NULL, &addr, row.mac);
	if (id != 0)
		assert_int_equal(db_device_put(r->temp->db, &row), 0);
}

/* With these rules before those of day one. */
static inline int rig_set_up_rules(void **state, const struct rule *first, size_t count)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct rule rules[24], rest[16];
	size_t day_one = preset_apply(PRESET_ASK, NULL, 0, 1, rest);

	assert_int_equal(temp_db_setup((void **)&r->temp), 0);
	r->loop = loop_new_virtual(1000000);
	log_open(&r->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	r->fw = fw_fake_new(r->loop);
	rig_start(r);
	if (count > 0) {
		memcpy(rules, first, count * sizeof(*first));
		for (size_t i = 0; i < day_one; i++) {
			rules[count + i] = rest[i];
			rules[count + i].position += 100;
		}
		core_free(r->core);
		temp_db_reopen(r->temp);
		assert_int_equal(db_begin(r->temp->db, true), 0);
		for (size_t i = 0; i < count; i++)
			rig_put_device(r, first[i].device_id);
		assert_int_equal(db_rules_replace(r->temp->db, rules, count + day_one), 0);
		assert_int_equal(db_commit(r->temp->db), 0);
		rig_start(r);
	}
	*state = r;
	return 0;
}

static inline int rig_set_up(void **state)
{
	return rig_set_up_rules(state, NULL, 0);
}

static inline int rig_tear_down(void **state)
{
	struct rig *r = *state;

	core_free(r->core);
	fw_free(r->fw);
	loop_free(r->loop);
	temp_db_teardown((void **)&r->temp);
	free(r);
	return 0;
}

static inline void rig_answered(void *arg, const struct map_ans *ans)
{
	struct rig *r = arg;

	r->answers++;
	r->ans = *ans;
}

/* A MAP request of PCP as pcp_to_req makes it. */
static inline struct map_req rig_map(const char *client, uint16_t port)
{
	struct map_req req = {
		.op = MAP_OP_OPEN,
		.origin = MAP_ORIGIN_PCP,
		.proto = MAP_PROTO_UDP,
		.client = rig_addr(client),
		.internal = {rig_addr(client), port},
		.external = {addr_any4(), 0},
		.lifetime_s = 3600,
		.has_nonce = true,
		.nonce = "the nonce",
	};

	req.remote = addr_is4(&req.client) ? prefix_any4() : prefix_any6();
	return req;
}

static inline void rig_filter(struct map_req *req, const char *prefix, uint16_t port)
{
	struct map_filter *f = &req->filters[req->filter_count++];

	f->port = port;
	assert_int_equal(prefix_decode(str_from(prefix), &f->remote), 0);
}

static inline void rig_post(struct rig *r, const struct map_req *req)
{
	assert_int_equal(core_request(r->core, req, rig_answered, r), 0);
}

/* The answer's result. */
static inline enum map_result rig_ask(struct rig *r, const struct map_req *req)
{
	int before = r->answers;

	rig_post(r, req);
	rig_settle(r);
	assert_int_equal(r->answers, before + 1);
	return r->ans.result;
}

static inline enum map_result rig_close(struct rig *r, const struct map_req *open)
{
	struct map_req req = *open;

	req.op = MAP_OP_CLOSE;
	req.filter_count = 0;
	return rig_ask(r, &req);
}

static inline void rig_advance(struct rig *r, uint64_t ms)
{
	loop_advance(r->loop, ms);
	rig_settle(r);
}

#endif
