/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a decision costs: us each with 10, 100 and 1,000 rules of which the last one matches, for
 * rules that are told from a request by what is cheap, by what is dear, and by the worst a text
 * can be. Cost must not grow with devices: each figure is given for one device that asks, and for
 * requests of a million different ones. Prints a table and judges nothing.
 */
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUN_NS 200000000.0
#define STARS "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* As a home might have them: one rule in four for each thing a rule can be about. */
static void make_usual(struct rule *r, uint32_t n)
{
	switch (n % 4) {
	case 0:
		r->device_id = n + 2000000;
		break;
	case 1:
		r->zones = 1 << RULE_ZONE_GUEST;
		break;
	case 2:
		r->external_min = 1;
		r->external_max = 1023;
		break;
	default:
		r->risk = RULE_RISK_RISKY;
	}
}

static void make_descr(struct rule *r, uint32_t n)
{
	snprintf(r->descr, sizeof(r->descr), "*app %u*", (unsigned)n);
}

static void make_stars(struct rule *r, uint32_t n)
{
	(void)n;
	memcpy(r->descr, STARS, sizeof(STARS));
}

typedef void make_fn(struct rule *r, uint32_t n);

static struct rule *rules_new(size_t count, make_fn *make)
{
	struct rule *rules = calloc(count, sizeof(*rules));

	for (size_t i = 0; rules && i < count; i++) {
		rule_init(&rules[i]);
		rules[i].id = (uint32_t)i + 1;
		if (i + 1 < count)
			make(&rules[i], (uint32_t)i);
		else
			rules[i].verdict = RULE_ALLOW;
	}
	return rules;
}

static double us_each(const struct rule *rules, size_t count, uint32_t devices, struct str descr)
{
	struct decide_facts f = {.zone = RULE_ZONE_MEMBER, .origin = MAP_ORIGIN_UPNP,
		.proto = MAP_PROTO_UDP, .own_address = true, .external_port = 3074,
		.internal_port = 3074, .time_known = true, .descr = descr};
	struct decision d;
	double start = now_ns(), spent = 0;
	uint32_t n = 0;

	while (spent < RUN_NS) {
		for (int i = 0; i < 16; i++) {
			f.device_id = 1 + n++ % devices;
			decide(rules, count, &f, &d);
			if (d.rule_id != count)
				abort();
		}
		spent = now_ns() - start;
	}
	return spent / n / 1000;
}

int main(void)
{
	static char worst[MAP_DESCR_MAX];
	const struct {
		const char *what;
		make_fn *make;
		struct str descr;
	} kinds[] = {
		{"usual rules", make_usual, STR("Xbox Live")},
		{"rules about texts", make_descr, STR("libtorrent/2.0.9.0 at 192.168.1.10:6881")},
		{"rules and text at their worst", make_stars, {worst, sizeof(worst)}},
	};

	memset(worst, 'a', sizeof(worst));

	puts("us a decision, the last rule decides\n");
	puts("| rules | kind | one device | a million devices |\n|---|---|---|---|");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t count = 10; count <= RULES_MAX; count *= 10) {
			struct rule *rules = rules_new(count, kinds[k].make);
			if (!rules)
				return 1;
			printf("| %zu | %s | %.3f | %.3f |\n", count, kinds[k].what,
				us_each(rules, count, 1, kinds[k].descr),
				us_each(rules, count, 1000000, kinds[k].descr));
			free(rules);
		}
	}
	return 0;
}
