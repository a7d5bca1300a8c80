/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would be answered, without doing it: the request is planned as any other, by the same code
 * and so with the same words, while no batch is under way; then all of it is undone.
 */
#include "gateway/core_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

struct explaining {
	struct pending item;
	struct rule_block *draft;	/* NULL: the rules in force */
	core_explained_fn *fn;
	void *arg;
};

static void explaining_free(struct explaining *e)
{
	rules_drop(e->draft);
	free(e);
}

/* NULL: no memory. */
static struct explaining *explaining_new(const struct map_req *req)
{
	struct explaining *e = calloc(1, sizeof(*e));
	struct str descr = str_cut_utf8(req->descr, MAP_DESCR_MAX);

	if (!e)
		return NULL;
	e->item = (struct pending){.kind = PENDING_REQUEST, .req = *req};
	if (descr.len > 0)
		memcpy(e->item.text, descr.p, descr.len);
	e->item.req.descr.len = descr.len;
	return e;
}

static int make_draft(const struct core *core, const struct core_explain *x,
	struct core_fault *fault, struct rule_block **out)
{
	struct rule_block *draft;
	struct rule *mine;
	int err = rules_checked(core, x->rules, x->count, fault, &mine);

	if (err)
		return err;
	draft = rules_new(core, mine, x->count);
	free(mine);
	if (!draft)
		return ERR_MEMORY;
	*out = draft;
	return 0;
}

int core_explain(struct core *core, const struct core_explain *x, struct core_fault *fault,
	core_explained_fn *fn, void *arg)
{
	struct explaining *e;
	int err = 0;

	if (core->stopped || core->explaining)
		return ERR_BUSY;
	e = explaining_new(&x->req);
	if (!e)
		return ERR_MEMORY;
	if (x->rules)
		err = make_draft(core, x, fault, &e->draft);
	if (err) {
		explaining_free(e);
		return err;
	}
	e->fn = fn;
	e->arg = arg;
	core->explaining = e;
	return 0;
}

/* Up to the rule that decided; all when none fits, and none when none was asked: what is refused
 * whatever the rules say. */
static size_t misses_of(const struct core *core, const struct explained *x,
	enum decide_miss out[RULES_MAX])
{
	size_t n = 0;

	while (n < core->rule_count && core->rules[n].id != x->decision.rule_id) {
		out[n] = decide_rule(&core->rules[n], &x->facts);
		if (out[n] == DECIDE_MATCH)
			return 0;
		n++;
	}
	return n;
}

/* Plans on the table as it is, and leaves it so. */
static void plan_dry(struct core *core, struct pending *item)
{
	uint32_t seed = core->port_seed;

	core->batch.items = item;
	core->batch.item_count = 1;
	plan_item(core, 0);
	change_undo_to(core, 0);
	core->batch.items = NULL;
	core->batch.item_count = 0;
	core->port_seed = seed;
}

/* By the rules that decide now; notes of theirs are in the answer. */
static void explain(struct core *core, struct pending *item, enum decide_miss misses[RULES_MAX],
	struct core_explained *out)
{
	struct explained x = {.decision = {.why = ""}};

	item->explained = &x;
	plan_dry(core, item);
	item->explained = NULL;
	*out = (struct core_explained){
		.result = item->ans.result,
		.rules = core->rules,
		.rule_count = core->rule_count,
		.rule_id = x.decision.rule_id,
		.why = item->reason ? item->reason : x.decision.why,
		.external = item->ans.external,
		.lifetime_s = item->ans.lifetime_s,
		.device_id = item->device_id,
		.misses = misses,
	};
	if (x.asked)
		out->miss_count = misses_of(core, &x, misses);
}

/* Who puts rules in force looks after the router. */
static void explain_by(struct core *core, struct explaining *e,
	enum decide_miss misses[RULES_MAX], struct core_explained *out)
{
	struct rule_block *in_force = rules_swap(core, e->draft);

	core->state.attended = true;
	explain(core, &e->item, misses, out);
	(void)rules_swap(core, in_force);
}

void explain_step(struct core *core)
{
	struct explaining *e = core->explaining;
	struct db_state state = core->state;
	bool dirty = core->state_dirty;
	enum decide_miss misses[RULES_MAX];
	struct core_explained out;

	if (!e)
		return;
	core->explaining = NULL;
	if (e->draft)
		explain_by(core, e, misses, &out);
	else
		explain(core, &e->item, misses, &out);
	core->state = state;
	core->state_dirty = dirty;
	e->fn(e->arg, &out);
	explaining_free(e);
}

void explain_stop(struct core *core)
{
	struct explaining *e = core->explaining;
	const struct core_explained out = {
		.result = MAP_TROUBLE,
		.why = map_result_text(MAP_TROUBLE),
	};

	if (!e)
		return;
	core->explaining = NULL;
	e->fn(e->arg, &out);
	explaining_free(e);
}
