/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic of the openings over the last minutes, for the small lines of the home page: the
 * kernel's counters are asked for while somebody looks, and what they grew by is kept.
 */
import {get} from './api.js';
import {change, peek} from './store.js';

const EVERY_MS = 10000, KEPT = 30;
const lines = new Map();	/* id -> {bytes, grew: []} */
let timer = 0, users = 0;

export function trafficOf(id) {
	const line = lines.get(id);
	return line ? line.grew : [];
}

function note(o) {
	const line = lines.get(o.id) || {bytes: o.bytes, grew: []};

	if (o.bytes === undefined)	/* told by an event, not counted yet */
		return;
	line.grew = [...line.grew, Math.max(0, o.bytes - line.bytes)].slice(-KEPT);
	line.bytes = o.bytes;
	lines.set(o.id, line);
}

async function look() {
	if (document.hidden)
		return;
	try {
		const {openings} = await get('openings?counters=1');
		const rows = new Map(peek().openings);

		openings.forEach(note);
		/* Only the counters: what is open the events tell, and they may be newer than this. */
		for (const o of openings)
			if (rows.has(o.id))
				rows.set(o.id, {...rows.get(o.id), packets: o.packets, bytes: o.bytes});
		for (const id of [...lines.keys()])
			if (!rows.has(id))
				lines.delete(id);
		change({openings: rows});
	} catch {
		/* The frame says that the router is away. */
	}
}

/* While the function it returns has not been called. */
export function watchTraffic() {
	if (users++ === 0) {
		[...peek().openings.values()].filter((o) => !lines.has(o.id)).forEach(note);
		timer = setInterval(look, EVERY_MS);
	}
	return () => {
		if (--users === 0)
			clearInterval(timer);
	};
}
