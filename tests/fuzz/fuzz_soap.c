/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control request from its bytes to what the core would be asked: the first line is the
 * SOAPACTION field, the rest the body. What is accepted must keep its promises, and an entry made
 * of it must read back from the answer as it was.
 */
#include "gateway/xml_expat.h"
#include "protocols/igd_answer.h"
#include "protocols/igd_map.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(const struct soap *soap, const struct soap_call *call)
{
	assert(call->name.action.p && call->count <= SOAP_ARGS_MAX);
	for (size_t i = 0; i < call->count; i++) {
		struct str v = call->args[i].value;
		assert(v.p >= soap->text && v.p + v.len <= soap->text + SOAP_TEXT_MAX);
	}
}

static void check_request(const struct map_req *req)
{
	assert(req->origin == MAP_ORIGIN_UPNP && req->descr.len <= MAP_DESCR_MAX);
	assert(str_is_plain(req->descr));
	assert(!req->exact || req->external.port > 0);
	if (req->key != MAP_KEY_ID)
		assert(req->proto == MAP_PROTO_TCP || req->proto == MAP_PROTO_UDP);
	assert(req->op != MAP_OP_CLOSE_RANGE || req->external.port <= req->last_port);
	if (req->op == MAP_OP_OPEN) {
		assert(req->internal.port > 0 && req->lifetime_s > 0);
		assert(addr_is4(&req->internal.addr) == addr_is4(&req->remote.addr));
	}
}

/* The answer of a listing is a document whose values are the entry's. */
static void check_entry(const struct igd_call *call, const struct map_req *req)
{
	static const char get[] = "urn:schemas-upnp-org:service:WANIPConnection:1#"
				  "GetGenericPortMappingEntry";
	const struct igd_entry entry = {req->remote, req->external.port, req->proto, req->internal,
		!req->disabled, req->descr, 1};
	struct soap_call question = {.count = 1}, answer;
	struct igd_call list;
	struct soap soap;
	char buf[ANSWER_MAX];
	struct writer w = writer_to(buf, sizeof(buf));

	if (call->service != IGD_WANIPC || req->op != MAP_OP_OPEN)
		return;
	assert(soap_action_decode(str_from(get), &question.name) == 0);
	question.args[0] = (struct soap_arg){STR("NewPortMappingIndex"), STR("0")};
	assert(igd_decode(IGD_WANIPC, str_from(get), &question, &list) == 0);
	igd_answer_entry(&w, &list, &entry);
	assert(!w.full);
	assert(xml_expat_decode(&soap, buf, w.len, &answer) == 0);
	assert(answer.count == 8);
	assert(str_eq(answer.args[6].value, req->descr));
}

/* What is no request but has something to check. */
static void check_question(const struct igd_call *call)
{
	const struct igd_uuid base = {{0}};
	struct igd_range range;
	uint8_t proto;

	if (call->row->action == IGD_GET_LIST_OF_PORT_MAPPINGS && !igd_map_range(call, &range))
		assert(range.first <= range.last);
	if (call->row->action == IGD_GET_OUTBOUND_PINHOLE_TIMEOUT && !igd_map_timeout(call, &proto))
		assert(proto == MAP_PROTO_TCP || proto == MAP_PROTO_UDP);
	if (call->row->action == IGD_SET_DEFAULT_CONNECTION_SERVICE)
		(void)igd_map_default(call, &base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr client = addr_from4(0xc0a80102);
	struct str body = {(const char *)data, size};
	struct str field = str_split(&body, '\n');
	struct soap_call call;
	struct soap soap;

	if (xml_expat_decode(&soap, body.p, body.len, &call))
		return 0;
	check_call(&soap, &call);
	for (unsigned s = 0; s < IGD_SERVICES; s++) {
		struct igd_call known;
		struct map_req req;

		if (igd_decode((enum igd_service)s, field, &call, &known))
			continue;
		check_question(&known);
		if (igd_map_decode(&known, &client, &req))
			continue;
		check_request(&req);
		check_entry(&known, &req);
	}
	return 0;
}
