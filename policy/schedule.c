/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schedules; see schedule.h. Each day named begins one stretch of up to a day, which may end on
 * the day after; the week is a ring of minutes.
 */
#include "policy/schedule.h"

#include "protocols/err.h"
#include "protocols/reader.h"

#define DAYS 7
#define HOUR_MIN 60

static const char day_names[DAYS][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

bool schedule_is_always(const struct schedule *s)
{
	return s->days == 0;
}

static bool is_day(const struct schedule *s, unsigned day)
{
	return (s->days >> day & 1) != 0;
}

/* 1 .. SCHEDULE_DAY_MIN */
static unsigned length_of(const struct schedule *s)
{
	unsigned days = s->to_min > s->from_min ? 0 : 1;

	return days * SCHEDULE_DAY_MIN + s->to_min - s->from_min;
}

static unsigned start_of(const struct schedule *s, unsigned day)
{
	return day * SCHEDULE_DAY_MIN + s->from_min;
}

bool schedule_holds(const struct schedule *s, uint16_t minute_of_week)
{
	for (unsigned day = 0; day < DAYS; day++) {
		unsigned since = minute_of_week + SCHEDULE_WEEK_MIN - start_of(s, day);
		if (is_day(s, day) && since % SCHEDULE_WEEK_MIN < length_of(s))
			return true;
	}
	return schedule_is_always(s);
}

static bool changes_at(const struct schedule *s, uint16_t minute_of_week, unsigned bound)
{
	return schedule_holds(s, (uint16_t)(bound % SCHEDULE_WEEK_MIN)) !=
	       schedule_holds(s, minute_of_week);
}

/* It can change only where a stretch begins or ends. */
uint16_t schedule_next(const struct schedule *s, uint16_t minute_of_week)
{
	unsigned next = SCHEDULE_WEEK_MIN;

	for (unsigned i = 0; i < 2 * DAYS; i++) {
		unsigned bound = start_of(s, i / 2) + (i % 2 ? length_of(s) : 0);
		unsigned wait = (bound + SCHEDULE_WEEK_MIN - minute_of_week) % SCHEDULE_WEEK_MIN;
		if (is_day(s, i / 2) && wait < next && changes_at(s, minute_of_week, bound))
			next = wait;
	}
	return next < SCHEDULE_WEEK_MIN ? (uint16_t)next : 0;
}

static bool begins_within(const struct schedule *a, const struct schedule *b)
{
	for (unsigned day = 0; day < DAYS; day++) {
		if (is_day(a, day) && schedule_holds(b, (uint16_t)start_of(a, day)))
			return true;
	}
	return false;
}

/* Where two stretches meet one of them begins; what is always there has no beginning. */
bool schedule_meets(const struct schedule *a, const struct schedule *b)
{
	return schedule_is_always(a) || begins_within(a, b) || begins_within(b, a);
}

static int day_decode(struct str text, unsigned *out)
{
	text = str_trim(text);
	for (unsigned day = 0; day < DAYS; day++) {
		if (str_eqi(text, str_from(day_names[day]))) {
			*out = day;
			return 0;
		}
	}
	return ERR_SYNTAX;
}

/* "fri" or "fri-mon" */
static int run_decode(struct str text, uint8_t *days)
{
	struct str first = str_split(&text, '-');
	unsigned day, last;
	int err = day_decode(first, &day);

	last = day;
	if (!err && text.p)
		err = day_decode(text, &last);
	if (err)
		return err;
	for (; day != last; day = (day + 1) % DAYS)
		*days |= (uint8_t)(1u << day);
	*days |= (uint8_t)(1u << last);
	return 0;
}

static int days_decode(struct str text, uint8_t *out)
{
	uint8_t days = 0;
	int err;

	if (str_eqi(text, STR("daily"))) {
		*out = SCHEDULE_DAYS;
		return 0;
	}
	do
		err = run_decode(str_split(&text, ','), &days);
	while (!err && text.p);
	if (!err)
		*out = days;
	return err;
}

/* "8:00", "08:00"; "24:00" is the end of a day and so the next one's beginning. */
static int time_decode(struct str text, uint32_t last_hour, uint16_t *out)
{
	struct str minutes = str_trim(text), hours = str_split(&minutes, ':');
	uint32_t h, m;

	if (hours.len > 2 || minutes.len != 2 || str_u32(hours, 0, last_hour, &h) ||
		str_u32(minutes, 0, HOUR_MIN - 1, &m) || h * HOUR_MIN + m > SCHEDULE_DAY_MIN)
		return ERR_SYNTAX;
	*out = (uint16_t)((h * HOUR_MIN + m) % SCHEDULE_DAY_MIN);
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int schedule_decode(struct str text, struct schedule *out)
{
	struct schedule s = {0};
	struct str days, from, to;
	size_t at = 0;
	int err;

	text = str_trim(text);
	if (str_eqi(text, STR("always"))) {
		*out = s;
		return 0;
	}
	while (at < text.len && !is_digit(text.p[at]))
		at++;
	days = str_trim(str_sub(text, 0, at));
	to = str_sub(text, at, text.len);
	from = str_split(&to, '-');
	err = days_decode(days, &s.days);
	if (!err)
		err = time_decode(from, 23, &s.from_min);
	if (!err)
		err = time_decode(to, 24, &s.to_min);
	if (!err)
		*out = s;
	return err;
}

static void days_encode(struct writer *w, const struct schedule *s)
{
	const char *comma = "";

	for (unsigned day = 0; day < DAYS; day++) {
		unsigned first = day;
		if (!is_day(s, day))
			continue;
		while (is_day(s, day + 1))
			day++;
		writer_text(w, comma);
		writer_text(w, day_names[first]);
		if (day > first) {
			writer_u8(w, '-');
			writer_text(w, day_names[day]);
		}
		comma = ",";
	}
}

static void two_digits(struct writer *w, unsigned n)
{
	writer_u8(w, (uint8_t)('0' + n / 10));
	writer_u8(w, (uint8_t)('0' + n % 10));
}

static void time_encode(struct writer *w, unsigned minute)
{
	two_digits(w, minute / HOUR_MIN);
	writer_u8(w, ':');
	two_digits(w, minute % HOUR_MIN);
}

void schedule_encode(const struct schedule *s, char out[SCHEDULE_TEXT_MAX])
{
	struct writer w = writer_to(out, SCHEDULE_TEXT_MAX - 1);

	if (schedule_is_always(s)) {
		writer_text(&w, "always");
	} else {
		if (s->days == SCHEDULE_DAYS)
			writer_text(&w, "daily");
		else
			days_encode(&w, s);
		writer_u8(&w, ' ');
		time_encode(&w, s->from_min);
		writer_u8(&w, '-');
		time_encode(&w, s->to_min);
	}
	out[w.len] = '\0';
}

const char *schedule_fault(const struct schedule *s)
{
	if (s->days & ~SCHEDULE_DAYS)
		return "the schedule names a day that does not exist";
	if (s->days == 0 && (s->from_min != 0 || s->to_min != 0))
		return "the schedule has times but no days";
	if (s->from_min >= SCHEDULE_DAY_MIN || s->to_min >= SCHEDULE_DAY_MIN)
		return "the schedule has a time that is not in a day";
	return NULL;
}
