/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon said last, kept up to date by its events, and who listens. Pages read with
 * useStore(pick); a change of what they picked draws them again. Lists are Maps by id.
 */
import {useEffect, useReducer} from './preact.js';
import {get, onAgain, onOut, setCsrf} from './api.js';

const state = {
	session: null,		/* null: not asked yet; {state: 'setup' | 'login' | 'in' | 'away', ...} */
	asking: null,		/* {resolve, answer}: the password is asked for anew */
	welcome: false,		/* the first questions come before the pages */
	live: false,		/* events come */
	status: null,
	openings: new Map(),
	cards: new Map(),
	devices: new Map(),
	hands: new Map(),
	alerts: new Map(),
	policy: 0,		/* counts up when rules, preset or limits change */
	sip: 0,			/* counts up when a phone registers or calls */
	news: 0,		/* counts up with every event */
	toasts: [],
};
const listeners = new Set();

export function peek() {
	return state;
}

export function change(part) {
	Object.assign(state, part);
	for (const fn of [...listeners])
		fn();
}

export function useStore(pick) {
	const picked = pick(state);
	const [, draw] = useReducer((n) => n + 1, 0);
	useEffect(() => {
		let last = picked;
		const look = () => {
			const now = pick(state);
			if (now !== last) {
				last = now;
				draw();
			}
		};
		look();
		listeners.add(look);
		return () => listeners.delete(look);
	});
	return picked;
}

const byId = (rows, id = (row) => row.id) => new Map(rows.map((row) => [id(row), row]));
const deviceId = (row) => row.device.id;
const handId = (row) => row.hand.id;

/* Time left is counted from when it was heard. */
const heard = (o) => ({...o, heard_ms: performance.now()});

async function loadAll() {
	const [status, openings, cards, devices, hands, alerts] = await Promise.all([
		get('status'), get('openings?counters=1'), get('cards'), get('devices'), get('hands'),
		get('alerts'),
	]);
	change({
		status,
		openings: byId(openings.openings.map(heard)),
		cards: byId(cards.cards),
		devices: byId(devices.devices, deviceId),
		hands: byId(hands.hands, handId),
		alerts: byId(alerts.alerts),
		policy: state.policy + 1,
	});
}

function keep(name, row, id) {
	const rows = new Map(state[name]);

	if (row.gone)
		rows.delete(row.id);
	else
		rows.set(id(row), row);
	change({[name]: rows});
}

function opening(row, gone) {
	const was = state.openings.get(row.id);
	const rows = new Map(state.openings);

	if (gone || row.gone)
		rows.delete(row.id);
	else
		rows.set(row.id, heard({...row, packets: row.packets ?? (was && was.packets),
			bytes: row.bytes ?? (was && was.bytes)}));
	change({openings: rows});
}

/* Phones have news of their own by the second: what is asked for thereupon is asked for once. */
let later = 0;

function sip() {
	later = later || setTimeout(() => {
		later = 0;
		change({sip: state.sip + 1});
	}, 300);
}

const own = (row) => row.id;
const on = {
	opened: (row) => opening(row, false),
	changed: (row) => opening(row, false),
	closed: (row) => opening(row, true),
	card: (row) => keep('cards', row, own),
	device: (row) => keep('devices', row, deviceId),
	hand: (row) => keep('hands', row, handId),
	alert: (row) => keep('alerts', row, own),
	status: (row) => change({status: row}),
	wan: (row) => change({status: row}),
	health: (row) => change({status: row}),
	limits: (row) => change({status: row, policy: state.policy + 1}),
	policy: (row) => change({status: row, policy: state.policy + 1}),
	sip,
};

let source = null;
let held = null;	/* events that came while everything is asked for; they are newer than what it says */

function hear(name, row) {
	if (held) {
		held.push([name, row]);
		return;
	}
	on[name](row);
	change({news: state.news + 1});
}

async function refresh() {
	held = held || [];
	try {
		await loadAll();
	} finally {
		const missed = held || [];
		held = null;
		missed.forEach(([name, row]) => hear(name, row));
	}
}

function hush() {
	if (source)
		source.close();
	source = null;
	change({live: false});
}

/* Events first, then everything: so nothing falls between. The browser reconnects by itself, and
 * everything is asked anew then. Ends when the lists are there, with events or without. A session
 * that ended meanwhile shows as the log-in page. */
function listen() {
	return new Promise((resolve, reject) => {
		const fill = () => refresh().then(resolve, reject);

		hush();
		source = new EventSource('/api/v1/events');
		source.onopen = () => {
			change({live: true});
			fill();
		};
		source.onerror = () => {
			change({live: false});
			if (source.readyState !== EventSource.CLOSED)
				return;
			hush();
			fill();
			setTimeout(loadSession, 5000);
		};
		for (const name of Object.keys(on))
			source.addEventListener(name, (event) => hear(name, JSON.parse(event.data)));
	});
}

/* Who is here, as GET session and every log-in tell it. */
export async function enter(answer) {
	const where = answer.name ? 'in' : answer.setup ? 'login' : 'setup';

	setCsrf(answer.csrf);
	if (where === 'in')
		await listen();
	else
		hush();
	change({session: {...answer, state: where}});
}

export async function loadSession() {
	try {
		await enter(await get('session'));
	} catch {
		change({session: {state: 'away'}});
		setTimeout(loadSession, 3000);
	}
}

/* Several calls at once wait for one answer. */
onAgain(() => {
	if (!state.asking) {
		let resolve;
		const answer = new Promise((fn) => { resolve = fn; });
		change({asking: {resolve, answer}});
	}
	return state.asking.answer;
});
onOut(() => {
	if (state.session && state.session.state === 'in')
		loadSession();
});

let toasts = 0;

/* A line at the foot of the page; action {text, run} is its button. */
export function toast(text, action = null, seconds = action ? 10 : 6) {
	const id = ++toasts;

	change({toasts: [...state.toasts, {id, text, action}]});
	setTimeout(() => untoast(id), seconds * 1000);
}

export function untoast(id) {
	change({toasts: state.toasts.filter((t) => t.id !== id)});
}
