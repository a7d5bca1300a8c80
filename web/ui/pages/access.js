/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets in: the own password, sessions, accounts of others, tokens for programs. */
import {html, useState} from '../lib/preact.js';
import {act, useForm, useLoad} from '../lib/act.js';
import {del, get, post, put} from '../lib/api.js';
import {ago, plain, when} from '../lib/format.js';
import {t} from '../lib/i18n.js';
import {Badge, Confirm, Dialog, Field, Icon, Rest} from '../lib/parts.js';
import {loadSession, peek, toast} from '../lib/store.js';

const SHORTEST = 10;

function NewPassword({value, onInput, fault}) {
	return html`<${Field} label=${t('setup.password')} hint=${t('setup.passwordHint')} type="password" value=${value}
		onInput=${onInput} autocomplete="new-password" minlength=${SHORTEST} required=${true} fault=${fault} />`;
}

export function Password() {
	const [old, setOld] = useState('');
	const [password, setPassword] = useState('');
	const {id, name} = peek().session;
	const form = useForm(async () => {
		await put(`accounts/${id}/password`, {old, password});
		setOld('');
		setPassword('');
		toast(t('password.done'));
	});

	return html`<section class="card" aria-labelledby="password"><h2 id="password">${t('password.title')}</h2>
		<details><summary>${t('password.change')}</summary><form class="stack" onSubmit=${form.submit}>
		<input type="hidden" name="username" autocomplete="username" value=${name} />
		<${Field} label=${t('password.old')} type="password" value=${old} onInput=${setOld} required=${true}
			autocomplete="current-password" fault=${form.of('old')} />
		<${NewPassword} value=${password} onInput=${setPassword} fault=${form.of('password')} />
		<${Rest} form=${form} />
		<div><button disabled=${form.busy}>${t('save')}</button></div></form></details></section>`;
}

/* "Mozilla/5.0 (X11; Linux) ... Firefox/128.0" -> "Firefox, Linux": enough to know one's own. */
function browserOf(agent) {
	const text = plain(agent || '');
	const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => text.includes(`${name}/`));
	const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => text.includes(name));
	const names = {Edg: 'Edge', OPR: 'Opera'};

	return [names[browser] || browser, system].filter(Boolean).join(', ') || text || t('session.unknown');
}

function Session({session, again}) {
	const end = () => act(() => del(`sessions/${session.id}`), t('session.ended')).then(again);

	return html`<li class="row"><div class="grow"><strong class="text">${plain(session.name)}</strong>
			${session.this && html`${' '}<${Badge} kind="main">${t('session.this')}<//>`}
			<div class="small quiet text">${browserOf(session.browser)} · ${t('session.used', {ago: ago(session.used)})}
			${' · '}${t('session.until', {time: when(session.until)})}</div></div>
		${!session.this && html`<button onClick=${end}>${t('session.end')}</button>`}</li>`;
}

export function Sessions() {
	const {data, error, again} = useLoad(() => get('sessions'), []);
	const out = () => act(() => post('logout')).then(loadSession);

	return html`<section class="card" aria-labelledby="sessions"><div class="row between"><h2 id="sessions">
			${t('session.title')}</h2><button onClick=${out}>${t('session.out')}</button></div>
		${error && html`<p class="fault">${error}</p>`}
		<ul class="list">${data && data.sessions.map((s) => html`
			<${Session} key=${s.id} session=${s} again=${again} />`)}</ul>
		</section>`;
}

/* account: one that gets a new password; null: a new account. */
function AccountEdit({account, again, onClose}) {
	const [name, setName] = useState('');
	const [role, setRole] = useState('approver');
	const [password, setPassword] = useState('');
	const form = useForm(async () => {
		await (account ? put(`accounts/${account.id}/password`, {password}) : post('accounts', {name, role, password}));
		toast(t(account ? 'password.done' : 'account.done', {name}));
		again();
		onClose();
	});

	return html`<${Dialog} title=${account ? t('account.passwordOf', {name: account.name}) : t('account.add')}
		onClose=${onClose}><form class="stack" onSubmit=${form.submit}>
		${!account && html`<${Field} label=${t('login.name')} value=${name} onInput=${setName} required=${true}
				autocapitalize="none" autocomplete="off" fault=${form.of('name')} />
			<${Field} label=${t('account.role')} value=${role} onInput=${setRole} hint=${t(`account.hint.${role}`)}
				options=${['approver', 'admin'].map((r) => [r, t(`account.${r}`)])} fault=${form.of('role')} />`}
		<${NewPassword} value=${password} onInput=${setPassword} fault=${form.of('password')} /><${Rest} form=${form} />
		<div class="row"><button class="main" disabled=${form.busy}>${t('save')}</button>
			<button type="button" onClick=${onClose}>${t('cancel')}</button></div></form><//>`;
}

function Account({account, again}) {
	const [asked, ask] = useState('');
	const own = account.name === peek().session.name;
	const name = plain(account.name);

	return html`<li class="row"><div class="grow"><strong class="text">${name}</strong>${' '}
			<${Badge}>${t(`account.${account.role}`)}<//>
			<div class="small quiet">${t('session.used', {ago: ago(account.used)})}</div></div>
		${!own && html`<div class="row tight"><button onClick=${() => ask('password')}>${t('account.password')}</button>
			<button class="icon bad" aria-label=${t('account.remove', {name})} onClick=${() => ask('remove')}>
			<${Icon} name="bin" /></button></div>`}
		${asked === 'password' && html`<${AccountEdit} account=${account} again=${again} onClose=${() => ask('')} />`}
		${asked === 'remove' && html`<${Confirm} title=${t('account.remove', {name})} go=${t('delete')} kind="bad"
			onClose=${() => ask('')} run=${() => del(`accounts/${account.id}`).then(again)}>
			<p>${t('account.removeWhy')}</p><//>`}</li>`;
}

export function Accounts() {
	const {data, error, again} = useLoad(() => get('accounts'), []);
	const [adding, add] = useState(false);

	return html`<section class="card" aria-labelledby="accounts"><div class="row between"><h2 id="accounts">
			${t('account.title')}</h2><button onClick=${() => add(true)}>
			<${Icon} name="plus" />${t('account.add')}</button></div>
		${error && html`<p class="fault">${error}</p>`}
		<ul class="list">${data && data.accounts.map((a) => html`
			<${Account} key=${a.id} account=${a} again=${again} />`)}</ul>
		${adding && html`<${AccountEdit} account=${null} again=${again} onClose=${() => add(false)} />`}</section>`;
}

/* Shown this once: the daemon keeps its hash only. */
function TokenShown({token, onClose}) {
	const copy = () => act(() => navigator.clipboard.writeText(token), t('token.copied'));

	return html`<${Dialog} title=${t('token.made')} onClose=${onClose}><p>${t('token.once')}</p>
		<p class="mono text card">${token}</p>
		<div class="row">${navigator.clipboard && html`<button class="main" onClick=${copy}>
			${t('token.copy')}</button>`}
			<button onClick=${onClose}>${t('close')}</button></div><//>`;
}

function TokenAdd({made, onClose}) {
	const [form, change] = useState({name: '', scope: 'read', days: '90', from: ''});
	const sent = useForm(async () => {
		const body = {name: form.name, scope: form.scope, days: Number(form.days), ...(form.from && {from: form.from})};
		made((await post('tokens', body)).token);
		onClose();
	});
	const field = (key, rest) => html`<${Field} label=${t(`token.${key}`)} value=${form[key]} fault=${sent.of(key)}
		onInput=${(value) => change((old) => ({...old, [key]: value}))} ...${rest} />`;

	return html`<${Dialog} title=${t('token.add')} onClose=${onClose}><form class="stack" onSubmit=${sent.submit}>
		${field('name', {required: true, hint: t('token.nameHint'), autocomplete: 'off'})}
		${field('scope', {options: ['read', 'approve', 'admin'].map((scope) => [scope, t(`token.scope.${scope}`)])})}
		<div class="grid2">${field('days', {type: 'number', min: 1, max: 365, required: true})}
			${field('from', {hint: t('hand.remoteHint'), autocapitalize: 'none'})}</div><${Rest} form=${sent} />
		<div class="row"><button class="main" disabled=${sent.busy}>${t('token.go')}</button>
			<button type="button" onClick=${onClose}>${t('cancel')}</button></div></form><//>`;
}

function Token({token, again}) {
	const name = plain(token.name);
	const remove = () => act(() => del(`tokens/${token.id}`), t('token.removed', {name})).then(again);
	const told = [t(`token.scope.${token.scope}`), token.from, t('session.used', {ago: ago(token.used)}),
		t('session.until', {time: when(token.until)})];

	return html`<li class="row"><div class="grow"><strong class="text">${name}</strong>
			<div class="small quiet text">${told.filter(Boolean).join(' · ')}</div></div>
		<button class="icon bad" aria-label=${t('token.remove', {name})} onClick=${remove}>
			<${Icon} name="bin" /></button></li>`;
}

export function Tokens() {
	const {data, error, again} = useLoad(() => get('tokens'), []);
	const [adding, add] = useState(false);
	const [shown, show] = useState('');
	const made = (token) => {
		show(token);
		again();
	};

	return html`<section class="card" aria-labelledby="tokens"><div class="row between">
			<h2 id="tokens">${t('token.title')}</h2>
			<button onClick=${() => add(true)}><${Icon} name="plus" />${t('token.add')}</button></div>
		<p class="small quiet">${t('token.why')}</p>${error && html`<p class="fault">${error}</p>`}
		<ul class="list">${data && data.tokens.map((one) => html`
			<${Token} key=${one.id} token=${one} again=${again} />`)}</ul>
		${adding && html`<${TokenAdd} made=${made} onClose=${() => add(false)} />`}
		${shown && html`<${TokenShown} token=${shown} onClose=${() => show('')} />`}</section>`;
}
