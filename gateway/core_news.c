/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watch list: how news go up without the core knowing who listens. */
#include "gateway/core_int.h"

#include "protocols/err.h"

int core_watch(struct core *core, core_news_fn *fn, void *arg)
{
	for (size_t i = 0; i < CORE_WATCHERS; i++) {
		if (core->watchers[i].fn)
			continue;
		core->watchers[i] = (struct watcher){fn, arg};
		return 0;
	}
	return ERR_FULL;
}

void core_unwatch(struct core *core, core_news_fn *fn, void *arg)
{
	for (size_t i = 0; i < CORE_WATCHERS; i++) {
		if (core->watchers[i].fn == fn && core->watchers[i].arg == arg)
			core->watchers[i] = (struct watcher){NULL, NULL};
	}
}

void core_tell(struct core *core, enum core_news news, const struct opening *o)
{
	for (size_t i = 0; i < CORE_WATCHERS; i++) {
		if (core->watchers[i].fn)
			core->watchers[i].fn(core->watchers[i].arg, news, o);
	}
}
