/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall backend of the daemon: every call goes to postern-helper over its socket and is
 * answered from the loop, in the order of asking. FW_EVENT_BACK comes after each greeting, the
 * first one too; FW_EVENT_LOST when the helper closed, spoke nonsense or kept a request waiting.
 * After that all calls give ERR_GONE until it is back.
 */
#ifndef GATEWAY_FW_REMOTE_H
#define GATEWAY_FW_REMOTE_H

#include "gateway/fw.h"
#include "gateway/loop.h"

/* A request fails when the helper gave no sign of work for so long. */
#define FW_REMOTE_TIMEOUT_MS 2000
/* And longer for a large transaction: a slow router's kernel takes a tenth of this to do it. */
#define FW_REMOTE_ELEMS_PER_MS 10
#define FW_REMOTE_RETRY_MIN_MS 100
#define FW_REMOTE_RETRY_MAX_MS 2000
/* Requests under way; beyond, ERR_BUSY. */
#define FW_REMOTE_PENDING_MAX 64

/* path: the helper's socket. Connects from the loop, so there is time for fw_watch. No callback may
 * free the backend. NULL when memory is short or the path too long. */
struct fw *fw_remote_new(struct loop *loop, const char *path);

#endif
