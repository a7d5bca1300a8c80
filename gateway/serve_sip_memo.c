/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a restart must not lose: a phone's public place and registrations, its calls, and which port
 * of it is which outside; see serve_sip_int.h. Times are the boot clock's: after a reboot calls are
 * over, and registrations have at most what they had left when they were written.
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define SOON_MS 100		/* a call is some messages within a moment */
#define STALE_MAX 64		/* at a time */

enum row_kind {
	ROW_PHONE = 1,		/* id: the device's */
	ROW_CALL = 2,
};

static void boot_text(const struct serve_sip *s, char out[2 * DB_BOOT_ID_LEN + 1])
{
	struct writer w = writer_to(out, 2 * DB_BOOT_ID_LEN);

	writer_hex(&w, core_state(s->core)->boot_id, DB_BOOT_ID_LEN);
	out[2 * DB_BOOT_ID_LEN] = '\0';
}

static void tell(struct serve_sip *s, uint8_t kind, int err)
{
	if (err && err != s->memo_err)
		log_warning(s->log, "sip: a %s cannot be remembered: %s",
			kind == ROW_CALL ? "call" : "phone", err_text(err));
	s->memo_err = err;
}

static void put(struct sip_phone *p, uint8_t kind, uint32_t id, json_t *json)
{
	struct serve_sip *s = p->serve;
	char boot[2 * DB_BOOT_ID_LEN + 1], *text;

	boot_text(s, boot);
	json_object_set_new(json, "boot", json_string(boot));
	json_object_set_new(json, "clock", json_integer((json_int_t)serve_sip_now_s(s)));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text) {
		struct core_sip_row row = {kind, id, p->device_id, str_from(text)};
		tell(s, kind, core_sip_put(s->core, &row));
	}
	free(text);
}

/* FNV-1a, by words. */
static uint64_t digest_of(const struct sipcall *c)
{
	uint64_t h = 0xcbf29ce484222325, word = 0;
	const uint8_t *at = (const uint8_t *)c;

	for (size_t i = 0; i < sizeof(*c); i += sizeof(word)) {
		size_t left = sizeof(*c) - i;
		memcpy(&word, at + i, left < sizeof(word) ? left : sizeof(word));
		h = (h ^ word) * 0x100000001b3;
		h ^= h >> 32;
	}
	return h;
}

static bool is_on(const struct sipcall *c)
{
	return c->state != SIPCALL_FREE && c->state != SIPCALL_OVER;
}

static void forget_call(struct sip_phone *p, size_t i)
{
	if (p->call_ids[i] != 0)
		core_sip_drop(p->serve->core, ROW_CALL, p->call_ids[i]);
	p->call_ids[i] = 0;
	p->call_digests[i] = 0;
}

static void write_call(struct sip_phone *p, size_t i)
{
	const struct sipcall *c = &p->calls.at[i];
	uint64_t digest = digest_of(c);

	if (digest == p->call_digests[i])
		return;
	p->call_digests[i] = digest;
	if (p->call_ids[i] == 0)
		p->call_ids[i] = ++p->serve->next_row;
	put(p, ROW_CALL, p->call_ids[i], sip_row_of_call(c));
}

static void write_phone(struct sip_phone *p)
{
	if (p->dirty)
		put(p, ROW_PHONE, p->device_id, sip_row_of_phone(p));
	for (size_t i = 0; p->calls_dirty && i < SIPCALL_MAX; i++) {
		if (is_on(&p->calls.at[i]))
			write_call(p, i);
		else
			forget_call(p, i);
	}
	p->dirty = p->calls_dirty = false;
}

void sip_memo_flush(struct serve_sip *s)
{
	loop_timer_stop(s->loop, &s->memo);
	for (size_t i = 0; i < s->phone_count; i++)
		write_phone(s->phones[i]);
}

static void on_soon(void *arg)
{
	sip_memo_flush(arg);
}

void sip_memo_put(struct sip_phone *p)
{
	struct serve_sip *s = p->serve;

	if (s->memo.slot != 0)
		return;
	s->memo.fn = on_soon;
	s->memo.arg = s;
	loop_timer_set(s->loop, &s->memo, loop_now_ms(s->loop) + SOON_MS);
}

void sip_memo_drop(struct sip_phone *p)
{
	core_sip_drop(p->serve->core, ROW_PHONE, p->device_id);
	for (size_t i = 0; i < SIPCALL_MAX; i++)
		forget_call(p, i);
	p->dirty = p->calls_dirty = false;
}

/* ---- at the start ---- */

/* Seconds to add to the times of a row of another boot. */
struct shift {
	bool other_boot;
	uint64_t was_s, now_s;
};

static uint64_t shifted(const struct shift *x, uint64_t s)
{
	if (!x->other_boot)
		return s;
	return s > x->was_s ? x->now_s + (s - x->was_s) : x->now_s;
}

static struct shift shift_of(const struct serve_sip *s, const json_t *json)
{
	char boot[2 * DB_BOOT_ID_LEN + 1];
	const char *written = json_string_value(json_object_get(json, "boot"));

	boot_text(s, boot);
	return (struct shift){
		.other_boot = !written || strcmp(written, boot) != 0,
		.was_s = (uint64_t)json_integer_value(json_object_get(json, "clock")),
		.now_s = serve_sip_now_s(s),
	};
}

static void shift_reg(struct sipreg *r, const struct shift *x)
{
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		r->at[i].until_s = shifted(x, r->at[i].until_s);
		r->at[i].since_s = shifted(x, r->at[i].since_s);
	}
	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		if (r->hosts[i].heard_s)
			r->hosts[i].heard_s = shifted(x, r->hosts[i].heard_s);
	}
}

static json_t *parse(const struct core_sip_row *row)
{
	return json_loadb(row->value.p, row->value.len, 0, NULL);
}

static void load_phone(void *arg, const struct core_sip_row *row)
{
	struct serve_sip *s = arg;
	bool own = row->kind == ROW_PHONE && row->id == row->device_id;	/* not before it merged */
	struct sip_phone *p = own ? sip_phone_by_id(s, row->device_id) : NULL;
	json_t *json = p ? parse(row) : NULL;
	struct shift x;

	if (!json)
		return;
	x = shift_of(s, json);
	sip_row_to_phone(json, p);
	shift_reg(&p->reg, &x);
	json_decref(json);
}

static void load_call(void *arg, const struct core_sip_row *row)
{
	struct serve_sip *s = arg;
	struct sip_phone *p = row->kind == ROW_CALL ? sip_phone_by_id(s, row->device_id) : NULL;
	json_t *json = p ? parse(row) : NULL;
	size_t i = 0;

	if (row->kind == ROW_CALL && row->id > s->next_row)
		s->next_row = row->id;
	while (json && i < SIPCALL_MAX && p->calls.at[i].state != SIPCALL_FREE)
		i++;
	if (json && i < SIPCALL_MAX && !shift_of(s, json).other_boot &&
		sip_row_to_call(json, &p->calls.at[i]) == 0)
		p->call_ids[i] = row->id;
	json_decref(json);
}

struct stale {
	const struct serve_sip *serve;
	size_t count;
	uint32_t ids[STALE_MAX];
};

static bool is_known(const struct serve_sip *s, uint32_t id)
{
	for (size_t i = 0; i < s->phone_count * SIPCALL_MAX; i++) {
		if (s->phones[i / SIPCALL_MAX]->call_ids[i % SIPCALL_MAX] == id)
			return true;
	}
	return false;
}

static void find_stale(void *arg, const struct core_sip_row *row)
{
	struct stale *stale = arg;

	if (row->kind == ROW_CALL && stale->count < STALE_MAX && !is_known(stale->serve, row->id))
		stale->ids[stale->count++] = row->id;
}

/* Calls of before the reboot, or of what is no phone any more. */
static void drop_stale(struct serve_sip *s)
{
	struct stale stale;

	do {
		stale = (struct stale){.serve = s};
		core_sip_rows(s->core, find_stale, &stale);
		for (size_t i = 0; i < stale.count; i++)
			core_sip_drop(s->core, ROW_CALL, stale.ids[i]);
	} while (stale.count == STALE_MAX);
}

void sip_memo_load(struct serve_sip *s)
{
	core_sip_rows(s->core, load_phone, s);
	core_sip_rows(s->core, load_call, s);
	drop_stale(s);
	sip_media_begin(s);
}
