/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Phones and calls as JSON and back, by tables of their fields; see serve_sip_int.h. What is read
 * is believed field by field only as far as it fits, and a call as a whole by sipcall_is_sound().
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <string.h>

/* HASH: all its bits are used, so that it may read as a negative number. */
enum kind { BOOL, U8, U16, U32, U64, HASH, ADDR, TEXT, CHARS };

struct field {
	const char *name;
	enum kind kind;
	size_t offset, size;
};
#define FIELD(t, kind, name) {#name, kind, offsetof(t, name), sizeof(((t *)0)->name)}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct field call_fields[] = {
	FIELD(struct sipcall, BOOL, by_phone),
	FIELD(struct sipcall, BOOL, on_hold),
	FIELD(struct sipcall, BOOL, is_fork),
	FIELD(struct sipcall, BOOL, is_shut),
	FIELD(struct sipcall, BOOL, has_next),
	FIELD(struct sipcall, BOOL, next_by_phone),
	FIELD(struct sipcall, BOOL, next_offered),
	FIELD(struct sipcall, BOOL, next_holds),
	FIELD(struct sipcall, BOOL, end_by_phone),
	FIELD(struct sipcall, U8, next_method),
	FIELD(struct sipcall, U8, peers_now),
	FIELD(struct sipcall, U8, peers_next),
	FIELD(struct sipcall, U32, next_cseq),
	FIELD(struct sipcall, U32, invite_cseq),
	FIELD(struct sipcall, U32, end_cseq),
	FIELD(struct sipcall, U32, timer_s),
	FIELD(struct sipcall, U64, since_s),
	FIELD(struct sipcall, U64, until_s),
	FIELD(struct sipcall, ADDR, signalling),
	FIELD(struct sipcall, TEXT, id),
	FIELD(struct sipcall, TEXT, own_tag),
	FIELD(struct sipcall, TEXT, peer_tag),
	FIELD(struct sipcall, CHARS, who),
	FIELD(struct sipcall, CHARS, codecs),
};
static const struct field binding_fields[] = {
	FIELD(struct sipreg_binding, BOOL, used),
	FIELD(struct sipreg_binding, BOOL, is_tcp),
	FIELD(struct sipreg_binding, ADDR, registrar.addr),
	FIELD(struct sipreg_binding, U16, registrar.port),
	FIELD(struct sipreg_binding, U64, until_s),
	FIELD(struct sipreg_binding, U64, since_s),
	FIELD(struct sipreg_binding, HASH, aor_hash),
	FIELD(struct sipreg_binding, CHARS, aor),
};
static const struct field host_fields[] = {
	FIELD(struct sipreg_host, ADDR, addr),
	FIELD(struct sipreg_host, BOOL, challenged),
	FIELD(struct sipreg_host, U64, heard_s),
};
static const struct field stream_fields[] = {
	FIELD(struct sipalg_stream, U16, port),
	FIELD(struct sipalg_stream, U16, count),
	FIELD(struct sipalg_stream, BOOL, pair),
};

/* ---- numbers and texts ---- */

static uint64_t load_number(const struct field *f, const uint8_t *at)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (f->size) {
	case sizeof(u64):
		memcpy(&u64, at, sizeof(u64));
		return u64;
	case sizeof(u32):
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case sizeof(u16):
		memcpy(&u16, at, sizeof(u16));
		return u16;
	default:
		return *at;
	}
}

static bool store_number(const struct field *f, uint64_t n, uint8_t *at)
{
	uint64_t u64 = n;
	uint32_t u32 = (uint32_t)n;
	uint16_t u16 = (uint16_t)n;
	uint8_t u8 = (uint8_t)n;

	if (f->size < sizeof(u64) && n >> (8 * f->size) != 0)
		return false;
	memcpy(at, f->size == 8   ? (void *)&u64
		   : f->size == 4 ? (void *)&u32
		   : f->size == 2 ? (void *)&u16
				  : (void *)&u8,
		f->size);
	return true;
}

/* Octets of any kind, as JSON wants UTF-8: two hex digits each. */
static json_t *hex_json(const char *bytes, size_t len)
{
	char text[2 * SIPCALL_ID_MAX + 1];
	struct writer w = writer_to(text, sizeof(text));

	writer_hex(&w, bytes, len);
	return json_stringn(text, w.len);
}

static bool hex_load(struct str s, char *out, size_t size, size_t *len)
{
	if (s.len % 2 != 0 || s.len / 2 > size)
		return false;
	for (size_t i = 0; i < s.len / 2; i++) {
		int high = str_hex_digit(s.p[2 * i]), low = str_hex_digit(s.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (char)(high << 4 | low);
	}
	*len = s.len / 2;
	return true;
}

/* ---- one struct ---- */

static json_t *field_json(const struct field *f, const uint8_t *at)
{
	char addr[ADDR_TEXT_MAX];
	struct sipcall_text text;

	switch (f->kind) {
	case BOOL:
		return json_boolean(*at != 0);
	case ADDR:
		return json_string(addr_text((const struct addr *)at, addr));
	case TEXT:
		memcpy(&text, at, sizeof(text));
		return hex_json(text.at, text.len);
	case CHARS:
		return json_string((const char *)at);
	default:
		return json_integer((json_int_t)load_number(f, at));
	}
}

static bool text_load(struct str s, uint8_t *at)
{
	struct sipcall_text text = {0};
	size_t len;

	if (!hex_load(s, text.at, sizeof(text.at), &len))
		return false;
	text.len = (uint8_t)len;
	memcpy(at, &text, sizeof(text));
	return true;
}

static bool field_load(const struct field *f, const json_t *json, uint8_t *at)
{
	struct str s = json_is_string(json)
			       ? (struct str){json_string_value(json), json_string_length(json)}
			       : STR_NONE;

	switch (f->kind) {
	case BOOL:
		*(bool *)at = json_is_true(json);
		return json_is_boolean(json);
	case ADDR:
		return addr_decode(s, (struct addr *)at) == 0;
	case TEXT:
		return json_is_string(json) && text_load(s, at);
	case CHARS:
		if (!json_is_string(json) || s.len >= f->size)
			return false;
		memcpy(at, s.p, s.len);
		return true;
	default:
		return json_is_integer(json) &&
		       (f->kind == HASH || json_integer_value(json) >= 0) &&
		       store_number(f, (uint64_t)json_integer_value(json), at);
	}
}

static json_t *struct_json(const struct field *fields, size_t count, const void *from)
{
	json_t *json = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(json, fields[i].name,
			field_json(&fields[i], (const uint8_t *)from + fields[i].offset));
	return json;
}

static bool struct_load(const struct field *fields, size_t count, const json_t *json, void *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!field_load(&fields[i], json_object_get(json, fields[i].name),
			    (uint8_t *)out + fields[i].offset))
			return false;
	}
	return true;
}
#define JSON_OF(fields, from) struct_json(fields, COUNT(fields), from)
#define LOAD(fields, json, out) struct_load(fields, COUNT(fields), json, out)

/* ---- calls ---- */

static json_t *streams_json(const struct sipalg_streams *list)
{
	json_t *json = json_array();

	for (uint16_t i = 0; i < list->count; i++)
		json_array_append_new(json, JSON_OF(stream_fields, &list->at[i]));
	return json;
}

static bool streams_load(const json_t *json, struct sipalg_streams *out)
{
	size_t count = json_array_size(json);

	if (!json_is_array(json) || count > SIPALG_STREAMS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!LOAD(stream_fields, json_array_get(json, i), &out->at[i]))
			return false;
	}
	out->count = (uint16_t)count;
	return true;
}

json_t *sip_row_of_call(const struct sipcall *c)
{
	json_t *json = JSON_OF(call_fields, c), *peers = json_array();
	char addr[ADDR_TEXT_MAX];

	json_object_set_new(json, "state", json_integer(c->state));
	for (uint8_t i = 0; i < c->peer_count; i++)
		json_array_append_new(peers, json_string(addr_text(&c->peers[i], addr)));
	json_object_set_new(json, "peers", peers);
	json_object_set_new(json, "now", streams_json(&c->now));
	json_object_set_new(json, "next", streams_json(&c->next));
	return json;
}

int sip_row_to_call(const json_t *json, struct sipcall *out)
{
	struct sipcall c = {0};
	const json_t *peers = json_object_get(json, "peers");
	size_t count = json_array_size(peers);

	if (!LOAD(call_fields, json, &c) || count > SIPCALL_PEERS_MAX ||
		!streams_load(json_object_get(json, "now"), &c.now) ||
		!streams_load(json_object_get(json, "next"), &c.next))
		return ERR_SYNTAX;
	c.state = (enum sipcall_state)json_integer_value(json_object_get(json, "state"));
	c.peer_count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(peers, i));
		if (!text || addr_decode(str_from(text), &c.peers[i]))
			return ERR_SYNTAX;
	}
	if (!sipcall_is_sound(&c))
		return ERR_RANGE;
	*out = c;
	return 0;
}

/* ---- phones ---- */

/* A phone spells its Contact in few ways; the latest are kept. */
#define WORDS_KEPT 8

static const struct sipalg_own_entry *word_used(const struct sipalg_own *own, uint32_t used)
{
	for (size_t i = 0; used != 0 && i < SIPALG_OWN_MAX; i++) {
		if (own->at[i].used == used)
			return &own->at[i];
	}
	return NULL;
}

/* In the order they were used. */
static json_t *words_json(const struct sipalg_own *own)
{
	json_t *json = json_array();

	for (uint32_t ago = WORDS_KEPT; ago > 0; ago--) {
		const struct sipalg_own_entry *e = word_used(own, own->clock + 1 - ago);
		if (e)
			json_array_append_new(json, json_pack("{s:I, s:s%}", "key",
				(json_int_t)e->key, "text", e->text, (size_t)e->len));
	}
	return json;
}

static void words_load(const json_t *json, struct sipalg_own *out)
{
	for (size_t i = 0; i < json_array_size(json) && i < WORDS_KEPT; i++) {
		const json_t *word = json_array_get(json, i),
			     *text = json_object_get(word, "text");
		struct sipalg_own_entry e = {.len = (uint32_t)json_string_length(text)};

		if (!json_is_string(text) || json_string_length(text) > sizeof(e.text))
			continue;
		memcpy(e.text, json_string_value(text), e.len);
		e.key = (uint64_t)json_integer_value(json_object_get(word, "key"));
		e.used = ++out->clock;
		out->at[i] = e;
	}
}

/* A port of the phone and the one outside, which of IPv6 is the same; of one that was refused 0, or
 * of IPv6 null. */
static json_t *place_json(const struct sip_place *at)
{
	bool refused = at->state == SIP_PLACE_REFUSED;
	json_t *json = json_array();

	json_array_append_new(json, json_integer(at->port));
	if (!at->is6)
		json_array_append_new(json, json_integer(refused ? 0 : at->external));
	else if (refused)
		json_array_append_new(json, json_null());
	return json;
}

static void place_load(const json_t *json, struct sip_phone *out)
{
	const json_t *second = json_array_get(json, 1);
	bool is6 = !second || json_is_null(second);
	bool refused = second && json_integer_value(second) == 0;
	json_int_t port = json_integer_value(json_array_get(json, 0)),
		   external = !second ? port : json_integer_value(second);

	if (port < SIPALG_PORT_MIN || port > UINT16_MAX)
		return;
	if (refused || is6 || (external >= CORE_SIP_PORT_MIN && external <= CORE_SIP_PORT_MAX))
		sip_media_resume(out, (uint16_t)port, (uint16_t)external, is6);
}

json_t *sip_row_of_phone(const struct sip_phone *p)
{
	json_t *json = json_object(), *bindings = json_array(), *hosts = json_array(),
	       *places = json_array();

	for (size_t i = 0; i < SIPREG_MAX; i++) {
		if (p->reg.at[i].used)
			json_array_append_new(bindings, JSON_OF(binding_fields, &p->reg.at[i]));
	}
	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		if (!addr_is_any(&p->reg.hosts[i].addr))
			json_array_append_new(hosts, JSON_OF(host_fields, &p->reg.hosts[i]));
	}
	for (size_t i = 0; i < SIP_PLACES_MAX; i++) {
		const struct sip_place *at = &p->places[i];
		if (at->state != SIP_PLACE_FREE)
			json_array_append_new(places, place_json(at));
	}
	json_object_set_new(json, "public", json_integer(p->wan_port));
	json_object_set_new(json, "port", json_integer(p->hears));
	json_object_set_new(json, "listens", json_integer(p->listens));
	json_object_set_new(json, "bindings", bindings);
	json_object_set_new(json, "hosts", hosts);
	json_object_set_new(json, "places", places);
	json_object_set_new(json, "contacts", words_json(&p->alg.contacts));
	return json;
}

static void reg_load(const json_t *json, struct sipreg *out)
{
	const json_t *bindings = json_object_get(json, "bindings"),
		     *hosts = json_object_get(json, "hosts");

	for (size_t i = 0; i < json_array_size(bindings) && i < SIPREG_MAX; i++) {
		struct sipreg_binding b = {0};
		if (LOAD(binding_fields, json_array_get(bindings, i), &b))
			out->at[i] = b;
	}
	for (size_t i = 0; i < json_array_size(hosts) && i < SIPREG_HOSTS_MAX; i++) {
		struct sipreg_host h = {0};
		if (LOAD(host_fields, json_array_get(hosts, i), &h))
			out->hosts[i] = h;
	}
}

/* Where a port cannot be, nothing was there. */
static uint16_t port_of(const json_t *json, const char *name, uint16_t min, uint16_t max)
{
	json_int_t n = json_integer_value(json_object_get(json, name));

	return n >= min && n <= max ? (uint16_t)n : 0;
}

void sip_row_to_phone(const json_t *json, struct sip_phone *out)
{
	const json_t *places = json_object_get(json, "places");

	out->listens = port_of(json, "listens", SIPALG_PORT_MIN, UINT16_MAX);
	out->wan_port = port_of(json, "public", CORE_SIP_PORT_MIN, CORE_SIP_PORT_MAX);
	out->hears = port_of(json, "port", 1, UINT16_MAX);
	out->alg.lan.port = out->hears;		/* till it sends from another */
	reg_load(json, &out->reg);
	words_load(json_object_get(json, "contacts"), &out->alg.contacts);
	for (size_t i = 0; i < json_array_size(places) && i < SIP_PLACES_MAX; i++)
		place_load(json_array_get(places, i), out);
}
