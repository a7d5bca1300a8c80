/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row of the record as a sentence; the technical line and before and after are one tap away. */
import {html} from '../lib/preact.js';
import {deviceName, duration, endpoint, plain, when} from '../lib/format.js';
import {has, parts, said, t} from '../lib/i18n.js';
import {Badge, Facts} from '../lib/parts.js';
import {useStore} from '../lib/store.js';

const KINDS = {admin: 'main', openings: '', refusals: 'warn'};

/* What the daemon calls it may be newer than this page. */
function keyOf(row) {
	const key = `record.${row.ring}.${row.what}`;
	return has(key) ? key : 'record.other';
}

/* Of openings count is how many ports in a row it is about. */
const isRun = (row) => row.opening_id && row.count > 1;

function portOf(row) {
	const port = row.external.port || row.internal.port;
	return isRun(row) ? `${port}–${port + row.count - 1}` : port;
}

function Sentence({row}) {
	const device = useStore((s) => row.device_id && s.devices.get(row.device_id));
	const name = device ? deviceName(device.device) : row.device_id ? t('device.number', {id: row.device_id})
		: row.client || t('record.somebody');

	return parts(keyOf(row), {
		what: row.what,
		device: html`<bdi>${name}</bdi>`,
		who: html`<bdi>${plain(row.description) || t('record.somebody')}</bdi>`,
		port: [row.protocol, portOf(row)].filter(Boolean).join(' ') || t('record.aPort'),
	});
}

function Technical({row}) {
	const rows = [
		['tech.outside', row.protocol && `${row.protocol} ${endpoint(row.external)}`],
		['tech.inside', endpoint(row.internal)],
		['tech.client', row.client], ['tech.by', row.origin], ['tech.result', row.result],
		['tech.description', row.ring !== 'admin' && plain(row.description)],
		['tech.lifetime', row.lifetime_s && duration(row.lifetime_s)],
		['tech.rule', row.rule && html`<a href=${`#/rules/${row.rule}`}>${t('tech.ruleOf', {id: row.rule})}</a>`],
		['tech.opening', row.opening_id], ['tech.row', `${row.seq}, ${row.what}`],
		['tech.clock', row.time_synced ? null : t('tech.notSynced')],
	];

	return html`<${Facts} rows=${rows} />`;
}

function Side({title, value}) {
	return html`<div class="field"><strong>${title}</strong>
		<pre class="mono text" tabindex="0">${value === undefined ? '–' : JSON.stringify(value, null, 1)}</pre></div>`;
}

function Detail({detail}) {
	if (typeof detail !== 'object' || detail.cut)
		return html`<p class="quiet">${t('record.cut')}</p>`;
	return html`<div class="grid2"><${Side} title=${t('record.before')} value=${detail.before} />
		<${Side} title=${t('record.after')} value=${detail.after} /></div>`;
}

export function RecordRow({row}) {
	const acts = row.ring === 'admin';

	return html`<li><div class="text"><${Sentence} row=${row} />${row.count > 1 && !isRun(row) && html`${' '}
			<${Badge}>${t('record.times', {n: row.count})}<//>`}</div>
		<div class="row tight small quiet">
			<time datetime=${row.time ? new Date(row.time * 1000).toISOString() : undefined}>${when(row.time)}</time>
			<${Badge} kind=${KINDS[row.ring]}>${t(`ring.${row.ring}`)}<//>
			${row.why && html`<span class="text">${said(plain(row.why))}</span>`}</div>
		<details class="small"><summary>${t('details')}</summary><${Technical} row=${row} />
		${acts && row.detail && html`<${Detail} detail=${row.detail} />`}</details></li>`;
}
