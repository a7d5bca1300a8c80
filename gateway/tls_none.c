/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without TLS; see tls.h. */
#include "gateway/tls.h"

#include "protocols/err.h"

bool tls_is_there(void)
{
	return false;
}

int tls_load(const char *certificate_path, const char *key_path, struct tls_cert *out)
{
	(void)certificate_path;
	(void)key_path;
	(void)out;
	return ERR_UNSUPPORTED;
}

bool tls_fits(const struct tls_cert *cert, const struct tls_names *names)
{
	(void)cert;
	(void)names;
	return false;
}

int tls_make(const struct tls_names *names, struct tls_cert *out)
{
	(void)names;
	(void)out;
	return ERR_UNSUPPORTED;
}

int tls_save(const struct tls_cert *cert, const char *path)
{
	(void)cert;
	(void)path;
	return ERR_UNSUPPORTED;
}

void tls_clear(struct tls_cert *cert)
{
	(void)cert;
}
