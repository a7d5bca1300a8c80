/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy as a whole: put in force at once or not at all, and found at start. Of a stored one
 * that cannot be believed nothing is used: the last good one, its JSON copy, takes its place, and
 * without that the policy of an empty store.
 */
#include "gateway/core_job.h"
#include "gateway/policy_json.h"

#include "protocols/err.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- its devices are ours ---- */

static void *copy_of(const void *rows, size_t count, size_t size)
{
	void *copy = calloc(count + 1, size);

	if (copy && count > 0)
		memcpy(copy, rows, count * size);
	return copy;
}

static struct device *find(const struct core *core, const struct db_device *d)
{
	struct device *found = NULL;

	if (!d->has_mac)
		found = devices_by_id(core->devices, d->id);
	else
		found = devices_by_mac(core->devices, d->mac, false);
	if (!found && d->has_mac)
		found = devices_by_mac(core->devices, d->mac, true);
	return found && found->row.has_mac == d->has_mac ? found : NULL;
}

static int blame(struct core_fault *fault, const char *list, size_t place, const char *why)
{
	struct core_fault f;

	snprintf(f.place, sizeof(f.place), "%s[%zu]", list, place);
	snprintf(f.why, sizeof(f.why), "%s", why);
	*fault = f;
	return ERR_RANGE;
}

/* Ids of the file and what they are here; of a device not seen yet one nobody has. */
static int map_devices(const struct core *core, const struct policy *p, uint32_t *ids,
	struct core_fault *fault)
{
	for (size_t i = 0; i < p->device_count; i++) {
		const struct device *d = find(core, &p->devices[i]);
		if (!d && !p->devices[i].has_mac)
			return blame(fault, "devices", i,
				"it is not known here, and has no MAC address to be known by");
		ids[i] = d ? d->row.id : UINT32_MAX - (uint32_t)i;
	}
	return 0;
}

static uint32_t mapped(const struct policy *p, const uint32_t *ids, uint32_t id)
{
	size_t i = 0;

	while (i < p->device_count && p->devices[i].id != id)
		i++;
	return i < p->device_count ? ids[i] : 0;
}

/* Those that have none yet. */
static void give_ids(struct policy *p)
{
	uint32_t rule = 1, hand = 1;

	for (size_t i = 0; i < p->rule_count; i++)
		rule = p->rules[i].id >= rule ? p->rules[i].id + 1 : rule;
	for (size_t i = 0; i < p->hand_count; i++)
		hand = p->hands[i].id >= hand ? p->hands[i].id + 1 : hand;
	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i].id = p->rules[i].id ? p->rules[i].id : rule++;
	for (size_t i = 0; i < p->hand_count; i++)
		p->hands[i].id = p->hands[i].id ? p->hands[i].id : hand++;
}

static int map_ids(const struct policy *p, const uint32_t *ids, struct policy *out,
	struct core_fault *fault)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		struct rule *r = &out->rules[i];
		r->position = (uint32_t)i + 1;
		if (r->device_id != 0)
			r->device_id = mapped(p, ids, r->device_id);
		if (r->device_id == 0 && p->rules[i].device_id != 0)
			return blame(fault, "rules", i, "there is no such device");
	}
	for (size_t i = 0; i < p->hand_count; i++) {
		out->hands[i].device_id = mapped(p, ids, out->hands[i].device_id);
		if (out->hands[i].device_id == 0)
			return blame(fault, "hands", i, "there is no such device");
	}
	for (size_t i = 0; i < p->device_count; i++)
		out->devices[i].id = ids[i];
	give_ids(out);
	return 0;
}

static int check(const struct policy *p, struct core_fault *fault)
{
	size_t place = 0;
	const char *why = rule_fault_of_all(p->rules, p->rule_count, &place);

	if (why)
		return blame(fault, "rules", place, why);
	for (size_t i = 0; i < p->device_count; i++) {
		why = device_callers_fault(&p->devices[i].callers);
		if (why)
			return blame(fault, "devices", i, why);
	}
	for (size_t i = 0; i < p->hand_count; i++) {
		why = hand_fault(&p->hands[i]);
		for (size_t k = 0; k < i && !why; k++)
			why = hand_clash(&p->hands[k], &p->hands[i]);
		if (why)
			return blame(fault, "hands", i, why);
	}
	return 0;
}

/* The same policy with the ids there are here, in *out; policy_json_free. */
static int resolve(const struct core *core, const struct policy *p, struct policy *out,
	struct core_fault *fault)
{
	uint32_t *ids = calloc(p->device_count + 1, sizeof(*ids));
	struct policy mine = *p;
	int err;

	mine.rules = copy_of(p->rules, p->rule_count, sizeof(*p->rules));
	mine.hands = copy_of(p->hands, p->hand_count, sizeof(*p->hands));
	mine.devices = copy_of(p->devices, p->device_count, sizeof(*p->devices));
	err = ids && mine.rules && mine.hands && mine.devices ? 0 : ERR_MEMORY;
	if (!err)
		err = map_devices(core, p, ids, fault);
	if (!err)
		err = map_ids(p, ids, &mine, fault);
	if (!err)
		err = check(&mine, fault);
	free(ids);
	if (err)
		policy_json_free(&mine);
	else
		*out = mine;
	return err;
}

/* ---- putting it in force ---- */

/* A known one of the list does not make room for a new one of it. */
static void hold_devices(struct core *core, const struct policy *p)
{
	for (size_t i = 0; i < p->device_count; i++) {
		struct device *d = devices_by_id(core->devices, p->devices[i].id);
		if (d)
			d->rules++;
	}
}

/* Those not seen yet are made; then every id is one of ours. */
static int make_devices(struct core *core, struct policy *p)
{
	hold_devices(core, p);
	for (size_t i = 0; i < p->device_count; i++) {
		const struct device_host host = {
			.addr = addr_any6(),
			.mac = p->devices[i].mac,
			.zone = p->devices[i].zone,
			.wall_s = store_wall_s(core),
		};
		struct device *d = devices_by_id(core->devices, p->devices[i].id);
		uint32_t was = p->devices[i].id;
		if (!d) {
			d = devices_make(core->devices, &host);
			if (!d)
				return ERR_FULL;
			d->rules++;
		}
		p->devices[i].id = d->row.id;
		for (size_t k = 0; k < p->rule_count; k++) {
			if (p->rules[k].device_id == was)
				p->rules[k].device_id = d->row.id;
		}
		for (size_t k = 0; k < p->hand_count; k++) {
			if (p->hands[k].device_id == was)
				p->hands[k].device_id = d->row.id;
		}
	}
	return 0;
}

static void set_devices(struct core *core, const struct policy *p)
{
	for (size_t i = 0; i < p->device_count; i++) {
		const struct db_device *like = &p->devices[i];
		struct device *d = devices_by_id(core->devices, like->id);
		memcpy(d->row.name, like->name, sizeof(d->row.name));
		d->row.phone = like->phone;
		d->row.callers = like->callers;
		if (!d->row.guest)
			device_set_zone(core, d, like->zone);
		devices_changed(core->devices, d);
		core_tell_id(core, CORE_NEWS_DEVICE, d->row.id);
	}
}

/* All of memory; what was is gone after it. */
static int put_in_force(struct core *core, struct policy *p)
{
	struct rule_block *rules = NULL;
	int err = make_devices(core, p);

	if (!err) {
		rules = rules_new(core, p->rules, p->rule_count);
		err = rules ? hands_set(core, p->hands, p->hand_count) : ERR_MEMORY;
	}
	if (err) {
		rules_count_devices(core);
		rules_drop(rules);
		return err;
	}
	rules_use(core, rules);
	set_devices(core, p);
	core->limits = p->limits;
	core->state.attended = p->attended;
	core->state.preset = p->preset;
	return 0;
}

/* Before and after in numbers; the copies tell the rest. */
static char *detail_of_whole(const struct core *core, const struct policy *p)
{
	size_t hands;

	(void)core_hands(core, &hands);
	return detail_of(
		json_pack("{s:s, s:b, s:i, s:i}", "preset",
			preset_of((enum preset_id)core->state.preset)->name, "attended",
			(int)core->state.attended, "rules", (int)core->rule_count, "hands",
			(int)hands),
		json_pack("{s:s, s:b, s:i, s:i}", "preset",
			preset_of((enum preset_id)p->preset)->name, "attended", (int)p->attended,
			"rules", (int)p->rule_count, "hands", (int)p->hand_count));
}

static void put_whole(struct store_job *sj)
{
	job_put_devices(sj);
	job_put_state(sj);
	job_put_policy(sj);
}

static int put(struct core *core, struct policy *p, const char *what, const struct core_act *act)
{
	struct store_job *sj = job_new(core, true);
	struct op *op = sj ? job_put_admin(sj, what, act) : NULL;
	int err = op ? 0 : ERR_MEMORY;

	if (!err) {
		op->row.detail = detail_of_whole(core, p);
		err = put_in_force(core, p);
	}
	if (err) {
		job_free(sj);
		return err;
	}
	put_whole(sj);
	/* A store that fails is tried again as a whole; done tells. */
	if (!job_submit(sj) && act->done)
		act->done(act->arg, ERR_UNSTORED);
	redecide_all(core);
	redecide_now(core);
	copy_policy(core);
	core_tell(core, CORE_NEWS_LIMITS, NULL);
	core_tell(core, CORE_NEWS_POLICY, NULL);
	return 0;
}

int core_policy_put(struct core *core, const struct policy *policy, const struct core_act *act,
	struct core_fault *fault)
{
	struct policy mine;
	int err = resolve(core, policy, &mine, fault);

	if (err)
		return err;
	err = put(core, &mine, "import", act);
	policy_json_free(&mine);
	return err;
}

int core_policy_preview(struct core *core, const struct policy *policy,
	const struct core_closing *closing, struct core_fault *fault)
{
	struct policy mine;
	int err = resolve(core, policy, &mine, fault);

	if (err)
		return err;
	redecide_preview(core,
		&(struct judging){
			.rules = mine.rules,
			.rule_count = mine.rule_count,
			.attended = mine.attended,
			.devices = mine.devices,
			.device_count = mine.device_count,
		},
		closing);
	policy_json_free(&mine);
	return 0;
}

/* ---- of an empty store ---- */

/* The maker's, or without one that of the first day. */
static int factory_policy(struct core *core, struct policy *out, struct core_fault *fault)
{
	int err = core->factory ? policy_json_load(core->factory, out, fault) : ERR_NOT_FOUND;

	return err == ERR_NOT_FOUND ? policy_json_day_one(out) : err;
}

int core_reset(struct core *core, const struct core_act *act, struct core_fault *fault)
{
	struct policy first, mine;
	struct core_fault bad = {.place = ""};
	int err = factory_policy(core, &first, &bad);

	if (!err) {
		err = resolve(core, &first, &mine, &bad);
		policy_json_free(&first);
	}
	if (err == ERR_SYNTAX || err == ERR_RANGE || err == ERR_IO) {
		err = ERR_RANGE;
		snprintf(fault->place, sizeof(fault->place), "factory.json");
		snprintf(fault->why, sizeof(fault->why), "%s%s%.90s", bad.place,
			bad.place[0] ? " " : "", bad.why);
	}
	if (err)
		return err;
	err = put(core, &mine, "reset", act);
	policy_json_free(&mine);
	return err;
}

/* ---- at start ---- */

struct reading {
	struct core *core;
	struct policy policy;
	struct core_fault fault;
};

static int on_setting(void *arg, const char *name, int64_t value)
{
	struct reading *rd = arg;
	int err = limits_set(&rd->policy.limits, str_from(name), value);

	if (!err)
		return 0;
	snprintf(rd->fault.place, sizeof(rd->fault.place), "setting %.48s", name);
	snprintf(rd->fault.why, sizeof(rd->fault.why), "%lld: %s", (long long)value, err_text(err));
	return ERR_CORRUPT;
}

static int on_rule(void *arg, const struct rule *row)
{
	struct reading *rd = arg;

	if (rd->policy.rule_count == RULES_MAX) {
		blame(&rd->fault, "rules", RULES_MAX, "there are more rules than there may be");
		return ERR_CORRUPT;
	}
	rd->policy.rules[rd->policy.rule_count++] = *row;
	return 0;
}

static int on_hand(void *arg, const struct hand *row)
{
	struct reading *rd = arg;

	if (rd->policy.hand_count == HANDS_MAX) {
		blame(&rd->fault, "hands", HANDS_MAX, "there are more than there may be");
		return ERR_CORRUPT;
	}
	rd->policy.hands[rd->policy.hand_count++] = *row;
	return 0;
}

/* Of devices that are there; the store says so as well. */
static int check_devices(struct reading *rd)
{
	const struct policy *p = &rd->policy;

	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i].device_id != 0 &&
			!devices_by_id(rd->core->devices, p->rules[i].device_id))
			return blame(&rd->fault, "rules", i, "there is no such device");
	}
	for (size_t i = 0; i < p->hand_count; i++) {
		if (!devices_by_id(rd->core->devices, p->hands[i].device_id))
			return blame(&rd->fault, "hands", i, "there is no such device");
	}
	return check(p, &rd->fault);
}

/* ERR_CORRUPT with the place and the reason in fault. */
static int read_stored(struct reading *rd, struct db *db)
{
	struct policy *p = &rd->policy;
	int err;

	limits_init(&p->limits);
	p->attended = rd->core->state.attended;
	p->preset = rd->core->state.preset;
	p->rules = calloc(RULES_MAX, sizeof(*p->rules));
	p->hands = calloc(HANDS_MAX, sizeof(*p->hands));
	err = p->rules && p->hands ? db_settings_each(db, on_setting, rd) : ERR_MEMORY;
	if (!err)
		err = db_rules_each(db, on_rule, rd);
	if (!err)
		err = db_hands_each(db, on_hand, rd);
	if (!err && check_devices(rd))
		err = ERR_CORRUPT;
	if (err == ERR_CORRUPT && rd->fault.why[0] == '\0')
		snprintf(rd->fault.why, sizeof(rd->fault.why), "%s", db_reason(db));
	return err;
}

/* At start there must be one; *why "": it is as it should be. */
static int first_policy(struct core *core, struct policy *out, char *why, size_t size)
{
	struct core_fault fault = {.place = ""};
	int err = factory_policy(core, out, &fault);

	if (!err)
		return 0;
	snprintf(why, size, "%.45s: %.30s %.45s", core->factory, fault.place, fault.why);
	return policy_json_day_one(out);
}

/* The last good one, else the first; what is wrong is added to why. */
static int last_good(struct core *core, struct policy *out, bool *copied)
{
	struct core_fault fault;
	int err = core->policy_copy ? policy_json_load(core->policy_copy, out, &fault)
				    : ERR_NOT_FOUND;
	char why[sizeof(core->policy_trouble)] = "";

	*copied = !err;
	if (!err)
		return 0;
	if (err != ERR_NOT_FOUND)
		log_error(core->log, "policy: %s: %s %s", core->policy_copy, fault.place,
			fault.why);
	err = first_policy(core, out, why, sizeof(why));
	if (why[0] == '\0')
		return err;
	log_error(core->log, "policy: %s", why);
	if (core->policy_trouble[0] == '\0')
		memcpy(core->policy_trouble, why, sizeof(why));
	return err;
}

/* In force and in the store, before its thread begins. */
static int install(struct core *core, struct db *db, const struct policy *p)
{
	struct store_job *sj;
	struct policy mine;
	struct core_fault fault;
	int err = resolve(core, p, &mine, &fault);

	if (err) {
		log_error(core->log, "policy: %s: %s", fault.place, fault.why);
		return err;
	}
	err = put_in_force(core, &mine);
	policy_json_free(&mine);
	sj = err ? NULL : job_new(core, true);
	if (!sj)
		return err ? err : ERR_MEMORY;
	put_whole(sj);
	/* In force it is all the same, and is written when the disk works again. */
	core->store_stale = job_run_now(sj, db) != 0;
	return 0;
}

static int replace(struct core *core, struct db *db, bool is_new)
{
	struct policy p;
	bool copied;
	int err = last_good(core, &p, &copied);

	if (err)
		return err;
	if (copied && is_new)
		snprintf(core->policy_trouble, sizeof(core->policy_trouble),
			"the store was lost: rules and limits are those of their copy");
	err = install(core, db, &p);
	policy_json_free(&p);
	if (is_new || err)
		return err;
	log_warning(core->log, copied ? "policy: the last good one, its copy, is in force"
				      : "policy: that of an empty store is in force");
	return 0;
}

int policy_load(struct core *core, struct db *db, bool is_new)
{
	struct reading rd = {.core = core};
	int err;

	if (is_new)
		return replace(core, db, true);
	err = read_stored(&rd, db);
	if (err == ERR_CORRUPT) {
		snprintf(core->policy_trouble, sizeof(core->policy_trouble), "%.40s: %.80s",
			rd.fault.place[0] ? rd.fault.place : "stored", rd.fault.why);
		log_error(core->log, "policy: refused as a whole: %s", core->policy_trouble);
		err = replace(core, db, false);
	} else if (!err) {
		err = put_in_force(core, &rd.policy);
	}
	policy_json_free(&rd.policy);
	return err;
}

void policy_loaded(struct core *core)
{
	struct db_alert alert = {.kind = DB_ALERT_POLICY, .addr = addr_any6()};

	copy_policy(core);
	if (core->policy_trouble[0] == '\0') {
		core_alert_over(core, DB_ALERT_POLICY);
		return;
	}
	memcpy(alert.text, core->policy_trouble, sizeof(alert.text));
	core_alert_raise(core, &alert);
}
