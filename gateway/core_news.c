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

void core_tell_all(struct core *core, const struct core_told *told)
{
	for (size_t i = 0; i < CORE_WATCHERS; i++) {
		if (core->watchers[i].fn)
			core->watchers[i].fn(core->watchers[i].arg, told);
	}
}

void core_tell(struct core *core, enum core_news news, const struct opening *o)
{
	core_tell_all(core, &(struct core_told){.news = news, .opening = o});
}

void core_tell_id(struct core *core, enum core_news news, uint32_t id)
{
	core_tell_all(core, &(struct core_told){.news = news, .id = id});
}
