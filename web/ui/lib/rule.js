/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule as a sentence: "NAS may open TCP 8000–8010, Mon–Fri 16:00–20:00". */
import {html} from './preact.js';
import {deviceName, duration, plain, when} from './format.js';
import {capital, language, parts, t} from './i18n.js';
import {sayWhen} from './schedule.js';
import {useStore} from './store.js';

const ORIGINS = {owner: 'owner', upnp: 'UPnP', natpmp: 'NAT-PMP', pcp: 'PCP', sip: 'SIP'};

export const originName = (origin) => origin === 'owner' ? t('rule.origin.owner') : ORIGINS[origin];
export const ports = (range) => String(range).replace('-', '–');

const joined = (names) => new Intl.ListFormat(language, {type: 'conjunction'}).format(names);

function what(rule) {
	const proto = rule.proto === 'other' ? t('rule.strange') : (rule.proto || '').toUpperCase();

	if (rule.external)
		return t('rule.what.ports', {proto, ports: ports(rule.external)}).trim();
	if (rule.internal)
		return t('rule.what.inside', {proto, ports: ports(rule.internal)}).trim();
	if (rule.risk)
		return t(`rule.what.${rule.risk}`);
	return proto ? t('rule.what.proto', {proto}) : t('rule.what.any');
}

/* Everything that narrows it, each a few words. */
function narrowed(rule) {
	return [
		(rule.external || rule.internal) && rule.risk && t(`rule.what.${rule.risk}`),
		rule.external && rule.internal && t('rule.inside', {ports: ports(rule.internal)}),
		rule.origins && t('rule.by', {names: joined(rule.origins.map(originName))}),
		rule.remote && t('rule.from', {prefix: rule.remote}),
		rule.descr && t('rule.says', {text: plain(rule.descr)}),
		rule.third_party && t('rule.others'),
		rule.lifetime_max && t('rule.lifetime', {time: duration(rule.lifetime_max)}),
		rule.quota && t('rule.quota', {n: rule.quota}),
		rule.when && sayWhen(rule.when),
		rule.until && t('rule.until', {time: when(rule.until)}),
	].filter(Boolean);
}

export function RuleText({rule}) {
	const devices = useStore((s) => s.devices);
	const row = rule.device && devices.get(rule.device);
	const everybody = !rule.device && !rule.zones;
	const who = rule.device
		? html`<bdi>${row ? deviceName(row.device) : t('device.number', {id: rule.device})}</bdi>`
		: everybody ? t('rule.everybody') : capital(joined(rule.zones.map((zone) => t(`zone.many.${zone}`))));
	const key = everybody && rule.verdict === 'deny' ? 'rule.nobody' : `rule.${rule.verdict}`;

	return html`<span class="text">${parts(key, {n: rule.device ? 1 : 2, who,
		what: what(rule), tail: narrowed(rule).map((words) => `, ${words}`).join('')})}</span>`;
}
