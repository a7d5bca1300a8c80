/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner does and what pages ask for: one way to send it, to wait for it, and to say why not. */
import {useEffect, useState} from './preact.js';
import {capital, said, t} from './i18n.js';
import {toast} from './store.js';

/* What an error means to the owner: the daemon's own words, or that it is away. */
export function say(error) {
	if (error.code === 'away' && !error.status)
		return t('error.away');
	return capital(said(error.message)) || t('error.failed');
}

/* Runs an act of the owner and says what came of it; true when it was done. */
export async function act(fn, done = null, action = null) {
	try {
		await fn();
	} catch (error) {
		toast([error.field, say(error)].filter(Boolean).join(': '));	/* the place in a file */
		return false;
	}
	if (done)
		toast(done, action);
	return true;
}

/* A form that is sent once at a time and shows why it was refused. of(field, ...) is the fault of
 * that field, which takes it from rest, shown where no field is to blame. */
export function useForm(send) {
	const [state, set] = useState({busy: false, fault: null, field: null});
	const claimed = new Set();
	const place = (state.field || '').split('.').pop();
	const submit = async (event) => {
		event.preventDefault();
		set({busy: true, fault: null, field: null});
		try {
			await send();
			set({busy: false, fault: null, field: null});
		} catch (error) {
			set({busy: false, fault: say(error), field: error.field || null});
		}
	};
	return {
		...state, submit,
		of(name) {
			claimed.add(name);
			return state.fault && place === name ? state.fault : null;
		},
		rest: () => state.fault && !claimed.has(place) ? [place, state.fault].filter(Boolean).join(': ') : null,
	};
}

/* Asks when the page comes, when one of "on" changes, and again(). */
export function useLoad(ask, on) {
	const [state, set] = useState({data: null, error: null});
	const [turn, next] = useState(0);

	useEffect(() => {
		let wanted = true;

		ask().then((data) => wanted && set({data, error: null}),
			(error) => wanted && set((old) => ({data: old.data, error: say(error)})));
		return () => { wanted = false; };
	}, [...on, turn]);
	return {...state, again: () => next((n) => n + 1)};
}
