/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the API; see api_call.h. */
#include "web/api_call.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

static const struct httpd_field fields[] = {
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

void api_answer_json(struct httpd_request *req, unsigned status, struct jsonw *j)
{
	const struct httpd_answer answer = {
		.status = status,
		.type = "application/json",
		.fields = fields,
		.field_count = FIELDS,
		.body = j->p,
		.body_len = j->len,
		.body_given = true,
	};
	const struct httpd_answer broken = {.status = 500};

	if (j->failed) {
		jsonw_free(j);
		httpd_answer(req, &broken);
		return;
	}
	httpd_answer(req, &answer);
	*j = (struct jsonw){0};
}

void api_answer_empty(struct httpd_request *req)
{
	const struct httpd_answer answer = {
		.status = 204,
		.fields = fields,
		.field_count = FIELDS,
	};
	httpd_answer(req, &answer);
}

void api_error(struct httpd_request *req, unsigned status, const char *code, const char *message,
	const char *field)
{
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_object(&j, "error");
	jsonw_text(&j, "code", code);
	jsonw_text(&j, "message", message);
	jsonw_text(&j, "field", field);
	jsonw_object_end(&j);
	jsonw_object_end(&j);
	api_answer_json(req, status, &j);
}

void api_error_core(struct httpd_request *req, int err)
{
	switch (err) {
	case ERR_NOT_FOUND:
		api_error(req, 404, "not_found", "there is no such thing", NULL);
		break;
	case ERR_EXISTS:
		api_error(req, 409, "conflict", "it is taken, or was answered already", NULL);
		break;
	case ERR_DENIED:
		api_error(req, 409, "by_hand", "it was opened by hand, and is closed there", NULL);
		break;
	case ERR_BUSY:
	case ERR_FULL:
		api_error(req, 503, "busy", "too much is waiting; try again", NULL);
		break;
	case ERR_AGAIN:
		api_error(req, 409, "clock", "the clock is not known yet, so nobody knows when a "
			"day is over", NULL);
		break;
	case ERR_UNSTORED:
		api_error(req, 500, "not_stored", "it is in force, but could not be stored: it may "
			"be gone after a restart", NULL);
		break;
	case ERR_GONE:
		api_error(req, 503, "away", "the firewall helper does not answer now", NULL);
		break;
	default:
		api_error(req, 500, "failed", err_text(err), NULL);
		break;
	}
}

static void on_gone(void *arg)
{
	struct api_job *job = arg;
	job->req = NULL;
}

struct api_job *api_job_new(const struct api_call *call)
{
	struct api_job *job = calloc(1, sizeof(*job));

	if (!job) {
		api_error_core(call->req, ERR_MEMORY);
		return NULL;
	}
	job->api = call->api;
	job->core = call->api->core;
	job->req = call->req;
	call->req->gone = on_gone;
	call->req->arg = job;
	return job;
}

bool api_job_fine(struct api_job *job, int err)
{
	if (err && job->req)
		api_error_core(job->req, err);
	return !err && job->req;
}

void api_job_free(struct api_job *job)
{
	jsonw_free(&job->answer);
	free(job->data);
	free(job);
}

void api_error_fault(struct httpd_request *req, const struct core_fault *fault)
{
	const char *why = fault->why[0] ? fault->why : "this can not be";

	api_error(req, 400, "bad_value", why, fault->place[0] ? fault->place : NULL);
}

static void on_done(void *arg, int err)
{
	struct api_job *job = arg;

	if (job->held) {
		job->done = true;
		job->err = err;
		return;
	}
	if (api_job_fine(job, err)) {
		if (job->answer.len || job->answer.failed)
			api_answer_json(job->req, 200, &job->answer);
		else
			api_answer_empty(job->req);
	}
	api_job_free(job);
}

bool api_act_begin(const struct api_call *call, struct api_act *out)
{
	*out = (struct api_act){.job = api_job_new(call)};
	if (!out->job)
		return false;
	out->job->held = true;
	out->act = (struct core_act){.by = call->by, .done = on_done, .arg = out->job};
	return true;
}

void api_act_end(struct api_act *a, int err)
{
	struct api_job *job = a->job;

	job->held = false;
	if (!err && job->done)
		on_done(job, job->err);
	if (!err)
		return;
	if (err == ERR_RANGE || err == ERR_SYNTAX)
		api_error_fault(job->req, &a->fault);
	else if (err == ERR_DENIED && a->denied)
		api_error(job->req, 409, "conflict", a->denied, NULL);
	else
		api_error_core(job->req, err);
	api_job_free(job);
}

uint32_t api_id(const struct api_call *call)
{
	uint32_t id = 0;

	if (str_u32(call->param, 1, UINT32_MAX, &id) != 0)
		api_error_core(call->req, ERR_NOT_FOUND);
	return id;
}

bool api_query_u64(const struct api_call *call, const char *name, uint64_t max, uint64_t *inout)
{
	struct str text;
	int err = httpd_query(call->req, str_from(name), &text);

	if (err == ERR_NOT_FOUND)
		return true;
	if (!err)
		err = str_u64(text, max, inout);
	if (err)
		api_error(call->req, 400, "bad_value", "a whole number within its range", name);
	return !err;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* As forms are sent. False: it is none, or too long. */
static bool decode(struct str text, struct writer *w)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = (uint8_t)(text.p[i] == '+' ? ' ' : text.p[i]);
		if (byte == '%') {
			int high = i + 2 < text.len ? hex(text.p[i + 1]) : -1;
			int low = high >= 0 ? hex(text.p[i + 2]) : -1;
			if (low < 0)
				return false;
			byte = (uint8_t)(high << 4 | low);
			i += 2;
		}
		writer_u8(w, byte);
	}
	return !w->full;
}

bool api_query_text(const struct api_call *call, const char *name, char *inout, size_t size)
{
	char text[256];
	struct writer w = writer_to(text, size - 1 < sizeof(text) ? size - 1 : sizeof(text));
	struct str sent;
	int err = httpd_query(call->req, str_from(name), &sent);

	if (err == ERR_NOT_FOUND)
		return true;
	if (err || !decode(sent, &w) || !str_is_utf8(writer_done(&w))) {
		api_error(call->req, 400, "bad_value", "a short text in UTF-8", name);
		return false;
	}
	memcpy(inout, text, w.len);
	inout[w.len] = '\0';
	return true;
}
