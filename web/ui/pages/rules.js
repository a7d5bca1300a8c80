/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules: presets, then the list in its order, where the first that fits decides. What the owner
 * changes is a draft, until he has seen what it closes and puts it in force as a whole.
 */
import {html, useEffect, useRef, useState} from '../lib/preact.js';
import {useLoad} from '../lib/act.js';
import {get, post, put} from '../lib/api.js';
import {ago, plain} from '../lib/format.js';
import {said, t} from '../lib/i18n.js';
import {Badge, Icon, Preview, Radios} from '../lib/parts.js';
import {RuleText} from '../lib/rule.js';
import {peek, toast, useStore} from '../lib/store.js';
import {Explain} from './explain.js';
import {RuleEdit} from './rule_edit.js';

const PRESETS = ['open', 'ask', 'lockdown'];

function Presets({admin, draft}) {
	const current = useStore((s) => s.status.preset);
	const [chosen, choose] = useState(null);
	const busy = draft !== null;	/* it would be lost */

	return html`<section class="card" aria-labelledby="presets"><h2 id="presets">${t('preset.title')}</h2>
		<${Radios} legend=${t('preset.title')} hidden=${true} value=${chosen || current} disabled=${!admin || busy}
			onInput=${choose} options=${PRESETS.map((p) => [p, t(`preset.${p}`), t(`preset.hint.${p}`)])} />
		${busy && html`<p class="small quiet">${t('preset.busy')}</p>`}
		${chosen && html`<${Preview} title=${t('preset.choose', {name: t(`preset.${chosen}`)})} anyway=${true}
			ask=${() => post(`presets/${chosen}/preview`)} run=${() => put(`presets/${chosen}`, {})}
			done=${t('preset.done')} onClose=${() => choose(null)} />`}</section>`;
}

function Use({rule, use}) {
	if (!rule.id)
		return html`<${Badge} kind="warn">${t('rules.new')}<//>`;
	return html`<a href=${`#/record/rule/${rule.id}`}>${use.count
		? t('rules.used', {n: use.count, ago: ago(use.last)}) : t('rules.unused')}</a>`;
}

function Tools({at, count, off, on}) {
	const n = at + 1;

	return html`<div class="row tight">
		<button class="icon" data-move="-1" aria-disabled=${at === 0} aria-label=${t('rules.up', {n})}
			onClick=${() => on.move(at, -1)}><${Icon} name="up" /></button>
		<button class="icon" data-move="1" aria-disabled=${at === count - 1} aria-label=${t('rules.down', {n})}
			onClick=${() => on.move(at, 1)}><${Icon} name="down" /></button>
		<button class="icon" aria-label=${t('rules.edit', {n})} onClick=${() => on.edit(at)}>
			<${Icon} name="edit" /></button>
		<button aria-label=${t(off ? 'rules.onOf' : 'rules.offOf', {n})} onClick=${() => on.flip(at)}>
			${t(off ? 'rules.on' : 'rules.off')}</button>
		<button class="icon bad" aria-label=${t('rules.delete', {n})} onClick=${() => on.remove(at)}>
			<${Icon} name="bin" /></button></div>`;
}

function Row({row, at, count, on, wanted}) {
	const {rule, use} = row;
	const off = rule.enabled === false;

	return html`<li id=${`rule-${row.key}`} class=${`row top ${wanted ? 'wanted' : ''}`}>
		<span class="place" aria-hidden="true">${at + 1}</span>
		<div class="grow"><div class=${off ? 'off' : ''}><${RuleText} rule=${rule} /></div>
			${rule.note && html`<div class="small quiet text">${said(plain(rule.note))}</div>`}
			<div class="row tight small"><${Use} rule=${rule} use=${use} />
			${off && html`<${Badge}>${t('rules.isOff')}<//>`}
			${rule.maker && html`<${Badge}>${t(`maker.${rule.maker}`)}<//>`}</div></div>
		${on && html`<${Tools} at=${at} count=${count} off=${off} on=${on} />`}</li>`;
}

/* Where a rule is moved to, said, and the focus back on the button that moved it: taking its row
 * out and in again loses it. */
function useMoved(say) {
	const moved = useRef(null);

	useEffect(() => {
		if (!moved.current)
			return;
		const {key, by, to, count} = moved.current;
		const button = document.querySelector(`#rule-${key} [data-move="${by}"]`);
		moved.current = null;
		if (button)
			button.focus();
		say(t('rules.moved', {n: to + 1, count}));
	});
	return moved;
}

/* What may be done to the draft; each gives a new list. */
function acts(rows, set, moved, edit) {
	const without = (at) => rows.filter((_, i) => i !== at);

	return {
		move(at, by) {
			const to = at + by;
			if (to < 0 || to >= rows.length)
				return;
			const list = without(at);
			list.splice(to, 0, rows[at]);
			moved.current = {key: rows[at].key, by, to, count: rows.length};
			set(list);
		},
		flip(at) {
			const {enabled, ...rule} = rows[at].rule;
			set(rows.map((row, i) => i === at ? {...row, rule: enabled === false ? rule
				: {...rule, enabled: false}} : row));
		},
		remove: (at) => set(without(at)),
		edit,
	};
}

function Unsaved({draft, stale, end, saved}) {
	const [asking, ask] = useState(false);
	const body = {rules: draft.map((row) => row.rule)};

	return html`<div class="card main unsaved" role="region" aria-label=${t('rules.draft')}><div class="row between">
			<span class="grow">${t('rules.unsaved')}${stale && html`<br />${t('rules.stale')}`}</span>
			<button class="main" onClick=${() => ask(true)}>${t('rules.save')}</button>
			<button onClick=${end}>${t('rules.discard')}</button></div>
		${asking && html`<${Preview} title=${t('rules.ask')} ask=${() => post('rules/preview', body)}
			run=${() => put('rules', body).then(saved)} done=${t('rules.done')} onClose=${() => ask(false)} />`}</div>`;
}

let keys = 0;

function List({rows, draft, setDraft, admin, wanted}) {
	const [editing, edit] = useState(null);	/* a place, or null; past the end: a new one */
	const [said, say] = useState('');
	const moved = useMoved(say);
	const shown = draft || rows;
	const on = admin ? acts(shown, setDraft, moved, edit) : null;
	/* A new rule goes to the top: below, those for everybody would speak first. */
	const keep = (rule) => {
		setDraft(editing < shown.length ? shown.map((row, i) => i === editing ? {...row, rule} : row)
			: [{key: `new${++keys}`, rule, use: null}, ...shown]);
		edit(null);
	};

	return html`<section class="card" aria-labelledby="list"><div class="row between">
			<h2 id="list">${t('rules.title')}</h2>${admin && html`<button onClick=${() => edit(shown.length)}>
			<${Icon} name="plus" />${t('rules.add')}</button>`}
		</div><p class="small quiet">${t('rules.order')}</p><p class="hidden" role="status">${said}</p>
		<ol class="list">${shown.map((row, at) => html`<${Row} key=${row.key} row=${row} at=${at} count=${shown.length}
			on=${on} wanted=${String(row.rule.id) === wanted} />`)}</ol>
		${editing !== null && html`<${RuleEdit} rule=${shown[editing] ? shown[editing].rule : null} keep=${keep}
			onClose=${() => edit(null)} />`}</section>`;
}

export function Rules({rest}) {
	const policy = useStore((s) => s.policy);
	const [draft, setRows] = useState(null);
	const [since, mark] = useState(policy);	/* when the draft was begun */
	const {data, error, again} = useLoad(() => get('rules'), [policy]);
	const rows = data ? data.rules.map((row) => ({...row, key: row.rule.id})) : [];
	const admin = peek().session.role === 'admin';
	const setDraft = (list) => {
		if (!draft)
			mark(policy);
		setRows(list);
	};
	const end = () => {
		setRows(null);
		again();
	};

	useEffect(() => {
		const row = data && rest[0] && document.getElementById(`rule-${rest[0]}`);
		if (row)
			row.scrollIntoView({block: 'center'});
	}, [Boolean(data), rest[0]]);
	return html`<header class="stack tight"><h1>${t('nav.rules')}</h1><p class="quiet">${t('rules.intro')}</p></header>
		${error && html`<p class="card bad" role="alert">${error}</p>`}
		<${Presets} admin=${admin} draft=${draft} />
		${draft && html`<${Unsaved} draft=${draft} stale=${since !== policy} end=${() => {
			end();
			toast(t('rules.discarded'));
		}} saved=${end} />`}
		<${List} rows=${rows} draft=${draft} setDraft=${setDraft} admin=${admin} wanted=${rest[0]} />
		<${Explain} rows=${rows} draft=${draft} />`;
}
