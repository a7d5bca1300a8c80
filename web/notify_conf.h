/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What postern-notify reads: "key = value" lines, comments from '#' at the start of a line. A key
 * nobody knows, given twice or with a value it cannot have refuses the file.
 */
#ifndef WEB_NOTIFY_CONF_H
#define WEB_NOTIFY_CONF_H

#include "protocols/str.h"

#include <stdbool.h>

#define NOTIFY_URL_MAX 1024
#define NOTIFY_TOKEN_MAX 512

enum notify_kind {
	NOTIFY_WEBHOOK,		/* a JSON object by POST */
	NOTIFY_NTFY,		/* text by POST, the rest in header fields */
};

struct notify_conf {
	enum notify_kind kind;
	char url[NOTIFY_URL_MAX];	/* the only one that must be given */
	char token[NOTIFY_TOKEN_MAX];	/* "": none */
	char link[NOTIFY_URL_MAX];	/* the owner's pages, to tap on; "": none */
	bool cards, alerts;		/* what is told; both unless said otherwise */
};

struct notify_conf_fault {
	unsigned line;		/* 0: the file as a whole */
	const char *why;
};

/* ERR_SYNTAX with *fault; out is untouched then. */
int notify_conf_decode(struct str text, struct notify_conf *out, struct notify_conf_fault *fault);
/* The same of a file; also ERR_NOT_FOUND, ERR_IO. */
int notify_conf_load(const char *path, struct notify_conf *out, struct notify_conf_fault *fault);

#endif
