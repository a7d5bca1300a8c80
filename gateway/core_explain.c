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
	struct explaining *next;
	struct pending item;
	core_explained_fn *fn;
	void *arg;
};

int core_explain(struct core *core, const struct map_req *req, core_explained_fn *fn, void *arg)
{
	struct explaining *e = core->stopped || core->explaining ? NULL : calloc(1, sizeof(*e));
	struct str descr = str_cut_utf8(req->descr, MAP_DESCR_MAX);

	if (!e)
		return core->stopped || core->explaining ? ERR_BUSY : ERR_MEMORY;
	e->item = (struct pending){.kind = PENDING_REQUEST, .req = *req};
	if (descr.len > 0)
		memcpy(e->item.text, descr.p, descr.len);
	e->item.req.descr.len = descr.len;
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
	struct db_state state = core->state;
	bool dirty = core->state_dirty;
	uint32_t seed = core->port_seed;

	core->batch.items = item;
	core->batch.item_count = 1;
	plan_item(core, 0);
	change_undo_to(core, 0);
	core->batch.items = NULL;
	core->batch.item_count = 0;
	core->state = state;
	core->state_dirty = dirty;
	core->port_seed = seed;
}

static void explain(struct core *core, struct explaining *e)
{
	struct explained x = {.decision = {.why = ""}};
	enum decide_miss misses[RULES_MAX];
	struct core_explained out;
	struct pending *item = &e->item;

	item->explained = &x;
	plan_dry(core, item);
	out = (struct core_explained){
		.result = item->ans.result,
		.rule_id = x.decision.rule_id,
		.why = item->reason ? item->reason : x.decision.why,
		.external = item->ans.external,
		.lifetime_s = item->ans.lifetime_s,
		.device_id = item->device_id,
		.misses = misses,
	};
	if (x.asked)
		out.miss_count = misses_of(core, &x, misses);
	e->fn(e->arg, &out);
}

void explain_step(struct core *core)
{
	struct explaining *e = core->explaining;

	if (!e)
		return;
	core->explaining = NULL;
	explain(core, e);
	free(e);
}

/* Nobody is left who waits for it. */
void explain_stop(struct core *core)
{
	free(core->explaining);
	core->explaining = NULL;
}
