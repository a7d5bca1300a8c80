/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of what the configuration file may say: section, key, kind of value, place in
 * struct conf, default. conf.c reads the file by it and nothing else knows a key's name.
 */
#ifndef GATEWAY_CONF_KEYS_H
#define GATEWAY_CONF_KEYS_H

#include "gateway/conf.h"
#include "protocols/str.h"

#include <stddef.h>

#define CONF_KEYS_MAX 64	/* room for what is kept per key */

/* How a value, which is never empty, is read into field: 0 or ERR_SYNTAX. */
struct conf_kind {
	int (*set)(const struct conf_kind *kind, struct str value, void *field);
	const char *allowed;		/* ends the sentence "it must be ..." */
	const char *const *words;	/* of choices, ended by NULL; the index is the value */
	size_t size;			/* of texts, with NUL */
};

struct conf_key {
	const char *section;		/* keys of one section stand together */
	const char *name;
	const struct conf_kind *kind;
	size_t offset;			/* in struct conf */
	const char *preset;		/* NULL: nothing */
	const char *help;
};

size_t conf_keys_count(void);
const struct conf_key *conf_keys_at(size_t i);

#endif
