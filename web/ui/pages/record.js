/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record: what was opened, closed, refused and changed, newest first, and whether it holds. */
import {html, useEffect, useRef, useState} from '../lib/preact.js';
import {act, say} from '../lib/act.js';
import {get, post} from '../lib/api.js';
import {DeviceField} from '../lib/fields.js';
import {t} from '../lib/i18n.js';
import {Field} from '../lib/parts.js';
import {peek, useStore} from '../lib/store.js';
import {RecordRow} from './record_row.js';

const PAGE = 50;
const SETTLE_MS = 1000;	/* news come in bursts */
const TYPING_MS = 300;
const TEXT_MAX = 64;

const pathOf = (filter, before) => `record?${new URLSearchParams(Object.entries({...filter, before, count: PAGE})
	.filter(([, value]) => value))}`;

/* Rows of the record so far, and how to get more. The first page follows the news. */
function useRecord(filter) {
	const [state, set] = useState({rows: null, next: null, error: null, longer: false});
	const news = useStore((s) => s.news);
	const asked = useRef(0);	/* an answer that was overtaken counts no more */
	const ask = async (before, longer) => {
		const mine = ++asked.current;
		const {record, next} = await get(pathOf(filter, before));
		if (mine === asked.current)
			set((old) => ({rows: longer ? [...old.rows, ...record] : record, next, error: null, longer}));
	};
	const first = () => ask(undefined, false).catch((error) => set((old) => ({...old, error: say(error)})));
	const older = () => act(() => ask(state.next, true));

	useEffect(() => { first(); }, [JSON.stringify(filter)]);
	useEffect(() => {
		if (!state.rows || state.longer)
			return undefined;
		const timer = setTimeout(first, SETTLE_MS);
		return () => clearTimeout(timer);
	}, [news]);
	return {...state, older};
}

function Verify() {
	const [answer, set] = useState(null);
	const [busy, setBusy] = useState(false);
	const verify = () => {
		setBusy(true);
		act(async () => set(await post('record/verify'))).finally(() => setBusy(false));
	};

	return html`<button disabled=${busy} onClick=${verify}>${t(busy ? 'verify.busy' : 'verify.go')}</button>
		<p role="status" class=${answer ? `card ${answer.ok ? 'good' : 'bad'} wide` : 'hidden'}>${answer &&
			t(answer.ok ? 'verify.good' : 'verify.bad', {n: answer.rows, seq: answer.bad_seq})}</p>`;
}

function Filters({filter, set, text, setText}) {
	return html`<div class="grid2">
		<${Field} label=${t('record.ring')} value=${filter.ring} onInput=${(ring) => set({...filter, ring})}
			options=${['', 'admin', 'openings', 'refusals'].map((ring) => [ring, t(`ring.${ring || 'all'}`)])} />
		<${DeviceField} label=${t('record.device')} value=${filter.device}
			onInput=${(device) => set({...filter, device})} none=${t('record.every')} />
		<${Field} label=${t('search')} type="search" value=${text} onInput=${setText} maxlength=${TEXT_MAX}
			hint=${t('record.searchHint')} />
		</div>`;
}

/* Why no row is shown. */
function nothingKey(record, filter) {
	if (record.next !== null)
		return 'record.notYet';
	return filter.text ? 'record.notFound' : 'record.nothing';
}

/* Below #/record/: "device/7" or "rule/5" narrows it. */
export function Record({rest}) {
	const [kind, id] = rest;
	const [filter, set] = useState({ring: '', device: kind === 'device' ? id : '', rule: kind === 'rule' ? id : '',
		text: ''});
	const [text, setText] = useState('');
	const record = useRecord(filter);
	const {rows} = record;

	useEffect(() => {
		const timer = setTimeout(() => set((old) => ({...old, text: text.trim()})), TYPING_MS);
		return () => clearTimeout(timer);
	}, [text]);
	return html`<header class="stack tight"><h1>${t('nav.record')}</h1>
			<p class="quiet">${t('record.intro')}</p></header>
		<div class="row">${peek().session.role === 'admin' && html`<a class="button" download="postern-record.jsonl"
			href="/api/v1/record/export">${t('record.export')}</a>`}<${Verify} /></div>
		<section class="card" aria-label=${t('nav.record')}>
			<${Filters} filter=${filter} set=${set} text=${text} setText=${setText} />
			${filter.rule && html`<p class="row">${t('record.ofRule', {id: filter.rule})}
				<button onClick=${() => set({...filter, rule: ''})}>${t('record.allRules')}</button></p>`}
			${record.error && html`<p class="fault" role="alert">${record.error}</p>`}
			${rows && rows.length === 0 && html`<p class="quiet">${t(nothingKey(record, filter))}</p>`}
			<ul class="list">${rows && rows.map((row) => html`<${RecordRow} key=${row.seq} row=${row} />`)}</ul>
			${record.next !== null && html`<button onClick=${record.older}>${t('record.older')}</button>`}</section>`;
}
