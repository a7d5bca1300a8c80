/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads postern.conf; see conf.h. What a key is, the table in conf_keys.c knows. Whether there
 * are such interfaces and users is left to who uses them.
 */
#include "gateway/conf.h"

#include "gateway/conf_keys.h"
#include "protocols/err.h"
#include "protocols/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 65536	/* a hundred times what a full file needs */

struct decoder {
	const char *path;
	struct conf conf;
	const char *section;		/* of the table; NULL: none yet */
	bool skip;			/* in a section nobody knows: told once */
	unsigned line;
	unsigned given[CONF_KEYS_MAX];	/* line of each key of the table; 0: not given */
	unsigned problems;
	conf_problem_fn *fn;
	void *arg;
};

static void *field_of(struct conf *conf, const struct conf_key *key)
{
	return (char *)conf + key->offset;
}

static struct writer problem_text(struct conf_problem *problem)
{
	memset(problem->text, 0, sizeof(problem->text));
	return writer_to(problem->text, sizeof(problem->text) - 1);
}

static void write_quoted(struct writer *w, struct str s)
{
	writer_text(w, "\"");
	writer_str(w, str_sub(s, 0, 80));
	writer_text(w, "\"");
}

static void tell(struct decoder *d, struct conf_problem *problem)
{
	problem->path = d->path;
	problem->line = d->line;
	d->problems++;
	d->fn(d->arg, problem);
}

static void tell_text(struct decoder *d, const char *before, struct str quoted, const char *after)
{
	struct conf_problem problem;
	struct writer w = problem_text(&problem);

	writer_text(&w, before);
	if (quoted.p)
		write_quoted(&w, quoted);
	writer_text(&w, after);
	tell(d, &problem);
}

static bool begins_section(size_t i)
{
	return i == 0 || strcmp(conf_keys_at(i - 1)->section, conf_keys_at(i)->section) != 0;
}

static const char *find_section(struct str name)
{
	for (size_t i = 0; i < conf_keys_count(); i++) {
		if (str_eq(str_from(conf_keys_at(i)->section), name))
			return conf_keys_at(i)->section;
	}
	return NULL;
}

/* Its place in the table; beyond it when there is no such key. */
static size_t find_key(const char *section, struct str name)
{
	size_t i;

	for (i = 0; i < conf_keys_count(); i++) {
		const struct conf_key *key = conf_keys_at(i);
		if (strcmp(key->section, section) == 0 && str_eq(str_from(key->name), name))
			break;
	}
	return i;
}

static void write_unknown_key(struct writer *w, const char *section, struct str name)
{
	const char *gap = " ";

	writer_text(w, "no key ");
	write_quoted(w, name);
	writer_text(w, " in [");
	writer_text(w, section);
	writer_text(w, "]; there are");
	for (size_t i = 0; i < conf_keys_count(); i++) {
		if (strcmp(conf_keys_at(i)->section, section) != 0)
			continue;
		writer_text(w, gap);
		writer_text(w, conf_keys_at(i)->name);
		gap = ", ";
	}
}

static void write_unknown_section(struct writer *w, struct str name)
{
	const char *gap = " [";

	writer_text(w, "no section ");
	write_quoted(w, name);
	writer_text(w, "; there are");
	for (size_t i = 0; i < conf_keys_count(); i++) {
		if (!begins_section(i))
			continue;
		writer_text(w, gap);
		writer_text(w, conf_keys_at(i)->section);
		gap = "], [";
	}
	writer_text(w, "]");
}

static void write_bad_value(struct writer *w, const struct conf_key *key, struct str value)
{
	writer_text(w, key->name);
	writer_text(w, " (");
	writer_text(w, key->help);
	writer_text(w, ") must be ");
	writer_text(w, key->kind->allowed);
	writer_text(w, value.len > 0 ? ", not " : "; it is empty");
	if (value.len > 0)
		write_quoted(w, value);
}

static void decode_section(struct decoder *d, struct str line)
{
	struct str name = str_trim(str_sub(line, 1, line.len - 2));
	struct conf_problem problem;
	struct writer w = problem_text(&problem);

	if (line.p[line.len - 1] != ']') {
		tell_text(d, "a section is written [name]; this line has no ] at its end", STR_NONE,
			"");
		d->skip = true;
		return;
	}
	d->section = find_section(name);
	d->skip = d->section == NULL;
	if (d->skip) {
		write_unknown_section(&w, name);
		tell(d, &problem);
	}
}

static int set_value(struct conf *conf, const struct conf_key *key, struct str value,
	struct conf_problem *problem)
{
	struct writer w = problem_text(problem);
	int err = ERR_SYNTAX;

	if (value.len > 0)
		err = key->kind->set(key->kind, value, field_of(conf, key));
	if (err)
		write_bad_value(&w, key, value);
	return err;
}

static void decode_value(struct decoder *d, struct str name, struct str value)
{
	size_t place = find_key(d->section, name);
	struct conf_problem problem;
	struct writer w = problem_text(&problem);

	if (place == conf_keys_count()) {
		write_unknown_key(&w, d->section, name);
		tell(d, &problem);
		return;
	}
	if (d->given[place] > 0) {
		writer_text(&w, conf_keys_at(place)->name);
		writer_text(&w, " was given in line ");
		writer_dec(&w, d->given[place]);
		writer_text(&w, " already");
		tell(d, &problem);
		return;
	}
	d->given[place] = d->line;
	if (set_value(&d->conf, conf_keys_at(place), value, &problem))
		tell(d, &problem);
}

static void decode_line(struct decoder *d, struct str line)
{
	struct str name;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	line = str_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return;
	if (line.p[0] == '[') {
		decode_section(d, line);
		return;
	}
	if (d->skip)
		return;
	name = str_trim(str_split(&line, '='));
	if (!line.p)
		tell_text(d, "neither \"[section]\" nor \"key = value\": ", name, "");
	else if (!d->section)
		tell_text(d, "key ", name, " stands before any [section]");
	else
		decode_value(d, name, str_trim(line));
}

static void check_interfaces(struct decoder *d)
{
	const struct conf *c = &d->conf;

	for (size_t i = 0; i < c->lan_count; i++) {
		if (strcmp(c->wan, c->lan[i]) == 0) {
			d->line = d->given[find_key("interfaces", STR("lan"))];
			tell_text(d, "interface ", str_from(c->wan), " cannot be WAN and LAN");
		}
	}
}

static void check_guests(struct decoder *d)
{
	const struct conf *c = &d->conf;

	for (size_t i = 0; i < c->guest_count; i++) {
		size_t lan = 0;
		while (lan < c->lan_count && strcmp(c->guest[i], c->lan[lan]) != 0)
			lan++;
		if (lan == c->lan_count) {
			d->line = d->given[find_key("interfaces", STR("guest"))];
			tell_text(d, "the guests' interface ", str_from(c->guest[i]),
				" is not among those given as lan");
		}
	}
}

static void check_marks(struct decoder *d)
{
	if (!(d->conf.mark & d->conf.sip_mark))
		return;
	d->line = d->given[find_key("sip", STR("mark"))];
	if (d->line == 0)
		d->line = d->given[find_key("firewall", STR("mark"))];
	tell_text(d, "mark of [sip] and mark of [firewall] have a bit in common", STR_NONE, "");
}

/* What the table itself says is always allowed. */
static void preset(struct conf *conf, const struct conf_key *key)
{
	struct conf_problem problem;
	int err = set_value(conf, key, str_from(key->preset), &problem);

	assert(!err);
	(void)err;
}

void conf_defaults(struct conf *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < conf_keys_count(); i++) {
		const struct conf_key *key = conf_keys_at(i);
		if (key->preset)
			preset(out, key);
	}
}

bool conf_yields(const struct conf *conf, uint16_t port)
{
	for (size_t i = 0; i < conf->yield_count; i++)
		if (conf->yield[i] == port)
			return true;
	return false;
}

bool conf_is_sip_port(const struct conf *conf, uint16_t port)
{
	for (size_t i = 0; i < conf->sip_port_count && conf->sip; i++)
		if (conf->sip_ports[i] == port)
			return true;
	return false;
}

int conf_decode(const char *path, struct str text, struct conf *out, conf_problem_fn *fn, void *arg)
{
	struct decoder d = {.path = path, .fn = fn, .arg = arg};

	conf_defaults(&d.conf);
	while (text.p) {
		d.line++;
		decode_line(&d, str_split(&text, '\n'));
	}
	check_interfaces(&d);
	check_guests(&d);
	check_marks(&d);
	if (d.problems > 0)
		return ERR_SYNTAX;
	*out = d.conf;
	return 0;
}

int conf_set(struct conf *conf, const char *section, const char *key, struct str value,
	struct conf_problem *problem)
{
	size_t place = find_key(section, str_from(key));
	struct writer w = problem_text(problem);

	problem->path = "";
	problem->line = 0;
	if (place == conf_keys_count()) {
		write_unknown_key(&w, section, str_from(key));
		return ERR_NOT_FOUND;
	}
	return set_value(conf, conf_keys_at(place), value, problem);
}

/* The whole file into buffer, which is one byte larger than allowed. */
static ssize_t read_file(int fd, char *buffer)
{
	size_t len = 0;

	while (len < FILE_MAX + 1) {
		ssize_t n = read(fd, buffer + len, FILE_MAX + 1 - len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

static int load_open(int fd, struct decoder *whole, struct conf *out)
{
	char *buffer = malloc(FILE_MAX + 1);
	int err = ERR_IO;
	ssize_t len = buffer ? read_file(fd, buffer) : -1;

	if (len < 0)
		tell_text(whole, "cannot be read: ", STR_NONE,
			buffer ? strerror(errno) : "no memory");
	else if (len > FILE_MAX)
		tell_text(whole, "is larger than 64 kB, as no configuration is", STR_NONE, "");
	else
		err = conf_decode(whole->path, (struct str){buffer, (size_t)len}, out, whole->fn,
			whole->arg);
	free(buffer);
	return err;
}

int conf_load(const char *path, struct conf *out, conf_problem_fn *fn, void *arg)
{
	struct decoder whole = {.path = path, .fn = fn, .arg = arg};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0) {
		err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		tell_text(&whole, "cannot be opened: ", STR_NONE, strerror(errno));
		return err;
	}
	err = load_open(fd, &whole, out);
	close(fd);
	return err;
}
