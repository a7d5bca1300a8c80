/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner should know: a sentence each, what to do, and a way to put it away. */
import {html} from '../lib/preact.js';
import {act} from '../lib/act.js';
import {post} from '../lib/api.js';
import {ago, deviceName, plain} from '../lib/format.js';
import {said, t} from '../lib/i18n.js';
import {peek, useStore} from '../lib/store.js';

function Alert({alert}) {
		const put = (expected) => act(() => post(`alerts/${alert.id}`, {expected}), t('alert.away'));
	const merge = () => act(() => post(`devices/${alert.device.id}/merge`, {into: alert.other.id}),
		t('alert.merged'));
	const admin = peek().session.role === 'admin';
	const expectable = admin && alert.kind === 'gateway';
	const bad = ['forged', 'clone', 'firewall', 'policy'].includes(alert.kind);

	return html`<section class=${`card ${bad ? 'bad' : 'warn'}`}>
		<div><h2 class="text">${said(plain(alert.sentence))}</h2>
			<p class="small text">${said(alert.advice)}</p></div>
		<div class="row"><span class="small quiet grow">
			${t('alert.seen', {n: alert.count, ago: ago(alert.last)})}</span>
			${alert.kind === 'same-device' && alert.device && alert.other && admin && html`
				<button onClick=${merge}>${t('alert.same', {name: deviceName(alert.other)})}</button>`}
			${expectable && html`<button onClick=${() => put(true)}>${t('alert.expected')}</button>`}
			<button onClick=${() => put(false)}>${t('alert.dismiss')}</button></div></section>`;
}

/* kinds: only these. */
export function Alerts({kinds}) {
	const alerts = useStore((s) => s.alerts);
	const now = [...alerts.values()].filter((a) => !a.over && !a.expected && (!kinds || kinds.includes(a.kind)));

	return now.map((alert) => html`<${Alert} key=${alert.id} alert=${alert} />`);
}
