/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of openings against a plain list that is searched from end to end. */
#include "gateway/table.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define OPS 20000
#define MOST 600
#define DEVICES 7
#define PORTS 40		/* few, so that keys meet */
#define HOSTS 4

struct model {
	struct table *table;
	struct opening *at[MOST];
	size_t count;
	uint32_t next_id;
};

static struct prefix remote_of(long choice)
{
	struct addr a = addr_from4(0xc6336400u + (uint32_t)choice);

	return choice == 0 ? prefix_any4() : prefix_host(&a);
}

static struct prefix remote6_of(long choice)
{
	struct addr a = addr_any6();

	a.b[15] = (uint8_t)choice;
	return choice == 0 ? prefix_any6() : prefix_host(&a);
}

static struct opening *make(struct model *m)
{
	struct opening *o = calloc(1, sizeof(*o));
	bool is4 = random() % 4 != 0;

	assert_non_null(o);
	o->id = random() % 50 ? m->next_id++ : 1 + (uint32_t)random() % m->next_id;
	o->device_id = 1 + (uint32_t)random() % DEVICES;
	o->proto = random() % 2 ? MAP_PROTO_TCP : MAP_PROTO_UDP;
	o->internal.addr = addr_from4(0xc0a80100u + (uint32_t)random() % HOSTS);
	o->internal.port = (uint16_t)(8000 + random() % PORTS);
	o->external.port = (uint16_t)(9000 + random() % PORTS);
	o->remote = remote_of(random() % 3);
	if (is4)
		return o;
	o->internal.addr = addr_any6();
	o->internal.addr.b[0] = 0xfd;
	o->internal.addr.b[15] = (uint8_t)(random() % HOSTS);
	o->external = o->internal;
	o->remote = remote6_of(random() % 3);
	o->remote_port = (uint16_t)(random() % 2);
	return o;
}

static bool same_key(const struct opening *a, const struct opening *b)
{
	if (opening_is4(a) != opening_is4(b) || a->proto != b->proto ||
		!prefix_eq(&a->remote, &b->remote))
		return false;
	if (opening_is4(a))
		return a->external.port == b->external.port;
	return addr_eq(&a->internal.addr, &b->internal.addr) &&
	       a->internal.port == b->internal.port && a->remote_port == b->remote_port;
}

static bool is_found(const struct opening *o)
{
	return o->state != OPENING_CLOSING;
}

static void reserve(struct model *m)
{
	struct opening *o = make(m);
	bool taken = false;

	for (size_t i = 0; i < m->count; i++)
		taken = taken || (is_found(m->at[i]) &&
					 (same_key(m->at[i], o) || m->at[i]->id == o->id));
	assert_int_equal(table_reserve(m->table, o), taken ? ERR_EXISTS : 0);
	if (taken) {
		free(o);
		return;
	}
	assert_int_equal(o->state, OPENING_RESERVED);
	m->at[m->count++] = o;
}

static struct opening *pick(const struct model *m)
{
	return m->count > 0 ? m->at[(size_t)random() % m->count] : NULL;
}

static void drop(struct model *m, struct opening *o)
{
	size_t i = 0;

	while (m->at[i] != o)
		i++;
	m->at[i] = m->at[--m->count];
	table_remove(m->table, o);
}

/* A closing one may be reopened only while nobody has its key or id. */
static bool may_reopen(const struct model *m, const struct opening *o)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->at[i] != o && is_found(m->at[i]) &&
			(same_key(m->at[i], o) || m->at[i]->id == o->id))
			return false;
	}
	return true;
}

static void step(struct model *m)
{
	struct opening *o = pick(m);
	long what = random() % 10;

	if (m->count < MOST && (what < 4 || !o)) {
		reserve(m);
	} else if (o && what < 6 && o->state == OPENING_RESERVED) {
		table_commit(m->table, o);
		assert_int_equal(o->state, OPENING_LISTED);
	} else if (o && what < 8 && o->state == OPENING_LISTED) {
		table_close(m->table, o);
	} else if (o && what == 8 && o->state == OPENING_CLOSING && may_reopen(m, o)) {
		table_reopen(m->table, o);
	} else if (o && what == 9) {
		drop(m, o);
	}
}

static size_t walk_device(const struct model *m, uint32_t device)
{
	size_t n = 0;

	for (struct opening *o = table_first_device(m->table, device); o;
		o = table_next_device(o)) {
		assert_int_equal(o->device_id, device);
		assert_true(is_found(o));
		n++;
	}
	return n;
}

static size_t walk_port(const struct model *m, uint16_t port)
{
	size_t n = 0;

	for (struct opening *o = table_first_port(m->table, port); o;
		o = table_next_port(o, port)) {
		assert_int_equal(o->external.port, port);
		assert_true(is_found(o) && opening_is4(o));
		n++;
	}
	return n;
}

static size_t walk_internal(const struct model *m, const struct opening *like)
{
	size_t n = 0;

	for (struct opening *o = table_first_internal(m->table, like->proto, &like->internal); o;
		o = table_next_internal(o)) {
		assert_true(is_found(o) && o->proto == like->proto);
		assert_true(addr_eq(&o->internal.addr, &like->internal.addr));
		assert_int_equal(o->internal.port, like->internal.port);
		n++;
	}
	return n;
}

static void check_walks(const struct model *m, const struct opening *like)
{
	size_t device = 0, port = 0, internal = 0;
	uint32_t oldest = UINT32_MAX;
	struct opening *o;

	for (size_t i = 0; i < m->count; i++) {
		const struct opening *x = m->at[i];
		if (!is_found(x))
			continue;
		device += x->device_id == like->device_id;
		port += opening_is4(x) && x->external.port == like->external.port;
		if (x->proto != like->proto || x->internal.port != like->internal.port ||
			!addr_eq(&x->internal.addr, &like->internal.addr))
			continue;
		internal++;
		if (prefix_eq(&x->remote, &like->remote) && x->remote_port == like->remote_port &&
			x->id < oldest)
			oldest = x->id;
	}
	assert_int_equal(walk_device(m, like->device_id), device);
	assert_int_equal(walk_port(m, like->external.port), port);
	assert_int_equal(walk_internal(m, like), internal);
	o = table_by_internal(m->table, like->proto, &like->internal, &like->remote,
		like->remote_port);
	assert_int_equal(o ? o->id : UINT32_MAX, oldest);
}

/* Each one by its own keys, or by what has taken them over. */
static void check_lookups(const struct model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct opening *o = m->at[i];
		struct opening *by_id = table_by_id(m->table, o->id);
		if (is_found(o)) {
			assert_ptr_equal(by_id, o);
			if (opening_is4(o))
				assert_ptr_equal(table_by_external(m->table, o->proto,
					o->external.port, &o->remote), o);
		} else if (by_id) {
			assert_ptr_not_equal(by_id, o);
		}
	}
}

static void check_lists(const struct model *m)
{
	size_t found = 0, listed = 0, listed4 = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct opening *o = m->at[i];
		found += is_found(o);
		if (o->state == OPENING_RESERVED)
			continue;
		listed++;
		listed4 += opening_is4(o);
		assert_ptr_equal(table_at(m->table, o->place), o);
		if (opening_is4(o))
			assert_ptr_equal(table_at4(m->table, o->place4), o);
	}
	assert_int_equal(table_count(m->table), found);
	assert_int_equal(table_listed(m->table), listed);
	assert_int_equal(table_listed4(m->table), listed4);
	assert_null(table_at(m->table, listed));
	assert_null(table_at4(m->table, listed4));
}

static void random_operations(void **state)
{
	static struct model m = {.next_id = 1};

	(void)state;
	srandom(11);
	m.table = table_new();
	for (int i = 0; i < OPS; i++) {
		step(&m);
		if (m.count > 0)
			check_walks(&m, pick(&m));
		if (i % 50 != 0)
			continue;
		check_lookups(&m);
		check_lists(&m);
	}
	assert_true(m.count > 100);
	table_free(m.table);
}

/* What is there before table_commit and after table_close. */
static void states_of_an_opening(void **state)
{
	struct table *t = table_new();
	struct opening *o = calloc(1, sizeof(*o)), *again = calloc(1, sizeof(*again));
	struct prefix any = prefix_any4();

	(void)state;
	*o = (struct opening){.id = 5, .proto = MAP_PROTO_TCP, .remote = any,
		.external = {addr_any4(), 80}, .internal = {addr_from4(0xc0a8010a), 80}};
	*again = *o;
	again->id = 6;
	assert_int_equal(table_reserve(t, o), 0);
	assert_ptr_equal(table_by_external(t, MAP_PROTO_TCP, 80, &any), o);
	assert_int_equal(table_listed(t), 0);
	assert_int_equal(table_reserve(t, again), ERR_EXISTS);
	table_commit(t, o);
	assert_int_equal(table_listed(t), 1);
	table_close(t, o);
	assert_null(table_by_id(t, 5));
	assert_int_equal(table_listed(t), 1);
	assert_int_equal(table_count(t), 0);
	/* Its key is free at once, and it can still come back when the other one goes. */
	assert_int_equal(table_reserve(t, again), 0);
	table_remove(t, again);
	table_reopen(t, o);
	assert_ptr_equal(table_by_id(t, 5), o);
	table_close(t, o);
	table_remove(t, o);
	assert_int_equal(table_listed(t), 0);
	table_free(t);
	table_free(NULL);
}

/* Suspended, its internal endpoint is somebody else's, its external key is not; moved, it is found
 * where it is. */
static void an_opening_moves(void **state)
{
	struct table *t = table_new();
	struct opening *o = calloc(1, sizeof(*o)), *other = calloc(1, sizeof(*other));
	const struct prefix any = prefix_any6();
	const struct endpoint was = {addr_any6(), 80};
	struct endpoint now = was;

	(void)state;
	now.addr.b[0] = 0xfd;
	*o = (struct opening){.id = 5, .device_id = 1, .proto = MAP_PROTO_TCP, .remote = any,
		.external = was, .internal = was};
	*other = *o;
	other->id = 6;
	other->device_id = 2;
	assert_int_equal(table_reserve(t, o), 0);
	table_commit(t, o);
	o->suspended = true;
	assert_null(table_by_internal(t, MAP_PROTO_TCP, &was, &any, 0));
	assert_ptr_equal(table_by_id(t, 5), o);
	assert_ptr_equal(table_first_device(t, 1), o);
	assert_int_equal(table_reserve(t, other), 0);
	assert_ptr_equal(table_by_internal(t, MAP_PROTO_TCP, &was, &any, 0), other);
	table_move(t, o, 2, &now.addr);
	o->suspended = false;
	assert_ptr_equal(table_by_internal(t, MAP_PROTO_TCP, &now, &any, 0), o);
	assert_true(addr_eq(&o->external.addr, &now.addr));
	assert_null(table_first_device(t, 1));
	assert_ptr_equal(table_first_device(t, 2), o);
	table_remove(t, other);
	assert_null(table_by_internal(t, MAP_PROTO_TCP, &was, &any, 0));
	table_remove(t, o);
	table_free(t);
}

static void leases_of_an_opening(void **state)
{
	struct lease pcp = {.origin = MAP_ORIGIN_PCP}, upnp = {.origin = MAP_ORIGIN_UPNP,
		.next = &pcp};
	struct opening o = {.leases = &upnp};

	(void)state;
	assert_ptr_equal(opening_lease(&o, MAP_ORIGIN_PCP), &pcp);
	assert_ptr_equal(opening_lease(&o, MAP_ORIGIN_UPNP), &upnp);
	assert_null(opening_lease(&o, MAP_ORIGIN_NATPMP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_of_an_opening),
		cmocka_unit_test(an_opening_moves),
		cmocka_unit_test(leases_of_an_opening),
		cmocka_unit_test(random_operations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
