/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner makes, changes and ends openings by hand. */
#include "gateway/core_hands.h"
#include "gateway/core_sip_int.h"
#include "gateway/policy_json.h"

#include "protocols/err.h"

#include <stdio.h>
#include <stdlib.h>

static int blame(struct core_fault *fault, const char *place, const char *why)
{
	struct core_fault f = {0};

	snprintf(f.place, sizeof(f.place), "%s", place);
	snprintf(f.why, sizeof(f.why), "%s", why);
	*fault = f;
	return ERR_RANGE;
}

static const struct hand *find(const struct core *core, uint32_t id)
{
	size_t place = hands_place(core->hands, id);

	return place < core->hands->count ? &core->hands->at[place] : NULL;
}

/* What was there before the first phone was marked stays: calls go round it. */
static const char *phones_fault(const struct core *core, const struct hand *h,
	const struct hand *old)
{
	bool as_before = old && old->external_port == h->external_port && old->count == h->count;
	uint32_t last = (uint32_t)h->external_port + h->count - 1;

	if (as_before || !(h->families & HAND_IP4) || last < CORE_SIP_PORT_MIN ||
		h->external_port > CORE_SIP_PORT_MAX || !phones_reserve(core, CORE_SIP_PORT_MIN))
		return NULL;
	return "ports 36000 to 39999 are kept for calls while a phone is marked";
}

static int check(const struct core *core, const struct hand *h, struct core_fault *fault)
{
	size_t count;
	const struct hand *hands = core_hands(core, &count);
	const char *why = hand_fault(h);

	if (why)
		return blame(fault, "", why);
	if (!devices_by_id(core->devices, h->device_id))
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < count && !why; i++)
		why = hand_clash(&hands[i], h);
	if (!why)
		why = hands_port_fault(core, h);
	if (!why)
		why = phones_fault(core, h, find(core, h->id));
	return why ? blame(fault, "external_port", why) : 0;
}

static int put_row(struct db *db, const void *row)
{
	return db_hand_put(db, row);
}

static int delete_row(struct db *db, const void *row)
{
	const struct hand *h = row;

	return db_hand_delete(db, h->id);
}

static struct store_job *job_of(struct core *core, const struct hand *h,
	int (*put)(struct db *db, const void *row))
{
	struct store_job *sj = job_new(core, true);

	if (sj)
		job_put_row(sj, put, h, sizeof(*h));
	return sj;
}

static int store(struct core *core, struct policy_change *change, struct acting *acting,
	const struct core_act *act)
{
	const struct core_act part = act_part(acting, act);

	if (!change->sj) {
		free(change->detail);
		return ERR_MEMORY;
	}
	return policy_change_put(core, change, &part);
}

int core_hand_put(struct core *core, const struct hand *hand, const struct core_act *act,
	struct core_fault *fault, uint32_t *id)
{
	const struct hand *old = hand->id != 0 ? find(core, hand->id) : NULL;
	struct policy_change change = policy_change_of(core, "hand",
		old ? "an opening by hand was changed" : "an opening by hand was made");
	struct pending item = {.done = act_part_done};
	struct hand h = *hand;
	size_t count;
	int err;

	(void)core_hands(core, &count);
	if (hand->id != 0 && !old)
		return ERR_NOT_FOUND;
	if (!old && count == HANDS_MAX)
		return ERR_FULL;
	err = check(core, &h, fault);
	item.arg = err ? NULL : act_begin(act);
	if (!item.arg)
		return err ? err : ERR_MEMORY;
	if (!old)
		h.id = hands_next_id(core);
	change.device_id = h.device_id;
	change.detail = detail_of(old ? policy_json_hand(old) : json_null(), policy_json_hand(&h));
	change.sj = job_of(core, &h, put_row);
	err = store(core, &change, item.arg, act);
	if (err) {
		act_cancel(item.arg);
		return err;
	}
	hands_put(core, &h, &item);
	core_tell_id(core, CORE_NEWS_HAND, h.id);
	*id = h.id;
	return 0;
}

int core_hand_delete(struct core *core, uint32_t id, const struct core_act *act)
{
	const struct hand *old = find(core, id);
	struct policy_change change = policy_change_of(core, "hand",
		"an opening by hand was taken away");
	struct pending item = {.done = act_part_done};
	int err;

	if (!old)
		return ERR_NOT_FOUND;
	item.arg = act_begin(act);
	if (!item.arg)
		return ERR_MEMORY;
	change.device_id = old->device_id;
	change.detail = detail_of(policy_json_hand(old), json_null());
	change.sj = job_of(core, old, delete_row);
	err = store(core, &change, item.arg, act);
	if (err)
		act_cancel(item.arg);
	else
		hands_drop(core, id, &item);
	return err;
}

struct core_hand_status core_hand_status(const struct core *core, const struct hand *hand)
{
	size_t place = hands_place(core->hands, hand->id);
	const struct opening *o = table_first_device(core->table, hand->device_id);
	struct core_hand_status s = {.state = CORE_HAND_OFF, .text = "there is no such opening"};

	if (place == core->hands->count)
		return s;
	s.state = core->hands->notes[place].state;
	s.text = core->hands->notes[place].text;
	s.warning = core->hands->notes[place].warning;
	for (; o; o = table_next_device(o)) {
		if (o->hand_id != hand->id)
			continue;
		s.openings++;
		if (opening_is4(o) && (s.target4.port == 0 ||
					      o->internal.port < s.target4.port))
			s.target4 = o->internal;
	}
	return s;
}
