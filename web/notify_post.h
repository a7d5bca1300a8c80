/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to the owner's server, by libcurl: certificates are always checked, redirections never
 * followed, and what the server says besides its status is not read.
 */
#ifndef WEB_NOTIFY_POST_H
#define WEB_NOTIFY_POST_H

#include "web/notify_conf.h"
#include "web/notify_text.h"

struct notify_post;

/* conf must outlive it. NULL: no memory. */
struct notify_post *notify_post_new(const struct notify_conf *conf);
/* 0: the server took it. ERR_BUSY: later perhaps; ERR_DENIED: never, as it is; ERR_MEMORY. *why: in
 * words, valid until the next call. */
int notify_post_send(struct notify_post *post, const struct notify_message *m, const char **why);
void notify_post_free(struct notify_post *post);

#endif
