/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Server-sent events; see cli_watch.h. */
#include "web/cli_watch.h"

#include "protocols/err.h"

#include <string.h>

static int take_line(struct cli_watch *w, struct str line)
{
	struct str event = STR("event: "), data = STR("data: ");

	if (str_starts(line, event)) {
		line = str_sub(line, event.len, line.len - event.len);
		if (line.len >= sizeof(w->name))
			return ERR_FULL;
		memcpy(w->name, line.p, line.len);
		w->name[line.len] = '\0';
	} else if (str_starts(line, data)) {
		return w->fn(w->arg, w->name, str_sub(line, data.len, line.len - data.len));
	}
	return 0;
}

int cli_watch_piece(void *arg, struct str piece)
{
	struct cli_watch *w = arg;

	while (piece.len > 0) {
		size_t end = str_find(piece, 0, '\n');
		int err;

		if (end > sizeof(w->line) - w->len)
			return ERR_FULL;
		memcpy(w->line + w->len, piece.p, end);
		w->len += end;
		if (end == piece.len)
			return 0;
		piece = str_sub(piece, end + 1, piece.len - end - 1);
		err = take_line(w, (struct str){w->line, w->len});
		w->len = 0;
		if (err)
			return err;
	}
	return 0;
}
