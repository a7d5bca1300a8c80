/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may call a phone besides the hosts it is registered at, or speaks to: addresses and prefixes. */
import {html, useState} from '../lib/preact.js';
import {act, useForm} from '../lib/act.js';
import {put} from '../lib/api.js';
import {deviceName} from '../lib/format.js';
import {t} from '../lib/i18n.js';
import {Badge, Confirm, Field, Icon, Rest} from '../lib/parts.js';
import {peek, toast, useStore} from '../lib/store.js';

const MOST = 8;

const isAdmin = () => peek().session.role === 'admin';
const setCallers = (device, callers) => put(`devices/${device.id}`, {callers});
const words = (device, prefix) => ({prefix, name: deviceName(device)});

async function letIn(device, prefix) {
	await setCallers(device, [...device.callers, prefix]);
	toast(t('caller.added', words(device, prefix)));
}

function Caller({device, prefix, admin}) {
	const remove = () => act(() => setCallers(device, device.callers.filter((one) => one !== prefix)),
		t('caller.removed', words(device, prefix)));

	return html`<li class="pair"><span class="text">${prefix}</span>
		${admin && html`<button class="plain icon" aria-label=${t('caller.remove', {prefix})} onClick=${remove}>
			<${Icon} name="bin" /></button>`}</li>`;
}

function Add({device}) {
	const [prefix, type] = useState('');
	const form = useForm(async () => {
		await letIn(device, prefix.trim());
		type('');
	});

	return html`<form class="stack tight" onSubmit=${form.submit}><div class="row bottom"><div class="grow half">
			<${Field} label=${t('caller.label')} value=${prefix} onInput=${type} required=${true}
				maxlength="43" autocapitalize="off" spellcheck="false" fault=${form.of('callers')} /></div>
			<button disabled=${form.busy}>${t('caller.add')}</button></div>
		<${Rest} form=${form} /></form>`;
}

/* Of one phone. */
export function Callers({device}) {
	const {callers} = device;
	const admin = isAdmin();

	if (!admin && callers.length === 0)
		return null;
	return html`<details><summary>${t('caller.title')}</summary><div class="stack tight">
		<p class="small">${t('caller.why')}</p>
		${callers.length > 0 && html`<ul class="list">${callers.map((prefix) => html`<${Caller} key=${prefix}
			device=${device} prefix=${prefix} admin=${admin} />`)}</ul>`}
		${admin && callers.length < MOST && html`<${Add} device=${device} />`}
		${admin && callers.length === MOST && html`<p class="small quiet">${t('caller.full')}</p>`}</div></details>`;
}

/* Of a missed call: its host may call from now on. */
export function LetIn({call}) {
	const [asking, ask] = useState(false);
	const row = useStore((s) => call.device && s.devices.get(call.device.id));
	const host = call.from.address;

	if (!row || !isAdmin())
		return null;
	if (call.admitted || row.device.callers.includes(host))
		return html`<div><${Badge} kind="good">${t('caller.may')}<//></div>`;
	return html`<div><button class="small" onClick=${() => ask(true)}>${t('caller.let')}</button></div>
		${asking && html`<${Confirm} title=${t('caller.ask', {host, name: deviceName(row.device)})} go=${t('caller.go')}
			run=${() => letIn(row.device, host)} onClose=${() => ask(false)}><p>${t('caller.means')}</p>
			<p>${t('caller.sure')}</p><//>`}`;
}
