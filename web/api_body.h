/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the API: bodies of requests, read strictly by a table of their fields. A body that is
 * no JSON object, has a key twice or one that is not in the table, lacks one or has it of another
 * type is refused as a whole: the call is answered with 400 and the place.
 */
#ifndef WEB_API_BODY_H
#define WEB_API_BODY_H

#include "web/api_call.h"

enum api_body_type {
	API_BODY_TEXT,		/* const char *; lives as the body does */
	API_BODY_BOOL,		/* bool */
	API_BODY_INT,		/* int64_t, within min and max */
	API_BODY_ARRAY,		/* const json_t * */
	API_BODY_OBJECT,	/* const json_t * */
};

struct api_body_field {
	const char *name;
	enum api_body_type type;
	bool wanted;		/* it must be there */
	void *out;		/* left as it is where the field is not there */
	int64_t min, max;
};

/* The body as a tree, to be freed by json_decref; NULL: the call was answered. */
json_t *api_body(const struct api_call *call);
/* at: place of the object in the body, "" for the whole. False: the call was answered. */
bool api_body_read(const struct api_call *call, json_t *object, const char *at,
	const struct api_body_field *fields, size_t count);
void api_body_fault(const struct api_call *call, const char *at, const char *name,
	const char *why);

#endif
