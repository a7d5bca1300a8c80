/* SPDX-License-Identifier: GPL-2.0-or-later */
/* web/openapi.json, built in: the Makefile writes web/openapi_data.c. */
#ifndef WEB_OPENAPI_H
#define WEB_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_data[];
extern const size_t openapi_len;

#endif
