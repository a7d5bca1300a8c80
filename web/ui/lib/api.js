/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way to the daemon: JSON over the same origin. The CSRF token lives in memory only; who
 * reloads the page gets it again with the session. An answer that is no success becomes an
 * ApiError with code, message and field as the daemon said them.
 */
let csrf = '';
let again = null;	/* asks the owner for the password anew; true: go on */
let out = null;		/* the session is over */

export class ApiError extends Error {
	constructor(status, error) {
		super(error.message || `HTTP ${status}`);
		this.status = status;
		this.code = error.code || 'failed';
		this.field = error.field || null;
	}
}

export function setCsrf(token) {
	csrf = token || '';
}

export function onAgain(fn) {
	again = fn;
}

export function onOut(fn) {
	out = fn;
}

async function read(response) {
	const text = await response.text();
	if (!text)
		return null;
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

/* path is below /api/v1, without the leading slash. */
export async function call(method, path, body) {
	const options = {method, credentials: 'same-origin', cache: 'no-store', headers: {}};
	let response;

	if (body !== undefined) {
		options.body = JSON.stringify(body);
		options.headers['Content-Type'] = 'application/json';
	}
	if (method !== 'GET' && csrf)
		options.headers['X-Postern-CSRF'] = csrf;
	try {
		response = await fetch(`/api/v1/${path}`, options);
	} catch {
		throw new ApiError(0, {code: 'away', message: ''});
	}
	const answer = await read(response);
	if (response.ok)
		return answer;
	const error = new ApiError(response.status, (answer && answer.error) || {});
	if (error.code === 'again' && again && await again())
		return call(method, path, body);
	if (error.code === 'login' && out)
		out();
	throw error;
}

export const get = (path) => call('GET', path);
export const post = (path, body = {}) => call('POST', path, body);
export const put = (path, body) => call('PUT', path, body);
export const del = (path) => call('DELETE', path);
