/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy taken out as a whole, and its copy beside the store, as JSON: written by the database
 * thread after each change, many changes at once as one. It is what holds when the store cannot be
 * believed.
 */
#include "gateway/core_int.h"
#include "gateway/policy_json.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define SOON_MS 200
#define AGAIN_MS 60000		/* after a failure: a full disk is not hammered */

/* ---- taking it out ---- */

static bool is_spoken_of(const struct core *core, uint32_t id)
{
	size_t count;
	const struct hand *hands = core_hands(core, &count);

	for (size_t i = 0; i < core->rule_count; i++) {
		if (core->rules[i].device_id == id)
			return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (hands[i].device_id == id)
			return true;
	}
	return false;
}

/* What the owner said of a device belongs to the policy; that it was seen does not. */
static bool is_policys(const struct core *core, const struct db_device *d)
{
	bool said = d->name[0] != '\0' || d->phone || d->callers.count > 0 ||
		(d->zone != RULE_ZONE_NEW && !d->guest);

	return (said && d->has_mac) || is_spoken_of(core, d->id);
}

static int copy_devices(const struct core *core, struct policy *p)
{
	p->devices = calloc(devices_count(core->devices) + 1, sizeof(*p->devices));
	if (!p->devices)
		return ERR_MEMORY;
	for (size_t i = 0; i < devices_count(core->devices); i++) {
		const struct db_device *d = &devices_at(core->devices, i)->row;
		if (is_policys(core, d))
			p->devices[p->device_count++] = *d;
	}
	return 0;
}

static void *copy_of(const void *rows, size_t count, size_t size)
{
	void *copy = calloc(count + 1, size);

	if (copy && count > 0)
		memcpy(copy, rows, count * size);
	return copy;
}

int core_policy_get(const struct core *core, struct policy *out)
{
	struct policy p = {
		.rule_count = core->rule_count,
		.limits = core->limits,
		.preset = core->state.preset,
		.attended = core->state.attended,
	};
	const struct hand *hands = core_hands(core, &p.hand_count);

	p.rules = copy_of(core->rules, core->rule_count, sizeof(*p.rules));
	p.hands = copy_of(hands, p.hand_count, sizeof(*p.hands));
	if (!p.rules || !p.hands || copy_devices(core, &p)) {
		policy_json_free(&p);
		return ERR_MEMORY;
	}
	*out = p;
	return 0;
}

/* ---- the file ---- */

struct copy_job {
	struct db_job job;
	struct core *core;
	char *text;
};

static int run_copy(struct db *db, struct db_job *job)
{
	const struct copy_job *cj = (const struct copy_job *)job;

	(void)db;
	return policy_json_save(cj->core->policy_copy, cj->text, strlen(cj->text));
}

static void copied(struct db_job *job, int err)
{
	struct copy_job *cj = (struct copy_job *)job;
	struct core *core = cj->core;

	free(cj->text);
	free(cj);
	core->copying = false;
	if (err) {
		log_error(core->log, "policy: %s cannot be written (%s)", core->policy_copy,
			err_text(err));
		core->copy_stale = true;
	}
	if (core->copy_stale && !core->stopped)
		loop_timer_set(core->loop, &core->copy_soon,
			loop_now_ms(core->loop) + (err ? AGAIN_MS : SOON_MS));
}

static char *text_of(const struct core *core)
{
	struct policy p;
	json_t *whole;
	char *text;

	if (core_policy_get(core, &p))
		return NULL;
	whole = policy_json_whole(&p);
	policy_json_free(&p);
	text = whole ? json_dumps(whole, JSON_INDENT(1)) : NULL;
	json_decref(whole);
	return text;
}

static void copy(void *arg)
{
	struct core *core = arg;
	struct copy_job *cj;

	if (core->copying || !core->queue)
		return;
	cj = calloc(1, sizeof(*cj));
	if (!cj)
		return;
	cj->job = (struct db_job){.run = run_copy, .done = copied};
	cj->core = core;
	cj->text = text_of(core);
	if (!cj->text || db_queue_submit(core->queue, &cj->job)) {
		free(cj->text);
		free(cj);
		return;
	}
	core->copying = true;
	core->copy_stale = false;
}

void copy_policy(struct core *core)
{
	if (!core->policy_copy)
		return;
	core->copy_stale = true;
	if (core->copy_soon.slot == 0)
		loop_timer_set(core->loop, &core->copy_soon, loop_now_ms(core->loop) + SOON_MS);
}

void copy_init(struct core *core)
{
	core->copy_soon = (struct loop_timer){.fn = copy, .arg = core};
}

/* While the database thread still works. */
void copy_stop(struct core *core)
{
	loop_timer_stop(core->loop, &core->copy_soon);
	if (core->copy_stale)
		copy(core);
}
