/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings by hand: what the owner opened, whether it comes through, and opening another one. */
import {html, useState} from '../lib/preact.js';
import {act, useForm, useLoad} from '../lib/act.js';
import {del, get, post, put} from '../lib/api.js';
import {DeviceField, PORTS, WhenField} from '../lib/fields.js';
import {deviceName, endpoint, plain} from '../lib/format.js';
import {capital, said, t} from '../lib/i18n.js';
import {Badge, Dialog, Field, Icon, Rest} from '../lib/parts.js';
import {sayWhen} from '../lib/schedule.js';
import {peek, toast, useStore} from '../lib/store.js';

const KINDS = {open: 'good', off: '', resting: '', waiting: 'warn', taken: 'bad', trouble: 'bad'};
const OTHER = '';	/* no service of the list: a port */

const portsOf = (hand) => hand.count > 1 ? `${hand.port}–${hand.port + hand.count - 1}` : String(hand.port);
const nameOf = (hand) => plain(hand.name || '') || t('hand.unnamed', {ports: portsOf(hand)});
/* The number is the daemon's; what it is absent for is as usual. */
const bodyOf = ({id, ...hand}) => hand;

function Step({step}) {
	const [kind, key] = step.ok === null ? ['', 'test.unknown'] : step.ok ? ['good', 'test.good'] : ['bad', 'test.bad'];

	return html`<li class="row"><${Badge} kind=${kind}>${t(key)}<//>
		<span class="grow text">${said(step.say)}</span></li>`;
}

function Tested({answer, onClose}) {
	return html`<div class=${`card ${answer.forwarded ? 'good' : 'warn'}`} role="status">
		<p><strong>${said(answer.why)}</strong></p>
		<ul class="list small">${answer.steps.map((step) => html`<${Step} key=${step.what} step=${step} />`)}</ul>
		<div><button type="button" onClick=${onClose}>${t('close')}</button></div></div>`;
}

function Hand({row}) {
	const {hand, status} = row;
	const [changing, change] = useState(false);
	const [tested, setTested] = useState(null);
	const [busy, setBusy] = useState(false);
	const device = useStore((s) => s.devices.get(hand.device));
	const admin = peek().session.role === 'admin';
	const enabled = hand.enabled !== false;
	const test = () => {
		setBusy(true);
		act(async () => setTested(await post(`hands/${hand.id}/test`))).finally(() => setBusy(false));
	};
	const flip = () => act(() => put(`hands/${hand.id}`, {...bodyOf(hand), enabled: !enabled}));
	const remove = () => act(() => del(`hands/${hand.id}`), t('hand.deleted', {name: nameOf(hand)}), {
		text: t('undo'),
		run: () => act(() => post('hands', bodyOf(hand)), t('hand.again')),
	});

	return html`<li class="stack tight"><div class="row"><div class="grow"><strong class="text">${nameOf(hand)}</strong>
			${' '}<${Badge} kind=${KINDS[status.state]}>${t(`hand.state.${status.state}`)}<//>
			<div class="quiet"><bdi>${device ? deviceName(device.device) : t('device.number', {id: hand.device})}</bdi>
			${', '}${hand.protos.join(' + ').toUpperCase()} ${portsOf(hand)}
			${hand.remote && `, ${t('rule.from', {prefix: hand.remote})}`}
			${hand.when && `, ${sayWhen(hand.when)}`}</div>
			${status.text && status.state !== 'open' && html`<p class="small text">${capital(said(status.text))}</p>`}
			${status.warning && html`<p class="small"><${Badge} kind="warn">${t('hand.warning')}<//>
				${' '}<span class="text">${capital(said(status.warning))}</span></p>`}</div>
		<div class="row"><button disabled=${busy} onClick=${test}>${t(busy ? 'test.busy' : 'test.go')}</button>
			${admin && html`<button onClick=${() => change(true)}>${t('edit')}</button>`}</div></div>
		${tested && html`<${Tested} answer=${tested} onClose=${() => setTested(null)} />`}
		<details class="small"><summary>${t('details')}</summary><div class="stack tight">
			<p class="mono text">
				${t('hand.technical', {target: endpoint(status.target) || '–', n: status.openings})}</p>
			${admin && html`<div class="row"><button onClick=${flip}>${t(enabled ? 'hand.off' : 'hand.on')}</button>
				<button class="bad" onClick=${remove}>${t('delete')}</button></div>`}</div></details>
		${changing && html`<${OpenByHand} hand=${hand} onClose=${() => change(false)} />`}</li>`;
}

export function Hands() {
	const hands = useStore((s) => s.hands);

	if (hands.size === 0)
		return null;
	return html`<section class="card" aria-labelledby="hands"><h2 id="hands">${t('hand.title')}</h2>
		<ul class="list">${[...hands.values()].map((row) => html`<${Hand} key=${row.hand.id} row=${row} />`)}</ul>
		</section>`;
}

/* "8000" or "8000-8010": what the daemon takes; it says itself what is wrong with the numbers. */
function readPorts(text) {
	const [first, last = first] = text.split(/[-–]/).map((n) => Number(n.trim()));
	return {port: first, count: last - first + 1};
}

function writeForm(hand) {
	return {
		device: hand ? String(hand.device) : '', service: OTHER, name: (hand && hand.name) || '',
		ports: hand ? portsOf(hand) : '', protos: hand ? hand.protos.join() : 'tcp',
		internal: hand && hand.internal ? String(hand.internal) : '',
		families: hand && hand.families ? hand.families.join() : '',
		remote: (hand && hand.remote) || '', when: (hand && hand.when) || '',
	};
}

function readForm(form, hand) {
	const {port, count} = readPorts(form.ports);
	const body = {device: Number(form.device), protos: form.protos.split(','), port};

	if (count !== 1)
		body.count = count;
	if (form.internal)
		body.internal = Number(form.internal);
	if (form.families)
		body.families = form.families.split(',');
	for (const key of ['name', 'remote', 'when'])
		if (form[key])
			body[key] = form[key];
	if (hand && hand.enabled === false)
		body.enabled = false;
	return body;
}

function ServiceField({services, form, set}) {
	const chosen = services.find((s) => s.name === form.service);
	const choose = (name) => {
		const s = services.find((one) => one.name === name);
		set(s ? {service: name, name: said(s.title), protos: s.protos.join(),
			ports: portsOf(s)} : {service: OTHER});
	};

	return html`<${Field} label=${t('hand.service')} value=${form.service} onInput=${choose}
			options=${[[OTHER, t('hand.otherPort')], ...services.map((s) => [s.name, said(s.title)])]} />
		${chosen && chosen.advice && html`<p class="card warn small" role="status">${said(chosen.advice)}</p>`}`;
}

function MoreFields({form, set, fault}) {
	const field = (key, rest) => html`<${Field} label=${t(`hand.${key}`)} value=${form[key]} fault=${fault(key)}
		onInput=${(value) => set({[key]: value})} ...${rest} />`;

	return html`<div class="stack">
		${field('name', {maxlength: 64, hint: t('hand.nameHint')})}
		${field('internal', {inputmode: 'numeric', hint: t('hand.internalHint')})}
		${field('remote', {hint: t('hand.remoteHint'), autocapitalize: 'none'})}
		${field('families', {options: [['', t('hand.both')], ['ipv4', 'IPv4'], ['ipv6', 'IPv6']]})}
		<${WhenField} value=${form.when} onInput=${(when) => set({when})} hint=${t('when.hint')} /></div>`;
}

/* hand: one to change; absent: a new one. */
export function OpenByHand({hand = null, device = '', onClose}) {
	const [form, change] = useState(() => ({...writeForm(hand), ...(device && {device: String(device)})}));
	const {data} = useLoad(() => get('services'), []);
	const set = (part) => change((old) => ({...old, ...part}));
	const sent = useForm(async () => {
		const body = readForm(form, hand);
		await (hand ? put(`hands/${hand.id}`, body) : post('hands', body));
		toast(t(hand ? 'hand.changed' : 'hand.opened', {name: nameOf(body)}));
		onClose();
	});

	return html`<${Dialog} title=${t(hand ? 'hand.change' : 'hand.open')} onClose=${onClose}>
		<form class="stack" onSubmit=${sent.submit}>
		<${DeviceField} label=${t('hand.device')} required=${true} value=${form.device} fault=${sent.of('device')}
			onInput=${(id) => set({device: id})} />
		${!hand && html`<${ServiceField} services=${data ? data.services : []} form=${form} set=${set} />`}
		<div class="grid2"><${Field} label=${t('hand.ports')} required=${true} value=${form.ports}
			pattern=${PORTS} title=${t('hand.portsHint')} hint=${t('hand.portsHint')}
			fault=${sent.of('port') || sent.of('count') || sent.of('external_port')}
			onInput=${(ports) => set({ports, service: OTHER})} />
		<${Field} label=${t('hand.protos')} value=${form.protos} fault=${sent.of('protos')}
			onInput=${(protos) => set({protos})}
			options=${[['tcp', 'TCP'], ['udp', 'UDP'], ['tcp,udp', 'TCP + UDP']]} />
		</div>
		<details open=${Boolean(hand && (hand.remote || hand.when || hand.internal))}><summary>${t('more')}</summary>
			<${MoreFields} form=${form} set=${set} fault=${sent.of} /></details>
		<${Rest} form=${sent} />
		<div class="row"><button class="main" disabled=${sent.busy}>${hand ? t('save') : html`<${Icon} name="plus" />
			${t('hand.go')}`}</button>
			<button type="button" onClick=${onClose}>${t('cancel')}</button></div></form><//>`;
}
