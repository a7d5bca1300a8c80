/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be a password: long enough, and not among the first anybody would try. */
#ifndef WEB_AUTH_PASSWORD_H
#define WEB_AUTH_PASSWORD_H

#include "protocols/str.h"

#define AUTH_PASSWORD_MIN 10	/* characters */

/* NULL: it may; else why not, a sentence for who chose it. */
const char *auth_password_fault(struct str password, struct str name);

/* The same of an account's name. */
const char *auth_password_name_fault(struct str name);

#endif
