/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificate of the owner's server: loaded, or made by ourselves (P-256, self-signed, 397
 * days, which is what browsers take at the most). tls_gnutls.c does it, tls_none.c is for builds
 * without TLS. A browser's exception is for one certificate, so a new one is made only when it
 * must be.
 */
#ifndef GATEWAY_TLS_H
#define GATEWAY_TLS_H

#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_DAYS 397
#define TLS_RENEW_DAYS 30	/* before the end a new one is made */
#define TLS_FINGERPRINT_LEN 96	/* SHA-256 as AB:CD:..., with NUL */

struct tls_cert {
	char *certificate;	/* PEM */
	char *key;		/* PEM */
	char fingerprint[TLS_FINGERPRINT_LEN];
};

/* What it shall speak for. */
struct tls_names {
	const struct addr *addrs;
	size_t addr_count;
	const char *names;	/* separated by spaces or commas */
	uint64_t now_wall_s;
};

/* Whether this build has TLS. */
bool tls_is_there(void);
/* From PEM files, which may be one. ERR_NOT_FOUND, ERR_DENIED, ERR_IO; ERR_SYNTAX: not PEM. */
int tls_load(const char *certificate_path, const char *key_path, struct tls_cert *out);
/* It is good for 30 days at least, and for each of the addresses and names. */
bool tls_fits(const struct tls_cert *cert, const struct tls_names *names);
int tls_make(const struct tls_names *names, struct tls_cert *out);
/* Key and certificate into one file, mode 0600, whole or not at all. ERR_IO. */
int tls_save(const struct tls_cert *cert, const char *path);
void tls_clear(struct tls_cert *cert);

#endif
