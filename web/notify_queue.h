/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the thread that hears of them and the one that posts them. Bounded: when the
 * server is away for long, the latest stay. What is answered or over meanwhile is not posted.
 */
#ifndef WEB_NOTIFY_QUEUE_H
#define WEB_NOTIFY_QUEUE_H

#include "web/notify_told.h"

#define NOTIFY_QUEUE_MAX 32

struct notify_queue;

/* told: see notify_told_load; NULL: no memory. */
struct notify_queue *notify_queue_new(const char *told);
/* The message is the queue's now. True: an older one was lost for it. */
bool notify_queue_put(struct notify_queue *q, struct notify_message *m);
/* Waits for one, which is the caller's until notify_queue_done. */
void notify_queue_take(struct notify_queue *q, struct notify_message *out);
/* Waits so long, or until what was taken is over. False: it is over. */
bool notify_queue_rest(struct notify_queue *q, unsigned seconds);
/* Frees it. told: the owner has it. ERR_IO: it cannot be remembered beyond this process. */
int notify_queue_done(struct notify_queue *q, struct notify_message *m, bool told);
void notify_queue_free(struct notify_queue *q);

#endif
