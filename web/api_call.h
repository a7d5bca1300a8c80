/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the API: one call, its answers, and what lasts from call to call. For web/api*.c only.
 */
#ifndef WEB_API_CALL_H
#define WEB_API_CALL_H

#include "web/api.h"
#include "web/jsonw.h"

#include <stddef.h>

struct api_stream {
	struct api *api;
	struct httpd_stream *stream;	/* NULL: free */
};

struct api {
	struct core *core;
	struct api_stream streams[HTTPD_STREAMS_MAX];
	size_t stream_count;
};

/* param is the part of the path that stands for "{...}" in its route, else STR_NONE. */
struct api_call {
	struct api *api;
	struct httpd_request *req;
	struct str param;
};

/* A call that waits for the core. It outlives its request: nobody may be left to answer. */
struct api_job {
	struct core *core;
	struct httpd_request *req;	/* NULL: the client is gone */
	void *data;			/* of the route; freed with the job */
};

/* Takes the text over and leaves j empty. */
void api_answer_json(struct httpd_request *req, unsigned status, struct jsonw *j);
void api_answer_empty(struct httpd_request *req);	/* 204 */
void api_error(struct httpd_request *req, unsigned status, const char *code, const char *message,
	const char *field);
/* What the core said, in HTTP. */
void api_error_core(struct httpd_request *req, int err);

/* NULL: no memory, and the call was answered so. */
struct api_job *api_job_new(const struct api_call *call);
/* The core refused at once, or is done: answers err if it is one and anybody waits. True when an
 * answer is still to be given. */
bool api_job_fine(struct api_job *job, int err);
void api_job_free(struct api_job *job);

/* A number of the query within min..max, initial when it is not there. False: the call was
 * answered with an error. */
bool api_query_u64(const struct api_call *call, const char *name, uint64_t max, uint64_t *inout);

#endif
