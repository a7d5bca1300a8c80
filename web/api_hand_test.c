/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route: is an opening by hand forwarded? Step by step what the router can tell by itself: its
 * address outside, the opening in the kernel, the device at home, the device's port (TCP only: it
 * is knocked at), and by the kernel's counters whether anybody came through already.
 */
#include "gateway/knock.h"
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <stdlib.h>

#define SAY_MAX 200

enum step { STEP_WAN, STEP_OPENING, STEP_DEVICE, STEP_PORT, STEP_TRAFFIC, STEPS };
enum ok { OK_UNKNOWN, OK_YES, OK_NO };

struct found {
	enum ok ok;
	char say[SAY_MAX];
};

struct test {
	struct api_job *job;
	uint32_t hand_id;
	size_t place;		/* among the API's tests */
	struct endpoint target;	/* to knock at; port 0: there is none */
	uint64_t packets;
	struct found found[STEPS];
};

static void find(struct test *t, enum step step, enum ok ok, struct writer *w)
{
	struct found *f = &t->found[step];

	f->ok = ok;
	f->say[w->len] = '\0';
}

static struct writer saying(struct test *t, enum step step)
{
	return writer_to(t->found[step].say, SAY_MAX - 1);
}

static void say(struct test *t, enum step step, enum ok ok, const char *text)
{
	struct writer w = saying(t, step);

	writer_text(&w, text);
	find(t, step, ok, &w);
}

static const struct hand *hand_of(const struct core *core, uint32_t id)
{
	size_t count;
	const struct hand *hands = core_hands(core, &count);

	for (size_t i = 0; i < count; i++)
		if (hands[i].id == id)
			return &hands[i];
	return NULL;
}

/* ---- the steps ---- */

static void look_at_wan(struct test *t, const struct core *core, const struct hand *h)
{
	const struct addr *wan = core_wan4(core);
	struct writer w = saying(t, STEP_WAN);
	bool public4 = !addr_is_any(wan) && !addr_is_private(wan);

	if (!(h->families & HAND_IP4)) {
		say(t, STEP_WAN, OK_YES, "IPv6 needs no address of the router.");
		return;
	}
	writer_text(&w, public4 ? "The Internet reaches this router at " : "");
	if (addr_is_any(wan))
		writer_text(&w, "The router has no IPv4 address outside now.");
	else
		addr_encode(&w, wan);
	if (public4)
		writer_text(&w, ".");
	else if (!addr_is_any(wan))
		writer_text(&w, " is no public address: another router or your provider is in "
			"front; people outside can not reach this yet.");
	find(t, STEP_WAN, public4 ? OK_YES : OK_NO, &w);
}

static bool is_to_knock(const struct opening *o)
{
	return o->proto == MAP_PROTO_TCP;
}

static void look_at_opening(struct test *t, const struct core *core, const struct hand *h)
{
	struct core_hand_status s = core_hand_status(core, h);
	size_t active = 0, all = 0;

	for (size_t i = 0; i < core_openings(core); i++) {
		const struct opening *o = core_opening_at(core, i);
		if (o->hand_id != h->id)
			continue;
		all++;
		active += core_opening_active(core, o);
		if (is_to_knock(o) && (t->target.port == 0 || opening_is4(o)))
			t->target = o->internal;
	}
	if (s.state != CORE_HAND_OPEN)
		say(t, STEP_OPENING, OK_NO, s.text ? s.text : "It is not open now.");
	else if (all == 0 || active < all)
		say(t, STEP_OPENING, OK_NO, "The firewall does not let it through now.");
	else
		say(t, STEP_OPENING, OK_YES, "The firewall lets it through.");
}

static void look_at_device(struct test *t, const struct core *core, const struct hand *h)
{
	struct core_device_addr addrs[16];
	size_t count = core_device_addrs(core, h->device_id, addrs, 16);
	struct writer w = saying(t, STEP_DEVICE);
	bool known = false;

	for (size_t i = 0; i < count; i++) {
		known = known || addrs[i].ifindex != 0;
		if (!addrs[i].here)
			continue;
		writer_text(&w, "The device is at home, at ");
		addr_encode(&w, &addrs[i].addr);
		writer_text(&w, ".");
		find(t, STEP_DEVICE, OK_YES, &w);
		return;
	}
	say(t, STEP_DEVICE, known ? OK_NO : OK_UNKNOWN, known ? "The device is not at home now."
		: "The device has not been seen since the start.");
}

static void look_at_traffic(struct test *t)
{
	struct writer w = saying(t, STEP_TRAFFIC);

	if (t->packets == 0) {
		say(t, STEP_TRAFFIC, OK_UNKNOWN, "Nobody has come through yet.");
		return;
	}
	writer_dec(&w, t->packets);
	writer_text(&w, t->packets == 1 ? " packet has" : " packets have");
	writer_text(&w, " come through so far.");
	find(t, STEP_TRAFFIC, OK_YES, &w);
}

static void look_at_port(struct test *t, enum knock_result result)
{
	static const char *const said[] = {
		[KNOCK_ANSWERS] = "The device answers at port ",
		[KNOCK_REFUSES] = "The device refuses: no program listens at port ",
		[KNOCK_SILENT] = "The device is silent, perhaps by a firewall of its own, at port ",
		[KNOCK_NO_WAY] = "The device can not be reached now to knock at port ",
	};
	struct writer w = saying(t, STEP_PORT);

	writer_text(&w, said[result]);
	writer_dec(&w, t->target.port);
	writer_text(&w, ".");
	find(t, STEP_PORT, result == KNOCK_ANSWERS ? OK_YES : OK_NO, &w);
}

/* ---- the answer ---- */

static void show_steps(struct jsonw *j, const struct test *t)
{
	static const char *const names[STEPS] = {"wan", "opening", "device", "port", "traffic"};

	jsonw_array(j, "steps");
	for (size_t i = 0; i < STEPS; i++) {
		jsonw_object(j, NULL);
		jsonw_text(j, "what", names[i]);
		if (t->found[i].ok == OK_UNKNOWN)
			jsonw_null(j, "ok");
		else
			jsonw_bool(j, "ok", t->found[i].ok == OK_YES);
		jsonw_text(j, "say", t->found[i].say);
		jsonw_object_end(j);
	}
	jsonw_array_end(j);
}

static const char *verdict_of(const struct test *t, bool *forwarded)
{
	*forwarded = false;
	for (size_t i = 0; i < STEPS; i++)
		if (t->found[i].ok == OK_NO)
			return t->found[i].say;
	*forwarded = true;
	if (t->found[STEP_PORT].ok == OK_YES)
		return "It is forwarded: the device answers at this port.";
	return "It is forwarded, as far as the router can tell.";
}

static void answer(struct test *t)
{
	struct api_job *job = t->job;
	struct jsonw j = {0};
	bool forwarded;
	const char *why = verdict_of(t, &forwarded);

	jsonw_object(&j, NULL);
	jsonw_bool(&j, "forwarded", forwarded);
	jsonw_text(&j, "why", why);
	show_steps(&j, t);
	jsonw_object_end(&j);
	if (job->req)
		api_answer_json(job->req, 200, &j);
	else
		jsonw_free(&j);
	api_job_free(job);
}

static void on_knocked(void *arg, enum knock_result result)
{
	struct test *t = arg;

	t->job->api->tests[t->place] = (struct api_test){0};
	look_at_port(t, result);
	answer(t);
}

static bool knock(struct test *t)
{
	struct api *api = t->job->api;

	while (t->place < API_TESTS_MAX && api->tests[t->place].knock)
		t->place++;
	if (t->place == API_TESTS_MAX)
		return false;
	api->tests[t->place].job = t->job;
	api->tests[t->place].knock = knock_new(api->config.loop, &t->target, on_knocked, t);
	return api->tests[t->place].knock;
}

static void try_port(struct test *t)
{
	if (t->target.port != 0 && knock(t))
		return;
	say(t, STEP_PORT, OK_UNKNOWN, t->target.port ? "Too much is being tested; try again."
		: "No TCP port is open there now, and others can not be knocked at: "
		"try it from outside.");
	answer(t);
}

void api_hand_test_stop(struct api *api)
{
	for (size_t i = 0; i < API_TESTS_MAX; i++) {
		if (!api->tests[i].knock)
			continue;
		knock_free(api->tests[i].knock);
		api_job_free(api->tests[i].job);
	}
}

static void on_counter(void *arg, const struct opening *o, const struct core_traffic *traffic)
{
	struct test *t = arg;

	if (o->hand_id == t->hand_id)
		t->packets += traffic->packets;
}

static void on_counted(void *arg, int err)
{
	struct test *t = arg;
	const struct hand *h = hand_of(t->job->core, t->hand_id);

	if (err)
		say(t, STEP_TRAFFIC, OK_UNKNOWN, "The firewall can not be asked now.");
	else
		look_at_traffic(t);
	if (h) {
		look_at_wan(t, t->job->core, h);
		look_at_opening(t, t->job->core, h);
		look_at_device(t, t->job->core, h);
		try_port(t);
		return;
	}
	api_job_fine(t->job, ERR_NOT_FOUND);
	api_job_free(t->job);
}

void api_hand_test(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct api_job *job = id ? api_job_new(call) : NULL;
	struct test *t;

	if (!job)
		return;
	t = job->data = calloc(1, sizeof(*t));
	if (!t) {
		api_job_fine(job, ERR_MEMORY);
		api_job_free(job);
		return;
	}
	*t = (struct test){.job = job, .hand_id = id};
	if (core_counters(job->core, on_counter, on_counted, t))
		on_counted(t, ERR_GONE);
}
