/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root descriptions, SCPDs and paths (UDA 1.1 sections 2.3 and 2.5); see igd_desc.h. */
#include "protocols/igd_desc.h"

#include "protocols/err.h"
#include "protocols/xml.h"

/* UDA 1.1. The major version must stay 1: with 2 Windows 10 drops the device. */
#define SPEC_VERSION "<specVersion><major>1</major><minor>1</minor></specVersion>"

static void element_unless_empty(struct writer *w, const char *name, struct str text)
{
	if (text.len > 0)
		xml_element(w, name, text);
}

static void url(struct writer *w, const char *name, const struct igd_desc *desc,
	const char *room, const struct igd_service_row *service)
{
	xml_open(w, name);
	writer_u8(w, '/');
	xml_text(w, desc->token);
	writer_u8(w, '/');
	writer_text(w, room);
	writer_u8(w, '/');
	writer_text(w, service->id);
	xml_close(w, name);
}

static const char *view_room(enum igd_view view)
{
	return view == IGD_V1 ? "1" : "2";
}

static void encode_service(struct writer *w, const struct igd_desc *desc, enum igd_view view,
	enum igd_service service)
{
	const struct igd_service_row *row = igd_table_service(service);

	xml_open(w, "service");
	xml_open(w, "serviceType");
	igd_table_service_type(w, service, igd_table_version(service, view));
	xml_close(w, "serviceType");
	xml_open(w, "serviceId");
	writer_text(w, "urn:upnp-org:serviceId:");
	writer_text(w, row->id);
	xml_close(w, "serviceId");
	url(w, "SCPDURL", desc, view_room(view), row);
	url(w, "controlURL", desc, "ctl", row);
	url(w, "eventSubURL", desc, view == IGD_V1 ? "evt" : "evt2", row);
	xml_close(w, "service");
}

static void encode_services(struct writer *w, const struct igd_desc *desc, enum igd_view view,
	enum igd_device device)
{
	xml_open(w, "serviceList");
	for (unsigned i = 0; i < IGD_SERVICES; i++) {
		enum igd_service service = (enum igd_service)i;
		if (igd_table_service(service)->device == device &&
		    igd_table_version(service, view) > 0)
			encode_service(w, desc, view, service);
	}
	xml_close(w, "serviceList");
}

/* Up to the list of embedded devices, which each but the last has one of. */
static void open_device(struct writer *w, const struct igd_desc *desc, enum igd_view view,
	enum igd_device device)
{
	xml_open(w, "device");
	xml_open(w, "deviceType");
	igd_table_device_type(w, device, view);
	xml_close(w, "deviceType");
	if (device == IGD_DEVICE_ROOT)
		xml_element(w, "friendlyName", desc->friendly_name);
	else
		xml_element(w, "friendlyName", str_from(igd_table_device_name(device)));
	xml_element(w, "manufacturer", desc->manufacturer);
	element_unless_empty(w, "manufacturerURL", desc->manufacturer_url);
	xml_element(w, "modelDescription", str_from(igd_table_device_name(device)));
	xml_element(w, "modelName", desc->model_name);
	element_unless_empty(w, "modelNumber", desc->model_number);
	element_unless_empty(w, "modelURL", desc->model_url);
	xml_open(w, "UDN");
	igd_table_udn(w, &desc->uuid, device);
	xml_close(w, "UDN");
	encode_services(w, desc, view, device);
}

void igd_desc_encode_root(struct writer *w, const struct igd_desc *desc, enum igd_view view,
	uint32_t configid)
{
	writer_text(w, XML_HEAD "<root xmlns=\"urn:schemas-upnp-org:device-1-0\" configId=\"");
	writer_dec(w, configid);
	writer_text(w, "\">" SPEC_VERSION);
	open_device(w, desc, view, IGD_DEVICE_ROOT);
	xml_open(w, "deviceList");
	open_device(w, desc, view, IGD_DEVICE_WAN);
	xml_open(w, "deviceList");
	open_device(w, desc, view, IGD_DEVICE_CONN);
	writer_text(w, "</device></deviceList></device></deviceList>");
	element_unless_empty(w, "presentationURL", desc->presentation_url);
	writer_text(w, "</device></root>\r\n");
}

static void encode_arg(struct writer *w, const struct igd_service_row *service,
	const struct igd_arg *arg, const char *direction)
{
	xml_open(w, "argument");
	xml_element(w, "name", str_from(arg->name));
	xml_element(w, "direction", str_from(direction));
	xml_element(w, "relatedStateVariable", str_from(service->vars[arg->var].name));
	xml_close(w, "argument");
}

static void encode_action(struct writer *w, const struct igd_service_row *service,
	const struct igd_action_row *action)
{
	unsigned args = action->ins + igd_table_outs(action);

	xml_open(w, "action");
	xml_element(w, "name", str_from(action->name));
	if (args > 0)
		xml_open(w, "argumentList");
	for (unsigned i = 0; i < args; i++)
		encode_arg(w, service, &action->args[i], i < action->ins ? "in" : "out");
	if (args > 0)
		xml_close(w, "argumentList");
	xml_close(w, "action");
}

static const char *type_name(enum igd_type type)
{
	switch (type) {
	case IGD_STRING:
		return "string";
	case IGD_BOOLEAN:
		return "boolean";
	case IGD_UI2:
		return "ui2";
	case IGD_UI4:
		return "ui4";
	}
	return "";
}

static void encode_limits(struct writer *w, const struct igd_var *var, uint8_t version)
{
	if (var->allowed[0])
		xml_open(w, "allowedValueList");
	for (size_t i = 0; i < IGD_ALLOWED_MAX && var->allowed[i]; i++)
		xml_element(w, "allowedValue", str_from(var->allowed[i]));
	if (var->allowed[0])
		xml_close(w, "allowedValueList");
	if (var->range_since == 0 || var->range_since > version)
		return;
	xml_open(w, "allowedValueRange");
	xml_number(w, "minimum", var->min);
	xml_number(w, "maximum", var->max);
	xml_close(w, "allowedValueRange");
}

static void encode_var(struct writer *w, const struct igd_var *var, uint8_t version)
{
	writer_text(w, "<stateVariable sendEvents=\"");
	writer_text(w, var->event != IGD_EVENT_NONE ? "yes\">" : "no\">");
	xml_element(w, "name", str_from(var->name));
	xml_element(w, "dataType", str_from(type_name(var->type)));
	encode_limits(w, var, version);
	xml_close(w, "stateVariable");
}

void igd_desc_encode_scpd(struct writer *w, enum igd_service service, enum igd_view view)
{
	const struct igd_service_row *row = igd_table_service(service);
	uint8_t version = igd_table_version(service, view);

	writer_text(w, XML_HEAD "<scpd xmlns=\"urn:schemas-upnp-org:service-1-0\">" SPEC_VERSION);
	xml_open(w, "actionList");
	for (size_t i = 0; i < row->action_count; i++) {
		if (row->actions[i].since <= version)
			encode_action(w, row, &row->actions[i]);
	}
	xml_close(w, "actionList");
	xml_open(w, "serviceStateTable");
	for (size_t i = 0; i < row->var_count; i++) {
		if (row->vars[i].since <= version)
			encode_var(w, &row->vars[i], version);
	}
	xml_close(w, "serviceStateTable");
	writer_text(w, "</scpd>\r\n");
}

/* FNV-1a. */
static uint32_t hash(uint32_t h, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.p[i]) * 16777619u;
	return h;
}

uint32_t igd_desc_configid(const struct igd_desc *desc, enum igd_view view)
{
	char text[IGD_DESC_MAX];
	struct writer w = writer_to(text, sizeof(text));
	uint32_t h = 2166136261u;

	igd_desc_encode_root(&w, desc, view, 0);
	h = hash(h, writer_done(&w));
	for (unsigned i = 0; i < IGD_SERVICES; i++) {
		if (igd_table_version((enum igd_service)i, view) == 0)
			continue;
		w = writer_to(text, sizeof(text));
		igd_desc_encode_scpd(&w, (enum igd_service)i, view);
		h = hash(h, writer_done(&w));
	}
	return (h >> 24) ^ (h & 0xffffff);
}

void igd_desc_encode_path(struct writer *w, struct str token, enum igd_view view)
{
	writer_u8(w, '/');
	writer_str(w, token);
	writer_u8(w, '/');
	writer_text(w, view_room(view));
	writer_text(w, "/igd.xml");
}

static bool same_token(struct str given, struct str token)
{
	unsigned differ = 0;

	if (given.len != token.len || token.len == 0)
		return false;
	for (size_t i = 0; i < token.len; i++)
		differ |= (unsigned char)given.p[i] ^ (unsigned char)token.p[i];
	return differ == 0;
}

static int find_service(struct str id, enum igd_service *out)
{
	for (unsigned i = 0; i < IGD_SERVICES; i++) {
		if (str_eq(id, str_from(igd_table_service((enum igd_service)i)->id))) {
			*out = (enum igd_service)i;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

/* A service that this view has. */
static int find_in_view(struct str id, struct igd_path *path)
{
	if (find_service(id, &path->service))
		return ERR_NOT_FOUND;
	return igd_table_version(path->service, path->view) > 0 ? 0 : ERR_NOT_FOUND;
}

static int decode_document(struct str name, struct igd_path *path)
{
	if (str_eq(name, STR("igd.xml"))) {
		path->kind = IGD_PATH_DESC;
		return 0;
	}
	path->kind = IGD_PATH_SCPD;
	return find_in_view(name, path);
}

int igd_desc_decode_path(struct str path, struct str token, struct igd_path *out)
{
	struct igd_path p = {.view = IGD_V1};
	struct str root = str_split(&path, '/');
	struct str given = str_split(&path, '/');
	struct str room = str_split(&path, '/');
	int err = ERR_NOT_FOUND;

	if (root.len > 0 || !same_token(given, token))
		return ERR_NOT_FOUND;
	if (str_eq(room, STR("1")) || str_eq(room, STR("2"))) {
		p.view = room.p[0] == '1' ? IGD_V1 : IGD_V2;
		err = decode_document(path, &p);
	} else if (str_eq(room, STR("ctl"))) {
		p.kind = IGD_PATH_CONTROL;
		err = find_service(path, &p.service);
	} else if (str_eq(room, STR("evt")) || str_eq(room, STR("evt2"))) {
		p.kind = IGD_PATH_EVENT;
		p.view = room.len == 3 ? IGD_V1 : IGD_V2;
		err = find_in_view(path, &p);
	}
	if (!err)
		*out = p;
	return err;
}
