/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only user of expat: turns the body of a control request into the events protocols/soap.h
 * reads. A document type, an entity declaration or a processing instruction ends it (SOAP 1.1
 * section 3), so nothing can be expanded or fetched.
 *
 * Prefixes are resolved here and not by expat, which would refuse a message whose prefix has no
 * binding; libplum sends such. An unbound prefix gives an empty namespace name. A body that is not
 * well formed is read once more with stray ampersands taken as text: miniupnpc (2.2.4) does not
 * escape an application's description.
 */
#ifndef GATEWAY_XML_EXPAT_H
#define GATEWAY_XML_EXPAT_H

#include "protocols/soap.h"

#include <stddef.h>

#define XML_EXPAT_MAX 65536	/* bytes of a body; calls are below 2 KiB */

/* The call's slices live as long as *soap, which need not be initialised. ERR_RANGE: longer than
 * XML_EXPAT_MAX, or more text than soap_decode bears; ERR_SYNTAX: not XML, not a call, or something
 * refused; ERR_FULL: too deep or too many elements; ERR_MEMORY. */
int xml_expat_decode(struct soap *soap, const void *body, size_t len, struct soap_call *out);

#endif
