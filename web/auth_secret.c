/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets and their hashes; see auth_secret.h. */
#include "web/auth_secret.h"

#include "protocols/reader.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES 20
#define COOKIE_BYTES (AUTH_SECRET_COOKIE_LEN / 2)

static const char code_letters[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
static const char base32_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static void write_hex(const uint8_t *bytes, char out[AUTH_SECRET_COOKIE_LEN + 1])
{
	struct writer w = writer_to(out, AUTH_SECRET_COOKIE_LEN);

	writer_hex(&w, bytes, COOKIE_BYTES);
	out[AUTH_SECRET_COOKIE_LEN] = '\0';
}

void auth_secret_cookie(char out[AUTH_SECRET_COOKIE_LEN + 1])
{
	uint8_t bytes[COOKIE_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	write_hex(bytes, out);
}

void auth_secret_token(char out[AUTH_SECRET_TOKEN_LEN + 1])
{
	const size_t head = sizeof(AUTH_SECRET_TOKEN_HEAD) - 1;

	/* 32 letters of 5 bits each: 160. */
	memcpy(out, AUTH_SECRET_TOKEN_HEAD, head);
	for (size_t i = head; i < AUTH_SECRET_TOKEN_LEN; i++)
		out[i] = base32_letters[randombytes_uniform(sizeof(base32_letters) - 1)];
	out[AUTH_SECRET_TOKEN_LEN] = '\0';
}

void auth_secret_code(char out[AUTH_SECRET_CODE_LEN + 1])
{
	for (size_t i = 0; i < AUTH_SECRET_CODE_LEN; i++)
		out[i] = code_letters[randombytes_uniform(sizeof(code_letters) - 1)];
	out[AUTH_SECRET_CODE_LEN] = '\0';
}

bool auth_secret_read_code(struct str typed, char out[AUTH_SECRET_CODE_LEN + 1])
{
	char code[AUTH_SECRET_CODE_LEN + 1] = "";
	size_t len = 0;

	for (size_t i = 0; i < typed.len; i++) {
		char c = typed.p[i];
		if (c == ' ' || c == '-')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (len == AUTH_SECRET_CODE_LEN || c == '\0' || !strchr(code_letters, c))
			return false;
		code[len++] = c;
	}
	if (len != AUTH_SECRET_CODE_LEN)
		return false;
	memcpy(out, code, sizeof(code));
	return true;
}

void auth_secret_hash(struct str secret, uint8_t out[AUTH_SECRET_HASH_LEN])
{
	crypto_generichash(out, AUTH_SECRET_HASH_LEN, (const unsigned char *)secret.p, secret.len,
		NULL, 0);
}

bool auth_secret_same(const uint8_t a[AUTH_SECRET_HASH_LEN], const uint8_t b[AUTH_SECRET_HASH_LEN])
{
	return sodium_memcmp(a, b, AUTH_SECRET_HASH_LEN) == 0;
}

void auth_secret_csrf(struct str cookie, char out[AUTH_SECRET_COOKIE_LEN + 1])
{
	static const unsigned char key[] = "postern csrf token";
	uint8_t hash[COOKIE_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)cookie.p, cookie.len, key,
		sizeof(key) - 1);
	write_hex(hash, out);
}
