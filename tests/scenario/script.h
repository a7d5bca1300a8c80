/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A script's line as words, and what words mean. Whatever is wrong with them ends the script. */
#ifndef TESTS_SCENARIO_SCRIPT_H
#define TESTS_SCENARIO_SCRIPT_H

#include "tests/scenario/world.h"

#define SCRIPT_WORDS 32

struct script {
	const char *path;
	unsigned line;
	char *words[SCRIPT_WORDS];
	size_t count, at;
	bool together;			/* requests wait for "go" */
	uint32_t last_id;		/* of the last granted opening */
	uint32_t closed_id;		/* of the last one the owner closed */
	struct world world;
};

/* Says where and what on stderr, and ends the process that plays the script. */
_Noreturn void script_fail(struct script *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Cuts text up; false: a comment or nothing. "..." is one word. */
bool script_split(struct script *s, char *text);
const char *script_next(struct script *s);
/* Takes the next word if it is this one. */
bool script_take(struct script *s, const char *word);
void script_done(struct script *s);	/* there must be no more words */

uint32_t script_number(struct script *s);
uint64_t script_ms(struct script *s);	/* 90s, 2m, 1h, 500ms */
uint8_t script_proto(struct script *s);
struct addr script_addr(struct script *s);
struct endpoint script_endpoint(struct script *s);	/* 192.168.1.10:80, [2001:db8::1]:80 */
/* "remote ADDR" if it stands there, else everybody of that family. */
struct prefix script_remote(struct script *s, bool is4);

/* script_ask.c and script_expect.c: a line that begins with this command. */
void script_pcp(struct script *s);
void script_natpmp(struct script *s);
void script_upnp(struct script *s);
void script_pinhole(struct script *s);
void script_owner(struct script *s);
/* script_trust.c */
void script_preset(struct script *s);
void script_rule(struct script *s);
void script_cards(struct script *s);
void script_card(struct script *s);
void script_answer(struct script *s);
/* script_sip.c */
void script_sip(struct script *s);
void script_phone(struct script *s);
/* script_owner.c */
void script_host(struct script *s);
void script_bound(struct script *s);
void script_doors(struct script *s);
void script_device_line(struct script *s);
void script_devices(struct script *s);
void script_attend(struct script *s);
void script_hand(struct script *s);
void script_close(struct script *s);
void script_undo(struct script *s);
void script_suspended(struct script *s);
void script_alert(struct script *s);
void script_expect(struct script *s);
void script_record(struct script *s);
void script_chaos(struct script *s);
/* What list, kernel and the counts of quotas say must be the same. */
void script_consistent(struct script *s);
void script_asked(struct script *s, const struct map_req *req);
/* Whatever was not ok had to be expected. */
void script_check_read(struct script *s);

#endif
