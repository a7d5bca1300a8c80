/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the API: one call, its answers, and what lasts from call to call. For web/api*.c only.
 */
#ifndef WEB_API_CALL_H
#define WEB_API_CALL_H

#include "gateway/core_owner.h"
#include "web/api.h"
#include "web/jsonw.h"

#include <stddef.h>

struct api_stream {
	struct api *api;
	struct httpd_stream *stream;	/* NULL: free */
	bool pending;		/* cards and alerts only */
};

#define API_TESTS_MAX 8		/* openings by hand that are knocked at at a time */

struct knock;
struct api_job;
struct api_test {
	struct knock *knock;	/* NULL: free */
	struct api_job *job;
};

struct api {
	struct api_config config;
	struct core *core;
	struct api_stream streams[HTTPD_STREAMS_MAX];
	size_t stream_count;
	struct loop_timer later;	/* news of the whole, see api_events.c */
	struct api_test tests[API_TESTS_MAX];
	unsigned news;			/* what it will tell: 1 << enum core_news */
};

/* param is the part of the path that stands for "{...}" in its route, else STR_NONE. */
struct api_call {
	struct api *api;
	struct httpd_request *req;
	struct str param;
	const char *by;		/* who calls, for the record */
	const struct api_caller *caller;	/* during the call only */
};

/* A call that waits for the core. It outlives its request: nobody may be left to answer. */
struct api_job {
	struct api *api;
	struct core *core;
	struct httpd_request *req;	/* NULL: the client is gone */
	void *data;			/* of the route; freed with the job */
	struct jsonw answer;		/* of an act, when it is done; empty: 204 */
	bool held;			/* the act is still being asked for */
	bool done;			/* it was done meanwhile, with this: */
	int err;
};

/* An act of the owner: begin, ask the core with act and fault, end with what it said. */
struct api_act {
	struct core_act act;
	struct core_fault fault;
	const char *denied;	/* what ERR_DENIED means here; NULL: as api_error_core has it */
	struct api_job *job;
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

/* False: no memory, and the call was answered so. */
bool api_act_begin(const struct api_call *call, struct api_act *out);
/* Answers when the act is in force and stored, or now that it was refused: ERR_RANGE and ERR_SYNTAX
 * with the fault. */
void api_act_end(struct api_act *act, int err);
void api_error_fault(struct httpd_request *req, const struct core_fault *fault);

/* The id that the path names. 0: it cannot be one, and the call was answered so. */
uint32_t api_id(const struct api_call *call);
/* A number of the query within min..max, initial when it is not there. False: the call was
 * answered with an error. */
bool api_query_u64(const struct api_call *call, const char *name, uint64_t max, uint64_t *inout);
/* A text of the query without its "%20" and "+", NUL-terminated in size bytes; as it was when it is
 * not there. False: the call was answered with an error. */
bool api_query_text(const struct api_call *call, const char *name, char *inout, size_t size);

#endif
