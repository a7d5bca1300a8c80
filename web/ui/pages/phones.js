/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phones: whose calls are helped, where they are registered, their calls as they go, and calls that
 * were not let in. */
import {html, useState} from '../lib/preact.js';
import {byName, DeviceField} from '../lib/fields.js';
import {ago, bytes, deviceName, endpoint, plain} from '../lib/format.js';
import {said, t} from '../lib/i18n.js';
import {Badge, Clock, Confirm, Countdown, Facts, Spark, Switch} from '../lib/parts.js';
import {isSilent, missingWay, ratesOf, usePhones} from '../lib/phones.js';
import {peek, useStore} from '../lib/store.js';
import {Alerts} from './alerts.js';
import {Callers, LetIn} from './callers.js';
import {setPhone} from './device.js';

const SHOWN = 10;	/* missed calls */

const isAdmin = () => peek().session.role === 'admin';
/* '"Anna" <sip:anna@example.net>;tag=1' -> 'anna@example.net' */
const nameIn = (text) => plain((/(?:sips?|tel):([^\s;>]+)/.exec(text) || [])[1] || text) || t('phone.nobody');
const range = (first, count) => count > 1 ? `${first}–${first + count - 1}` : String(first);

/* ---- on and off ---- */

/* calls: how many would lose their sound. */
function Help({device, on, calls = 0}) {
	const [asking, ask] = useState(false);
	const name = deviceName(device);

	if (!isAdmin())
		return html`<${Badge} kind=${on ? 'good' : ''}>${t(on ? 'phone.state.on' : 'phone.state.off')}<//>`;
	return html`<${Switch} label=${t('phone.switch', {name})} on=${on}
			onChange=${(wanted) => calls && !wanted ? ask(true) : setPhone(device, wanted)} />
		${asking && html`<${Confirm} title=${t('phone.cut', {name})} go=${t('phone.cutGo')} kind="bad"
			run=${() => setPhone(device, false)} onClose=${() => ask(false)}>
			<p>${t('phone.cutWhy', {n: calls})}</p><//>`}`;
}

/* ---- one phone that is helped ---- */

function Media({media}) {
	const sum = (key) => media.reduce((all, m) => all + m[key], 0);
	const packets = sum('packets');
	const rows = [
		['phone.ports', media.map((m) => m.external ? `${range(m.external, m.count)} → ${range(m.port, m.count)}`
			: t('phone.notOpen', {port: m.port})).join(', ')],
		['phone.peers', [...new Set(media.flatMap((m) => m.peers))].join(', ')],
		['phone.way.in', packets > 0 && t('phone.some', {n: sum('packets_in')})],
		['phone.way.out', packets > 0 && t('phone.some', {n: sum('packets_out')})],
		['phone.packets', packets > 0 && t('phone.count', {n: packets, bytes: bytes(sum('bytes'))})],
	];

	return html`<${Facts} rows=${rows} />`;
}

function CallState({phone, call}) {
	if (call.on_hold)
		return html`<${Badge} kind="warn">${t('phone.hold')}<//>`;
	return html`<${Badge} kind=${call.state === 'up' ? 'good' : 'main'}>${t(`phone.call.${call.state}`)}<//>
		${isSilent(phone, call) && html`${' '}<${Badge} kind="warn">${t('phone.silent')}<//>`}`;
}

function Call({phone, call}) {
	const rates = ratesOf(phone, call);
	const now = Math.round(rates[rates.length - 1] || 0);
	const missing = missingWay(call);

	return html`<li><div class="pair"><div>
			<strong class="text">${t(`phone.${call.direction}`, {who: nameIn(call.who)})}</strong>
			<div class="row tight"><${CallState} phone=${phone} call=${call} />
			${call.codecs && html`<span class="quiet small text">${call.codecs}</span>`}</div></div>
		<div class="side"><${Spark} values=${rates} label=${t('phone.rate', {n: now})} />
			<span class="quiet"><${Clock} age_s=${call.age_s} heard_ms=${phone.heard_ms} /></span></div></div>
		${missing && html`<p class="small">${t(`phone.never.${missing}`)}</p>`}
		${call.media.length > 0 && html`<details class="small"><summary>${t('details')}</summary>
			<${Media} media=${call.media} /></details>`}</li>`;
}

function Registration({phone, reg}) {
	return html`<li class="pair"><div><strong class="text">${nameIn(reg.aor)}</strong>
			<div class="small quiet text">
			${t('phone.at', {place: endpoint(reg.registrar), transport: reg.transport})}</div></div>
		<span class="side small quiet"><span>${t('phone.left')}${' '}
			<${Countdown} left_s=${reg.left_s} heard_ms=${phone.heard_ms} /></span></span></li>`;
}

function Registrations({phone}) {
	if (!phone.registrations.length)
		return !phone.encrypted && !phone.unconfirmed &&
			html`<p class="small quiet">${t('phone.notYet')} ${t('phone.later')}</p>`;
	return html`<h3>${t('phone.registrations')}</h3>
		<ul class="list">${phone.registrations.map((reg) => html`<${Registration}
			key=${`${reg.aor} ${reg.registrar.address}`} phone=${phone} reg=${reg} />`)}</ul>`;
}

function where(phone) {
	return [
		phone.lan ? t('phone.home', {address: phone.lan}) : t('phone.away'),
		phone.public.address && t('phone.public', {place: endpoint(phone.public)}),
		phone.heard && t('phone.heard', {ago: ago(phone.heard)}),
	].filter(Boolean).join(' · ');
}

function how(phone) {
	if (phone && phone.left_alone)
		return 'phone.alone';
	return phone && phone.unconfirmed ? 'phone.unconfirmed' : 'phone.isOn';
}

/* phone null: it was marked this moment, and there is nothing to tell of it yet. */
function Phone({row, phone}) {
	const {device} = row;
	const calls = phone ? phone.calls : [];

	return html`<section class="card" aria-label=${deviceName(device)}>
		<div class="pair"><div><h2><a class="name text" href=${`#/devices/${device.id}`}>${deviceName(device)}</a></h2>
			${phone && html`<p class="small quiet text">${where(phone)}</p>`}</div>
			<${Help} device=${device} on=${true} calls=${calls.filter((call) => call.state === 'up').length} /></div>
		${phone && phone.encrypted ? html`<p class="card warn small">${t('phone.encrypted')}</p>`
			: html`<p>${t(how(phone))}</p>`}
		${phone && html`${calls.length > 0 && html`<h3>${t('phone.calls')}</h3><ul class="list">
				${calls.map((call, i) => html`<${Call} key=${i} phone=${phone} call=${call} />`)}</ul>`}
			<${Registrations} phone=${phone} />`}
		<${Callers} device=${device} /></section>`;
}

/* ---- those that are not ---- */

function Candidate({row}) {
	const {device} = row;
	const looks = device.sip_seen && html`<span class="quiet">${t('phone.looks')}</span>`;

	return html`<li class="pair"><div><a class="name text" href=${`#/devices/${device.id}`}>${deviceName(device)}</a>
			<p class="small">${t('phone.isOff')}${' '}${looks}</p></div>
		<${Help} device=${device} on=${false} /></li>`;
}

function Another({rows}) {
	const [id, choose] = useState('');
	const row = rows.find(({device}) => String(device.id) === id);

	return html`<details><summary>${t('phone.another')}</summary><div class="stack tight">
		<p class="small">${t('phone.anotherWhy')}</p><div class="row bottom"><div class="grow half">
			<${DeviceField} label=${t('hand.device')} value=${id} onInput=${choose}
				but=${(device) => !rows.some((one) => one.device.id === device.id)} /></div>
		<button disabled=${!row} onClick=${() => setPhone(row.device, true).then(() => choose(''))}>
			${t('phone.go')}</button></div></div></details>`;
}

/* Guests and blocked devices are not helped. were: helped until a moment ago. */
function Others({rows, were}) {
	const others = rows.filter(({device}) => !device.phone && !device.guest && device.zone !== 'blocked');
	const alike = others.filter(({device}) => device.sip_seen || were.has(device.id));

	return html`<section class="card" aria-labelledby="others"><h2 id="others">${t('phone.others')}</h2>
		${alike.length === 0 && html`<p class="quiet">${t('phone.nobodyElse')}</p>`}
		<ul class="list">${alike.map((row) => html`<${Candidate} key=${row.device.id} row=${row} />`)}</ul>
		${isAdmin() && html`<${Another} rows=${others} />`}</section>`;
}

/* ---- missed ---- */

function Missed({rows}) {
	const [all, show] = useState(false);

	return html`<section class="card" aria-labelledby="missed"><h2 id="missed">${t('missed.title')}</h2>
		<p class="small quiet">${t('missed.why')}</p>
		<ul class="list">${rows.slice(0, all ? rows.length : SHOWN).map((call, i) => html`<li key=${i} class="pair">
			<div class="stack tight"><div>
				<strong class="text">${nameIn(call.who)}</strong>${call.count > 1 && html`${' '}
				<${Badge}>${t('record.times', {n: call.count})}<//>`}
			<div class="small quiet text">
			${t('missed.from', {place: endpoint(call.from), name: deviceName(call.device)})}</div></div>
			<${LetIn} call=${call} /></div>
			<span class="side small quiet">${ago(call.time)}</span></li>`)}</ul>
		${rows.length > SHOWN && !all && html`<button onClick=${() => show(true)}>
			${t('home.showMore', {n: rows.length - SHOWN})}</button>`}</section>`;
}

/* ---- the page ---- */

function Status({sip}) {
	const trouble = {waits: 'warn', fails: 'bad'}[sip.state];

	if (!trouble && sip.state !== 'off')
		return null;
	return html`<p class=${`card ${trouble || 'warn'}`} role="alert">${said(sip.text)}</p>`;
}

export function Phones() {
	const devices = useStore((s) => s.devices);
	const {data, error} = usePhones();
	const rows = [...devices.values()].sort(byName);
	const phones = rows.filter(({device}) => device.phone);
	const [were] = useState(() => new Set());
	const toldOf = (row) => data && data.phones.find(({device}) => device.id === row.device.id) || null;

	phones.forEach(({device}) => were.add(device.id));
	return html`<header class="stack tight"><h1>${t('nav.phones')}</h1><p class="quiet">${t('phone.intro')}</p></header>
		${error && html`<p class="fault" role="alert">${error}</p>`}
		${data && html`<${Status} sip=${data.sip} />`}<${Alerts} kinds=${['sip', 'sip-helper']} />
		${phones.map((row) => html`<${Phone} key=${row.device.id} row=${row} phone=${toldOf(row)} />`)}
		<${Others} rows=${rows} were=${were} />
		${data && data.missed.length > 0 && html`<${Missed} rows=${data.missed} />`}`;
}
