/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets given out once and known afterwards by their BLAKE2b hash only: session cookies, API
 * tokens, set-up codes. They are random and long, so a fast hash is enough; passwords are
 * auth_hash.h's.
 */
#ifndef WEB_AUTH_SECRET_H
#define WEB_AUTH_SECRET_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

#define AUTH_SECRET_HASH_LEN 32
#define AUTH_SECRET_COOKIE_LEN 64	/* 256 bits as hex digits */
#define AUTH_SECRET_TOKEN_HEAD "pst_"
#define AUTH_SECRET_TOKEN_LEN 36	/* the head and 160 bits in base32 (RFC 4648 section 6) */
#define AUTH_SECRET_CODE_LEN 10		/* of 31 letters and digits: 49 bits */

/* All end with NUL. */
void auth_secret_cookie(char out[AUTH_SECRET_COOKIE_LEN + 1]);
void auth_secret_token(char out[AUTH_SECRET_TOKEN_LEN + 1]);
/* Capitals and digits without those that look like another: 0 O, 1 I L. */
void auth_secret_code(char out[AUTH_SECRET_CODE_LEN + 1]);
/* A code as somebody typed it: any case, with spaces or dashes in it. False: it cannot be one. */
bool auth_secret_read_code(struct str typed, char out[AUTH_SECRET_CODE_LEN + 1]);

void auth_secret_hash(struct str secret, uint8_t out[AUTH_SECRET_HASH_LEN]);
/* In a time that does not depend on where they differ. */
bool auth_secret_same(const uint8_t a[AUTH_SECRET_HASH_LEN],
	const uint8_t b[AUTH_SECRET_HASH_LEN]);
/* What a page of ours has to say with every change, besides the cookie its browser sends by itself:
 * derived from the cookie, so that nothing is to be stored. */
void auth_secret_csrf(struct str cookie, char out[AUTH_SECRET_COOKIE_LEN + 1]);

#endif
