/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a rule or an opening by hand holds: the text that the daemon speaks ("mon-fri 16:00-20:00",
 * "daily 08:00-20:00"), as days and hours, and in words. Monday is day 0.
 */
import {language, t} from './i18n.js';

const NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const short = new Intl.DateTimeFormat(language, {weekday: 'short', timeZone: 'UTC'});
const long = new Intl.DateTimeFormat(language, {weekday: 'long', timeZone: 'UTC'});
/* The first of January 2024 was a Monday. */
const date = (day) => new Date(Date.UTC(2024, 0, 1 + day));

export const dayShort = (day) => short.format(date(day));
export const dayLong = (day) => long.format(date(day));
export const everyDay = [0, 1, 2, 3, 4, 5, 6];

/* Stretches of days that follow each other: [0, 1, 2, 5] -> [[0, 2], [5, 5]]. */
function stretches(days) {
	const found = [];

	for (const day of days) {
		const last = found[found.length - 1];
		if (last && last[1] === day - 1)
			last[1] = day;
		else
			found.push([day, day]);
	}
	return found;
}

const joined = (days, name, dash) => stretches(days).map(([a, b]) => a === b ? name(a) : `${name(a)}${dash}${name(b)}`);

function readDays(text) {
	const days = new Set();

	for (const part of text.split(',')) {
		const [a, b = a] = part.split('-').map((name) => NAMES.indexOf(name));
		for (let day = a; ; day = (day + 1) % 7) {
			days.add(day);
			if (day === b || days.size === 7)
				break;
		}
	}
	return everyDay.filter((day) => days.has(day));
}

/* null: always. */
export function readWhen(text) {
	const found = /^(\S+) (\d\d:\d\d)-(\d\d:\d\d)$/.exec((text || '').toLowerCase());

	if (!found)
		return null;
	return {days: found[1] === 'daily' ? everyDay : readDays(found[1]), from: found[2], to: found[3]};
}

export function writeWhen({days, from, to}) {
	const text = days.length === 7 ? 'daily' : joined(days, (day) => NAMES[day], '-').join(',');
	return `${text} ${from}-${to}`;
}

export function sayWhen(text) {
	const when = readWhen(text);
	const days = when && when.days.join('');

	if (!when)
		return text || '';
	const named = {'0123456': 'when.daily', '01234': 'when.weekdays', '56': 'when.weekend'}[days];
	return t('when.text', {
		days: named ? t(named) : joined(when.days, dayShort, '–').join(', '),
		from: when.from, to: when.to,
	});
}
