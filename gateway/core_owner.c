/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the owner does to the whole: rules, preset, limits, close everything, read and verify the
 * record. Every change goes to the store first, with its row; only then it is in force.
 */
#include "gateway/core_job.h"

#include "protocols/err.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct flushing {
	struct core *core;
	struct core_act act;
	char by[CORE_BY_MAX + 1];
};

static void on_removed(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct flushing *f = arg;

	(void)bad;
	(void)bad_count;
	f->core->need_rebuild = true;
	/* Openings that came with the same wake-up are not to wait for others. */
	f->core->resting = table_count(f->core->table) == 0;
	if (f->act.done)
		f->act.done(f->act.arg, err);
	free(f);
}

static void on_flushed(void *arg, int err)
{
	struct flushing *f = arg;
	struct core_act record = {.by = f->by};

	if (!err) {
		hands_rest(f->core);
		store_admin(f->core, "flush", "all openings closed", &record);
		err = fw_remove(f->core->fw, on_removed, f);
	}
	if (!err)
		return;
	if (f->act.done)
		f->act.done(f->act.arg, err);
	free(f);
}

int core_flush(struct core *core, const struct core_act *act)
{
	struct flushing *f = calloc(1, sizeof(*f));
	struct pending item = {.kind = PENDING_FLUSH, .done = on_flushed, .arg = f};
	int err;

	if (!f)
		return ERR_MEMORY;
	f->core = core;
	f->act = *act;
	strncpy(f->by, act->by, CORE_BY_MAX);
	err = batch_push(core, &item);
	if (err)
		free(f);
	return err;
}

/* ---- policy ---- */

struct policy_change policy_change_of(const struct core *core, const char *what, const char *why)
{
	return (struct policy_change){
		.what = what,
		.why = why,
		.attended = true,	/* who changes it looks after the router */
		.preset = core->state.preset,
	};
}

/* The job with all that changes. NULL: no memory. */
static struct store_job *job_of(struct core *core, const struct policy_change *c,
	const struct rule_block *rules, const struct core_act *act)
{
	struct store_job *sj = c->sj ? c->sj : job_new(core, true);
	struct op *op = sj ? job_put_admin(sj, c->what, act) : NULL;

	if (!op) {
		job_free(sj);
		free(c->detail);
		return NULL;
	}
	op->row.detail = c->detail;
	op->row.record.device_id = c->device_id;
	job_put_why(&op->row.record, c->why);
	if (rules)
		job_put_rules(sj, rules->at, rules->count);
	job_put_state(sj);
	return sj;
}

static void in_force(struct core *core, struct rule_block *rules)
{
	if (rules)
		rules_use(core, rules);
	redecide_all(core);
	redecide_now(core);
	copy_policy(core);
	core_tell(core, CORE_NEWS_POLICY, NULL);
}

int policy_change_put(struct core *core, const struct policy_change *c, const struct core_act *act)
{
	struct rule_block *rules = c->made;
	struct db_state before = core->state;
	struct store_job *sj;
	bool stored;

	if (!rules && c->rules)
		rules = rules_new(core, c->rules, c->rule_count);
	if (!rules && c->rules) {
		job_free(c->sj);
		free(c->detail);
		return ERR_MEMORY;
	}
	core->state.attended = c->attended;
	core->state.preset = c->preset;
	sj = job_of(core, c, rules, act);
	stored = sj && job_submit(sj);
	if (!stored && !c->made) {
		core->state = before;
		rules_drop(rules);
		return sj ? ERR_FULL : ERR_MEMORY;
	}
	in_force(core, rules);
	if (!stored) {
		job_lost(core);
		if (act->done)
			act->done(act->arg, ERR_UNSTORED);
	}
	return 0;
}

static int put_rules(struct core *core, struct policy_change *change, const struct core_act *act)
{
	change->detail = detail_of_rules(core, change->rules, change->rule_count);
	return policy_change_put(core, change, act);
}

int core_rules_put(struct core *core, const struct rule *rules, size_t count,
	const struct core_act *act, struct core_fault *fault)
{
	struct policy_change change = policy_change_of(core, "rules", "the rules were changed");
	struct rule *mine;
	int err = rules_checked(core, rules, count, fault, &mine);

	if (err)
		return err;
	change.rules = mine;
	change.rule_count = count;
	err = put_rules(core, &change, act);
	free(mine);
	return err;
}

int core_rules_preview(struct core *core, const struct rule *rules, size_t count,
	const struct core_closing *closing, struct core_fault *fault)
{
	struct judging by = {.rule_count = count, .attended = true};
	struct rule *mine;
	int err = rules_checked(core, rules, count, fault, &mine);

	if (err)
		return err;
	by.rules = mine;
	redecide_preview(core, &by, closing);
	free(mine);
	return 0;
}

/* malloc'ed; NULL: no memory, or there are too many. */
static struct rule *rules_of_preset(const struct core *core, enum preset_id preset, size_t *count)
{
	struct rule *rules = calloc(RULES_MAX, sizeof(*rules));

	if (!rules)
		return NULL;
	*count = preset_apply(preset, core->rules, core->rule_count, core->next_rule_id, rules);
	if (*count > 0)
		return rules;
	free(rules);
	return NULL;
}

int core_preset_put(struct core *core, enum preset_id preset, const struct core_act *act)
{
	struct policy_change change = policy_change_of(core, "preset", preset_of(preset)->name);
	struct rule *rules = rules_of_preset(core, preset, &change.rule_count);
	int err;

	if (!rules)
		return ERR_FULL;
	change.rules = rules;
	change.preset = (uint8_t)preset;
	change.detail = detail_of(json_string(preset_of((enum preset_id)core->state.preset)->name),
		json_string(preset_of(preset)->name));
	err = policy_change_put(core, &change, act);
	free(rules);
	return err;
}

int core_preset_preview(struct core *core, enum preset_id preset,
	const struct core_closing *closing)
{
	struct judging by = {.attended = true};
	struct rule *rules = rules_of_preset(core, preset, &by.rule_count);

	if (!rules)
		return ERR_FULL;
	by.rules = rules;
	redecide_preview(core, &by, closing);
	free(rules);
	return 0;
}

int core_attend(struct core *core, bool attended, const struct core_act *act)
{
	struct policy_change change = policy_change_of(core, "attend",
		attended ? "somebody looks after this router" : "nobody looks after this router");

	change.attended = attended;
	change.detail = detail_of(json_boolean(core->state.attended), json_boolean(attended));
	return policy_change_put(core, &change, act);
}

/* What must win stands above all that is the owner's. */
static size_t owners_first(const struct core *core)
{
	size_t above = preset_of((enum preset_id)core->state.preset)->above_count, i = 0;

	while (i < above && i < core->rule_count && core->rules[i].maker == RULE_BY_PRESET)
		i++;
	return i;
}

struct rule *policy_with_rules(struct core *core, const struct rule *more, size_t more_count,
	size_t *count)
{
	size_t at = owners_first(core), all = core->rule_count + more_count;
	struct rule *list = all <= RULES_MAX ? calloc(all + 1, sizeof(*list)) : NULL;
	struct rule *numbered;

	if (!list)
		return NULL;
	for (size_t i = 0; i < all; i++) {
		if (i >= at && i < at + more_count)
			list[i] = more[i - at];
		else
			list[i] = core->rules[i < at ? i : i - more_count];
	}
	numbered = rules_numbered(core, list, all);
	free(list);
	*count = all;
	return numbered;
}

static bool is_over(const struct core *core, const struct rule *r)
{
	return core->wall_synced && (r->maker == RULE_BY_CARD || r->maker == RULE_BY_CLOSE) &&
	       r->until_wall_s != 0 && store_wall_s(core) >= r->until_wall_s;
}

void policy_drop_over(struct core *core)
{
	struct policy_change change = policy_change_of(core, "rule over", "its time was over");
	struct rule *left = calloc(core->rule_count + 1, sizeof(*left));

	for (size_t i = 0; left && i < core->rule_count; i++) {
		if (is_over(core, &core->rules[i]))
			redecide_over(core, core->rules[i].id);
		else
			left[change.rule_count++] = core->rules[i];
	}
	change.rules = left;
	change.attended = core->state.attended;
	if (left && change.rule_count < core->rule_count)
		(void)put_rules(core, &change, &(struct core_act){.by = "postern"});
	free(left);
}

/* ---- limits ---- */

static const struct limits_entry *limit_of(struct str name)
{
	size_t count;
	const struct limits_entry *table = limits_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (str_eq(name, str_from(table[i].name)))
			return &table[i];
	}
	return NULL;
}

int core_setting_put(struct core *core, struct str name, int64_t value, const struct core_act *act)
{
	const struct limits_entry *e = limit_of(name);
	struct limits limits = core->limits;
	int err = limits_set(&limits, name, value);
	char *detail;

	if (err)
		return err;
	detail = detail_of(json_pack("{s:i}", e->name, (int)limits_get(&core->limits, e)),
		json_pack("{s:i}", e->name, (int)value));
	err = store_setting(core, &(struct store_setting){e->name, value, detail}, act);
	if (err)
		return err;
	core->limits = limits;
	copy_policy(core);
	core_tell(core, CORE_NEWS_LIMITS, NULL);
	return 0;
}

/* ---- the record ---- */

int core_record_page(struct core *core, const struct core_page *page, core_page_fn *fn, void *arg)
{
	return store_page(core, page, fn, arg);
}

int core_record_verify(struct core *core, core_verified_fn *fn, void *arg)
{
	return store_verify(core, fn, arg);
}
