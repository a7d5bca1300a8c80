/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Home: who asks, what is open to the Internet now, and closing it. */
import {html, useEffect, useMemo, useState} from '../lib/preact.js';
import {act} from '../lib/act.js';
import {del, post} from '../lib/api.js';
import {bytes, deviceName, endpoint, plain, when} from '../lib/format.js';
import {said, t} from '../lib/i18n.js';
import {Badge, Confirm, Countdown, Dialog, Facts, Field, Icon, Spark} from '../lib/parts.js';
import {peek, useStore} from '../lib/store.js';
import {trafficOf, watchTraffic} from '../lib/traffic.js';
import {Alerts} from './alerts.js';
import {Cards} from './cards.js';
import {Hands, OpenByHand} from './hands.js';

const SHOWN = 200;	/* rows at first; more by a button */

function wanSentence(status) {
	if (!status.wan.address)
		return t('wan.none');
	return t(status.wan.private ? 'wan.private' : 'wan.public', {address: status.wan.address});
}

function Head({status, count}) {
	return html`<header class="stack"><h1>${t(count ? 'home.open' : 'home.nothing', {n: count})}</h1>
		<p class="quiet">${wanSentence(status)}</p>
		${status.firewall !== 'ok' && html`<p class="card bad" role="alert">
			${t(`health.firewall.${status.firewall}`)}</p>`}
		${!status.attended && html`<p class="card warn">${t('home.unattended', {devices: status.devices_with_openings,
			n: count})}</p>`}</header>`;
}

const isCall = (o) => o.leases.some((l) => l.origin === 'SIP');

/* What the app calls itself, else what we know of why it is open. */
function appOf(o) {
	const described = o.leases.find((l) => l.description);
	return isCall(o) ? t('phone.media') : described ? plain(described.description) : '';
}

/* A pinhole has none outside but its own. */
const portOf = (o) => o.external.port ?? o.internal.port;

/* A call knows nothing of it and goes on, without what came by this port. */
function CutDialog({o, onClose}) {
	return html`<${Confirm} title=${t('close.title', {port: portOf(o)})} go=${t('close.button')} kind="bad"
		onClose=${onClose} run=${() => del(`openings/${o.id}?for=now`)}><p>${t('close.call')}</p><//>`;
}

function CloseDialog({o, onClose}) {
	const close = (how) => {
		onClose();
		act(() => del(`openings/${o.id}?for=${how}`), t(`closed.${how}`), {
			text: t('undo'),
			run: () => act(() => post(`openings/${o.id}/undo`), t('closed.undone')),
		});
	};

	return html`<${Dialog} title=${t('close.title', {port: portOf(o)})} onClose=${onClose}>
		<div class="stack">${['now', 'day', 'good'].map((how) => html`<button key=${how} class="stack"
			onClick=${() => close(how)}><span><strong>${t(`close.${how}`)}</strong><br />
			<span class="hint">${t(`close.${how}Hint`)}</span></span></button>`)}</div><//>`;
}

function Technical({o}) {
	const rows = [
		['tech.outside', `${o.protocol} ${endpoint(o.external)}`],
		['tech.inside', endpoint(o.internal)],
		['tech.from', o.remote.length ? o.remote.map((r) => r.from || t('from.anyone')).join(', ') : t('from.anyone')],
		['tech.by', o.leases.map((l) => l.origin).join(', ')],
		['tech.rule', o.hand ? t('tech.hand') : o.rule ? html`<a href=${`#/rules/${o.rule}`}>
			${said(plain(o.rule_note || '')) || t('tech.ruleOf', {id: o.rule})}</a>` : t('tech.noRule')],
		['tech.risk', o.risk && said(o.risk.why)],
		['tech.since', when(o.created)],
		['tech.traffic', bytes(o.bytes || 0)],
	];

	return html`<${Facts} rows=${rows} />`;
}

function DeviceLink({device}) {
	return device ? html`<a href=${`#/devices/${device.id}`}>${deviceName(device)}</a>` : deviceName(device);
}

function state(o) {
	if (!o.enabled)
		return ['', t('state.off')];
	if (o.suspended)
		return ['warn', t('state.suspended')];
	return o.active ? null : ['bad', t('state.inactive')];
}

/* What was opened by hand has no end of its own. */
function Left({o}) {
	if (o.left_s === null)
		return o.hand ? null : t('left.endless');
	return html`<${Countdown} left_s=${o.left_s} heard_ms=${o.heard_ms} />`;
}

function Opening({o}) {
	const [closing, setClosing] = useState(false);
	const wrong = state(o);
	const app = appOf(o);
	const from = o.remote.length ? t('from.some', {n: o.remote.length}) : t('from.anyone');
	const traffic = trafficOf(o.id);

	return html`<li><div class="pair"><div>
			<strong class="text"><${DeviceLink} device=${o.device} /></strong>
			${app && html`${' '}<span class="quiet text">${isCall(o) ? app : `“${app}”`}</span>`}
			<div><span>${o.protocol} ${portOf(o)}</span>${' '}<span class="quiet">${from}</span>
			${o.internal.address && o.internal.address.includes(':') && html`${' '}<${Badge}>IPv6<//>`}
			${o.hand && html`${' '}<${Badge} kind="main">${t('by.hand')}<//>`}
			${o.risk && html`${' '}<${Badge} kind="warn">${t(`risk.${o.risk.class}`)}<//>`}
			${wrong && html`${' '}<${Badge} kind=${wrong[0]}>${wrong[1]}<//>`}</div></div>
		<div class="side"><${Spark} values=${traffic} label=${t('traffic.label', {bytes: bytes(o.bytes || 0)})} />
		<span class="quiet small"><${Left} o=${o} /></span>
		${!o.hand && html`<button aria-label=${t('close.label', {name: deviceName(o.device), port: portOf(o)})}
			onClick=${() => setClosing(true)}>${t('close.button')}</button>`}</div></div>
		<details class="small"><summary>${t('details')}</summary><${Technical} o=${o} /></details>
		${closing && html`<${isCall(o) ? CutDialog : CloseDialog} o=${o} onClose=${() => setClosing(false)} />`}</li>`;
}

function matches(o, words) {
	const text = [deviceName(o.device), appOf(o), o.protocol, o.external.port, o.internal.port, o.internal.address,
		...o.leases.map((l) => l.origin)].join(' ').toLowerCase();
	return words.every((word) => text.includes(word));
}

function Openings({openings}) {
	const [search, setSearch] = useState('');
	const [protocol, setProtocol] = useState('');
	const [shown, show] = useState(SHOWN);
	const found = useMemo(() => {
		const words = search.toLowerCase().split(/\s+/).filter(Boolean);
		return openings.filter((o) => (!protocol || o.protocol === protocol) && matches(o, words));
	}, [openings, search, protocol]);

	return html`<section class="card" aria-label=${t('home.list')}>
		${openings.length > 5 && html`<div class="row"><div class="grow half">
			<${Field} label=${t('search')} type="search" value=${search} onInput=${setSearch} /></div>
			<div><${Field} label=${t('filter')} value=${protocol}
			onInput=${setProtocol} options=${[['', t('filter.all')], ['TCP', 'TCP'], ['UDP', 'UDP']]} /></div></div>`}
		${found.length === 0 && html`<p class="quiet">${t(openings.length ? 'home.noMatch' : 'home.nothingLong')}</p>`}
		<ul class="list">${found.slice(0, shown).map((o) => html`<${Opening} key=${o.id} o=${o} />`)}</ul>
		${found.length > shown && html`<button onClick=${() => show(shown + 500)}>
			${t('home.showMore', {n: found.length - shown})}</button>`}</section>`;
}

export function Home() {
	const status = useStore((s) => s.status);
	const map = useStore((s) => s.openings);
	useStore((s) => s.devices);	/* for their names */
	const [opening, setOpening] = useState(false);
	const openings = useMemo(() => [...map.values()].sort((a, b) => (b.created || 0) - (a.created || 0) || b.id - a.id),
		[map]);

	useEffect(watchTraffic, []);
	return html`<${Head} status=${status} count=${openings.length} /><${Alerts} /><${Cards} />
		${peek().session.role === 'admin' && html`<div class="row"><button onClick=${() => setOpening(true)}>
			<${Icon} name="plus" />${t('hand.open')}</button></div>`}
		<${Openings} openings=${openings} /><${Hands} />
		${opening && html`<${OpenByHand} onClose=${() => setOpening(false)} />`}`;
}
