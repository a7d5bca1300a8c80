/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every word the owner reads, by key, from one catalogue a language: text/en.js and its sisters.
 * {name} is filled in; a key with .one and .other takes n and follows the language's plural rule.
 * What the daemon says is English; said() looks it up among the sentences that were translated.
 */
import {en} from '../text/en.js';
import {de} from '../text/de.js';
import {saidDe} from '../text/de_said.js';

const catalogues = {en, de};
const translated = {de: saidDe};

/* A browser may forbid to keep anything. */
function keepLanguage(tag) {
	try {
		if (tag)
			localStorage.setItem('language', tag);
		return localStorage.getItem('language');
	} catch {
		return null;
	}
}

const saved = keepLanguage();
const wanted = [saved, ...(navigator.languages || [])].map((tag) => (tag || '').slice(0, 2));

export const languages = {en: 'English', de: 'Deutsch'};
export const language = wanted.find((tag) => catalogues[tag]) || 'en';
const text = catalogues[language];
const plural = new Intl.PluralRules(language);

document.documentElement.lang = language;

function find(key, vars) {
	const many = vars && typeof vars.n === 'number' && `${key}.${plural.select(vars.n)}`;

	for (const from of [text, en]) {
		if (many && from[many] !== undefined)
			return from[many];
		if (from[key] !== undefined)
			return from[key];
	}
	return key;
}

export function t(key, vars) {
	return find(key, vars).replace(/\{(\w+)\}/g, (whole, name) =>
		vars && vars[name] !== undefined ? String(vars[name]) : whole);
}

/* The same as children of an element, when what is filled in are elements. */
export function parts(key, vars) {
	return find(key, vars).split(/\{(\w+)\}/).map((piece, i) => i % 2 ? vars[piece] : piece);
}

export function has(key) {
	return en[key] !== undefined;
}

/* "The device is at home, at {a}." -> a pattern that takes anything for {a}. */
function pattern([english, text]) {
	const quoted = english.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '(.+)');
	return {english: new RegExp(`^${quoted}$`), names: english.match(/\{\w+\}/g) || [], text};
}

const patterns = Object.entries(translated[language] || {}).filter(([english]) => english.includes('{')).map(pattern);

export function said(english) {
	const exact = (translated[language] || {})[english];
	const like = !exact && english && patterns.find((p) => p.english.test(english));

	if (!like)
		return exact || english;
	const found = english.match(like.english);
	return like.names.reduce((text, name, i) => text.replace(name, () => said(found[i + 1])), like.text);
}

export const capital = (text) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);

export function setLanguage(tag) {
	keepLanguage(tag);
	location.reload();
}
