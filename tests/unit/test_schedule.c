/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schedules against a week of 10,080 marks: each day named paints its stretch on it, minute by
 * minute; and texts there and back.
 */
#include "policy/schedule.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WEEK 10080

static const struct schedule all[] = {
	{0, 0, 0}, {SCHEDULE_DAYS, 0, 0}, {SCHEDULE_DAYS, 480, 480}, {SCHEDULE_DAYS, 480, 1200},
	{SCHEDULE_DAYS, 1320, 360}, {1, 0, 0}, {1, 0, 1}, {1, 1439, 0}, {1, 600, 599},
	{1, 600, 600}, {1, 600, 601}, {1 << 6, 1320, 360}, {1 << 6, 0, 0}, {1 << 6, 1439, 1438},
	{0x1f, 960, 1200}, {0x60, 0, 1439}, {0x15, 1320, 361}, {0x41, 1380, 1380}, {0x03, 720, 720},
	{0x2a, 1, 1439}, {0x3f, 0, 0}, {0x7e, 1439, 1439},
};

static void paint(const struct schedule *s, bool week[WEEK])
{
	memset(week, s->days == 0, WEEK);
	for (int day = 0; day < 7; day++) {
		int at = day * 1440 + s->from_min;
		if (!(s->days & 1 << day))
			continue;
		do
			week[at++ % WEEK] = true;
		while (at % 1440 != s->to_min);
	}
}

static void every_minute_of_the_week(void **state)
{
	bool week[WEEK];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		paint(&all[i], week);
		for (int at = 0; at < WEEK; at++)
			assert_int_equal(schedule_holds(&all[i], (uint16_t)at), week[at]);
	}
}

static int next_by_walking(const bool week[WEEK], int at)
{
	int steps = 1;

	while (steps <= WEEK && week[(at + steps) % WEEK] == week[at])
		steps++;
	return steps <= WEEK ? steps : 0;
}

static void next_change(void **state)
{
	bool week[WEEK];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		paint(&all[i], week);
		for (int at = 0; at < WEEK; at += at % 60 == 58 ? 1 : at % 60 == 1 ? 57 : 1)
			assert_int_equal(schedule_next(&all[i], (uint16_t)at),
				next_by_walking(week, at));
	}
}

static void meetings(void **state)
{
	bool a[WEEK], b[WEEK];

	(void)state;
	for (size_t i = 0; i < COUNT(all) * COUNT(all); i++) {
		const struct schedule *x = &all[i % COUNT(all)], *y = &all[i / COUNT(all)];
		bool meets = false;
		paint(x, a);
		paint(y, b);
		for (int at = 0; at < WEEK; at++)
			meets = meets || (a[at] && b[at]);
		assert_int_equal(schedule_meets(x, y), meets);
	}
}

static void texts(void **state)
{
	static const struct {
		const char *text;
		struct schedule s;
		const char *back;	/* NULL: the same */
	} good[] = {
		{"always", {0, 0, 0}, NULL},
		{" ALWAYS\t", {0, 0, 0}, "always"},
		{"mon-fri 16:00-20:00", {0x1f, 960, 1200}, NULL},
		{"mon,wed,sat-sun 22:00-06:00", {0x65, 1320, 360}, NULL},
		{"daily 08:00-20:00", {0x7f, 480, 1200}, NULL},
		{"Mon - Fri 16:00 - 20:00", {0x1f, 960, 1200}, "mon-fri 16:00-20:00"},
		{" TUE ,thu  9:05-10:59 ", {0x0a, 545, 659}, "tue,thu 09:05-10:59"},
		{"fri-mon 00:00-24:00", {0x71, 0, 0}, "mon,fri-sun 00:00-00:00"},
		{"mon-sun 00:00-00:01", {0x7f, 0, 1}, "daily 00:00-00:01"},
		{"sun-sat 23:59-23:58", {0x7f, 1439, 1438}, "daily 23:59-23:58"},
		{"sun 01:00-02:00", {0x40, 60, 120}, NULL},
		{"mon-mon 01:00-02:00", {0x01, 60, 120}, "mon 01:00-02:00"},
		{"mon,mon 01:00-02:00", {0x01, 60, 120}, "mon 01:00-02:00"},
		{"sat 0:00-9:00", {0x20, 0, 540}, "sat 00:00-09:00"},
	};
	char out[SCHEDULE_TEXT_MAX];
	struct schedule s;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		memset(&s, 0xee, sizeof(s));
		assert_int_equal(schedule_decode(str_from(good[i].text), &s), 0);
		assert_int_equal(s.days, good[i].s.days);
		assert_int_equal(s.from_min, good[i].s.from_min);
		assert_int_equal(s.to_min, good[i].s.to_min);
		schedule_encode(&s, out);
		assert_string_equal(out, good[i].back ? good[i].back : good[i].text);
	}
}

static void bad_texts(void **state)
{
	static const char *const bad[] = {
		"", " ", "never", "alway", "always 1:00-2:00", "mon", "mon-fri", "16:00-20:00",
		"mon 16:00", "mon 16:00-", "mon -20:00", "mon 24:00-20:00", "mon 16:00-24:01",
		"mon 16:60-20:00", "mon 16:00-20:60", "mon 25:00-26:00", "mon 16:0-20:00",
		"mon 16:000-20:00", "mon 016:00-20:00", "mon 16-20", "mon 1600-2000",
		"mon 16:00-20:00 x", "mon 16:00-20:00-21:00", "mon, 16:00-20:00",
		",mon 16:00-20:00", "mon,,tue 16:00-20:00", "mon- 16:00-20:00",
		"-mon 16:00-20:00", "mon-tue-wed 16:00-20:00", "monday 16:00-20:00",
		"mon tue 16:00-20:00", "daily,mon 16:00-20:00", "mo 16:00-20:00",
		"mon 16:00:00-20:00", "mon +6:00-20:00", "mon 1 6:00-20:00", "mon 16: 00-20:00",
		"mon :00-20:00",
	};
	struct schedule s;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		s = (struct schedule){0x55, 1, 2};
		assert_int_equal(schedule_decode(str_from(bad[i]), &s), ERR_SYNTAX);
		assert_int_equal(s.days, 0x55);
		assert_int_equal(s.from_min, 1);
		assert_int_equal(s.to_min, 2);
	}
	assert_int_equal(schedule_decode(STR_NONE, &s), ERR_SYNTAX);
}

static void there_and_back(void **state)
{
	(void)state;
	for (unsigned days = 1; days <= SCHEDULE_DAYS; days++) {
		for (unsigned from = 0; from < 1440; from += 97) {
			struct schedule s = {(uint8_t)days, (uint16_t)from,
				(uint16_t)((from * 7 + days) % 1440)};
			struct schedule back = {0};
			char text[SCHEDULE_TEXT_MAX + 1];
			memset(text, 0x7f, sizeof(text));
			schedule_encode(&s, text);
			assert_true(text[SCHEDULE_TEXT_MAX] == 0x7f);
			assert_null(schedule_fault(&s));
			assert_int_equal(schedule_decode(str_from(text), &back), 0);
			assert_int_equal(back.days, s.days);
			assert_int_equal(back.from_min, s.from_min);
			assert_int_equal(back.to_min, s.to_min);
		}
	}
}

static void faults(void **state)
{
	static const struct schedule bad[] = {
		{0x80, 0, 0}, {0xff, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1440, 0}, {1, 0, 1440},
		{1, 65535, 65535},
	};
	static const struct schedule edges[] = {{0, 0, 0}, {0x7f, 1439, 1439}, {1, 0, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(schedule_fault(&bad[i]));
	for (size_t i = 0; i < COUNT(edges); i++)
		assert_null(schedule_fault(&edges[i]));
	assert_true(schedule_is_always(&edges[0]));
	assert_false(schedule_is_always(&edges[2]));
	/* The reason is of the right thing. */
	assert_non_null(strstr(schedule_fault(&bad[0]), "day that"));
	assert_non_null(strstr(schedule_fault(&bad[2]), "no days"));
	assert_non_null(strstr(schedule_fault(&bad[4]), "time that"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_minute_of_the_week),
		cmocka_unit_test(next_change),
		cmocka_unit_test(meetings),
		cmocka_unit_test(texts),
		cmocka_unit_test(bad_texts),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
