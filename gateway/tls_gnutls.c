/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates by GnuTLS; see tls.h. */
#include "gateway/tls.h"

#include "gateway/httpd.h"
#include "protocols/err.h"
#include "protocols/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400
#define FILE_MAX 65536
#define NAME_MAX_LEN 253	/* RFC 1035 section 2.3.4, as text */
#define PATH_MAX_LEN 256

bool tls_is_there(void)
{
	return httpd_has_tls();
}

/* ---- reading ---- */

static int err_of(int number)
{
	switch (number) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

/* Ends with NUL. */
static int read_file(const char *path, char **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return err_of(errno);
	while (text && n > 0 && len < FILE_MAX) {
		n = read(fd, text + len, FILE_MAX - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (!text || n < 0) {
		free(text);
		return text ? ERR_IO : ERR_MEMORY;
	}
	text[len] = '\0';
	*out = text;
	return 0;
}

static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){
		.data = (unsigned char *)(uintptr_t)text,
		.size = (unsigned)strlen(text),
	};
}

/* The first of the file is the server's own. NULL: it is none. */
static gnutls_x509_crt_t parse(const char *pem)
{
	gnutls_datum_t datum = datum_of(pem);
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM) == 0)
		return crt;
	gnutls_x509_crt_deinit(crt);
	return NULL;
}

static bool is_key(const char *pem)
{
	gnutls_datum_t datum = datum_of(pem);
	gnutls_x509_privkey_t key;
	bool good;

	if (gnutls_x509_privkey_init(&key) < 0)
		return false;
	good = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0) == 0;
	gnutls_x509_privkey_deinit(key);
	return good;
}

static int take_fingerprint(struct tls_cert *cert)
{
	static const char digits[] = "0123456789ABCDEF";
	gnutls_x509_crt_t crt = parse(cert->certificate);
	uint8_t hash[32];
	size_t len = sizeof(hash);
	int result;

	if (!crt)
		return ERR_SYNTAX;
	result = gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &len);
	gnutls_x509_crt_deinit(crt);
	if (result < 0 || len != sizeof(hash))
		return ERR_SYNTAX;
	for (size_t i = 0; i < sizeof(hash); i++) {
		cert->fingerprint[3 * i] = digits[hash[i] >> 4];
		cert->fingerprint[3 * i + 1] = digits[hash[i] & 15];
		cert->fingerprint[3 * i + 2] = i + 1 < sizeof(hash) ? ':' : '\0';
	}
	return 0;
}

int tls_load(const char *certificate_path, const char *key_path, struct tls_cert *out)
{
	struct tls_cert cert = {0};
	int err = read_file(certificate_path, &cert.certificate);

	if (!err)
		err = read_file(key_path, &cert.key);
	if (!err && !is_key(cert.key))
		err = ERR_SYNTAX;
	if (!err)
		err = take_fingerprint(&cert);
	if (err)
		tls_clear(&cert);
	else
		*out = cert;
	return err;
}

/* ---- names ---- */

/* The next of them, ended by NUL. False: there is no more. */
static bool next_name(struct str *rest, char out[NAME_MAX_LEN + 1])
{
	while (rest->len > 0) {
		size_t n = 0;
		while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != ',')
			n++;
		if (n > 0 && n <= NAME_MAX_LEN) {
			memcpy(out, rest->p, n);
			out[n] = '\0';
			*rest = str_sub(*rest, n + 1, rest->len);
			return true;
		}
		*rest = str_sub(*rest, n + 1, rest->len);
	}
	return false;
}

static bool has_all(gnutls_x509_crt_t crt, const struct tls_names *names)
{
	struct str rest = str_from(names->names);
	char text[NAME_MAX_LEN + 1];

	for (size_t i = 0; i < names->addr_count; i++) {
		char address[ADDR_TEXT_MAX];
		if (!gnutls_x509_crt_check_hostname(crt, addr_text(&names->addrs[i], address)))
			return false;
	}
	while (next_name(&rest, text)) {
		if (!gnutls_x509_crt_check_hostname(crt, text))
			return false;
	}
	return true;
}

bool tls_fits(const struct tls_cert *cert, const struct tls_names *names)
{
	gnutls_x509_crt_t crt = parse(cert->certificate);
	uint64_t from, until;
	bool fits;

	if (!crt)
		return false;
	from = (uint64_t)gnutls_x509_crt_get_activation_time(crt);
	until = (uint64_t)gnutls_x509_crt_get_expiration_time(crt);
	fits = names->now_wall_s >= from &&
	       names->now_wall_s + (uint64_t)TLS_RENEW_DAYS * DAY_S < until &&
	       has_all(crt, names);
	gnutls_x509_crt_deinit(crt);
	return fits;
}

/* ---- making ---- */

static int add_address(gnutls_x509_crt_t crt, const struct addr *a)
{
	bool is4 = addr_is4(a);

	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS,
		is4 ? a->b + 12 : a->b, is4 ? 4 : 16, GNUTLS_FSAN_APPEND);
}

static int add_names(gnutls_x509_crt_t crt, const struct tls_names *names)
{
	struct str rest = str_from(names->names);
	char text[NAME_MAX_LEN + 1];
	int result = 0;

	for (size_t i = 0; i < names->addr_count && result >= 0; i++)
		result = add_address(crt, &names->addrs[i]);
	while (result >= 0 && next_name(&rest, text))
		result = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, text,
			(unsigned)strlen(text), GNUTLS_FSAN_APPEND);
	return result;
}

/* From a day ago: the browser's clock and ours need not agree. */
static int set_times(gnutls_x509_crt_t crt, uint64_t now_wall_s)
{
	uint64_t from = now_wall_s > DAY_S ? now_wall_s - DAY_S : 0;
	int result = gnutls_x509_crt_set_activation_time(crt, (time_t)from);

	if (result < 0)
		return result;
	return gnutls_x509_crt_set_expiration_time(crt, (time_t)(from + TLS_DAYS * DAY_S));
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const struct tls_names *names)
{
	static const char common_name[] = "Postern router";
	uint8_t serial[16];
	int result = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] &= 0x7f;	/* RFC 5280 section 4.1.2.2: positive */
	if (result >= 0)
		result = gnutls_x509_crt_set_version(crt, 3);
	if (result >= 0)
		result = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (result >= 0)
		result = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
			common_name, sizeof(common_name) - 1);
	if (result >= 0)
		result = set_times(crt, names->now_wall_s);
	if (result >= 0)
		result = add_names(crt, names);
	if (result >= 0)
		result = gnutls_x509_crt_set_ca_status(crt, 0);
	if (result >= 0)
		result = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (result >= 0)
		result = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (result >= 0)
		result = gnutls_x509_crt_set_key(crt, key);
	if (result >= 0)
		result = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	return result;
}

static char *text_of(gnutls_datum_t *datum)
{
	char *text = malloc(datum->size + 1);

	if (text) {
		memcpy(text, datum->data, datum->size);
		text[datum->size] = '\0';
	}
	gnutls_memset(datum->data, 0, datum->size);
	gnutls_free(datum->data);
	return text;
}

static int export(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, struct tls_cert *out)
{
	struct tls_cert cert = {0};
	gnutls_datum_t datum;
	int err = ERR_MEMORY;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &datum) >= 0)
		cert.certificate = text_of(&datum);
	if (gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
		    &datum) >= 0)
		cert.key = text_of(&datum);
	if (cert.certificate && cert.key)
		err = take_fingerprint(&cert);
	if (err)
		tls_clear(&cert);
	else
		*out = cert;
	return err;
}

int tls_make(const struct tls_names *names, struct tls_cert *out)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int err = ERR_MEMORY;

	if (gnutls_x509_privkey_init(&key) >= 0 && gnutls_x509_crt_init(&crt) >= 0 &&
	    gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) >= 0 &&
	    fill(crt, key, names) >= 0)
		err = export(crt, key, out);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return err;
}

/* ---- keeping ---- */

static bool write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	return write(fd, text, len) == (ssize_t)len;
}

int tls_save(const struct tls_cert *cert, const char *path)
{
	char fresh[PATH_MAX_LEN];
	struct writer w = writer_to(fresh, sizeof(fresh) - 1);
	bool good;
	int fd;

	writer_text(&w, path);
	writer_text(&w, ".new");
	fresh[w.len] = '\0';
	if (w.full)
		return ERR_IO;
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	good = write_all(fd, cert->key) && write_all(fd, cert->certificate) && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (good && rename(fresh, path) == 0)
		return 0;
	unlink(fresh);
	return ERR_IO;
}

void tls_clear(struct tls_cert *cert)
{
	if (cert->key)
		gnutls_memset(cert->key, 0, strlen(cert->key));
	free(cert->key);
	free(cert->certificate);
	*cert = (struct tls_cert){0};
}
