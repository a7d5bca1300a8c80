/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vendored view library under one name, with what its version lacks. */
import {useState} from '../vendor/preact-htm.js';

export * from '../vendor/preact-htm.js';

let ids = 0;

/* An id for this use in this component, as long as it lives. */
export function useId() {
	return useState(() => `id${++ids}`)[0];
}
