/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts in JSON, each with a sentence for the owner and what to do; see api_show.h. */
#include "web/api_show.h"

#include <string.h>

#define SENTENCE_MAX 512

struct words {
	const char *kind;
	const char *sentence;	/* what it is about follows */
	const char *advice;
};

static const struct words words[DB_ALERT_KINDS] = {
	[DB_ALERT_FORGED] = {"forged", "A device sends with an address that is another's",
		"Nothing it sent so was heard. Look for the device with this MAC; if you do not "
			"know "
		"it, change the password of your wireless network."},
	[DB_ALERT_GATEWAY] = {"gateway", "Another device claims to be the router",
		"If it is a repeater or a second router of yours, mark it as expected; else "
			"find it "
		"and unplug it."},
	[DB_ALERT_SAME_DEVICE] = {"same-device", "Two devices may be the same one",
		"If they are, merge them: the new one gets the name, the zone and the openings."},
	[DB_ALERT_CLONE] = {"clone", "Two hosts send with the same MAC",
		"Turn one of them off, or give it a MAC of its own."},
	[DB_ALERT_FIREWALL] = {"firewall", "Another firewall on this router does not let "
		"openings work",
		"Let it accept packets that carry Postern's mark, see postern.conf(5)."},
	[DB_ALERT_STORE] = {"store", "The disk does not take what Postern remembers",
		"Openings go on from memory and would be lost with the power. Look at the disk's "
		"space and health."},
	[DB_ALERT_POLICY] = {"policy", "The stored policy could not be believed",
		"The last good one is in force, or that of the first day. Look at your rules, or "
		"import a policy you saved."},
	[DB_ALERT_SIP_HELPER] = {"sip-helper", "The kernel's own helper for SIP is active as well",
		"Switch it off: two of them break calls."},
	[DB_ALERT_TAKEN] = {"taken", "An opening by hand does not come about",
		"Choose another port, or close what has it."},
	[DB_ALERT_SIP] = {"sip", "The help for phones does not work now",
		"Phones go through the router as if it were switched off. Stop the other program, "
		"or let the kernel have what is missing; it is tried again by itself."},
};

static void put_mac(struct writer *w, const struct db_alert *a)
{
	for (size_t i = 0; a->has_mac && i < 6; i++) {
		writer_text(w, i ? ":" : "");
		writer_hex(w, &a->mac[i], 1);
	}
}

static void put_sentence(struct writer *w, const struct db_alert *a)
{
	writer_text(w, words[a->kind].sentence);
	if (a->text[0]) {
		writer_text(w, " (");
		writer_text(w, a->text);
		writer_text(w, ")");
	}
	if (a->has_mac || !addr_is_any(&a->addr))
		writer_text(w, ": ");
	put_mac(w, a);
	if (!addr_is_any(&a->addr)) {
		writer_text(w, a->has_mac ? " at " : "");
		addr_encode(w, &a->addr);
	}
	if (a->ifname[0]) {
		writer_text(w, " on ");
		writer_text(w, a->ifname);
	}
	writer_text(w, ".");
}

void api_show_alert(struct jsonw *j, const struct api *api, const struct db_alert *a)
{
	char text[SENTENCE_MAX];
	struct writer w = writer_to(text, sizeof(text));

	put_sentence(&w, a);
	jsonw_object(j, NULL);
	jsonw_u64(j, "id", a->id);
	jsonw_text(j, "kind", words[a->kind].kind);
	jsonw_text(j, "interface", a->ifname[0] ? a->ifname : NULL);
	api_show_mac(j, api, a->has_mac ? a->mac : NULL);
	jsonw_addr(j, "address", &a->addr);
	api_show_device_name(j, "device", api, a->device_id);
	api_show_device_name(j, "other", api, a->other_id);
	jsonw_u64(j, "count", a->count);
	api_show_number(j, "first", a->first_wall_s, 0);
	api_show_number(j, "last", a->last_wall_s, 0);
	jsonw_bool(j, "expected", a->expected);
	jsonw_bool(j, "over", a->over);
	jsonw_text(j, "text", a->text);
	jsonw_str(j, "sentence", writer_done(&w));
	jsonw_text(j, "advice", words[a->kind].advice);
	jsonw_object_end(j);
}
