/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that several forms share: a device of the home, a schedule. */
import {html, useId} from './preact.js';
import {deviceName} from './format.js';
import {t} from './i18n.js';
import {Check, Field} from './parts.js';
import {dayLong, dayShort, everyDay, readWhen, writeWhen} from './schedule.js';
import {useStore} from './store.js';

/* One port or a range, for the browser to check. */
export const PORTS = '\\s*[0-9]{1,5}(\\s*[\\-–]\\s*[0-9]{1,5})?\\s*';
const EVENING = {days: [0, 1, 2, 3, 4], from: '16:00', to: '20:00'};

export const byName = (a, b) => deviceName(a.device).localeCompare(deviceName(b.device));
export const isHere = (row) => row.addresses.some((at) => at.here);

/* value: its id as text; but: whether a device is no choice; none: the words for no device. */
export function DeviceField({but = () => false, none = t('device.choose'), ...rest}) {
	const devices = useStore((s) => s.devices);
	const rows = [...devices.values()].filter((row) => !but(row.device)).sort(byName);

	return html`<${Field} ...${rest} options=${[['', none], ...rows.map((row) => [String(row.device.id),
		isHere(row) ? deviceName(row.device) : t('device.awayName', {name: deviceName(row.device)})])]} />`;
}

function Day({day, when, onInput}) {
	const on = when.days.includes(day);
	const flip = () => {
		const days = everyDay.filter((d) => d === day ? !on : when.days.includes(d));
		if (days.length)
			onInput(writeWhen({...when, days}));
	};

	return html`<label class="day"><input type="checkbox" checked=${on} aria-label=${dayLong(day)} onChange=${flip} />
		<span aria-hidden="true">${dayShort(day)}</span></label>`;
}

/* value: the daemon's text, '' for always. */
export function WhenField({value, onInput, hint}) {
	const id = useId();
	const when = readWhen(value);
	const set = (part) => onInput(writeWhen({...when, ...part}));

	return html`<div class="stack tight"><${Check} label=${t('when.only')} hint=${hint} checked=${Boolean(when)}
			onChange=${(on) => onInput(on ? writeWhen(EVENING) : '')} />
		${when && html`<div class="stack tight" role="group" aria-labelledby=${id}>
			<span class="hidden" id=${id}>${t('when.legend')}</span>
			<div class="days">${everyDay.map((day) => html`<${Day} key=${day} day=${day} when=${when}
				onInput=${onInput} />`)}</div>
			<div class="row"><${Field} label=${t('when.from')} type="time" required=${true} value=${when.from}
				onInput=${(from) => from && set({from})} />
			<${Field} label=${t('when.to')} type="time" required=${true} value=${when.to}
				onInput=${(to) => to && set({to})}
				hint=${when.to <= when.from ? t('when.nextDay') : null} /></div></div>`}</div>`;
}
