/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event of the daemon as a message for the owner. What comes from the LAN is plain text in it:
 * control characters and whatever else could be mistaken are shown as \xNN, as in the log.
 */
#ifndef WEB_NOTIFY_TEXT_H
#define WEB_NOTIFY_TEXT_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

#define NOTIFY_TEXT_MAX 2048

/* What a message is about. One thing is told once, and a card again when it asks for more. */
struct notify_key {
	char kind;		/* 'c' card, 'a' alert; 0: nothing */
	uint64_t id;
	uint64_t since;		/* a store begun anew counts its ids anew */
	uint64_t count;		/* of a card: how often the owner was to look */
};

struct notify_message {
	struct notify_key key;
	bool over;		/* nothing to tell: it is answered or over */
	char title[64];		/* our words only */
	char text[NOTIFY_TEXT_MAX];
	char *body;		/* JSON for a webhook; malloc'ed */
};

/* name: "card" or "alert"; link: as in notify_conf, may be "". ERR_IGNORE: nothing of ours;
 * ERR_SYNTAX: not what the daemon says; ERR_MEMORY. */
int notify_text_make(const char *name, struct str data, const char *link,
	struct notify_message *out);
void notify_text_free(struct notify_message *m);

#endif
