/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches, matching, replies and announcements (UDA 1.1 sections 1.2 and 1.3); see ssdp.h. */
#include "protocols/ssdp.h"

#include "protocols/err.h"
#include "protocols/headers.h"

#define TARGET_TEXT_MAX 80	/* the longest type is 59 characters */

/* Targets in order: the root, UDNs, device types, service types. */
enum {
	TARGET_ROOT = 0,
	TARGET_UDN = 1,
	TARGET_DEVICE = TARGET_UDN + IGD_DEVICES,
	TARGET_SERVICE = TARGET_DEVICE + IGD_DEVICES,
};

static bool is_discover(struct str man)
{
	return str_eq(man, STR("\"ssdp:discover\"")) || str_eq(man, STR("ssdp:discover"));
}

static void decode_mx(const struct headers *h, struct ssdp_search *out)
{
	struct str mx;
	int err;

	out->has_mx = false;
	out->mx_s = 0;
	if (headers_find(h, STR("MX"), &mx))
		return;
	err = str_u32(mx, 0, SSDP_MX_MAX, &out->mx_s);
	if (err == ERR_RANGE)
		out->mx_s = SSDP_MX_MAX;
	out->has_mx = err == 0 || err == ERR_RANGE;
}

int ssdp_decode(const void *bytes, size_t len, struct ssdp_search *out)
{
	struct ssdp_search search;
	struct headers h;
	struct str man;
	int err;

	if (len > SSDP_DATAGRAM_MAX)
		return ERR_RANGE;
	err = headers_decode((struct str){bytes, len}, &h);
	if (err)
		return err;
	if (!str_eq(h.start, STR("M-SEARCH * HTTP/1.1")))
		return ERR_IGNORE;
	if (headers_find(&h, STR("MAN"), &man) || !is_discover(man))
		return ERR_SYNTAX;
	if (headers_find(&h, STR("ST"), &search.st) || search.st.len == 0)
		return ERR_SYNTAX;
	decode_mx(&h, &search);
	*out = search;
	return 0;
}

int ssdp_decode_alive(const void *bytes, size_t len, struct ssdp_notify *out)
{
	struct headers h;
	struct str nts, nt;
	int err;

	if (len > SSDP_DATAGRAM_MAX)
		return ERR_RANGE;
	err = headers_decode((struct str){bytes, len}, &h);
	if (err)
		return err;
	if (!str_eq(h.start, STR("NOTIFY * HTTP/1.1")))
		return ERR_IGNORE;
	if (headers_find(&h, STR("NTS"), &nts) || headers_find(&h, STR("NT"), &nt) || nt.len == 0)
		return ERR_SYNTAX;
	if (!str_eq(nts, STR("ssdp:alive")))
		return ERR_IGNORE;
	out->nt = nt;
	return 0;
}

/* The device a target belongs to. */
static enum igd_device target_device(unsigned target)
{
	if (target >= TARGET_SERVICE)
		return igd_table_service((enum igd_service)(target - TARGET_SERVICE))->device;
	if (target >= TARGET_DEVICE)
		return (enum igd_device)(target - TARGET_DEVICE);
	if (target >= TARGET_UDN)
		return (enum igd_device)(target - TARGET_UDN);
	return IGD_DEVICE_ROOT;
}

static uint8_t target_version(unsigned target, enum igd_view view)
{
	if (target >= TARGET_SERVICE)
		return igd_table_version((enum igd_service)(target - TARGET_SERVICE), view);
	return (uint8_t)view;
}

static bool is_udn(unsigned target)
{
	return target >= TARGET_UDN && target < TARGET_DEVICE;
}

/* The name of a target, as in NT and ST; version matters to types only. */
static void write_target(struct writer *w, const struct igd_uuid *uuid, unsigned target,
	uint8_t version)
{
	if (target >= TARGET_SERVICE)
		igd_table_service_type(w, (enum igd_service)(target - TARGET_SERVICE), version);
	else if (target >= TARGET_DEVICE)
		igd_table_device_type(w, target_device(target), (enum igd_view)version);
	else if (target >= TARGET_UDN)
		igd_table_udn(w, uuid, target_device(target));
	else
		writer_text(w, "upnp:rootdevice");
}

static bool matches(struct str st, unsigned target, enum igd_view view,
	const struct igd_uuid *uuid)
{
	for (uint8_t v = target_version(target, view); v > 0; v--) {
		char text[TARGET_TEXT_MAX];
		struct writer w = writer_to(text, sizeof(text));

		write_target(&w, uuid, target, v);
		if (str_eq(st, writer_done(&w)))
			return true;
		if (is_udn(target) && str_eqi(st, writer_done(&w)))	/* hex of any case */
			return true;
	}
	return false;
}

uint32_t ssdp_targets(enum igd_view view)
{
	uint32_t mask = 0;

	for (unsigned t = 0; t < SSDP_TARGETS; t++) {
		if (target_version(t, view) > 0)
			mask |= 1u << t;
	}
	return mask;
}

uint32_t ssdp_match(struct str st, enum igd_view view, const struct igd_uuid *uuid)
{
	uint32_t mask = 0;

	if (str_eq(st, STR("ssdp:all")))
		return ssdp_targets(view);
	for (unsigned t = 0; t < SSDP_TARGETS; t++) {
		if (matches(st, t, view, uuid))
			mask |= 1u << t;
	}
	return mask;
}

static void field(struct writer *w, const char *name, struct str value)
{
	writer_text(w, name);
	writer_text(w, ": ");
	writer_str(w, value);
	writer_text(w, "\r\n");
}

static void field_number(struct writer *w, const char *name, uint32_t value)
{
	writer_text(w, name);
	writer_text(w, ": ");
	writer_dec(w, value);
	writer_text(w, "\r\n");
}

/* USN is the device's UDN, then "::" and the target, unless that is the UDN itself. */
static void field_usn(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str name)
{
	writer_text(w, "USN: ");
	igd_table_udn(w, &self->uuid, target_device(target));
	if (!is_udn(target)) {
		writer_text(w, "::");
		writer_str(w, name);
	}
	writer_text(w, "\r\n");
}

static void fields_where(struct writer *w, const struct ssdp_self *self)
{
	writer_text(w, "CACHE-CONTROL: max-age=");
	writer_dec(w, SSDP_MAX_AGE_S);
	writer_text(w, "\r\n");
	field(w, "LOCATION", self->location);
	field(w, "SERVER", self->server);
}

static void fields_end(struct writer *w, const struct ssdp_self *self)
{
	field_number(w, "BOOTID.UPNP.ORG", self->bootid);
	field_number(w, "CONFIGID.UPNP.ORG", self->configid);
	writer_text(w, "\r\n");
}

static void write_own(struct writer *w, const struct ssdp_self *self, unsigned target)
{
	write_target(w, &self->uuid, target, target_version(target, self->view));
}

void ssdp_encode_reply(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str st)
{
	char own[TARGET_TEXT_MAX];
	struct writer name = writer_to(own, sizeof(own));

	if (str_eq(st, STR("ssdp:all"))) {
		write_own(&name, self, target);
		st = writer_done(&name);
	}
	writer_text(w, "HTTP/1.1 200 OK\r\n");
	fields_where(w, self);
	if (self->date.len > 0)
		field(w, "DATE", self->date);
	writer_text(w, "EXT:\r\n");
	field(w, "ST", st);
	field_usn(w, self, target, st);
	fields_end(w, self);
}

static void notify(struct writer *w, const struct ssdp_self *self, unsigned target,
	const char *nts)
{
	char own[TARGET_TEXT_MAX];
	struct writer name = writer_to(own, sizeof(own));

	write_own(&name, self, target);
	field(w, "NT", writer_done(&name));
	field(w, "NTS", str_from(nts));
	field_usn(w, self, target, writer_done(&name));
	fields_end(w, self);
}

void ssdp_encode_alive(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str host)
{
	writer_text(w, "NOTIFY * HTTP/1.1\r\n");
	field(w, "HOST", host);
	fields_where(w, self);
	notify(w, self, target, "ssdp:alive");
}

void ssdp_encode_byebye(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str host)
{
	writer_text(w, "NOTIFY * HTTP/1.1\r\n");
	field(w, "HOST", host);
	notify(w, self, target, "ssdp:byebye");
}
