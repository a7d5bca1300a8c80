/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First run: the code proves that the router is yours, then three questions, each skippable: what
 * about devices that ask, who is at home now, and where to tell you.
 */
import {html, useEffect, useState} from '../lib/preact.js';
import {act, useForm} from '../lib/act.js';
import {post, put} from '../lib/api.js';
import {deviceName} from '../lib/format.js';
import {t} from '../lib/i18n.js';
import {Check, Field, Rest} from '../lib/parts.js';
import {change, enter, peek, useStore} from '../lib/store.js';
import {Brand} from './login.js';

export function Setup() {
	const fromLink = new URLSearchParams(location.hash.split('?')[1] || '').get('code') || '';
	const [code, setCode] = useState(fromLink);
	const [name, setName] = useState('admin');
	const [password, setPassword] = useState('');
	const [repeated, setRepeated] = useState('');
	const differs = repeated !== '' && repeated !== password;
	const form = useForm(async () => {
		if (repeated !== password)
			return;
		const answer = await post('setup', {code: code.trim(), name, password});
		history.replaceState(null, '', '#/');	/* the code is used up */
		change({welcome: true});
		await enter(answer);
	});

	return html`<main class="gate"><${Brand} />
		<form class="card" onSubmit=${form.submit}>
			<h1>${t('setup.title')}</h1>
			<p>${t('setup.why')}</p>
			<${Field} label=${t('setup.code')} hint=${html`${t('setup.codeHint')} <code>postern setup</code>`}
				value=${code} onInput=${setCode} autocomplete="one-time-code" autocapitalize="characters"
				spellcheck=${false} required=${true} fault=${form.of('code')} />
			<${Field} label=${t('login.name')} value=${name} onInput=${setName} autocomplete="username"
				autocapitalize="none" required=${true} fault=${form.of('name')} />
			<${Field} label=${t('setup.password')} hint=${t('setup.passwordHint')} type="password" value=${password}
				onInput=${setPassword} autocomplete="new-password" minlength="10" required=${true}
				fault=${form.of('password')} />
			<${Field} label=${t('setup.repeat')} type="password" value=${repeated} onInput=${setRepeated}
				autocomplete="new-password" required=${true} fault=${differs ? t('setup.differs') : null} />
			<${Rest} form=${form} />
			<button class="main" disabled=${form.busy || differs}>${t('setup.go')}</button>
		</form></main>`;
}

function Choice({value, chosen, choose, title, text}) {
	return html`<label class="check card"><input type="radio" name="preset" checked=${chosen === value}
		onChange=${() => choose(value)} /><span><strong>${title}</strong><br />
		<span class="hint">${text}</span></span></label>`;
}

function AskPreset({next}) {
	const [preset, choose] = useState('ask');
	const go = () => act(() => put(`presets/${preset}`, {})).then((good) => good && next());

	return html`<h1>${t('preset.title')}</h1>
		<div class="stack" role="radiogroup" aria-label=${t('preset.title')}>
			${['ask', 'open', 'lockdown'].map((value) => html`<${Choice} key=${value} value=${value} chosen=${preset}
				choose=${choose} title=${t(`preset.${value}`)} text=${t(`preset.hint.${value}`)} />`)}</div>
		<div class="row"><button class="main" onClick=${go}>${t('first.next')}</button>
			<button class="plain" onClick=${next}>${t('first.skip')}</button></div>`;
}

function AskDevices({next}) {
	const devices = useStore((s) => s.devices);
	const [out, setOut] = useState(new Set());
	const here = [...devices.values()].filter((row) => row.device.zone === 'member');
	const flip = (id, trusted) => {
		const ids = new Set(out);
		ids[trusted ? 'delete' : 'add'](id);
		setOut(ids);
	};
	const go = () => act(async () => {
		for (const id of out)
			await put(`devices/${id}`, {zone: 'new'});
	}).then((good) => good && next());

	return html`<h1>${t('first.devices')}</h1><p>${t('first.devicesHint')}</p>
		<div class="card">${here.length === 0 && html`<p class="quiet">${t('first.nobody')}</p>`}
		${here.map(({device, addresses}) => html`<${Check} key=${device.id} checked=${!out.has(device.id)}
			onChange=${(on) => flip(device.id, on)} label=${html`<span class="text">${deviceName(device)}</span>`}
			hint=${[device.vendor, device.mac, addresses[0] && addresses[0].address].filter(Boolean).join(' · ')} />`)}
		</div>
		<div class="row"><button class="main" onClick=${go}>${t('first.next')}</button>
			<button class="plain" onClick=${next}>${t('first.skip')}</button></div>`;
}

function TellYou({next}) {
	return html`<h1>${t('first.tell')}</h1>
		<div class="card"><h2>${t('first.phone')}</h2><p>${t('first.phoneHint')}</p></div>
		<div class="card"><h2>${t('first.hook')}</h2><p>${t('first.hookHint')}</p>
			<p class="small"><code>/etc/postern/notify.conf</code></p></div>
		<div class="row"><button class="main" onClick=${next}>${t('first.done')}</button></div>`;
}

const steps = [AskPreset, AskDevices, TellYou];

export function Welcome() {
	const [step, go] = useState(0);
	const Step = steps[step];
	const next = () => step + 1 < steps.length ? go(step + 1) : change({welcome: false});

	useEffect(() => {
		const heading = document.querySelector('main h1');
		if (heading)
			heading.tabIndex = -1;
		if (heading)
			heading.focus();
	}, [step]);
	if (peek().session.role !== 'admin')
		return null;
	return html`<main class="gate"><${Brand} /><p class="small quiet">${t('first.step', {step: step + 1,
		steps: steps.length})}</p><${Step} next=${next} /></main>`;
}
