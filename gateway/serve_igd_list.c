/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings of port mappings; see serve_igd_list.h. */
#include "gateway/serve_igd_list.h"

#include "protocols/igd_answer.h"
#include "protocols/igd_map.h"

#include <stdlib.h>

/* Of one entry with a description of nothing but quotation marks: 6 bytes each in the list document
 * and 10 when that is escaped once more. */
#define ENTRY_MAX (640 + 6 * MAP_DESCR_MAX)
#define ENTRY_ESCAPED_MAX (960 + 10 * MAP_DESCR_MAX)
#define AROUND_MAX 2048		/* what is around all entries, either way */

struct listing {
	const struct core *core;
	const struct igd_call *call;
	uint32_t device;		/* of the client; 0: not known */
	struct igd_range range;
	const struct opening *found[SERVE_IGD_LIST_MAX];
	size_t count;
};

static struct igd_entry entry_of(const struct core *core, uint32_t device, const struct opening *o)
{
	const struct lease *lease = opening_lease(o, MAP_ORIGIN_UPNP);
	struct igd_entry entry = {
		.remote = o->remote,
		.external_port = o->external.port,
		.proto = o->proto,
		.internal = o->internal,
		.enabled = core_opening_active(core, o),
		.lease_s = core_opening_left_s(core, o),
	};

	if (!lease)
		lease = o->leases;
	if (lease && device != 0 && device == o->device_id)
		entry.descr = str_from(lease->descr);
	return entry;
}

static void answer_entry(const struct core *core, const struct igd_call *call,
	const struct addr *client, const struct opening *o, struct writer *w)
{
	const struct igd_entry entry = entry_of(core, core_device_of(core, client), o);
	igd_answer_entry(w, call, &entry);
}

uint16_t serve_igd_list_generic(const struct core *core, const struct igd_call *call,
	const struct addr *client, struct writer *w)
{
	const struct opening *o = core_opening_at4(core, call->in[0].number);

	if (!o)
		return IGD_NO_SUCH_INDEX;
	answer_entry(core, call, client, o, w);
	return IGD_OK;
}

uint16_t serve_igd_list_specific(const struct core *core, const struct igd_call *call,
	const struct addr *client, struct writer *w)
{
	const struct opening *o;
	struct igd_key key;
	uint16_t code = igd_map_key(call, &key);

	if (code)
		return code;
	o = core_opening_by_external(core, key.proto, key.port, &key.remote);
	if (!o)
		return IGD_NO_SUCH_ENTRY;
	answer_entry(core, call, client, o, w);
	return IGD_OK;
}

/* ---- GetListOfPortMappings ---- */

static bool is_wanted(const struct listing *l, const struct opening *o)
{
	return o->proto == l->range.proto && o->external.port >= l->range.first &&
	       o->external.port <= l->range.last &&
	       (l->range.others || (l->device != 0 && o->device_id == l->device));
}

static int by_port(const void *a, const void *b)
{
	const struct opening *const *x = a, *const *y = b;

	if ((*x)->external.port != (*y)->external.port)
		return (*x)->external.port < (*y)->external.port ? -1 : 1;
	return (*x)->id < (*y)->id ? -1 : 1;
}

/* Those of the lowest ports, in their order: a client that wants more goes on from the last. */
static void gather(struct listing *l, const struct opening **all)
{
	size_t most = l->range.count, count = 0;

	if (most == 0 || most > SERVE_IGD_LIST_MAX)
		most = SERVE_IGD_LIST_MAX;
	for (size_t i = 0; i < core_openings4(l->core); i++) {
		const struct opening *o = core_opening_at4(l->core, i);
		if (is_wanted(l, o))
			all[count++] = o;
	}
	qsort(all, count, sizeof(struct opening *), by_port);
	for (l->count = 0; l->count < count && l->count < most; l->count++)
		l->found[l->count] = all[l->count];
}

static uint16_t find_range(struct listing *l)
{
	size_t all = core_openings4(l->core);
	const struct opening **room = calloc(all ? all : 1, sizeof(struct opening *));

	if (!room)
		return IGD_ACTION_FAILED;
	gather(l, room);
	free(room);
	return l->count > 0 ? IGD_OK : IGD_NONE_IN_RANGE;
}

static uint16_t write_range(const struct listing *l, struct writer *w)
{
	size_t size = l->count * ENTRY_MAX + AROUND_MAX;
	size_t escaped = l->count * ENTRY_ESCAPED_MAX + AROUND_MAX;
	char *document = malloc(size), *answer = malloc(escaped);
	struct writer list = writer_to(document, size);

	if (!document || !answer) {
		free(document);
		free(answer);
		return IGD_ACTION_FAILED;
	}
	igd_answer_list_open(&list);
	for (size_t i = 0; i < l->count; i++) {
		const struct igd_entry entry = entry_of(l->core, l->device, l->found[i]);
		igd_answer_list_entry(&list, l->call, &entry);
	}
	igd_answer_list_close(&list);
	*w = writer_to(answer, escaped);
	igd_answer_text(w, l->call, writer_done(&list));
	free(document);
	return IGD_OK;
}

uint16_t serve_igd_list_range(const struct core *core, const struct igd_call *call,
	const struct addr *client, struct writer *w)
{
	struct listing l = {.core = core, .call = call, .device = core_device_of(core, client)};
	uint16_t code = igd_map_range(call, &l.range);

	if (!code)
		code = find_range(&l);
	return code ? code : write_range(&l, w);
}
