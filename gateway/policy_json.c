/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy written as JSON, and its files; see policy_json.h. What is read is
 * policy_json_read.c's. Files are written aside, synced and renamed: there is always a whole one.
 */
#include "gateway/policy_json.h"

#include "gateway/policy_json_int.h"
#include "protocols/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* ---- writing ---- */

/* What has no memory is missing in the object, and makes all of it NULL at the end. */
struct writing {
	json_t *object;
	bool failed;
};

static void put(struct writing *w, const char *key, json_t *value)
{
	if (!w->object || json_object_set_new(w->object, key, value))
		w->failed = true;
}

static json_t *done(struct writing *w)
{
	if (!w->failed)
		return w->object;
	json_decref(w->object);
	return NULL;
}

static void put_number(struct writing *w, const char *key, uint64_t value)
{
	if (value != 0)
		put(w, key, json_integer((json_int_t)value));
}

static void put_text(struct writing *w, const char *key, const char *text)
{
	if (text[0] != '\0')
		put(w, key, json_string(text));
}

static void put_flag(struct writing *w, const char *key, bool value, bool usual)
{
	if (value != usual)
		put(w, key, json_boolean(value));
}

static void put_names(struct writing *w, const char *key, uint8_t mask, policy_json_name_fn *name)
{
	json_t *list = json_array();

	for (uint8_t bit = 0; bit < 8; bit++) {
		if ((mask >> bit & 1) && json_array_append_new(list, json_string(name(bit))))
			w->failed = true;
	}
	put(w, key, list);
}

static void put_ports(struct writing *w, const char *key, uint16_t min, uint16_t max)
{
	char text[16];

	if (min == 0 && max == UINT16_MAX)
		return;
	snprintf(text, sizeof(text), "%u-%u", (unsigned)min, (unsigned)max);
	put(w, key, min == max ? json_integer(min) : json_string(text));
}

static json_t *prefix_json(const struct prefix *prefix)
{
	char text[ADDR_TEXT_MAX + 5];
	struct writer to = writer_to(text, sizeof(text) - 1);

	prefix_encode(&to, prefix);
	text[to.len] = '\0';
	return json_string(text);
}

static void put_when(struct writing *w, const struct schedule *when)
{
	char text[SCHEDULE_TEXT_MAX];

	if (schedule_is_always(when))
		return;
	schedule_encode(when, text);
	put(w, "when", json_string(text));
}

json_t *policy_json_rule(const struct rule *r)
{
	struct writing w = {.object = json_object()};

	put_number(&w, "id", r->id);
	put_flag(&w, "enabled", r->enabled, true);
	put(&w, "verdict", json_string(rule_verdict_text(r->verdict)));
	if (r->maker != RULE_BY_OWNER)
		put(&w, "maker", json_string(rule_maker_text(r->maker)));
	if (r->zones != 0)
		put_names(&w, "zones", r->zones, rule_zone_text);
	put_number(&w, "device", r->device_id);
	if (r->origins != 0)
		put_names(&w, "origins", r->origins, policy_json_origin);
	if (r->proto != 0)
		put(&w, "proto", json_string(policy_json_proto(r->proto)));
	put_ports(&w, "external", r->external_min, r->external_max);
	put_ports(&w, "internal", r->internal_min, r->internal_max);
	if (r->risk != RULE_RISK_ALL)
		put(&w, "risk", json_string(rule_risk_text(r->risk)));
	if (r->has_remote)
		put(&w, "remote", prefix_json(&r->remote));
	put_text(&w, "descr", r->descr);
	put_when(&w, &r->when);
	put_number(&w, "until", r->until_wall_s);
	put_number(&w, "lifetime_max", r->lifetime_max_s);
	put_number(&w, "quota", r->quota);
	put_flag(&w, "third_party", r->third_party, false);
	put_text(&w, "note", r->note);
	return done(&w);
}

json_t *policy_json_hand(const struct hand *h)
{
	struct writing w = {.object = json_object()};

	put_number(&w, "id", h->id);
	put_flag(&w, "enabled", h->enabled, true);
	put_number(&w, "device", h->device_id);
	put_text(&w, "name", h->name);
	put_names(&w, "protos", h->protos, policy_json_hand_proto);
	if (h->families != (HAND_IP4 | HAND_IP6))
		put_names(&w, "families", h->families, policy_json_family);
	put_number(&w, "port", h->external_port);
	if (h->internal_port != h->external_port)
		put_number(&w, "internal", h->internal_port);
	if (h->count != 1)
		put_number(&w, "count", h->count);
	if (h->has_remote)
		put(&w, "remote", prefix_json(&h->remote));
	put_when(&w, &h->when);
	return done(&w);
}

static json_t *caller_json(const struct prefix *caller)
{
	char text[ADDR_TEXT_MAX];

	return prefix_is_host(caller) ? json_string(addr_text(&caller->addr, text))
				      : prefix_json(caller);
}

json_t *policy_json_callers(const struct db_callers *callers)
{
	json_t *list = json_array();

	for (uint8_t i = 0; list && i < callers->count; i++) {
		if (!json_array_append_new(list, caller_json(&callers->at[i])))
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

json_t *policy_json_device(const struct db_device *d)
{
	struct writing w = {.object = json_object()};
	char mac[18];

	put_number(&w, "id", d->id);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", d->mac[0], d->mac[1],
		d->mac[2], d->mac[3], d->mac[4], d->mac[5]);
	if (d->has_mac)
		put(&w, "mac", json_string(mac));
	put_text(&w, "name", d->name);
	put(&w, "zone", json_string(rule_zone_text(d->zone)));
	put_flag(&w, "phone", d->phone, false);
	if (d->callers.count > 0)
		put(&w, "callers", policy_json_callers(&d->callers));
	return done(&w);
}

static json_t *limits_json(const struct limits *l)
{
	struct writing w = {.object = json_object()};
	size_t count;
	const struct limits_entry *table = limits_table(&count);

	for (size_t i = 0; i < count; i++)
		put(&w, table[i].name, json_integer(limits_get(l, &table[i])));
	return done(&w);
}

static void append(struct writing *w, json_t *list, json_t *value)
{
	if (json_array_append_new(list, value))
		w->failed = true;
}

json_t *policy_json_whole(const struct policy *p)
{
	struct writing w = {.object = json_object()};
	json_t *devices = json_array(), *rules = json_array(), *hands = json_array();

	for (size_t i = 0; i < p->device_count; i++)
		append(&w, devices, policy_json_device(&p->devices[i]));
	for (size_t i = 0; i < p->rule_count; i++)
		append(&w, rules, policy_json_rule(&p->rules[i]));
	for (size_t i = 0; i < p->hand_count; i++)
		append(&w, hands, policy_json_hand(&p->hands[i]));
	put(&w, "postern", json_integer(POLICY_JSON_VERSION));
	put(&w, "preset", json_string(preset_of((enum preset_id)p->preset)->name));
	put(&w, "attended", json_boolean(p->attended));
	put(&w, "limits", limits_json(&p->limits));
	put(&w, "devices", devices);
	put(&w, "rules", rules);
	put(&w, "hands", hands);
	return done(&w);
}

/* ---- files ---- */

int policy_json_load(const char *path, struct policy *out, struct core_fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	char *text = fd >= 0 ? malloc(POLICY_JSON_MAX + 1) : NULL;
	size_t len = 0;
	ssize_t n = 1;

	*fault = (struct core_fault){.why = "the file cannot be read"};
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (!text)
		err = ERR_MEMORY;
	while (!err && n > 0 && len <= POLICY_JSON_MAX) {
		n = read(fd, text + len, POLICY_JSON_MAX + 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (!err && n < 0)
		err = ERR_IO;
	if (!err)
		err = policy_json_decode((struct str){text, len}, out, fault);
	free(text);
	close(fd);
	return err;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? ERR_IO : 0;
}

/* The new name is to outlive a loss of power as well. */
static int sync_dir_of(const char *path)
{
	char dir[PATH_SIZE];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	int fd, err;

	if (len == 0)
		return 0;
	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 || fsync(fd) ? ERR_IO : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

int policy_json_save(const char *path, const char *text, size_t len)
{
	char aside[PATH_SIZE];
	int n = snprintf(aside, sizeof(aside), "%s.new", path);
	int fd, err;

	if (n < 0 || (size_t)n >= sizeof(aside))
		return ERR_RANGE;
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ERR_IO;
	err = write_all(fd, text, len);
	if (close(fd) && !err)
		err = ERR_IO;
	if (!err && rename(aside, path))
		err = ERR_IO;
	if (!err)
		return sync_dir_of(path);
	unlink(aside);
	return err;
}

/* ---- the whole ---- */

int policy_json_day_one(struct policy *out)
{
	struct policy p = {.preset = PRESET_ASK, .rules = calloc(RULES_MAX, sizeof(*p.rules))};

	if (!p.rules)
		return ERR_MEMORY;
	limits_init(&p.limits);
	p.rule_count = preset_apply(PRESET_ASK, NULL, 0, 1, p.rules);
	*out = p;
	return 0;
}
