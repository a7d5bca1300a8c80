/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a rule or an opening by hand holds: from-to on weekdays, in the router's local time. Pure:
 * what time it is comes in as the minute of the week, Monday 00:00 being 0.
 */
#ifndef POLICY_SCHEDULE_H
#define POLICY_SCHEDULE_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_DAY_MIN 1440
#define SCHEDULE_WEEK_MIN 10080
#define SCHEDULE_DAYS 0x7f	/* every day */
#define SCHEDULE_TEXT_MAX 48	/* of schedule_encode, with NUL */

struct schedule {
	uint8_t days;		/* bit 0 Monday .. bit 6 Sunday, on which it begins; 0: always */
	uint16_t from_min;	/* minute of the day; always: 0 */
	uint16_t to_min;	/* at or before from_min: on the day after; always: 0 */
};

bool schedule_is_always(const struct schedule *s);
bool schedule_holds(const struct schedule *s, uint16_t minute_of_week);
/* Minutes until it begins or ceases to hold, 1 .. SCHEDULE_WEEK_MIN; 0: never. */
uint16_t schedule_next(const struct schedule *s, uint16_t minute_of_week);
/* There is a minute of the week at which both hold. */
bool schedule_meets(const struct schedule *a, const struct schedule *b);
/* "always"; "mon-fri 16:00-20:00"; "mon,wed,sat-sun 22:00-06:00"; "daily 08:00-20:00".
 * ERR_SYNTAX with out untouched. */
int schedule_decode(struct str text, struct schedule *out);
void schedule_encode(const struct schedule *s, char out[SCHEDULE_TEXT_MAX]);
/* NULL, or a static text: why this is none. */
const char *schedule_fault(const struct schedule *s);

#endif
