/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An act of the owner that is told done when two things are: it is in force (its batch is over)
 * and it is stored (its row is synced). What fails first is what is told.
 */
#include "gateway/core_int.h"

#include <stdlib.h>

struct acting {
	core_done_fn *done;
	void *arg;
	unsigned parts;		/* still to come */
	int err;
};

struct acting *act_begin(const struct core_act *act)
{
	struct acting *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->done = act->done;
	a->arg = act->arg;
	a->parts = 2;
	return a;
}

struct core_act act_part(struct acting *a, const struct core_act *act)
{
	return (struct core_act){.by = act->by, .done = act_part_done, .arg = a};
}

void act_part_done(void *acting, int err)
{
	struct acting *a = acting;

	if (!a->err)
		a->err = err;
	if (--a->parts > 0)
		return;
	if (a->done)
		a->done(a->arg, a->err);
	free(a);
}

void act_cancel(struct acting *a)
{
	free(a);
}
