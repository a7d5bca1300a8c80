/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is worth a graph, in the text Prometheus reads (exposition format 0.0.4). Totals count from
 * the start of the daemon. No addresses, names or ports: what is counted must not tell who.
 */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include "gateway/core.h"
#include "gateway/httpd.h"

struct metrics;

/* NULL: no memory, or the core's watch list is full. */
struct metrics *metrics_new(struct core *core);
void metrics_answer(const struct metrics *m, struct httpd_request *req);
/* Before the core. */
void metrics_free(struct metrics *m);

#endif
