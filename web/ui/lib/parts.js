/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces every page is made of. LAN text always goes in as text, within class "text". */
import {html, useEffect, useId, useRef, useState} from './preact.js';
import {act, useForm} from './act.js';
import {countdown, deviceName} from './format.js';
import {said, t} from './i18n.js';
import {toast, untoast, useStore} from './store.js';

const CLOSING_SHOWN = 20;
const PATHS = {
	home: 'M4 11 12 4l8 7v9h-5v-6H9v6H4z',
	devices: 'M3 5h13v9H3zM1 18h15M18 9h4v10h-4z',
	phones: 'M6 3h4l2 5-2.5 1.5a12 12 0 0 0 5 5L16 12l5 2v4a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z',
	rules: 'M4 6h10M4 12h16M4 18h7M17 4v4M9 10v4M14 16v4',
	record: 'M6 3h9l4 4v14H6zM9 11h7M9 15h7M9 7h3',
	settings: 'M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM12 2v3m0 14v3m10-10h-3M5 12H2m17-7-2 2M7 17l-2 2' +
		'm14 0-2-2M7 7 5 5',
	plus: 'M12 5v14M5 12h14', up: 'm6 15 6-6 6 6', down: 'm6 9 6 6 6-6', close: 'm6 6 12 12M18 6 6 18',
	edit: 'm4 20 1-5L16 4l4 4L9 19z',
	bin: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
};

export function Icon({name}) {
	return html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor"
		stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
}

export function Toasts() {
	const toasts = useStore((s) => s.toasts);

	return html`<div class="toasts" role="status" aria-live="polite">${toasts.map((one) => html`
		<div class="toast" key=${one.id}><span>${one.text}</span>${one.action && html`
			<button onClick=${() => {
				untoast(one.id);
				one.action.run();
			}}>${one.action.text}</button>`}
			<button class="icon" aria-label=${t('close')} onClick=${() => untoast(one.id)}>
				<${Icon} name="close" /></button>
		</div>`)}</div>`;
}

/* A modal question. onClose is called for every way out but the page's own buttons; the focus goes
 * back to where it was, also when the page takes the dialog away. */
export function Dialog({title, onClose, children}) {
	const ref = useRef(null);
	const id = useId();

	useEffect(() => {
		const before = document.activeElement;

		ref.current.showModal();
		ref.current.querySelector('h2').focus();	/* not the button that closes it */
		return () => before && before.isConnected && before.focus();
	}, []);
	return html`<dialog ref=${ref} aria-labelledby=${id} onClose=${onClose}>
		<div class="stack"><div class="row between apart"><h2 id=${id} tabindex="-1">${title}</h2>
			<button type="button" class="plain icon" aria-label=${t('close')} onClick=${() => ref.current.close()}>
				<${Icon} name="close" /></button></div>${children}</div></dialog>`;
}

/* label, hint and fault around one control, joined for screen readers. */
export function Field({label, hint, fault, type = 'text', value, onInput, options, ...rest}) {
	const id = useId();
	const by = [hint && `${id}h`, fault && `${id}f`].filter(Boolean).join(' ') || undefined;
	const common = {id, 'aria-describedby': by, 'aria-invalid': fault ? 'true' : undefined, ...rest};

	return html`<div class="field"><label for=${id}>${label}</label>
		${options ? html`<select ...${common} value=${value} onChange=${(e) => onInput(e.target.value)}>
			${options.map(([v, text]) => html`<option value=${v} selected=${v === value}>${text}</option>`)}
			</select>`
		: html`<input type=${type} ...${common} value=${value} onInput=${(e) => onInput(e.target.value)} />`}
		${hint && html`<span class="hint" id=${`${id}h`}>${hint}</span>`}
		${fault && html`<span class="fault" id=${`${id}f`}>${fault}</span>`}</div>`;
}

/* What a form was refused for where no field is to blame. */
export function Rest({form}) {
	const fault = form.rest();
	return fault && html`<p class="fault" role="alert">${fault}</p>`;
}

/* One of few: [[value, title, hint], ...]. */
export function Radios({legend, hidden, value, options, onInput, disabled}) {
	const name = useId();

	return html`<fieldset><legend class=${hidden ? 'hidden' : 'label'}>${legend}</legend>
		<div class="stack tight">${options.map(([v, title, hint]) => html`<label key=${v} class="check">
			<input type="radio" name=${name} checked=${v === value} disabled=${disabled} onChange=${() => onInput(v)} />
			<span>${title}${hint && html`<br /><span class="hint">${hint}</span>`}</span></label>`)}</div></fieldset>`;
}

export function Check({label, hint, checked, onChange, disabled}) {
	return html`<label class="check"><input type="checkbox" checked=${checked} disabled=${disabled}
		onChange=${(e) => onChange(e.target.checked)} /><span>${label}${hint && html`<br /><span class="hint">
		${hint}</span>`}</span></label>`;
}

/* On or off, at once. */
export function Switch({label, on, onChange}) {
	return html`<button class="switch" role="switch" aria-checked=${String(on)} aria-label=${label}
		onClick=${() => onChange(!on)}><span></span></button>`;
}

export function Badge({kind = '', children}) {
	return html`<span class=${`badge ${kind}`}>${children}</span>`;
}

/* [[key of its name, value], ...]; what has no value is left out. */
export function Facts({rows}) {
	return html`<dl class="facts">${rows.filter(([, value]) => value).map(([key, value]) => html`
		<div key=${key}><dt>${t(key)}</dt><dd class="text">${value}</dd></div>`)}</dl>`;
}

/* One clock for all: a page with a hundred of them has one timer, and a hidden page none. */
const ticking = new Set();
let clock = 0;

function tick() {
	for (const draw of [...ticking])
		draw();
}

function keepClock() {
	const need = ticking.size > 0 && !document.hidden;

	if (need && !clock)
		clock = setInterval(tick, 1000);
	if (!need && clock) {
		clearInterval(clock);
		clock = 0;
	}
}
document.addEventListener('visibilitychange', () => {
	keepClock();
	tick();
});

function useClock() {
	const [, draw] = useState(0);

	useEffect(() => {
		const again = () => draw((n) => n + 1);
		ticking.add(again);
		keepClock();
		return () => {
			ticking.delete(again);
			keepClock();
		};
	}, []);
}

/* Seconds that were left when it was heard, ticking. */
export function Countdown({left_s, heard_ms}) {
	useClock();
	const left = Math.max(0, left_s - (performance.now() - heard_ms) / 1000);
	return html`<span class="time">${countdown(left)}</span>`;
}

/* The same the other way: how long it lasts. */
export function Clock({age_s, heard_ms}) {
	useClock();
	return html`<span class="time">${countdown(age_s + (performance.now() - heard_ms) / 1000)}</span>`;
}

/* Values oldest first, as a line with the ground below it filled. */
export function Spark({values, label}) {
	const top = Math.max(1, ...values);
	const points = values.map((v, i) => `${(i * 96 / Math.max(1, values.length - 1)).toFixed(1)},${
		(26 - v * 24 / top).toFixed(1)}`);

	if (values.length < 2 || !values.some(Boolean))
		return null;
	return html`<svg class="spark" viewBox="0 0 96 28" role="img" aria-label=${label}>
		<path class="area" d=${`M0,28 L${points.join(' L')} L96,28 Z`} /><path d=${`M${points.join(' L')}`} />
	</svg>`;
}

/* What a change would close, before it is made. rows as the daemon's previews have them. */
export function Closing({rows}) {
	if (!rows.length)
		return html`<p>${t('closing.none')}</p>`;
	return html`<div class="card warn"><p>${t('closing.some', {n: rows.length})}</p><ul class="list">
		${rows.slice(0, CLOSING_SHOWN).map(({opening, why}) => html`<li key=${opening.id} class="small">
			<bdi>${deviceName(opening.device)}</bdi>: ${opening.protocol}${' '}
			${opening.external.port ?? opening.internal.port}
			<br /><span class="text">${said(why)}</span></li>`)}</ul>
		${rows.length > CLOSING_SHOWN && html`<p>${t('closing.more', {n: rows.length - CLOSING_SHOWN})}</p>`}</div>`;
}

/* A question with one way on, which may take a while or fail. */
export function Confirm({title, go, kind = 'main', run, onClose, children}) {
	const form = useForm(async () => {
		await run();
		onClose();
	});

	return html`<${Dialog} title=${title} onClose=${onClose}><form class="stack" onSubmit=${form.submit}>
		${children}${form.fault && html`<p class="fault" role="alert">${form.fault}</p>`}
		<div class="row"><button class=${kind} disabled=${form.busy}>${go}</button>
			<button type="button" onClick=${onClose}>${t('cancel')}</button></div></form><//>`;
}

/*
 * Asks what a change would close. A change that closes nothing is made at once, unless it is to be
 * asked for anyway; another one waits for the owner's word.
 */
export function Preview({title, ask, run, done, anyway = false, onClose}) {
	const [rows, setRows] = useState(null);

	useEffect(() => {
		act(async () => {
			const {closing} = await ask();
			if (closing.length || anyway)
				setRows(closing);
			else
				await run().then(() => toast(done)).finally(onClose);
		}).then((good) => good || onClose());
	}, []);
	if (!rows)
		return null;
	return html`<${Confirm} title=${title} go=${t('apply')} onClose=${onClose}
		run=${() => run().then(() => toast(done))}><${Closing} rows=${rows} /><//>`;
}
