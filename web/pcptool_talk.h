/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How postern-pcp talks: one socket to the router, requests sent again and again until something
 * answers (RFC 6887 section 8.1.1, RFC 6886 section 3.1), and the port where announcements arrive.
 * What the bytes mean is the caller's.
 */
#ifndef WEB_PCPTOOL_TALK_H
#define WEB_PCPTOOL_TALK_H

#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcptool_talk {
	int fd;				/* connected to the router */
	int group_fd;			/* port 5350; -1: nobody listens there */
	struct addr client;		/* our own address, as the router sees it */
	struct addr server;
};

/* server, source: literals, link-local ones with %interface; NULL: the default gateway, and as the
 * system likes. ERR_SYNTAX: no address; ERR_NOT_FOUND: no gateway or no such interface; ERR_IO with
 * errno. */
int pcptool_talk_open(struct pcptool_talk *t, const char *server, const char *source);
/* Hears announcements too, from now on. ERR_IO with errno. */
int pcptool_talk_join(struct pcptool_talk *t);

/* Whether these bytes are what was waited for. */
typedef bool pcptool_heard_fn(void *arg, const struct addr *from, const void *bytes, size_t len);

struct pcptool_ask {
	const void *bytes;		/* NULL: say nothing, only listen */
	size_t len;
	uint64_t gap_ms;		/* until it is said again; doubles */
	uint64_t timeout_ms;
};

/* Until heard says so. ERR_BUSY: the time is over; ERR_IO with errno: the router's host does not
 * listen there, or cannot be reached. */
int pcptool_talk_ask(const struct pcptool_talk *t, const struct pcptool_ask *ask,
	pcptool_heard_fn *heard, void *arg);
void pcptool_talk_close(struct pcptool_talk *t);

#endif
