/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether phones are helped, and why not, in words for the owner; and the alerts that follow from
 * it. Alerts go by levels as everything here does: one is raised when its reason comes, and is over
 * when there is none.
 */
#include "gateway/core_owner.h"
#include "gateway/serve_sip_int.h"
#include "protocols/err.h"

#include <string.h>

static const char *failure(const struct serve_sip *s)
{
	for (size_t i = 0; i < s->way_count * SIP_ASKS; i++) {
		const struct sip_ask *a = &s->ways[i / SIP_ASKS].asks[i % SIP_ASKS];

		if (a->err == ERR_EXISTS && !a->way->is_spare)
			return "Another program on this router has the SIP port.";
		if (a->err == ERR_UNSUPPORTED && !a->wanted.is6)
			return "This kernel cannot lead phones to us; nft_tproxy is missing.";
		if (a->err == ERR_DENIED && !a->way->is_spare)
			return "The helper's configuration does not name the SIP port.";
	}
	return NULL;
}

static bool has_way(const struct serve_sip *s)
{
	for (size_t i = 0; i < s->way_count; i++) {
		if (s->ways[i].udp4 >= 0)
			return true;
	}
	return false;
}

static bool has_places(const struct serve_sip *s)
{
	for (size_t i = 0; i < s->phone_count; i++) {
		if (s->phones[i]->udp < 0)
			return false;
	}
	return true;
}

void serve_sip_status(const struct serve_sip *s, struct serve_sip_status *out)
{
	const char *why = failure(s);

	*out = (struct serve_sip_status){.messages = s->messages, .changed = s->changed,
		.passed = s->passed, .ports = s->conf->sip_ports,
		.port_count = s->conf->sip_port_count};
	if (!s->conf->sip) {
		out->state = SERVE_SIP_OFF;
		out->text = "The phone help is switched off in the configuration.";
	} else if (s->phone_count == 0) {
		out->state = SERVE_SIP_IDLE;
		out->text = "No device is marked as a phone.";
	} else if (why) {
		out->state = SERVE_SIP_FAILS;
		out->text = why;
	} else if (!has_way(s)) {
		out->state = SERVE_SIP_WAITS;
		out->text = "It waits for the firewall.";
	} else if (addr_is_any(&s->wan4)) {
		out->state = SERVE_SIP_WAITS;
		out->text = "It waits for an external address.";
	} else if (!has_places(s)) {
		out->state = SERVE_SIP_FAILS;
		out->text = "There is no free port for a phone's public place.";
	} else {
		out->state = SERVE_SIP_WORKS;
		out->text = "Phones are helped.";
	}
}

/* ---- alerts ---- */

/* why: NULL, or a static sentence; an alert of the last run may be over, too. */
static void tell(struct serve_sip *s, enum db_alert_kind kind, const char **told, const char *why)
{
	struct db_alert a = {.kind = kind, .addr = addr_any6()};

	if (!why || (*told && *told != why))
		core_alert_over(s->core, kind);
	if (why && *told != why) {
		strncpy(a.text, why, sizeof(a.text) - 1);
		core_alert_raise(s->core, &a);
	}
	*told = why;
}

static void tell_failure(struct serve_sip *s)
{
	const char *before = s->told_failure;
	struct serve_sip_status now;

	serve_sip_status(s, &now);
	if (now.state == SERVE_SIP_WAITS)
		return;
	tell(s, DB_ALERT_SIP, &s->told_failure, now.state == SERVE_SIP_FAILS ? now.text : NULL);
	if (s->told_failure && s->told_failure != before)
		log_warning(s->log, "sip: phones are not helped: %s", now.text);
	else if (before && now.state == SERVE_SIP_WORKS)
		log_info(s->log, "sip: phones are helped");
}

/* While the firewall is away nobody knows, and it will say so again. */
static void tell_helper(struct serve_sip *s)
{
	const char *why = "";
	struct core_status status;

	core_status(s->core, &status);
	if (status.firewall != CORE_OK && s->phone_count > 0)
		return;
	if (s->phone_count == 0 || !core_sip_helper(s->core))
		why = NULL;
	tell(s, DB_ALERT_SIP_HELPER, &s->told_helper, why);
}

void sip_status_look(struct serve_sip *s)
{
	tell_failure(s);
	tell_helper(s);
}
