/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of evented variables; see igd_event.h. */
#include "protocols/igd_event.h"

#include "protocols/gena.h"
#include "protocols/igd_answer.h"

static void write_value(struct writer *w, enum igd_event event, enum igd_view view,
	const struct igd_state *s)
{
	switch (event) {
	case IGD_EVENT_NONE:
		return;
	case IGD_EVENT_DEFAULT_SERVICE:
		igd_answer_default_name(w, &s->uuid, view);
		return;
	case IGD_EVENT_LINK:
		writer_text(w, s->carrier ? "Up" : "Down");
		return;
	case IGD_EVENT_CONNECTION_TYPES:
		writer_text(w, "IP_Routed");
		return;
	case IGD_EVENT_CONNECTION_STATUS:
		writer_text(w, addr_is_any(&s->wan4) ? "Disconnected" : "Connected");
		return;
	case IGD_EVENT_ADDRESS:
		if (!addr_is_any(&s->wan4))
			addr_encode(w, &s->wan4);
		return;
	case IGD_EVENT_ENTRIES:
		writer_dec(w, s->entries);
		return;
	case IGD_EVENT_UPDATE_ID:
		writer_dec(w, s->update_id);
		return;
	case IGD_EVENT_CONNECTIONS:
		writer_dec(w, !addr_is_any(&s->wan4));
		return;
	case IGD_EVENT_FIREWALL_ENABLED:
		writer_dec(w, !s->no_firewall);
		return;
	case IGD_EVENT_PINHOLES_ALLOWED:
		writer_dec(w, !s->no_pinholes);
		return;
	case IGD_EVENT_INTERNET_ENABLED:
		writer_text(w, "1");
		return;
	}
}

uint32_t igd_event_all(enum igd_service service, enum igd_view view)
{
	const struct igd_service_row *row = igd_table_service(service);
	uint8_t version = igd_table_version(service, view);
	uint32_t mask = 0;

	for (size_t i = 0; i < row->var_count; i++) {
		if (row->vars[i].event != IGD_EVENT_NONE && row->vars[i].since <= version)
			mask |= UINT32_C(1) << i;
	}
	return mask;
}

static bool differs(enum igd_event event, enum igd_view view, const struct igd_state *was,
	const struct igd_state *now)
{
	char a[IGD_DEFAULT_SERVICE_MAX], b[IGD_DEFAULT_SERVICE_MAX];
	struct writer wa = writer_to(a, sizeof(a)), wb = writer_to(b, sizeof(b));

	write_value(&wa, event, view, was);
	write_value(&wb, event, view, now);
	return !str_eq(writer_done(&wa), writer_done(&wb));
}

uint32_t igd_event_changed(enum igd_service service, enum igd_view view,
	const struct igd_state *was, const struct igd_state *now)
{
	const struct igd_service_row *row = igd_table_service(service);
	uint32_t all = igd_event_all(service, view), mask = 0;

	for (size_t i = 0; i < row->var_count; i++) {
		if ((all >> i & 1) && differs(row->vars[i].event, view, was, now))
			mask |= UINT32_C(1) << i;
	}
	return mask;
}

void igd_event_encode(struct writer *w, enum igd_service service, uint32_t mask,
	enum igd_view view, const struct igd_state *state)
{
	const struct igd_service_row *row = igd_table_service(service);

	gena_encode_open(w);
	for (size_t i = 0; i < row->var_count; i++) {
		char buf[IGD_DEFAULT_SERVICE_MAX];
		struct writer value = writer_to(buf, sizeof(buf));

		if (!(mask >> i & 1))
			continue;
		write_value(&value, row->vars[i].event, view, state);
		gena_encode_property(w, row->vars[i].name, writer_done(&value));
	}
	gena_encode_close(w);
}
