/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The identity of the UPnP device; see upnp_self.h. */
#include "gateway/upnp_self.h"

#include <string.h>

static void write_host(struct writer *w, const struct addr *local)
{
	bool is4 = addr_is4(local);

	writer_text(w, is4 ? "://" : "://[");
	addr_encode(w, local);
	writer_text(w, is4 ? ":" : "]:");
}

struct str upnp_self_pages(const struct upnp_self *self, const struct addr *local,
	char text[UPNP_SELF_URL_MAX])
{
	struct writer w = writer_to(text, UPNP_SELF_URL_MAX);

	if (self->web_port == 0)
		return STR_NONE;
	writer_text(&w, self->web_tls ? "https" : "http");
	write_host(&w, local);
	writer_dec(&w, self->web_port);
	writer_text(&w, "/");
	return writer_done(&w);
}

void upnp_self_init(struct upnp_self *self, const struct core *core, const struct conf *conf)
{
	const struct db_state *state = core_state(core);
	const struct addr nowhere = addr_any4();
	char url[UPNP_SELF_URL_MAX];
	struct writer token = writer_to(self->token, sizeof(self->token));

	writer_hex(&token, state->upnp_token, sizeof(state->upnp_token));
	memcpy(self->friendly_name, conf->friendly_name, sizeof(self->friendly_name));
	self->desc = (struct igd_desc){
		.token = writer_done(&token),
		.friendly_name = str_from(self->friendly_name),
		.manufacturer = STR("Postern"),
		.model_name = STR("Postern"),
		.model_number = STR(POSTERN_VERSION),
	};
	memcpy(self->desc.uuid.b, state->uuid, sizeof(self->desc.uuid.b));
	self->port = conf->http_port;
	self->web_port = conf->web ? conf->web_port : 0;
	self->web_tls = conf->web_tls;
	/* The number stands for the document: which of our addresses is in it does not matter. */
	self->desc.presentation_url = upnp_self_pages(self, &nowhere, url);
	self->bootid = state->upnp_boot_id;
	self->configid[IGD_V1 - 1] = igd_desc_configid(&self->desc, IGD_V1);
	self->configid[IGD_V2 - 1] = igd_desc_configid(&self->desc, IGD_V2);
	self->desc.presentation_url = STR_NONE;
}

void upnp_self_at(const struct upnp_self *self, enum igd_view view, const struct addr *local,
	char text[UPNP_SELF_LOCATION_MAX], struct ssdp_self *out)
{
	struct writer w = writer_to(text, UPNP_SELF_LOCATION_MAX);

	writer_text(&w, "http");
	write_host(&w, local);
	writer_dec(&w, self->port);
	igd_desc_encode_path(&w, self->desc.token, view);
	*out = (struct ssdp_self){
		.view = view,
		.uuid = self->desc.uuid,
		.location = writer_done(&w),
		.server = STR(UPNP_SELF_SERVER),
		.bootid = self->bootid,
		.configid = self->configid[view - 1],
	};
}
