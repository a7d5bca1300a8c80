/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps the browsers of the LAN from being made to open ports: the one check every request
 * to the UPnP server passes. A page can send requests, but it cannot choose their Host (DNS
 * rebinding), hide where it comes from, or set SOAPACTION without asking first (CVE-2020-12695 and
 * CERT VU#361684 are what happens otherwise).
 */
#ifndef GATEWAY_SERVE_IGD_GATE_H
#define GATEWAY_SERVE_IGD_GATE_H

#include "gateway/httpd.h"
#include "gateway/net.h"

#include <stdint.h>

/* 0, or the HTTP status to refuse with. Host must be a literal address of ours on a LAN; its port
 * may be missing, as old clients leave it out. OPTIONS is never answered, so no page may. */
unsigned serve_igd_gate_check(const struct httpd_request *req, const struct net *net,
	uint16_t port);
/* For what changes something: nothing that only browsers send. */
unsigned serve_igd_gate_check_origin(const struct httpd_request *req);
/* For control: POST of XML with a SOAPACTION, which is written to action. */
unsigned serve_igd_gate_check_soap(const struct httpd_request *req, struct str *action);

#endif
