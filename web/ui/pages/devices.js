/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of the home, each with its switch: may it open ports by itself? */
import {html, useState} from '../lib/preact.js';
import {byName, isHere} from '../lib/fields.js';
import {ago, deviceName, plain} from '../lib/format.js';
import {t} from '../lib/i18n.js';
import {Badge, Field} from '../lib/parts.js';
import {peek, useStore} from '../lib/store.js';
import {Device, ZoneChange, zones} from './device.js';

function Row({row}) {
	const [zone, ask] = useState(null);
	const {device} = row;
	const name = deviceName(device);
	const told = [device.vendor, isHere(row) ? t('device.here') : t('device.away', {ago: ago(device.last_seen)})];
	const fixed = device.guest || peek().session.role !== 'admin';

	return html`<li class="pair"><div><a class="name text" href=${`#/devices/${device.id}`}>${name}</a>
			<div class="small quiet text">${told.filter(Boolean).join(' · ')}</div>
			${(row.openings > 0 || device.random_mac) && html`<div class="row tight">
				${row.openings > 0 && html`<${Badge} kind="main">${t('device.open', {n: row.openings})}<//>`}
				${device.random_mac && html`<${Badge}>${t('device.random')}<//>`}</div>`}</div>
		${fixed ? html`<${Badge}>${t(`zone.${device.zone}`)}<//>` : html`<select class="zone" value=${device.zone}
			aria-label=${t('device.zoneOf', {name})} onChange=${(e) => {
				ask(e.target.value);
				e.target.value = device.zone;	/* until it is so */
			}}>${zones.map((z) => html`<option key=${z} value=${z} selected=${z === device.zone}>
				${t(`zone.${z}`)}</option>`)}</select>`}
		${zone && html`<${ZoneChange} device=${device} zone=${zone} onClose=${() => ask(null)} />`}</li>`;
}

function matches(row, words) {
	const {device} = row;
	const text = [deviceName(device), device.hostname && plain(device.hostname), device.vendor, device.mac,
		...row.addresses.map((at) => at.address)].join(' ').toLowerCase();
	return words.every((word) => text.includes(word));
}

function List() {
	const [search, setSearch] = useState('');
	const devices = useStore((s) => s.devices);
	const words = search.toLowerCase().split(/\s+/).filter(Boolean);
	const found = [...devices.values()].filter((row) => matches(row, words)).sort((a, b) => isHere(b) - isHere(a) ||
		byName(a, b));

	return html`<header class="stack tight"><h1>${t('nav.devices')}</h1>
			<p class="quiet">${t('device.intro')}</p></header>
		<section class="card" aria-label=${t('nav.devices')}>
		<${Field} label=${t('search')} type="search" value=${search} onInput=${setSearch} />
		${found.length === 0 && html`<p class="quiet">${t(devices.size ? 'device.noMatch' : 'first.nobody')}</p>`}
		<ul class="list">${found.map((row) => html`<${Row} key=${row.device.id} row=${row} />`)}</ul></section>`;
}

export function Devices({rest}) {
	const id = Number(rest[0]);
	return id ? html`<${Device} key=${id} id=${id} />` : html`<${List} />`;
}
