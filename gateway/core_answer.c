/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's answers to cards. What is allowed becomes a zone or rules; what was asked a moment
 * ago is opened at once, as if it had been asked now.
 */
#include "gateway/core_job.h"

#include "protocols/err.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NOTE "allowed by the owner's answer"

static bool is_answer(enum card_state answer)
{
	return answer != CARD_OPEN && answer != CARD_MISSED && card_state_text((uint8_t)answer);
}

static bool allows(enum card_state answer)
{
	return answer == CARD_ALLOWED || answer == CARD_ONLY || answer == CARD_ALWAYS;
}

/* Who lives on a LAN for guests stays one. */
static uint8_t zone_after(const struct device *d, enum card_state answer)
{
	if (answer == CARD_BLOCKED && !d->row.guest)
		return RULE_ZONE_BLOCKED;
	if (answer == CARD_ALLOWED && d->row.zone == RULE_ZONE_NEW)
		return RULE_ZONE_MEMBER;
	return d->row.zone;
}

/* Its address may be somebody else's by now, who never asked. */
static bool is_still_its(const struct core *core, const struct device *d, const struct addr *addr)
{
	uint8_t mac[6];

	if (!d->row.has_mac || !core->env.mac_of(core->env.arg, addr, mac))
		return devices_by_addr(core->devices, addr) == d;
	return memcmp(mac, d->row.mac, sizeof(mac)) == 0;
}

static enum map_result decided(const struct core *core, const struct card_item *item,
	struct decide_facts facts)
{
	struct decision d;

	facts.origin = item->origin;
	facts.proto = item->proto;
	facts.external_port = item->external_port;
	facts.internal_port = item->internal.port;
	facts.somebody_answers = true;
	facts.descr = str_from(item->descr);
	rules_time(core, &facts);
	decide(core->rules, core->rule_count, &facts, &d);
	return d.result;
}

/* Asked by THIRD_PARTY, as a rule lets the device ask. */
static bool is_for_another(const struct core *core, const struct device *d,
	const struct card_item *item)
{
	const struct decide_facts facts = {
		.zone = (enum rule_zone)d->row.zone,
		.device_id = d->row.id,
		.third_party = true,
	};

	return !is_still_its(core, d, &item->internal.addr) &&
	       decided(core, item, facts) == MAP_PENDING;
}

/* Of the device as a whole, what would still be asked about: for itself, and all for others. */
static bool needs_rule(const struct core *core, const struct device *d,
	const struct card_item *item, enum card_state answer)
{
	const struct decide_facts facts = {
		.zone = (enum rule_zone)zone_after(d, answer),
		.device_id = d->row.id,
		.own_address = true,
	};

	if (answer != CARD_ALLOWED || is_for_another(core, d, item))
		return allows(answer);
	return decided(core, item, facts) == MAP_PENDING;
}

/* A rule names no host: for another one it is this port of any. */
static struct rule rule_of(const struct core *core, const struct device *d,
	const struct card_item *item, enum card_state answer)
{
	struct rule r;

	rule_init(&r);
	r.verdict = RULE_ALLOW;
	r.maker = RULE_BY_CARD;
	r.device_id = d->row.id;
	r.third_party = is_for_another(core, d, item);
	r.proto = item->proto;
	r.internal_min = r.internal_max = item->internal.port;
	/* Else any: of a card's rule that means the ordinary ones (policy/rule.h). The next call
	 * has another port outside, and is spoken of by its name only. */
	if (item->origin == MAP_ORIGIN_SIP)
		r.origins = 1u << MAP_ORIGIN_SIP;
	else if (item->external_port != 0)
		r.external_min = r.external_max = item->external_port;
	if (answer == CARD_ONLY)
		r.until_wall_s = store_wall_s(core) + CARD_TODAY_S;
	memcpy(r.note, NOTE, sizeof(NOTE));
	return r;
}

static bool same_ports(const struct rule *a, const struct rule *b)
{
	return a->proto == b->proto && a->external_min == b->external_min &&
	       a->external_max == b->external_max && a->internal_min == b->internal_min &&
	       a->third_party == b->third_party;
}

/* The same port may have been asked for by two protocols. Returns how many rules. */
static size_t rules_of(const struct core *core, const struct card *c, enum card_state answer,
	struct rule out[CARD_ITEMS_MAX])
{
	const struct device *d = devices_by_id(core->devices, c->device_id);
	size_t count = 0;

	for (size_t i = 0; d && i < c->item_count; i++) {
		size_t k = 0;
		if (!needs_rule(core, d, &c->items[i], answer))
			continue;
		out[count] = rule_of(core, d, &c->items[i], answer);
		while (k < count && !same_ports(&out[k], &out[count]))
			k++;
		count += k == count;
	}
	return count;
}

/* Renewed by its app, it lives on. */
static void limit_life(struct map_req *req)
{
	if (req->lifetime_s > CARD_OPENED_S)
		req->lifetime_s = CARD_OPENED_S;
}

static size_t open_fresh(struct core *core, const struct card *c, enum card_state answer)
{
	const struct device *d = devices_by_id(core->devices, c->device_id);
	size_t opened = 0;

	for (size_t i = 0; allows(answer) && i < c->item_count; i++) {
		const struct pending *kept = card_fresh(core, c, i);
		struct pending item = {.kind = PENDING_REQUEST};
		if (!kept || !is_still_its(core, d, &kept->req.client))
			continue;
		item.req = kept->req;
		memcpy(item.text, kept->text, sizeof(item.text));
		limit_life(&item.req);
		opened += batch_push(core, &item) == 0;
	}
	return opened;
}

/* The device's row as it will be goes with the job; memory follows when that is on its way. */
static void put_zone(struct store_job *sj, const struct device *d, uint8_t zone)
{
	struct op *op = job_add(sj, OP_DEVICE);

	if (!op)
		return;
	op->device = d->row;
	op->device.zone = zone;
}

static struct store_job *job_for(struct core *core, const struct card *c, enum card_state answer)
{
	const struct device *d = devices_by_id(core->devices, c->device_id);
	struct store_job *sj = job_new(core, true);
	struct card after = *c;

	if (!sj)
		return NULL;
	job_put_devices(sj);
	if (d)
		put_zone(sj, d, zone_after(d, answer));
	after.state = answer;
	after.answered_wall_s = store_wall_s(core);
	after.until_wall_s = answer == CARD_NOT_NOW ? after.answered_wall_s + CARD_SILENCE_S : 0;
	job_put_card(sj, &after);
	return sj;
}

static json_t *state_json(const struct card *c, enum card_state state)
{
	return json_pack("{s:i, s:s}", "card", (int)c->id, "state",
		card_state_text((uint8_t)state));
}

/* What was allowed before it was blocked holds no more. */
static struct rule *without_device(const struct core *core, uint32_t device_id, size_t *count)
{
	struct rule *left = calloc(core->rule_count + 1, sizeof(*left));

	*count = 0;
	for (size_t i = 0; left && i < core->rule_count; i++) {
		if (core->rules[i].maker != RULE_BY_CARD || core->rules[i].device_id != device_id)
			left[(*count)++] = core->rules[i];
	}
	return left;
}

/* malloc'ed; NULL: no memory, or too many. */
static struct rule *rules_after(struct core *core, const struct card *c, enum card_state answer,
	size_t *count)
{
	struct rule more[CARD_ITEMS_MAX];

	if (answer == CARD_BLOCKED)
		return without_device(core, c->device_id, count);
	return policy_with_rules(core, more, rules_of(core, c, answer, more), count);
}

/* The record's row is the device's as well. */
static int put_answer(struct core *core, const struct card *c, enum card_state answer,
	const struct core_act *act)
{
	struct policy_change change = policy_change_of(core, "card",
		card_state_text((uint8_t)answer));
	struct rule *rules = rules_after(core, c, answer, &change.rule_count);
	int err;

	if (!rules)
		return ERR_FULL;
	change.rules = rules;
	change.device_id = c->device_id;
	change.detail = detail_of(state_json(c, c->state), state_json(c, answer));
	change.sj = job_for(core, c, answer);
	err = change.sj ? policy_change_put(core, &change, act) : ERR_MEMORY;
	if (!change.sj)
		free(change.detail);
	free(rules);
	return err;
}

int core_card_answer(struct core *core, uint32_t id, enum card_state answer,
	const struct core_act *act, size_t *opened)
{
	struct card *c = card_by_id(core, id);
	struct device *d = c ? devices_by_id(core->devices, c->device_id) : NULL;
	int err;

	if (!c || !d)
		return ERR_NOT_FOUND;
	if (!is_answer(answer))
		return ERR_RANGE;
	if (c->state != CARD_OPEN && c->state != CARD_MISSED)
		return ERR_EXISTS;
	/* Nobody knows when today is over. */
	if (answer == CARD_ONLY && !core->wall_synced)
		return ERR_AGAIN;
	err = put_answer(core, c, answer, act);
	if (err)
		return err;
	if (zone_after(d, answer) != d->row.zone) {
		device_set_zone(core, d, zone_after(d, answer));
		core_tell_id(core, CORE_NEWS_DEVICE, d->row.id);
	}
	*opened = open_fresh(core, c, answer);
	card_answered(core, c, answer);
	return 0;
}
