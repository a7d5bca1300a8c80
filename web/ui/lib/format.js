/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, times and names as the owner reads them. */
import {language, t} from './i18n.js';
import {peek} from './store.js';

const clock = new Intl.DateTimeFormat(language, {hour: '2-digit', minute: '2-digit'});
const day = new Intl.DateTimeFormat(language, {day: 'numeric', month: 'short', hour: '2-digit',
	minute: '2-digit'});
const UNITS = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']];
const CLEAN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const relative = new Intl.RelativeTimeFormat(language, {numeric: 'auto'});

/* 7100 -> "1:58:20"; 59 -> "0:59". */
export function countdown(s) {
	const two = (n) => String(n).padStart(2, '0');
	const hours = Math.floor(s / 3600), minutes = Math.floor(s / 60) % 60;

	if (s >= 172800)
		return t('time.days', {n: Math.floor(s / 86400)});
	return hours ? `${hours}:${two(minutes)}:${two(Math.floor(s) % 60)}`
		: `${minutes}:${two(Math.floor(s) % 60)}`;
}

export function when(wall_s) {
	if (!wall_s)
		return t('time.unknown');
	const date = new Date(wall_s * 1000);
	return Date.now() - date < 43200000 && date < Date.now() + 1000
		? clock.format(date) : day.format(date);
}

export function ago(wall_s) {
	if (!wall_s)
		return t('time.never');
	const s = Math.round(wall_s - Date.now() / 1000);
	const [size, unit] = UNITS.find(([size]) => Math.abs(s) >= size) || UNITS[3];
	return relative.format(Math.trunc(s / size), unit);
}

export function bytes(n) {
	const names = ['B', 'kB', 'MB', 'GB', 'TB'];
	let i = 0;

	for (; n >= 1000 && i < names.length - 1; i++)
		n /= 1000;
	return `${n.toLocaleString(language, {maximumFractionDigits: i && n < 100 ? 1 : 0})} ${names[i]}`;
}

/* 7200 -> "2 hours": in the largest unit that leaves nothing over. */
export function duration(s) {
	const [size, unit] = UNITS.find(([size]) => s >= size && s % size === 0) || UNITS[3];
	return new Intl.NumberFormat(language, {style: 'unit', unit, unitDisplay: 'long'}).format(s / size);
}

/* Text of the LAN within a sentence of ours: what would turn or break the rest of it is left out. */
export function plain(text) {
	return String(text).replace(CLEAN, '');
}

export function deviceName(d) {
	if (!d)
		return t('device.unknown');
	/* What names a device elsewhere tells less than its own row. */
	const row = peek().devices.get(d.id);
	const {name, hostname, vendor, mac} = row ? row.device : d;
	return plain(name || hostname || '') || (vendor && t('device.of', {vendor})) || mac ||
		t('device.number', {id: d.id});
}

export function endpoint(e) {
	if (!e || e.port === null)
		return '';
	const address = e.address === null ? '…' : e.address;
	return address.includes(':') ? `[${address}]:${e.port}` : `${address}:${e.port}`;
}
