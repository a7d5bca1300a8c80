/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: lists of rules in bodies. */
#ifndef WEB_API_RULES_H
#define WEB_API_RULES_H

#include "web/api_call.h"

#include <jansson.h>

/* Of "rules" in a body, malloc'ed; NULL: the call was answered. */
struct rule *api_rules_read(const struct api_call *call, const json_t *list, size_t *count);

#endif
