/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays scripts: every one in a process of its own, with a line that says how it went. A script
 * is a text of commands, one a line, "#" begins a comment; tests/README.md lists them. Without
 * arguments all of tests/scenario/scripts are played. SCENARIO_LOG=1 shows the core's log.
 */
#include "tests/scenario/script.h"

#include "gateway/fw_fake.h"
#include "protocols/err.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 300	/* of real time for one script */
#define LINE 512

struct command {
	const char *word;
	void (*fn)(struct script *s);
};

/* ---- the world ---- */

static unsigned digit(struct script *s, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		script_fail(s, "%c is no hexadecimal digit", c);
	return (unsigned)(at - digits);
}

static void neighbour(struct script *s)
{
	struct world *w = &s->world;
	struct addr addr = script_addr(s);
	const char *mac = script_next(s);
	size_t i = 0;

	while (i < w->neighbour_count && !addr_eq(&w->neighbours[i].addr, &addr))
		i++;
	if (i == WORLD_NEIGHBOURS)
		script_fail(s, "too many neighbours");
	w->neighbour_count = i == w->neighbour_count ? i + 1 : w->neighbour_count;
	w->neighbours[i].addr = addr;
	w->neighbours[i].gone = strcmp(mac, "gone") == 0;
	if (!w->neighbours[i].gone && strlen(mac) != 17)
		script_fail(s, "%s is no MAC", mac);
	for (size_t b = 0; b < 6 && !w->neighbours[i].gone; b++) {
		w->neighbours[i].mac[b] = (uint8_t)(digit(s, mac[b * 3]) << 4 |
						    digit(s, mac[b * 3 + 1]));
	}
}

static void own(struct script *s)
{
	struct world *w = &s->world;

	if (w->own_count == WORLD_PORTS)
		script_fail(s, "too many ports");
	w->own[w->own_count].proto = script_proto(s);
	w->own[w->own_count++].port = (uint16_t)script_number(s);
}

static void wan(struct script *s)
{
	s->world.wan4 = script_take(s, "none") ? addr_any4() : script_addr(s);
	core_wan_changed(s->world.core, &s->world.wan4, 3);
	world_settle(&s->world);
}

static void clock_synced(struct script *s)
{
	if (!script_take(s, "synced"))
		script_fail(s, "clock synced");
	s->world.wall_synced = true;
	core_clock_synced(s->world.core);
	world_settle(&s->world);
}

static void advance(struct script *s)
{
	world_advance(&s->world, script_ms(s));
}

static void together(struct script *s)
{
	script_check_read(s);
	s->world.answer_count = 0;
	s->together = true;
}

static void go(struct script *s)
{
	s->together = false;
	world_settle(&s->world);
}

static void on_set(void *arg, int err)
{
	if (err)
		script_fail(arg, "the setting: %s", err_text(err));
}

static void set(struct script *s)
{
	struct str name = str_from(script_next(s));
	struct core_act act = {.by = "test", .done = on_set, .arg = s};
	int err = core_setting_put(s->world.core, name, script_number(s), &act);

	if (err)
		script_fail(s, "the setting: %s", err_text(err));
	world_settle(&s->world);
}

static void fail_next(struct script *s)
{
	uint32_t bad[FW_FAKE_BAD_MAX];
	size_t count = 0;
	int err = ERR_IO;

	if (script_take(s, "bad")) {
		err = ERR_DENIED;
		while (s->at < s->count && count < FW_FAKE_BAD_MAX)
			bad[count++] = script_number(s);
	}
	fw_fake_fail(s->world.fw, err, bad, count);
}

/* "flush unheard": the news of it have not been read yet. */
static void flush(struct script *s)
{
	struct fw *fw = s->world.fw;
	struct fw told = *fw;

	if (script_take(s, "unheard"))
		fw_watch(fw, NULL, NULL);
	fw_fake_flush(fw);
	fw_watch(fw, told.event, told.event_arg);
}

static void firewall(struct script *s)
{
	struct world *w = &s->world;

	if (script_take(s, "fails")) {
		fail_next(s);
		return;
	}
	if (script_take(s, "silent")) {
		w->silent = true;
		fw_fake_hold(w->fw);
	} else if (script_take(s, "gone")) {
		w->silent = false;
		fw_fake_go(w->fw, true);
	} else if (script_take(s, "back")) {
		fw_fake_go(w->fw, false);
	} else if (script_take(s, "flush")) {
		flush(s);
	} else {
		script_fail(s, "firewall fails, silent, gone, back or flush");
	}
	world_settle(w);
}

static void store(struct script *s)
{
	if (script_take(s, "stalls"))
		world_disk(&s->world, DISK_STALLS);
	else if (script_take(s, "fails"))
		world_disk(&s->world, DISK_FULL);
	else if (script_take(s, "works"))
		world_disk(&s->world, DISK_WORKS);
	else
		script_fail(s, "store stalls, fails or works");
}

static void restart(struct script *s)
{
	if (world_restart(&s->world))
		script_fail(s, "it does not begin again");
}

static void kill_it(struct script *s)
{
	if (world_kill(&s->world))
		script_fail(s, "it does not begin again");
	s->world.answer_count = 0;
}

static void reboot_it(struct script *s)
{
	bool synced = script_take(s, "synced");

	if (!synced && !script_take(s, "unsynced"))
		script_fail(s, "reboot synced or unsynced");
	if (!script_take(s, "away"))
		script_fail(s, "away how long?");
	if (world_reboot(&s->world, synced, script_ms(s)))
		script_fail(s, "it does not begin again");
}

/* ---- playing ---- */

static void run_line(struct script *s)
{
	static const struct command commands[] = {
		{"neighbour", neighbour}, {"own", own}, {"wan", wan}, {"clock", clock_synced},
		{"advance", advance}, {"together", together}, {"go", go}, {"set", set},
		{"pcp", script_pcp}, {"natpmp", script_natpmp}, {"upnp", script_upnp},
		{"pinhole", script_pinhole}, {"owner", script_owner}, {"expect", script_expect},
		{"record", script_record}, {"firewall", firewall}, {"store", store},
		{"restart", restart}, {"kill", kill_it}, {"reboot", reboot_it},
		{"preset", script_preset}, {"rule", script_rule}, {"cards", script_cards},
		{"card", script_card}, {"answer", script_answer},
		{"chaos", script_chaos}, {"host", script_host}, {"bound", script_bound},
		{"doors", script_doors}, {"device", script_device_line},
		{"devices", script_devices}, {"attend", script_attend}, {"hand", script_hand},
		{"close", script_close}, {"undo", script_undo},
		{"suspended", script_suspended}, {"alert", script_alert},
		{"sip", script_sip}, {"phone", script_phone},
	};
	const char *word = script_next(s);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word, commands[i].word) != 0)
			continue;
		commands[i].fn(s);
		script_done(s);
		return;
	}
	script_fail(s, "what is \"%s\"?", word);
}

/* repeat N COMMAND...: in one batch, unless it is more than a wake-up. */
static void run_repeated(struct script *s)
{
	uint32_t times = 1;
	size_t begin;

	if (script_take(s, "repeat"))
		times = script_number(s);
	begin = s->at;
	if (times > 1)
		together(s);
	for (uint32_t i = 0; i < times; i++) {
		s->at = begin;
		run_line(s);
	}
	if (times > 1)
		go(s);
}

static int play(const char *path)
{
	struct script *s = calloc(1, sizeof(*s));
	FILE *file = fopen(path, "re");
	char line[LINE];

	if (!s || !file || world_begin(&s->world)) {
		perror(path);
		return EXIT_FAILURE;
	}
	s->path = path;
	while (fgets(line, sizeof(line), file)) {
		s->line++;
		if (script_split(s, line))
			run_repeated(s);
	}
	script_check_read(s);
	fclose(file);
	world_end(&s->world);
	free(s);
	return EXIT_SUCCESS;
}

/* 0: passed. */
static int play_apart(const char *path)
{
	const char *slash = strrchr(path, '/');
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		alarm(SECONDS);
		exit(play(path));
	}
	if (child > 0)
		waitpid(child, &status, 0);
	printf("%s: %s\n", status == 0 ? "PASS" : "FAIL", slash ? slash + 1 : path);
	return status != 0;
}

int main(int argc, char **argv)
{
	const char *src = getenv("POSTERN_SRC");
	char pattern[1024];
	glob_t found = {.gl_pathc = 0};
	int failed = 0;

	snprintf(pattern, sizeof(pattern), "%s/tests/scenario/scripts/*.txt", src ? src : ".");
	for (int i = 1; i < argc; i++)
		failed += play_apart(argv[i]);
	if (argc == 1 && glob(pattern, 0, NULL, &found) != 0) {
		fprintf(stderr, "no scripts: %s\n", pattern);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		failed += play_apart(found.gl_pathv[i]);
	globfree(&found);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
