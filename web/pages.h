/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's pages: files of web/ui, built in compressed (web/embed.sh). They are the same for
 * everybody, logged in or not; what they show comes from the API.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "gateway/httpd.h"

/* As embed.sh lays it out: all items as wide as an address. */
struct page {
	const char *path;	/* from '/' */
	const char *type;
	const char *etag;	/* with its quotes */
	const void *gzip;
	size_t len;
};

/* Defined by what embed.sh writes, or by a test. */
extern const struct page pages_table[];
extern const size_t pages_count;

/* Answers: the page, 304, 404, 405, or 406 to who cannot have it compressed. */
void pages_answer(struct httpd_request *req);

#endif
