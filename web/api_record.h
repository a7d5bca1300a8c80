/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: what the routes of the record have in common. */
#ifndef WEB_API_RECORD_H
#define WEB_API_RECORD_H

#include "web/api_call.h"

/* "ring" of the query; DB_RINGS: all. False: the call was answered. */
bool api_record_ring(const struct api_call *call, enum db_ring *out);

#endif
