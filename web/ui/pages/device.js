/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One device: its name, its switch, what it has open, what it did, and what is rarely needed. */
import {html, useState} from '../lib/preact.js';
import {act, useForm, useLoad} from '../lib/act.js';
import {del, get, post, put} from '../lib/api.js';
import {DeviceField} from '../lib/fields.js';
import {ago, deviceName, plain, when} from '../lib/format.js';
import {t} from '../lib/i18n.js';
import {Badge, Check, Confirm, Facts, Field, Icon, Preview, Radios, Rest} from '../lib/parts.js';
import {peek, toast, useStore} from '../lib/store.js';
import {OpenByHand} from './hands.js';
import {RecordRow} from './record_row.js';

const HISTORY = 10;	/* rows; the record has the others */

/* What the owner may choose; guest is where a device is. */
export const zones = ['member', 'new', 'blocked', 'admin'];

/* Puts a device into a zone, once the owner knows what that closes. */
export function ZoneChange({device, zone, onClose}) {
	const name = deviceName(device);

	return html`<${Preview} title=${t(`zone.ask.${zone}`, {name})} onClose=${onClose}
		ask=${() => post(`devices/${device.id}/preview`, {zone})} run=${() => put(`devices/${device.id}`, {zone})}
		done=${t(`zone.done.${zone}`, {name})} />`;
}

function Rename({device}) {
	const [name, setName] = useState(device.name || '');
	const form = useForm(async () => {
		await put(`devices/${device.id}`, {name: name.trim()});
		toast(t('device.renamed'));
	});

	return html`<form class="stack tight" onSubmit=${form.submit}><div class="row bottom">
			<div class="grow half"><${Field} label=${t('device.name')} value=${name} onInput=${setName} maxlength="64"
				fault=${form.of('name')} /></div>
			<button disabled=${form.busy || name.trim() === (device.name || '')}>${t('save')}</button></div>
		${device.hostname && html`<p class="hint text">${t('device.hostname', {name: plain(device.hostname)})}</p>`}
		<${Rest} form=${form} /></form>`;
}

function Zone({device, admin}) {
	const [zone, ask] = useState(null);

	if (device.guest)
		return html`<p>${t('device.guest')}</p>`;
	return html`<${Radios} legend=${t('device.may')} value=${zone || device.zone} disabled=${!admin} onInput=${ask}
			options=${zones.map((z) => [z, t(`zone.${z}`), t(`zone.hint.${z}`)])} />
		${zone && html`<${ZoneChange} key=${zone} device=${device} zone=${zone} onClose=${() => ask(null)} />`}`;
}

function About({device, addresses}) {
	const rows = [
		['device.addresses', addresses.map((at) => at.here ? at.address
			: t('device.awayName', {name: at.address})).join(', ')],
		['device.mac', [device.mac, device.vendor].filter(Boolean).join(', ')],
		['device.interface', device.interface], ['device.first', when(device.first_seen)],
		['device.last', ago(device.last_seen)],
	];

	return html`<${Facts} rows=${rows} />
		${device.random_mac && html`<p class="small quiet">${t('device.randomWhy')}</p>`}`;
}

function Open({id, admin}) {
	const [opening, setOpening] = useState(false);
	const openings = useStore((s) => s.openings);
	const own = [...openings.values()].filter((o) => o.device && o.device.id === id);
	const appsOf = (o) => o.leases.map((l) => l.origin === 'SIP' ? t('phone.media') : plain(l.description))
		.filter(Boolean).join(', ');

	return html`<section class="card" aria-labelledby="open"><div class="row between"><h2 id="open">
			${t('device.openTitle')}</h2>${admin && html`<button onClick=${() => setOpening(true)}>
			<${Icon} name="plus" />${t('hand.open')}</button>`}</div>
		${own.length === 0 && html`<p class="quiet">${t('device.nothing')}</p>`}
		<ul class="list">${own.map((o) => html`<li key=${o.id}>${o.protocol} ${o.external.port ?? o.internal.port}
			${' '}<span class="quiet text">${appsOf(o)}</span>
			${o.internal.address && o.internal.address.includes(':') && html`${' '}<${Badge}>IPv6<//>`}
			${o.hand && html`${' '}<${Badge} kind="main">${t('by.hand')}<//>`}</li>`)}</ul>
		${own.length > 0 && html`<p class="small"><a href="#/home">${t('device.atHome')}</a></p>`}
		${opening && html`<${OpenByHand} device=${id} onClose=${() => setOpening(false)} />`}</section>`;
}

function History({id}) {
	const {data, error} = useLoad(() => get(`record?device=${id}&count=${HISTORY}`), [id]);

	return html`<section class="card" aria-labelledby="history"><h2 id="history">${t('device.history')}</h2>
		${error && html`<p class="fault">${error}</p>`}
		${data && data.record.length === 0 && html`<p class="quiet">${t('record.nothing')}</p>`}
		<ul class="list">${data && data.record.map((row) => html`<${RecordRow} key=${row.seq} row=${row} />`)}</ul>
		${data && data.record.length === HISTORY && html`<p class="small"><a href=${`#/record/device/${id}`}>
			${t('device.wholeHistory')}</a></p>`}</section>`;
}

function Merge({device, onClose}) {
	const [into, setInto] = useState('');

	return html`<${Confirm} title=${t('merge.title')} go=${t('merge.go')} onClose=${onClose}
		run=${async () => {
			await post(`devices/${device.id}/merge`, {into: Number(into)});
			toast(t('merge.done'));
			location.hash = `#/devices/${into}`;
		}}><p>${t('merge.why')}</p>
		<${DeviceField} label=${t('merge.into')} but=${(other) => other.id === device.id} required=${true} value=${into}
			onInput=${setInto} /><//>`;
}

function Forget({device, onClose}) {
	return html`<${Confirm} title=${t('forget.title', {name: deviceName(device)})} go=${t('forget.go')} kind="bad"
		onClose=${onClose} run=${async () => {
			await del(`devices/${device.id}`);
			toast(t('forget.done'));
			location.hash = '#/devices';
		}}><p>${t('forget.why')}</p><//>`;
}

/* Marks it as a phone, or not any more. */
export function setPhone(device, phone) {
	return act(() => put(`devices/${device.id}`, {phone}),
		t(phone ? 'phone.on' : 'phone.off', {name: deviceName(device)}));
}

function More({device}) {
	const [asked, ask] = useState('');

	return html`<details class="card"><summary>${t('more')}</summary><div class="stack">
		<${Check} label=${t('phone.label')} hint=${t(device.phone ? 'phone.isOn' : 'phone.isOff')}
			checked=${device.phone} onChange=${(phone) => setPhone(device, phone)} />
		${(device.phone || device.sip_seen) && html`<p class="small">${!device.phone && `${t('phone.looks')} `}
			<a href="#/phones">${t('phone.page')}</a></p>`}
		<div class="row"><button onClick=${() => ask('merge')}>${t('merge.button')}</button>
		<button class="bad" onClick=${() => ask('forget')}>${t('forget.button')}</button></div>
		${asked === 'merge' && html`<${Merge} device=${device} onClose=${() => ask('')} />`}
		${asked === 'forget' && html`<${Forget} device=${device} onClose=${() => ask('')} />`}</div></details>`;
}

export function Device({id}) {
	const row = useStore((s) => s.devices.get(id));
	const admin = peek().session.role === 'admin';
	const back = html`<p><a class="back" href="#/devices">${t('device.all')}</a></p>`;

	if (!row)
		return html`${back}<h1>${t('device.gone')}</h1>`;
	const {device, addresses} = row;
	return html`${back}<header><h1 class="text">${deviceName(device)}</h1></header>
		<section class="card" aria-labelledby="switch"><h2 class="hidden" id="switch">${t('device.may')}</h2>
			<${Zone} device=${device} admin=${admin} />
			${admin && html`<${Rename} key=${device.name} device=${device} />`}</section>
		<${Open} id=${id} admin=${admin} />
		<section class="card" aria-labelledby="facts"><h2 id="facts">${t('details')}</h2>
			<${About} device=${device} addresses=${addresses} /></section>
		<${History} id=${id} />${admin && html`<${More} device=${device} />`}`;
}
