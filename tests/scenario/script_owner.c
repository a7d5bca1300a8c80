/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts that come, move and go, and what the owner says: devices, openings by hand, closings.
 * Devices are named by an address of theirs.
 */
#include "tests/scenario/script.h"

#include "gateway/core_int.h"
#include "gateway/fw_fake.h"
#include "protocols/err.h"

#include <string.h>

/* ---- hosts ---- */

static unsigned digit(struct script *s, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		script_fail(s, "%c is no hexadecimal digit", c);
	return (unsigned)(at - digits);
}

static void script_mac(struct script *s, uint8_t mac[6])
{
	const char *text = script_next(s);

	if (strlen(text) != 17)
		script_fail(s, "%s is no MAC", text);
	for (size_t b = 0; b < 6; b++)
		mac[b] = (uint8_t)(digit(s, text[b * 3]) << 4 | digit(s, text[b * 3 + 1]));
}

/* host ADDR MAC [on IFINDEX] [guest]; host ADDR gone; host ADDR named NAME [id TEXT] */
void script_host(struct script *s)
{
	struct core_host host = {.addr = script_addr(s), .ifindex = 1, .ifname = "br-lan"};
	struct core_name name = {.addr = host.addr};
	bool gone = script_take(s, "gone");

	if (!gone && script_take(s, "named")) {
		name.hostname = str_from(script_next(s));
		if (script_take(s, "id"))
			name.client_id = str_from(script_next(s));
		core_host_named(s->world.core, &name);
		world_settle(&s->world);
		return;
	}
	if (!gone)
		script_mac(s, host.mac);
	if (script_take(s, "on"))
		host.ifindex = (int)script_number(s);
	host.guest = script_take(s, "guest");
	world_host(&s->world, &host, !gone);
	world_settle(&s->world);
}

/* bound ADDR MAC|none [on IFINDEX]: what the kernel knows */
void script_bound(struct script *s)
{
	struct addr addr = script_addr(s);
	bool none = script_take(s, "none"), is4 = addr_is4(&addr);
	size_t len = is4 ? 4 : 16;
	uint8_t key[FW_KEY_MAX] = {0}, mac[6];
	uint32_t ifindex = 1;

	if (!none)
		script_mac(s, mac);
	if (script_take(s, "on"))
		ifindex = script_number(s);
	memcpy(key, &ifindex, sizeof(ifindex));
	memcpy(key + 4, is4 ? addr_bytes4(&addr) : addr.b, len);
	if (none == (fw_fake_find(s->world.fw, is4 ? FW_SET_KNOWN4 : FW_SET_KNOWN6, key) != NULL))
		script_fail(s, none ? "the kernel knows it" : "the kernel does not know it");
	if (none)
		return;
	memcpy(key + 4 + len, mac, sizeof(mac));
	if (!fw_fake_find(s->world.fw, is4 ? FW_SET_BOUND4 : FW_SET_BOUND6, key))
		script_fail(s, "the kernel has it bound otherwise");
}

/* doors PROTO PORT ...: they are these now, in the kernel too */
void script_doors(struct script *s)
{
	struct core_door doors[8];
	size_t count = 0;

	while (s->at < s->count && count < 8) {
		doors[count].proto = script_proto(s);
		doors[count++].port = (uint16_t)script_number(s);
	}
	core_doors_changed(s->world.core, doors, count);
	world_settle(&s->world);
	if (fw_fake_count(s->world.fw, FW_SET_DOOR) != count)
		script_fail(s, "the kernel has %zu", fw_fake_count(s->world.fw, FW_SET_DOOR));
}

static uint32_t script_device(struct script *s)
{
	struct addr addr = script_addr(s);
	uint32_t id = core_device_of(s->world.core, &addr);

	if (id == 0)
		script_fail(s, "there is no such device");
	return id;
}

/* ---- the owner's acts ---- */

struct told {
	bool done;
	int err;
};

static void on_done(void *arg, int err)
{
	struct told *t = arg;

	t->done = true;
	t->err = err;
}

static int error_word(const char *word)
{
	static const struct {
		const char *word;
		int err;
	} words[] = {{"range", ERR_RANGE}, {"denied", ERR_DENIED}, {"not-found", ERR_NOT_FOUND},
		{"exists", ERR_EXISTS}, {"full", ERR_FULL},
		{"unstored", ERR_UNSTORED}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) == 0)
			return words[i].err;
	}
	return 1;
}

/* "fails WORD" at the end of the line, else it has to succeed. */
static void check_act(struct script *s, int err, struct told *t, const char *why)
{
	int wanted = 0;

	if (script_take(s, "fails"))
		wanted = error_word(script_next(s));
	world_settle(&s->world);
	if (!err && !t->done)
		script_fail(s, "it was not told done");
	err = err ? err : t->err;
	if (err != wanted)
		script_fail(s, "it is: %s %s", err_text(err), why);
}

static int zone_word(struct script *s)
{
	static const char *const zones[RULE_ZONES] = {"admin", "member", "new", "guest", "blocked"};
	const char *word = script_next(s);
	int zone = 0;

	while (zone < RULE_ZONES && strcmp(zones[zone], word) != 0)
		zone++;
	return zone;
}

static void check_device(struct script *s, uint32_t id)
{
	const struct db_device *d = core_device(s->world.core, id);

	if (script_take(s, "zone") && d->zone != zone_word(s))
		script_fail(s, "its zone is %u", d->zone);
	if (script_take(s, "name") && strcmp(d->name, script_next(s)) != 0)
		script_fail(s, "its name is \"%s\"", d->name);
	if (script_take(s, "hostname") && strcmp(d->hostname, script_next(s)) != 0)
		script_fail(s, "its hostname is \"%s\"", d->hostname);
	if (script_take(s, "openings") && core_device_openings(s->world.core, id) !=
		script_number(s))
		script_fail(s, "it has %u", core_device_openings(s->world.core, id));
}

/* device ADDR is ...; device ADDR zone|name|phone ...; device ADDR forget; device ADDR into ADDR;
 * devices COUNT */
void script_device_line(struct script *s)
{
	uint32_t id = script_device(s);
	struct core_device_change c = {.zone = -1, .phone = -1};
	struct core_fault fault = {.why = ""};
	struct told t = {false, 0};
	struct core_act act = {"test", on_done, &t};
	int err;

	if (script_take(s, "is")) {
		check_device(s, id);
		return;
	}
	if (script_take(s, "forget")) {
		err = core_device_forget(s->world.core, id, &act);
	} else if (script_take(s, "into")) {
		err = core_device_merge(s->world.core, id, script_device(s), &act);
	} else {
		if (script_take(s, "zone"))
			c.zone = zone_word(s);
		if (script_take(s, "name"))
			c.name = script_next(s);
		if (script_take(s, "phone"))
			c.phone = (int)script_number(s);
		err = core_device_put(s->world.core, id, &c, &act, &fault);
	}
	check_act(s, err, &t, fault.why);
}

void script_devices(struct script *s)
{
	size_t count = core_devices(s->world.core);

	if (count != script_number(s))
		script_fail(s, "there are %zu", count);
}

void script_attend(struct script *s)
{
	struct told t = {false, 0};
	int err = core_attend(s->world.core, true, &(struct core_act){"test", on_done, &t});

	check_act(s, err, &t, "");
}

static const struct hand *find_hand(struct script *s, const char *name)
{
	size_t count;
	const struct hand *hands = core_hands(s->world.core, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(hands[i].name, name) == 0)
			return &hands[i];
	}
	return NULL;
}

static void hand_words(struct script *s, struct hand *h)
{
	struct str text;

	h->protos = HAND_TCP;
	if (script_take(s, "both"))
		h->protos = HAND_TCP | HAND_UDP;
	else if (script_proto(s) == MAP_PROTO_UDP)
		h->protos = HAND_UDP;
	h->external_port = h->internal_port = (uint16_t)script_number(s);
	if (script_take(s, "to"))
		h->internal_port = (uint16_t)script_number(s);
	if (script_take(s, "count"))
		h->count = (uint16_t)script_number(s);
	if (script_take(s, "v4"))
		h->families = HAND_IP4;
	else if (script_take(s, "v6"))
		h->families = HAND_IP6;
	if (script_take(s, "from")) {
		h->has_remote = true;
		text = str_from(script_next(s));
		if (prefix_decode(text, &h->remote))
			script_fail(s, "no prefix");
	}
	if (script_take(s, "when") && schedule_decode(str_from(script_next(s)), &h->when))
		script_fail(s, "no schedule");
}

static void check_hand(struct script *s, const struct hand *h)
{
	static const char *const words[] = {"open", "off", "resting", "waiting", "taken",
		"trouble"};
	struct core_hand_status is = core_hand_status(s->world.core, h);
	const char *word = script_next(s);

	if (strcmp(word, words[is.state]) != 0)
		script_fail(s, "it is %s: %s", words[is.state], is.text);
	if (script_take(s, "openings") && is.openings != script_number(s))
		script_fail(s, "there are %zu", is.openings);
	if (script_take(s, "warns") && !is.warning)
		script_fail(s, "it does not warn");
}

/* hand NAME ADDR PROTO|both PORT [to PORT] [count N] [v4|v6] [from PREFIX] [when SCHEDULE];
 * hand NAME off|on|delete; hand NAME is STATE [openings N] [warns] */
void script_hand(struct script *s)
{
	const char *name = script_next(s);
	const struct hand *old = find_hand(s, name);
	struct hand h = {.enabled = true, .families = HAND_IP4 | HAND_IP6, .count = 1,
		.remote = prefix_any6()};
	struct core_fault fault = {.why = ""};
	struct told t = {false, 0};
	struct core_act act = {"test", on_done, &t};
	uint32_t id;
	int err;

	if (old)
		h = *old;
	if (old && script_take(s, "is")) {
		check_hand(s, old);
		return;
	}
	strncpy(h.name, name, HAND_NAME_MAX);
	if (old && script_take(s, "delete")) {
		err = core_hand_delete(s->world.core, old->id, &act);
		check_act(s, err, &t, "");
		return;
	}
	if (script_take(s, "off")) {
		h.enabled = false;
	} else if (script_take(s, "on")) {
		h.enabled = true;
	} else {
		h.device_id = script_device(s);
		hand_words(s, &h);
	}
	err = core_hand_put(s->world.core, &h, &act, &fault, &id);
	check_act(s, err, &t, fault.why);
}

static const struct opening *named(struct script *s)
{
	struct prefix any = prefix_any4();
	uint8_t proto = script_proto(s);
	uint16_t port = (uint16_t)script_number(s);

	return core_opening_by_external(s->world.core, proto, port, &any);
}

/* close PROTO PORT [day|good]; undo: of what was closed last */
void script_close(struct script *s)
{
	const struct opening *o = named(s);
	enum core_close how = CORE_CLOSE_NOW;
	struct told t = {false, 0};
	int err;

	if (!o)
		script_fail(s, "it is not in the list");
	if (script_take(s, "day"))
		how = CORE_CLOSE_DAY;
	else if (script_take(s, "good"))
		how = CORE_CLOSE_GOOD;
	s->closed_id = o->id;
	err = core_close(s->world.core, o->id, how, &(struct core_act){"test", on_done, &t});
	check_act(s, err, &t, "");
}

void script_undo(struct script *s)
{
	struct told t = {false, 0};
	int err = core_undo(s->world.core, s->closed_id, &(struct core_act){"test", on_done, &t});

	check_act(s, err, &t, "");
}

/* suspended PROTO PORT */
void script_suspended(struct script *s)
{
	const struct opening *o = named(s);

	if (!o)
		script_fail(s, "it is not in the list");
	if (!o->suspended || core_opening_active(s->world.core, o))
		script_fail(s, "it is not suspended");
}

/* alert KIND [over] [count N]; alert KIND none */
void script_alert(struct script *s)
{
	static const char *const kinds[DB_ALERT_KINDS] = {"forged", "gateway", "same-device",
		"clone", "firewall", "store", "policy", "sip-helper", "taken",
		"sip"};
	const struct db_alert *found = NULL;
	const char *word = script_next(s);
	size_t count;
	const struct db_alert *alerts = core_alerts(s->world.core, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(kinds[alerts[i].kind], word) == 0)
			found = &alerts[i];
	}
	if (script_take(s, "none")) {
		if (found)
			script_fail(s, "there is one: %s", found->text);
		return;
	}
	if (!found)
		script_fail(s, "there is none");
	if (found->over != script_take(s, "over"))
		script_fail(s, "over: %d", found->over);
	if (script_take(s, "count") && found->count != script_number(s))
		script_fail(s, "it was raised %u times", found->count);
}
