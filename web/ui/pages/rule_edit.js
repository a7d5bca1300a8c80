/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structured editor of one rule: who, what, when, and what then. No syntax to learn. */
import {html, useState} from '../lib/preact.js';
import {DeviceField, PORTS, WhenField} from '../lib/fields.js';
import {duration} from '../lib/format.js';
import {t} from '../lib/i18n.js';
import {Check, Dialog, Field, Radios} from '../lib/parts.js';
import {originName} from '../lib/rule.js';

const ZONES = ['member', 'new', 'guest', 'blocked', 'admin'];
const ORIGINS = ['upnp', 'natpmp', 'pcp', 'sip'];
const LIFETIMES = [3600, 86400, 604800, 2592000];
const NEW = {verdict: 'allow'};

/* Seconds since 1970 as the field wants them, in local time, and back. */
function localTime(wall_s) {
	const date = new Date(wall_s * 1000);
	return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/* One port, or a range with a hyphen: the daemon reads no dash. */
function readPorts(text) {
	const [first, last] = text.split(/[-–]/).map((n) => Number(n.trim()));
	return last === undefined ? first : `${first}-${last}`;
}

function writeForm(rule) {
	const text = (key) => rule[key] === undefined ? '' : String(rule[key]);

	return {
		verdict: rule.verdict, who: rule.device ? 'device' : rule.zones ? 'zones' : 'all', device: text('device'),
		zones: rule.zones || [], origins: rule.origins || [], proto: text('proto'), external: text('external'),
		internal: text('internal'), risk: text('risk'), remote: text('remote'), descr: text('descr'),
		when: text('when'), until: rule.until ? localTime(rule.until) : '',
		lifetime_max: text('lifetime_max'), quota: text('quota'),
		third_party: rule.third_party || false, note: text('note'),
	};
}

/* What is as usual is left out; who changes a preset's rule makes it his own. */
function readForm(form, rule) {
	const out = {verdict: form.verdict};

	if (rule.id)
		out.id = rule.id;
	if (rule.enabled === false)
		out.enabled = false;
	if (form.who === 'device')
		out.device = Number(form.device);
	if (form.who === 'zones' && form.zones.length)
		out.zones = form.zones;
	if (form.origins.length)
		out.origins = form.origins;
	for (const key of ['proto', 'risk', 'remote', 'descr', 'when', 'note'])
		if (form[key].trim())
			out[key] = form[key].trim();
	for (const key of ['external', 'internal'])
		if (form[key].trim())
			out[key] = readPorts(form[key]);
	if (form.until)
		out.until = Math.floor(new Date(form.until).getTime() / 1000);
	if (form.verdict !== 'deny')
		Object.assign(out, form.lifetime_max && {lifetime_max: Number(form.lifetime_max)},
			form.quota && {quota: Number(form.quota)}, form.third_party && {third_party: true});
	return out;
}

/* Several of few. */
function Checks({legend, values, all, name, onInput}) {
	const flip = (value, on) => onInput(all.filter((v) => v === value ? on : values.includes(v)));

	return html`<fieldset><legend class="label">${legend}</legend><div class="row">${all.map((value) => html`
		<${Check} key=${value} label=${name(value)} checked=${values.includes(value)}
			onChange=${(on) => flip(value, on)} />`)}</div></fieldset>`;
}

function Who({form, set}) {
	return html`<${Field} label=${t('edit.who')} value=${form.who} onInput=${(who) => set({who})}
			options=${['all', 'zones', 'device'].map((who) => [who, t(`edit.who.${who}`)])} />
		${form.who === 'device' && html`<${DeviceField} label=${t('hand.device')} required=${true} value=${form.device}
			onInput=${(device) => set({device})} />`}
		${form.who === 'zones' && html`<${Checks} legend=${t('edit.zones')} values=${form.zones} all=${ZONES}
			name=${(zone) => t(`zone.many.${zone}`)} onInput=${(zones) => set({zones})} />`}`;
}

function useFields(form, set) {
	return (key, rest = {}) => html`<${Field} label=${t(`edit.${key}`)} value=${form[key]}
		onInput=${(value) => set({[key]: value})} ...${rest} />`;
}

function What({form, set}) {
	const field = useFields(form, set);

	return html`<div class="grid2">${field('proto', {options: [['', t('edit.proto.any')], ['tcp', 'TCP'],
			['udp', 'UDP'], ['other', t('rule.strange')]]})}
		${field('external', {pattern: PORTS, hint: t('hand.portsHint'), title: t('hand.portsHint'),
			disabled: form.proto === 'other'})}</div>`;
}

function More({form, set}) {
	const field = useFields(form, set);
	const lifetimes = [...new Set([...LIFETIMES, Number(form.lifetime_max) || 3600])].sort((a, b) => a - b);
	const grants = form.verdict !== 'deny';

	return html`<div class="stack">
		<${Checks} legend=${t('edit.origins')} values=${form.origins} all=${ORIGINS} name=${originName}
			onInput=${(origins) => set({origins})} />
		<div class="grid2">${field('internal', {pattern: PORTS, title: t('hand.portsHint')})}
			${field('risk', {options: [['', t('edit.risk.any')], ['look', t('rule.what.look')],
				['risky', t('rule.what.risky')]]})}
			${field('remote', {hint: t('hand.remoteHint'), autocapitalize: 'none'})}
			${field('descr', {hint: t('edit.descrHint'), maxlength: 64})}
			${field('until', {type: 'datetime-local'})}
			${grants && field('lifetime_max', {options: [['', t('edit.noCap')], ...lifetimes.map((s) => [String(s),
				duration(s)])]})}
			${grants && field('quota', {type: 'number', min: 1, max: 65536, hint: t('edit.quotaHint')})}</div>
		${grants && html`<${Check} label=${t('edit.third_party')} checked=${form.third_party}
			onChange=${(third_party) => set({third_party})} />`}</div>`;
}

const hasMore = (rule) => ['origins', 'internal', 'risk', 'remote', 'descr', 'until', 'lifetime_max', 'quota',
	'third_party'].some((key) => rule[key] !== undefined);

/* rule: null for a new one; keep gets it as the daemon takes it. */
export function RuleEdit({rule, keep, onClose}) {
	const was = rule || NEW;
	const [form, change] = useState(() => writeForm(was));
	const set = (part) => change((old) => ({...old, ...part}));
	const submit = (event) => {
		event.preventDefault();
		keep(readForm(form, was));
	};

	return html`<${Dialog} title=${t(rule ? 'edit.title' : 'rules.add')} onClose=${onClose}>
		<form class="stack" onSubmit=${submit}>
		<${Radios} legend=${t('edit.verdict')} value=${form.verdict} onInput=${(verdict) => set({verdict})}
			options=${['allow', 'ask', 'deny'].map((v) => [v, t(`edit.verdict.${v}`)])} />
		<${Who} form=${form} set=${set} /><${What} form=${form} set=${set} />
		<${WhenField} value=${form.when} onInput=${(when) => set({when})} hint=${t('when.hint')} />
		<${Field} label=${t('edit.note')} value=${form.note} maxlength="64" onInput=${(note) => set({note})} />
		<details open=${hasMore(was)}><summary>${t('more')}</summary><${More} form=${form} set=${set} /></details>
		<p class="small quiet">${t('edit.draft')}</p>
		<div class="row"><button class="main">${t('edit.keep')}</button>
			<button type="button" onClick=${onClose}>${t('cancel')}</button></div></form><//>`;
}
