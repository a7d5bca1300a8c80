/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions that wait for the owner, a card a device, with the answers a thumb can reach. */
import {html, useState} from '../lib/preact.js';
import {act} from '../lib/act.js';
import {post} from '../lib/api.js';
import {ago, deviceName, plain} from '../lib/format.js';
import {parts, said, t} from '../lib/i18n.js';
import {Badge} from '../lib/parts.js';
import {peek, useStore} from '../lib/store.js';

function Item({item}) {
	const outer = item.external_port, inner = item.internal.port;
	/* An ordinary port outside may lead to any inside. */
	const port = outer && outer !== inner ? `${outer} → ${inner}` : inner;

	return html`<li><div class="row between"><span><strong>${item.protocol} ${port}</strong>
		${item.description && html`${' '}<span class="text">“${plain(item.description)}”</span>`}</span>
		<span class="small quiet">${t('card.by', {origin: item.origin})}</span></div>
		${item.risk && html`<p class="small"><${Badge} kind="warn">${t(`risk.${item.risk.class}`)}<//>
			${' '}${said(item.risk.why)}</p>`}</li>`;
}

function answered(answer, name, fresh) {
	const key = answer === 'allow' || answer === 'only' || answer === 'always'
		? fresh ? 'card.opened' : 'card.nextTry' : `card.said.${answer}`;
	return t(key, {name});
}

function Card({card}) {
	const [busy, setBusy] = useState(false);
	const name = deviceName(card.device);
	const mac = card.device && card.device.mac;
	const admin = peek().session.role === 'admin';
	const say = (answer) => {
		setBusy(true);
		act(() => post(`cards/${card.id}/answer`, {answer, items: card.items.length}),
			answered(answer, name, card.fresh))
			.finally(() => setBusy(false));
	};
	const button = (answer, kind) => html`<button class=${kind} disabled=${busy}
		onClick=${() => say(answer)}>${t(`card.${answer}`)}</button>`;

	return html`<section class="card ask" aria-label=${t('card.title', {name})}>
		<div><h2 class="text">${parts('card.title', {name: html`<bdi>${name}</bdi>`})}</h2>
		<p class="small quiet text">${[card.device && card.device.vendor, mac !== name && mac,
			t('card.asked', {ago: ago(card.items.length ? card.items[0].last : card.made)})]
			.filter(Boolean).join(' · ')}</p></div>
		<ul class="list">${card.items.map((item, i) => html`<${Item} key=${i} item=${item} />`)}</ul>
		${card.more > 0 && html`<p class="small quiet">${t('card.more', {n: card.more})}</p>`}
		<p class="small">${t(card.fresh ? 'card.fresh' : 'card.stale')}</p>
		<div class="row">${button('allow', 'main')}${button('only', '')}${button('not-now', '')}</div>
		<details><summary>${t('card.others')}</summary><div class="row">
			${button('always', '')}${admin && button('block', 'bad')}
			${card.device && html`<a class="button" href=${`#/devices/${card.device.id}`}>${t('card.device')}</a>`}
		</div></details></section>`;
}

export function Cards() {
	const cards = useStore((s) => s.cards);
	const open = [...cards.values()].filter((c) => c.state === 'open').sort((a, b) => b.made - a.made);
	const missed = [...cards.values()].filter((c) => c.state === 'missed');

	return html`${open.map((card) => html`<${Card} key=${card.id} card=${card} />`)}
		${missed.length > 0 && html`<details class="card"><summary>${t('card.missed', {n: missed.length})}</summary>
			<div class="stack">${missed.map((card) => html`
			<${Card} key=${card.id} card=${card} />`)}</div></details>`}`;
}
