/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phones and calls come back from their rows as they were, and nothing else comes of any row. */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct {
	uint16_t port, external;
	bool is6;
} resumed[SIP_PLACES_MAX + 1];
static size_t resumed_count;

void sip_media_resume(struct sip_phone *p, uint16_t port, uint16_t external, bool is6)
{
	assert_non_null(p);
	assert_true(resumed_count < SIP_PLACES_MAX);
	resumed[resumed_count].port = port;
	resumed[resumed_count].external = external;
	resumed[resumed_count++].is6 = is6;
}

static struct addr addr_of(uint32_t n)
{
	return addr_from4(0xc6336400 + n);
}

static void put_text(struct sipcall_text *t, const char *text, size_t len)
{
	t->len = (uint8_t)len;
	memset(t->at, '\xff', len);
	memcpy(t->at, text, strlen(text) < len ? strlen(text) : len);
}

/* As full as one may be. */
static struct sipcall full_call(void)
{
	struct sipcall c = {.state = SIPCALL_UP, .by_phone = true, .on_hold = true,
		.is_shut = true, .has_next = true, .next_offered = true, .end_by_phone = true,
		.next_method = SIP_INVITE, .peer_count = SIPCALL_PEERS_MAX, .peers_now = 0x15,
		.peers_next = 0x2a, .next_cseq = 7, .invite_cseq = 2147483647, .end_cseq = 9,
		.signalling = addr_of(1), .since_s = 100, .until_s = UINT32_MAX, .timer_s = 1800};

	put_text(&c.id, "a\0b", SIPCALL_ID_MAX);
	put_text(&c.own_tag, "own", SIPCALL_TAG_MAX);
	put_text(&c.peer_tag, "", 0);
	memset(c.who, '"', SIPCALL_WHO_MAX);
	memset(c.codecs, 'x', SIPCALL_CODECS_MAX);
	for (uint16_t i = 0; i < SIPALG_STREAMS_MAX; i++) {
		c.now.at[c.now.count++] = (struct sipalg_stream){
			(uint16_t)(60000 + 4 * i), 2, true, 0};
		c.next.at[c.next.count++] = (struct sipalg_stream){
			(uint16_t)(50000 + 4 * i), 1, false, 0};
	}
	for (uint32_t i = 0; i < SIPCALL_PEERS_MAX; i++)
		c.peers[i] = addr_of(10 + i);
	assert_true(sipcall_is_sound(&c));
	return c;
}

static char *text_of(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	assert_non_null(text);
	/* boot and clock come to it. */
	assert_true(strlen(text) + 100 < CORE_SIP_VALUE_MAX);
	json_decref(json);
	return text;
}

static json_t *again(json_t *json)
{
	char *text = text_of(json);
	json_t *back = json_loads(text, 0, NULL);

	assert_non_null(back);
	free(text);
	return back;
}

static void calls_come_back(void **state)
{
	const struct sipcall all[] = {full_call(), {.state = SIPCALL_RINGING,
		.next_method = SIP_INVITE, .id = {1, "x"}, .signalling = addr_of(1)}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sipcall out = {0};
		json_t *json = again(sip_row_of_call(&all[i]));

		assert_true(sipcall_is_sound(&all[i]));
		assert_int_equal(sip_row_to_call(json, &out), 0);
		assert_memory_equal(&out.id, &all[i].id, sizeof(out.id));
		assert_memory_equal(&out.own_tag, &all[i].own_tag, sizeof(out.own_tag));
		assert_memory_equal(&out.now, &all[i].now, sizeof(out.now));
		assert_memory_equal(&out.next, &all[i].next, sizeof(out.next));
		assert_memory_equal(out.peers, all[i].peers, sizeof(out.peers));
		assert_string_equal(out.who, all[i].who);
		assert_int_equal(out.until_s, all[i].until_s);
		assert_int_equal(out.is_shut, all[i].is_shut);
		/* And the rest, as its row says. */
		json_t *second = sip_row_of_call(&out);
		assert_true(json_equal(json, second));
		json_decref(second);
		json_decref(json);
	}
}

/* Whatever one field is instead: no call, or a sound one. */
static void hostile_calls_are_none(void **state)
{
	static const char *const values[] = {"null", "true", "-1", "4294967296", "65536", "1e9",
		"9223372036854775807", "\"\"", "\"zz\"", "\"f\"", "\"\\u0000\"", "[]", "{}",
		"[1]", "[null]", "[[]]", "[{}]", "\"::\"", "[\"1.2.3.4\"]",
		"[{\"port\":1,\"count\":9,\"pair\":true}]"};
	const struct sipcall good = full_call();
	json_t *json = sip_row_of_call(&good);
	char long_text[2 * SIPCALL_ID_MAX + 3];
	const char *key;
	json_t *value;
	size_t refused = 0, tried = 0;

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	for (size_t i = 0; i <= sizeof(values) / sizeof(values[0]); i++) {
		json_object_foreach(json, key, value) {
			struct sipcall out = {.state = SIPCALL_FREE};
			json_t *bad = json_copy(json);
			json_object_set_new(bad, key, i < sizeof(values) / sizeof(values[0])
				? json_loads(values[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
				: json_string(long_text));
			tried++;
			if (sip_row_to_call(bad, &out) == 0)
				assert_true(sipcall_is_sound(&out));
			else
				refused += out.state == SIPCALL_FREE;
			json_decref(bad);
		}
	}
	assert_true(refused > tried * 8 / 10);
	json_object_foreach(json, key, value) {
		struct sipcall out;
		json_t *bad = json_copy(json);
		json_object_del(bad, key);
		if (strcmp(key, "peers") != 0)
			assert_int_not_equal(sip_row_to_call(bad, &out), 0);
		json_decref(bad);
	}
	json_decref(json);
}

static struct sip_phone *full_phone(void)
{
	struct sip_phone *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->wan_port = 39999;
	p->hears = 65535;
	for (uint32_t i = 0; i < SIPREG_MAX; i++) {
		struct sipreg_binding *b = &p->reg.at[i];
		*b = (struct sipreg_binding){.used = true, .is_tcp = i % 2, .until_s = UINT32_MAX,
			.since_s = UINT32_MAX, .aor_hash = UINT64_MAX - i};
		memset(b->registrar.addr.b, 0xab, 16);
		b->registrar.port = 65535;
		memset(b->aor, '"', SIPREG_AOR_MAX);
	}
	for (uint32_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		memset(p->reg.hosts[i].addr.b, 0xcd, 16);
		p->reg.hosts[i].challenged = true;
		p->reg.hosts[i].heard_s = UINT32_MAX;
	}
	for (uint16_t i = 0; i < SIP_PLACES_MAX; i++)
		p->places[i] = (struct sip_place){.state = i % 3 ? SIP_PLACE_OPEN :
			SIP_PLACE_REFUSED, .is6 = i % 8 == 7,
			.port = (uint16_t)(60000 + i), .external = (uint16_t)(38000 + i)};
	for (int i = 0; i < 30; i++) {
		char user[16], words[SIPALG_OWN_TEXT_MAX];
		snprintf(user, sizeof(user), "u%d", i);
		memset(words, 'a' + i % 26, sizeof(words));
		assert_int_equal(sipalg_own_add(&p->alg.contacts, str_from(user),
			(struct str){words, sizeof(words)}), 0);
	}
	/* Where the array begins is not what came first. */
	p->alg.contacts.at[SIPALG_OWN_MAX - 1] = p->alg.contacts.at[29];
	p->alg.contacts.at[29] = (struct sipalg_own_entry){.used = 0};
	return p;
}

static void a_phone_comes_back(void **state)
{
	struct sip_phone *p = full_phone(), *out = calloc(1, sizeof(*out));
	json_t *json = again(sip_row_of_phone(p));

	(void)state;
	assert_non_null(out);
	resumed_count = 0;
	sip_row_to_phone(json, out);
	assert_int_equal(out->wan_port, 39999);
	assert_int_equal(out->hears, 65535);
	assert_int_equal(out->alg.lan.port, 65535);
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		assert_int_equal(out->reg.at[i].aor_hash, p->reg.at[i].aor_hash);
		assert_string_equal(out->reg.at[i].aor, p->reg.at[i].aor);
		assert_int_equal(out->reg.at[i].is_tcp, i % 2);
		assert_int_equal(out->reg.at[i].until_s, UINT32_MAX);
	}
	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++)
		assert_true(addr_eq(&out->reg.hosts[i].addr, &p->reg.hosts[i].addr));
	assert_int_equal(resumed_count, SIP_PLACES_MAX);
	for (uint16_t i = 0; i < SIP_PLACES_MAX; i++) {
		assert_int_equal(resumed[i].port, 60000 + i);
		assert_int_equal(resumed[i].is6, i % 8 == 7);
		assert_int_equal(resumed[i].external, i % 3 == 0 ? 0 :
			i % 8 == 7 ? 60000 + i : 38000 + i);
	}
	/* The latest word is the latest again, and the others are found. */
	assert_true(str_eq(sipalg_own_find(&out->alg.contacts, STR_NONE),
		sipalg_own_find(&p->alg.contacts, STR_NONE)));
	assert_int_equal(sipalg_own_find(&out->alg.contacts, STR("u25")).p[0], 'a' + 25);
	json_decref(json);
	free(out);
	free(p);
}

static void hostile_phones_leave_nothing(void **state)
{
	static const char *const rows[] = {"{}", "[]", "null", "{\"public\":80}",
		"{\"public\":40000,\"port\":0}", "{\"public\":-1,\"port\":65536}",
		"{\"places\":[[80,36000],[7000,80],[7000,40000],[70000,36000]]}",
		"{\"places\":[[-1],[1023],[],{},1]}",
		"{\"contacts\":[{},{\"text\":1},[],{\"key\":1}]}", "{\"bindings\":[{},[],1,null]}",
		"{\"bindings\":[{\"used\":true}],\"hosts\":[{\"addr\":\"x\"}]}",
		"{\"hosts\":[{\"addr\":\"1.2.3.4\",\"challenged\":true,\"heard_s\":-5}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_phone *p = calloc(1, sizeof(*p)), *blank = calloc(1, sizeof(*p));
		json_t *json = json_loads(rows[i], JSON_DECODE_ANY, NULL);

		assert_non_null(json);
		resumed_count = 0;
		sip_row_to_phone(json, p);
		assert_memory_equal(p, blank, sizeof(*p));
		assert_int_equal(resumed_count, 0);
		json_decref(json);
		free(p);
		free(blank);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_come_back),
		cmocka_unit_test(hostile_calls_are_none),
		cmocka_unit_test(a_phone_comes_back),
		cmocka_unit_test(hostile_phones_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
