/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any datagram as a search; each target it hits is answered, and the answer must be a head of
 * its own with the ST that was asked for.
 */
#include "protocols/headers.h"
#include "protocols/ssdp.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct ssdp_self *self, unsigned target, struct str st)
{
	char buf[SSDP_DATAGRAM_MAX];
	struct writer w = writer_to(buf, sizeof(buf));
	struct headers h;
	struct str value;

	ssdp_encode_reply(&w, self, target, st);
	assert(!w.full);
	assert(headers_decode(writer_done(&w), &h) == 0);
	assert(headers_find(&h, STR("ST"), &value) == 0);
	assert(str_eq(value, st) || str_eq(st, STR("ssdp:all")));
	assert(headers_find(&h, STR("USN"), &value) == 0 && str_starts(value, STR("uuid:")));
	assert(headers_find(&h, STR("LOCATION"), &value) == 0);
	assert(str_eq(value, self->location));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssdp_self self = {
		.uuid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
		.location = STR("http://192.168.1.1:5000/token/1/igd.xml"),
		.server = STR("Linux/6 UPnP/1.1 Postern/1"),
	};
	struct ssdp_search search;
	struct ssdp_notify notify;

	if (ssdp_decode_alive(data, size, &notify) == 0) {
		assert(notify.nt.len > 0 && notify.nt.len < size);
		assert(ssdp_decode(data, size, &search) != 0);
	}
	if (ssdp_decode(data, size, &search))
		return 0;
	assert(search.st.len > 0 && search.mx_s <= SSDP_MX_MAX);
	assert(search.has_mx || search.mx_s == 0);
	for (int view = IGD_V1; view <= IGD_V2; view++) {
		uint32_t mask;

		self.view = (enum igd_view)view;
		mask = ssdp_match(search.st, self.view, &self.uuid);
		assert((mask & ~ssdp_targets(self.view)) == 0);
		for (unsigned t = 0; t < SSDP_TARGETS; t++) {
			if (mask >> t & 1)
				check_reply(&self, t, search.st);
		}
	}
	return 0;
}
