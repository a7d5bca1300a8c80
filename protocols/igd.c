/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and answers by the table (UDA 1.1 sections 2.5 and 3); see igd.h. */
#include "protocols/igd.h"

#include "protocols/err.h"
#include "protocols/xml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool same_call(const struct soap_name *field, const struct soap_name *body)
{
	if (!str_eq(field->action, body->action))
		return false;
	/* A prefix without a binding (libplum) leaves only the field to say it. */
	return body->version == 0 ||
	       (field->version == body->version && str_eq(field->service, body->service));
}

static bool is_service(enum igd_service service, const struct soap_name *name)
{
	const struct str space = STR("urn:schemas-upnp-org:service:");
	struct str own = str_from(igd_table_service(service)->name);

	return name->version <= igd_table_version(service, IGD_V2) &&
	       str_starts(name->service, space) &&
	       str_eq(str_sub(name->service, space.len, name->service.len), own);
}

static int decode_boolean(struct str text, uint32_t *out)
{
	static const char *const words[][2] = {{"0", "1"}, {"false", "true"}, {"no", "yes"}};

	for (size_t i = 0; i < COUNT(words); i++) {
		for (uint32_t v = 0; v < 2; v++) {
			if (str_eq(text, str_from(words[i][v]))) {
				*out = v;
				return 0;
			}
		}
	}
	return ERR_SYNTAX;
}

static bool is_allowed(const struct igd_var *var, struct str text)
{
	if (!var->allowed[0])
		return str_is_utf8(text);
	for (size_t i = 0; i < IGD_ALLOWED_MAX && var->allowed[i]; i++) {
		if (str_eq(text, str_from(var->allowed[i])))
			return true;
	}
	return false;
}

static int decode_value(const struct igd_var *var, struct str text, struct igd_value *out)
{
	out->text = text;
	out->number = 0;
	switch (var->type) {
	case IGD_STRING:
		return is_allowed(var, text) ? 0 : ERR_SYNTAX;
	case IGD_BOOLEAN:
		return decode_boolean(text, &out->number);
	case IGD_UI2:
		return str_u32(text, 0, UINT16_MAX, &out->number);
	case IGD_UI4:
		return str_u32(text, 0, UINT32_MAX, &out->number);
	}
	return ERR_UNSUPPORTED;
}

static const struct soap_arg *only_arg(const struct soap_call *soap, const char *name)
{
	const struct soap_arg *hit = NULL;

	for (size_t i = 0; i < soap->count; i++) {
		if (!str_eq(soap->args[i].name, str_from(name)))
			continue;
		if (hit)
			return NULL;
		hit = &soap->args[i];
	}
	return hit;
}

static const struct igd_var *var_of(enum igd_service service, const struct igd_arg *arg)
{
	return &igd_table_service(service)->vars[arg->var];
}

uint16_t igd_decode(enum igd_service service, struct str field, const struct soap_call *soap,
	struct igd_call *out)
{
	struct igd_call call = {.service = service};

	if (soap_action_decode(field, &call.name) || !same_call(&call.name, &soap->name) ||
	    !is_service(service, &call.name))
		return IGD_INVALID_ACTION;
	call.row = igd_table_action(service, call.name.version, call.name.action);
	if (!call.row)
		return IGD_INVALID_ACTION;
	for (unsigned i = 0; i < call.row->ins; i++) {
		const struct igd_arg *arg = &call.row->args[i];
		const struct soap_arg *given = only_arg(soap, arg->name);
		if (!given || decode_value(var_of(service, arg), given->value, &call.in[i]))
			return IGD_INVALID_ARGS;
	}
	*out = call;
	return IGD_OK;
}

void igd_encode(struct writer *w, const struct igd_call *call, const struct igd_value *out)
{
	const struct igd_arg *arg = call->row->args + call->row->ins;
	unsigned outs = igd_table_outs(call->row);

	soap_answer_open(w, &call->name);
	for (unsigned i = 0; i < outs; i++) {
		if (var_of(call->service, &arg[i])->type == IGD_STRING)
			xml_element(w, arg[i].name, out[i].text);
		else
			xml_number(w, arg[i].name, out[i].number);
	}
	soap_answer_close(w, &call->name);
}

uint16_t igd_error_of(const struct igd_call *call, enum map_result result)
{
	const struct map_code *code = map_code(result);

	if (call->service == IGD_FC6)
		return code->fc6;
	if (call->row->action == IGD_DELETE_PORT_MAPPING_RANGE && result == MAP_NOT_FOUND)
		return IGD_NONE_IN_RANGE;
	return call->name.version == 1 ? code->igd1 : code->igd2;
}

struct error_text {
	uint16_t code;
	const char *text;
};

static const struct error_text common_texts[] = {
	{IGD_INVALID_ACTION, "Invalid Action"},
	{IGD_INVALID_ARGS, "Invalid Args"},
	{IGD_ACTION_FAILED, "Action Failed"},
	{IGD_NOT_IMPLEMENTED, "Optional Action Not Implemented"},
	{IGD_TOO_LONG, "String Argument Too Long"},
	{IGD_NOT_AUTHORIZED, "Action not authorized"},
	{IGD_INVALID_DEVICE, "InvalidDeviceUUID"},
	{IGD_INVALID_SERVICE, "InvalidServiceID"},
	{IGD_INVALID_SELECTION, "InvalidConnServiceSelection"},
	{IGD_NO_SUCH_INDEX, "SpecifiedArrayIndexInvalid"},
	{IGD_NO_SUCH_ENTRY, "NoSuchEntryInArray"},
	{IGD_EXTERNAL_PORT_WILDCARD, "WildCardNotPermittedInExtPort"},
	{IGD_CONFLICT, "ConflictInMappingEntry"},
	{IGD_NO_PORT, "NoPortMapsAvailable"},
	{IGD_OTHER_MECHANISM, "ConflictWithOtherMechanisms"},
	{IGD_NONE_IN_RANGE, "PortMappingNotFound"},
	{IGD_READ_ONLY, "ReadOnly"},
	{IGD_INTERNAL_PORT_WILDCARD, "WildCardNotPermittedInIntPort"},
	{IGD_INCONSISTENT, "InconsistentParameters"},
};

static const struct error_text fc6_texts[] = {
	{IGD_FC6_NO_ROOM, "PinholeSpaceExhausted"},
	{IGD_FC6_FIREWALL_OFF, "FirewallDisabled"},
	{IGD_FC6_NOT_ALLOWED, "InboundPinholeNotAllowed"},
	{IGD_FC6_NO_SUCH_ENTRY, "NoSuchEntry"},
	{IGD_FC6_PROTOCOL, "ProtocolNotSupported"},
	{IGD_FC6_PORT_WILDCARD, "InternalPortWildcardingNotAllowed"},
	{IGD_FC6_PROTOCOL_WILDCARD, "ProtocolWildcardingNotAllowed"},
	{IGD_FC6_CLIENT_WILDCARD, "InternalClientWildcardingNotAllowed"},
	{IGD_FC6_NO_TRAFFIC, "NoTrafficReceived"},
};

static const char *find_text(const struct error_text *table, size_t count, uint16_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].code == code)
			return table[i].text;
	}
	return NULL;
}

const char *igd_error_text(enum igd_service service, uint16_t code)
{
	const char *text = NULL;

	if (service == IGD_FC6)
		text = find_text(fc6_texts, COUNT(fc6_texts), code);
	if (!text)
		text = find_text(common_texts, COUNT(common_texts), code);
	return text ? text : "Error";
}

void igd_encode_error(struct writer *w, enum igd_service service, uint16_t code)
{
	soap_fault_encode(w, code, igd_error_text(service, code));
}
