/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying a request against the rules in force: which decides, and why those before it did not. */
import {html, useState} from '../lib/preact.js';
import {useForm} from '../lib/act.js';
import {post} from '../lib/api.js';
import {DeviceField, isHere} from '../lib/fields.js';
import {duration, endpoint, plain} from '../lib/format.js';
import {said, t} from '../lib/i18n.js';
import {Field, Rest} from '../lib/parts.js';
import {RuleText, originName} from '../lib/rule.js';
import {peek} from '../lib/store.js';

/* The address it has now; an IPv4 one before others. */
function addressOf(id) {
	const row = peek().devices.get(Number(id));
	const addresses = row ? [...row.addresses].sort((a, b) => b.here - a.here) : [];
	const four = addresses.find((at) => !at.address.includes(':') && (at.here || !isHere(row)));

	return (four || addresses[0] || {address: ''}).address;
}

function readForm(form) {
	const body = {origin: form.origin, proto: form.proto,
		internal: {address: form.address || addressOf(form.device), port: Number(form.port)}};

	if (form.external)
		body.external_port = Number(form.external);
	if (form.description)
		body.description = form.description;
	return body;
}

function RuleOf({id, note, rules}) {
	const row = rules.find((one) => one.rule.id === id);
	return row ? html`<${RuleText} rule=${row.rule} />` : html`<span class="text">${said(plain(note || '')) ||
		t('tech.ruleOf', {id})}</span>`;
}

function Answer({answer, rules}) {
	const {rule, misses} = answer;

	return html`<div class=${`card ${answer.allowed ? 'good' : 'warn'}`} role="status">
		<p><strong>${t(answer.allowed ? 'explain.yes' : 'explain.no')}</strong><br />
			${t('explain.why', {why: said(plain(answer.why))})}</p>
		${rule !== null && html`<p>${t('explain.by')}${' '}
			<${RuleOf} id=${rule} note=${answer.rule_note} rules=${rules} /></p>`}
		<p class="small mono text">${[answer.result, endpoint(answer.external),
			answer.lifetime_s ? duration(answer.lifetime_s) : ''].filter(Boolean).join(' · ')}</p>
		${misses.length > 0 && html`<details class="small"><summary>${t('explain.misses', {n: misses.length})}</summary>
			<ol class="list">${misses.map((miss) => html`<li key=${miss.rule}>
				<${RuleOf} id=${miss.rule} note=${miss.note} rules=${rules} />:
				${' '}<span class="text">${said(miss.why)}</span></li>`)}</ol></details>`}</div>`;
}

export function Explain({rules}) {
	const [form, change] = useState({device: '', address: '', origin: 'upnp', proto: 'tcp', port: '', external: '',
		description: ''});
	const [answer, setAnswer] = useState(null);
	const set = (part) => change((old) => ({...old, ...part}));
	const sent = useForm(async () => {
		setAnswer(null);
		setAnswer(await post('explain', readForm(form)));
	});
	const field = (key, rest) => html`<${Field} label=${t(`explain.${key}`)} value=${form[key]}
		onInput=${(value) => set({[key]: value})} ...${rest} />`;
	const number = {type: 'number', min: 1, max: 65535};

	return html`<section class="card" aria-labelledby="explain"><h2 id="explain">${t('explain.title')}</h2>
		<p class="small quiet">${t('explain.intro')}</p><form class="stack" onSubmit=${sent.submit}>
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
		${answer && html`<${Answer} answer=${answer} rules=${rules} />`}</section>`;
}
