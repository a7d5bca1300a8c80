/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trying a request against the rules in force, or against the draft of others before it is put in
 * force: which rule decides, and why those before it did not.
 */
import {html, useEffect, useState} from '../lib/preact.js';
import {useForm} from '../lib/act.js';
import {post} from '../lib/api.js';
import {DeviceField, isHere} from '../lib/fields.js';
import {duration, endpoint, plain} from '../lib/format.js';
import {said, t} from '../lib/i18n.js';
import {Badge, Field, Rest} from '../lib/parts.js';
import {RuleText, originName} from '../lib/rule.js';
import {peek} from '../lib/store.js';

/* The address it has now; an IPv4 one before others. */
function addressOf(id) {
	const row = peek().devices.get(Number(id));
	const addresses = row ? [...row.addresses].sort((a, b) => b.here - a.here) : [];
	const four = addresses.find((at) => !at.address.includes(':') && (at.here || !isHere(row)));

	return (four || addresses[0] || {address: ''}).address;
}

function readForm(form, draft) {
	const body = {origin: form.origin, proto: form.proto,
		internal: {address: form.address || addressOf(form.device), port: Number(form.port)}};

	if (form.external)
		body.external_port = Number(form.external);
	if (form.description)
		body.description = form.description;
	if (draft)
		body.rules = draft.map((row) => row.rule);
	return body;
}

/* By its place: a new one of a draft has no number of ours yet. */
function RuleAt({place, note, rows}) {
	const row = rows[place - 1];
	return html`${place}. ${row ? html`<${RuleText} rule=${row.rule} />`
		: html`<span class="text">${said(plain(note || ''))}</span>`}`;
}

function Answer({answer, rows, drafted}) {
	const {place, misses} = answer;

	return html`<div class=${`card ${answer.allowed ? 'good' : 'warn'}`} role="status">
		<p><strong>${t(answer.allowed ? 'explain.yes' : 'explain.no')}</strong>${' '}
			<${Badge} kind=${drafted ? 'warn' : ''}>${t(drafted ? 'explain.asChanged' : 'explain.asSaved')}<//><br />
			${t('explain.why', {why: said(plain(answer.why))})}</p>
		${place !== null && html`<p>${t('explain.by')}${' '}
			<${RuleAt} place=${place} note=${answer.rule_note} rows=${rows} /></p>`}
		<p class="small mono text">${[answer.result, endpoint(answer.external),
			answer.lifetime_s ? duration(answer.lifetime_s) : ''].filter(Boolean).join(' · ')}</p>
		${misses.length > 0 && html`<details class="small"><summary>${t('explain.misses', {n: misses.length})}</summary>
			<ul class="list">${misses.map((miss) => html`<li key=${miss.place}>
				<${RuleAt} place=${miss.place} note=${miss.note} rows=${rows} />:
				${' '}<span class="text">${said(miss.why)}</span></li>`)}</ul></details>`}</div>`;
}

/* draft: null while nothing was changed. */
export function Explain({rows, draft}) {
	const [form, change] = useState({device: '', address: '', origin: 'upnp', proto: 'tcp', port: '', external: '',
		description: ''});
	const [answer, setAnswer] = useState(null);
	const set = (part) => change((old) => ({...old, ...part}));
	const sent = useForm(async () => {
		setAnswer(null);
		setAnswer(await post('explain', readForm(form, draft)));
	});
	const field = (key, rest) => html`<${Field} label=${t(`explain.${key}`)} value=${form[key]}
		onInput=${(value) => set({[key]: value})} ...${rest} />`;
	const number = {type: 'number', min: 1, max: 65535};

	/* An answer is by the rules it was given for. */
	useEffect(() => setAnswer(null), [draft]);
	return html`<section class="card" aria-labelledby="explain"><h2 id="explain">${t('explain.title')}</h2>
		<p class="small quiet">${t(draft ? 'explain.introDraft' : 'explain.intro')}</p>
		<form class="stack" onSubmit=${sent.submit}>
		<div class="grid2"><${DeviceField} label=${t('hand.device')} value=${form.device} required=${!form.address}
				onInput=${(device) => set({device})} />
			${field('port', {...number, required: true, fault: sent.of('port')})}
			${field('proto', {options: [['tcp', 'TCP'], ['udp', 'UDP']]})}
			${field('origin', {options: ['upnp', 'natpmp', 'pcp'].map((o) => [o, originName(o)])})}</div>
		<details><summary>${t('more')}</summary><div class="grid2">
			${field('external', {...number, hint: t('explain.externalHint')})}
			${field('description', {maxlength: 64})}
			${field('address', {hint: t('explain.addressHint'), autocapitalize: 'none',
				fault: sent.of('address')})}</div></details>
		<${Rest} form=${sent} />
		<div><button disabled=${sent.busy}>${t('explain.go')}</button></div></form>
		${answer && html`<${Answer} answer=${answer} rows=${draft || rows} drafted=${Boolean(draft)} />`}</section>`;
}
