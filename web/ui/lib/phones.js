/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phones as the daemon tells them: anew when it has news of them, and every few seconds, more
 * often while there is a call, for its packets. How many came between two tellings is kept for a short line.
 */
import {useEffect} from './preact.js';
import {useLoad} from './act.js';
import {get} from './api.js';
import {useStore} from './store.js';

const EVERY_MS = 2000, IDLE_MS = 10000, KEPT = 30;
const SILENT = 4;	/* tellings without a packet: nobody pauses that long */
const ONE_WAY_S = 10;	/* of a call, in which both have said something */
const lines = new Map();	/* a media port -> {packets, at, rates: []} */

const keyOf = (phone, media) => `${phone.device.id} ${media.port} ${media.external}`;

function note(key, packets, at) {
	const line = lines.get(key);

	if (!line || packets < line.packets)
		lines.set(key, {packets, at, rates: []});
	else if (at - line.at > EVERY_MS / 2)
		lines.set(key, {packets, at,
			rates: [...line.rates, (packets - line.packets) * 1000 / (at - line.at)].slice(-KEPT)});
}

function noteAll(phones) {
	const at = performance.now();
	const keys = new Set();
	const alone = phones.filter((phone) => phone.calls.length > 0).length === 1;

	for (const phone of phones) {
		for (const media of phone.calls.flatMap((call) => call.media)) {
			keys.add(keyOf(phone, media));
			note(keyOf(phone, media), media.packets, at);
		}
	}
	for (const key of [...lines.keys()])
		if (!keys.has(key))
			lines.delete(key);
	return phones.map((phone) => ({...phone, heard_ms: at, alone}));
}

/* Packets a second of all media of a call, oldest first. */
export function ratesOf(phone, call) {
	const all = call.media.map((media) => (lines.get(keyOf(phone, media)) || {rates: []}).rates);
	const length = Math.max(0, ...all.map((rates) => rates.length));

	return Array.from({length}, (_, i) => all.reduce((sum, rates) => sum + (rates[rates.length - length + i] || 0), 0));
}

/* What two phones of this home say to each other never comes by here: with another one in a call only
 * what was heard before can fall silent. */
export function isSilent(phone, call) {
	const rates = ratesOf(phone, call).slice(-SILENT);

	return call.state === 'up' && !call.on_hold && rates.length === SILENT && !rates.some(Boolean) &&
		call.media.some((media) => media.external && (phone.alone || media.packets > 0));
}

/* Sound that goes one way only, some seconds into a call: the way it never went, 'in' or 'out'; else null. */
export function missingWay(call) {
	const sum = (key) => call.media.reduce((all, media) => all + media[key], 0);
	const heard = sum('packets_in'), said = sum('packets_out');

	if (call.state !== 'up' || call.on_hold || call.age_s < ONE_WAY_S || !heard === !said)
		return null;
	return heard ? 'out' : 'in';
}

/* {sip, phones, missed}; null until it is known. */
export function usePhones() {
	const news = useStore((s) => s.sip);
	const status = useStore((s) => s.status);
	const {data, error, again} = useLoad(async () => {
		const [sip, {phones}, {missed}] = await Promise.all([
			get('sip'), get('sip/phones?counters=1'), get('sip/missed')]);
		return {sip, phones: noteAll(phones.filter((phone) => phone.device)), missed};
	}, [news, status]);
	const calling = Boolean(data) && data.phones.some((phone) => phone.calls.length > 0);

	useEffect(() => {
		const timer = setInterval(() => document.hidden || again(), calling ? EVERY_MS : IDLE_MS);
		return () => clearInterval(timer);
	}, [calling]);
	return {data, error};
}
