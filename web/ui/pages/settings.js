/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: who may look after the router, limits, the policy as a file, the language. */
import {html, useState} from '../lib/preact.js';
import {act, useForm, useLoad} from '../lib/act.js';
import {get, post, put} from '../lib/api.js';
import {has, language, languages, setLanguage, t} from '../lib/i18n.js';
import {Check, Confirm, Field, Preview} from '../lib/parts.js';
import {change, peek, toast, useStore} from '../lib/store.js';
import {Accounts, Password, Sessions, Tokens} from './access.js';

function Language() {
	return html`<section class="card" aria-labelledby="language"><h2 id="language">${t('language.title')}</h2>
		<${Field} label=${t('language.label')} value=${language} onInput=${setLanguage}
			options=${Object.entries(languages)} /></section>`;
}

function Charge() {
	const attended = useStore((s) => s.status.attended);
	const set = (on) => act(() => put('attended', {attended: on}), t(on ? 'charge.on' : 'charge.off'));

	return html`<section class="card" aria-labelledby="charge"><h2 id="charge">${t('charge.title')}</h2>
		<${Check} label=${t('charge.label')} hint=${t('charge.hint')} checked=${attended} onChange=${set} />
		<div><button onClick=${() => change({welcome: true})}>${t('charge.again')}</button></div></section>`;
}

function Limit({limit, value, onInput, fault}) {
	const key = `limit.${limit.name}`;
	const hint = t('limit.range', {min: limit.min, max: limit.max, initial: limit.initial});

	return html`<${Field} label=${has(key) ? t(key) : limit.meaning} hint=${hint} type="number" min=${limit.min}
		max=${limit.max} required=${true} value=${value} onInput=${onInput} fault=${fault} />`;
}

function Limits() {
	const policy = useStore((s) => s.policy);
	const {data, error} = useLoad(() => get('settings'), [policy]);
	const [changed, change] = useState({});
	const [failed, fail] = useState('');
	const form = useForm(async () => {
		for (const [name, value] of Object.entries(changed)) {
			fail(name);
			await put(`settings/${name}`, {value: Number(value)});
		}
		change({});
		toast(t('limit.done'));
	});

	return html`<section class="card" aria-labelledby="limits"><h2 id="limits">${t('limit.title')}</h2>
		${error && html`<p class="fault">${error}</p>`}
		<form class="stack" onSubmit=${form.submit}><div class="grid2">${data && data.settings.map((limit) => html`
			<${Limit} key=${limit.name} limit=${limit} value=${changed[limit.name] ?? String(limit.value)}
				fault=${failed === limit.name ? form.fault : null}
				onInput=${(value) => change((old) => ({...old, [limit.name]: value}))} />`)}</div>
			<div><button disabled=${form.busy || !Object.keys(changed).length}>${t('save')}</button></div>
		</form></section>`;
}

function Import() {
	const [policy, read] = useState(null);
	const choose = async (event) => {
		const file = event.target.files[0];
		event.target.value = '';	/* the same file may be chosen again */
		if (!file)
			return;
		try {
			read(JSON.parse(await file.text()));
		} catch {
			toast(t('file.noJson'));
		}
	};

	return html`<div class="field"><label for="import">${t('file.import')}</label>
		<input id="import" type="file" accept=".json,application/json" aria-describedby="importh" onChange=${choose} />
		<span class="hint" id="importh">${t('file.importHint')}</span></div>
		${policy && html`<${Preview} title=${t('file.ask')} anyway=${true} ask=${() => post('policy/preview', policy)}
			run=${() => put('policy', policy)} done=${t('file.done')} onClose=${() => read(null)} />`}`;
}

function Policy() {
	const [asking, ask] = useState('');
	const reset = async () => {
		await post('reset');
		toast(t('reset.done'));
	};
	const flush = async () => {
		await post('flush');
		toast(t('flush.done'));
	};

	return html`<section class="card" aria-labelledby="file"><h2 id="file">${t('file.title')}</h2>
		<p>${t('file.why')}</p>
		<div><a class="button" href="/api/v1/policy" download="postern-policy.json">${t('file.export')}</a></div>
		<${Import} /></section>
		<section class="card" aria-labelledby="danger"><h2 id="danger">${t('danger.title')}</h2>
		<div class="row"><button class="bad" onClick=${() => ask('flush')}>${t('flush.button')}</button>
		<button class="bad" onClick=${() => ask('reset')}>${t('reset.button')}</button></div>
		${asking === 'reset' && html`<${Confirm} title=${t('reset.button')} go=${t('reset.go')} kind="bad" run=${reset}
			onClose=${() => ask('')}><p>${t('reset.why')}</p><//>`}
		${asking === 'flush' && html`<${Confirm} title=${t('flush.button')} go=${t('flush.go')} kind="bad" run=${flush}
			onClose=${() => ask('')}><p>${t('flush.why')}</p><//>`}</section>`;
}

export function Settings() {
	const version = useStore((s) => s.status.version);
	const {name, role} = peek().session;
	const admin = role === 'admin';

	return html`<header class="stack tight"><h1>${t('settings.title')}</h1>
			<p class="quiet">${t(`settings.as.${role}`, {name})}</p></header>
		<${Password} /><${Sessions} /><${Language} />
		${admin && html`<${Accounts} /><${Charge} /><${Limits} /><${Tokens} /><${Policy} />`}
		<p class="small quiet">Postern ${version}</p>`;
}
