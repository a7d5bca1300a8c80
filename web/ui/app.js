/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame: who is here (set-up, log-in, the owner), where we are (the part of the URL behind #)
 * and the way elsewhere. Pages are modules of pages/, each a component.
 */
import {html, render, useEffect, useErrorBoundary, useRef, useState} from './lib/preact.js';
import {t} from './lib/i18n.js';
import {Icon, Toasts} from './lib/parts.js';
import {loadSession, useStore} from './lib/store.js';
import {Devices} from './pages/devices.js';
import {Home} from './pages/home.js';
import {AskAgain, Login} from './pages/login.js';
import {Phones} from './pages/phones.js';
import {Record} from './pages/record.js';
import {Rules} from './pages/rules.js';
import {Settings} from './pages/settings.js';
import {Setup, Welcome} from './pages/setup.js';

const pages = {home: Home, devices: Devices, phones: Phones, rules: Rules, record: Record, settings: Settings};

/* "#/devices/7" -> ["devices", "7"] */
function useWhere() {
	const [hash, move] = useState(location.hash);

	useEffect(() => {
		const go = () => {
			move(location.hash);
			scrollTo(0, 0);
		};
		addEventListener('hashchange', go);
		move(location.hash);	/* it may be another one since the first drawing */
		return () => removeEventListener('hashchange', go);
	}, []);
	return hash.replace(/^#\/?/, '').split('/');
}

const countWaiting = (s) => [...s.cards.values()].filter((c) => c.state === 'open').length;

function Nav({page, waiting}) {
	return html`<nav class="main" aria-label=${t('nav')}>
		<div class="brand"><img src="icon.svg" alt="" />Postern</div>
		<ul>${Object.keys(pages).map((name) => html`<li key=${name}>
			<a href=${`#/${name}`} aria-current=${name === page ? 'page' : undefined}>
				<${Icon} name=${name} /><span>${t(`nav.${name}`)}</span>
				${name === 'home' && waiting > 0 && html`<span class="count">${waiting}
					<span class="hidden">${t('nav.waiting')}</span></span>`}
			</a></li>`)}</ul></nav>`;
}

function Broken({error}) {
	return html`<div class="card bad" role="alert"><p>${t('error.page')}</p>
		<p class="small mono text">${String(error)}</p></div>`;
}

/* Who cannot see that a card came hears it. */
function Heard({waiting}) {
	const before = useRef(waiting);
	const more = waiting > before.current;

	useEffect(() => { before.current = waiting; }, [waiting]);
	return html`<p class="hidden" role="status">${more ? t('nav.asked', {n: waiting}) : ''}</p>`;
}

/* Another page is read from its heading on. */
function useHeading(place) {
	const first = useRef(true);

	useEffect(() => {
		const heading = document.querySelector('#main h1');

		if (heading && !first.current) {
			heading.tabIndex = -1;
			heading.focus();
		}
		first.current = false;
	}, [place]);
}

function Frame() {
	const [page, ...rest] = useWhere();
	const name = pages[page] ? page : 'home';
	const live = useStore((s) => s.live);
	const waiting = useStore(countWaiting);
	const [error, forget] = useErrorBoundary();

	useHeading([name, ...rest].join('/'));
	useEffect(() => {
		document.title = `${waiting ? `(${waiting}) ` : ''}${t(`nav.${name}`)} – Postern`;
	}, [name, waiting]);
	useEffect(forget, [name]);
	return html`<a class="skip" href="#main" onClick=${(e) => {
			e.preventDefault();
			document.getElementById('main').focus();
		}}>${t('nav.skip')}</a>
		<div class="frame"><${Nav} page=${name} waiting=${waiting} />
		<main id="main" tabindex="-1">
			<${Heard} waiting=${waiting} />
			${!live && html`<p class="card warn small" role="status">${t('error.offline')}</p>`}
			${error ? html`<${Broken} error=${error} />`
				: html`<${pages[name]} key=${name === 'record' ? rest.join() : name} rest=${rest} />`}
		</main></div>`;
}

function App() {
	const session = useStore((s) => s.session);
	const welcome = useStore((s) => s.welcome);

	useEffect(() => { loadSession(); }, []);
	if (!session)
		return html`<main class="gate"><p class="quiet" role="status">${t('loading')}</p></main>`;
	if (session.state === 'away')
		return html`<main class="gate"><p role="alert">${t('error.away')}</p></main>`;
	if (session.state === 'setup')
		return html`<${Setup} />`;
	if (session.state === 'login')
		return html`<${Login} />`;
	return html`${welcome ? html`<${Welcome} />` : html`<${Frame} />`}<${AskAgain} />`;
}

render(html`<${App} /><${Toasts} />`, document.getElementById('app'));
