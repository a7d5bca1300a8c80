/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-in, and the question for the password before a change after a quarter of an hour. */
import {html, useState} from '../lib/preact.js';
import {useForm} from '../lib/act.js';
import {post} from '../lib/api.js';
import {t} from '../lib/i18n.js';
import {Check, Dialog, Field} from '../lib/parts.js';
import {change, enter, useStore} from '../lib/store.js';

export function Brand() {
	return html`<div class="brand"><img src="icon.svg" alt="" />Postern</div>`;
}

export function Login() {
	const [name, setName] = useState('');
	const [password, setPassword] = useState('');
	const [remember, setRemember] = useState(true);
	const form = useForm(async () => enter(await post('login', {name, password, remember})));

	return html`<main class="gate"><${Brand} />
		<form class="card" onSubmit=${form.submit}>
			<h1>${t('login.title')}</h1>
			<${Field} label=${t('login.name')} value=${name} onInput=${setName} autocomplete="username"
				autocapitalize="none" required=${true} />
			<${Field} label=${t('login.password')} type="password" value=${password} onInput=${setPassword}
				autocomplete="current-password" required=${true} fault=${form.fault} />
			<${Check} label=${t('login.remember')} hint=${t('login.rememberHint')} checked=${remember}
				onChange=${setRemember} />
			<button class="main" disabled=${form.busy}>${t('login.go')}</button>
		</form>
		<p class="small quiet">${t('login.lost')} <code>postern setup</code></p></main>`;
}

function Again({resolve}) {
	const [password, setPassword] = useState('');
	const end = (good) => {
		change({asking: null});
		resolve(good);
	};
	const form = useForm(async () => {
		await post('session/renew', {password});
		end(true);
	});

	return html`<${Dialog} title=${t('again.title')} onClose=${() => end(false)}>
		<form class="stack" onSubmit=${form.submit}><p>${t('again.why')}</p>
			<${Field} label=${t('login.password')} type="password" value=${password} onInput=${setPassword}
				autocomplete="current-password" required=${true} fault=${form.fault} />
			<button class="main" disabled=${form.busy}>${t('again.go')}</button></form><//>`;
}

export function AskAgain() {
	const asking = useStore((s) => s.asking);
	return asking ? html`<${Again} resolve=${asking.resolve} />` : null;
}
