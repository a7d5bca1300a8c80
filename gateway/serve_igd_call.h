/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control calls of the UPnP server: a SOAP body in, facts or a request to the core, a SOAP body
 * out. What asks for an opening is answered when the core has answered; nothing here waits for the
 * owner. Bytes are read and written by protocols/, who may send calls is serve_igd_gate.h's.
 * Facts are serve_igd_facts.h's, listings serve_igd_list.h's.
 */
#ifndef GATEWAY_SERVE_IGD_CALL_H
#define GATEWAY_SERVE_IGD_CALL_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/httpd.h"
#include "gateway/net.h"
#include "protocols/igd_table.h"

struct serve_igd_call;

/* conf is not kept. NULL: no memory. */
struct serve_igd_call *serve_igd_call_new(struct loop *loop, struct core *core, struct net *net,
	const struct conf *conf);
/* Answers req, at once or later; action is its SOAPACTION. */
void serve_igd_call_answer(struct serve_igd_call *calls, struct httpd_request *req,
	enum igd_service service, struct str action);
/* After the server is gone and no answers of the core can come. */
void serve_igd_call_free(struct serve_igd_call *calls);

#endif
