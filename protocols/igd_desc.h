/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description documents (UDA 1.1 section 2), printed from the table, and the paths they and the
 * services live at. Every path begins with an unguessable token, so that a web page that makes a
 * browser of the LAN send requests does not know where to (CERT VU#361684):
 *
 *	/<token>/1/igd.xml	/<token>/2/igd.xml	root descriptions
 *	/<token>/1/<id>		/<token>/2/<id>		SCPDs, <id> such as WANIPConn1
 *	/<token>/evt/<id>	/<token>/evt2/<id>	events of that view's variables
 *	/<token>/ctl/<id>				control; same in both views
 */
#ifndef PROTOCOLS_IGD_DESC_H
#define PROTOCOLS_IGD_DESC_H

#include "protocols/igd_table.h"
#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdint.h>

#define IGD_DESC_MAX 24576	/* no document of ours is longer */

/* What the root descriptions say of this installation. Empty text: the element is left out
 * (friendly_name, manufacturer and model_name must be there). */
struct igd_desc {
	struct str token;		/* URL-safe characters */
	struct igd_uuid uuid;
	struct str friendly_name;	/* below 64 characters */
	struct str manufacturer;
	struct str manufacturer_url;
	struct str model_name;
	struct str model_number;
	struct str model_url;
	struct str presentation_url;
};

enum igd_path_kind {
	IGD_PATH_DESC,
	IGD_PATH_SCPD,
	IGD_PATH_CONTROL,
	IGD_PATH_EVENT,
};

struct igd_path {
	enum igd_path_kind kind;
	enum igd_view view;		/* DESC, SCPD, EVENT */
	enum igd_service service;	/* SCPD, CONTROL, EVENT */
};

void igd_desc_encode_root(struct writer *w, const struct igd_desc *desc, enum igd_view view,
	uint32_t configid);
/* Only for a service the view has. */
void igd_desc_encode_scpd(struct writer *w, enum igd_service service, enum igd_view view);
/* CONFIGID.UPNP.ORG: 24 bits that change when any document of the view does. */
uint32_t igd_desc_configid(const struct igd_desc *desc, enum igd_view view);

/* The path part of LOCATION. */
void igd_desc_encode_path(struct writer *w, struct str token, enum igd_view view);
/* ERR_NOT_FOUND: nothing is there. The token is compared in a time that does not depend on how
 * much of it is right. */
int igd_desc_decode_path(struct str path, struct str token, struct igd_path *out);

#endif
