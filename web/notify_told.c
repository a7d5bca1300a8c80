/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was told: lines of "kind id since count"; see notify_told.h. */
#include "web/notify_told.h"

#include "protocols/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 128

static struct notify_key *find(struct notify_told *told, const struct notify_key *key)
{
	for (size_t i = 0; i < NOTIFY_TOLD_MAX; i++) {
		struct notify_key *k = &told->keys[i];
		if (k->kind == key->kind && k->id == key->id && k->since == key->since)
			return k;
	}
	return NULL;
}

static void put(struct notify_told *told, const struct notify_key *key)
{
	struct notify_key *place = find(told, key);

	if (!place)
		place = &told->keys[told->next++ % NOTIFY_TOLD_MAX];
	*place = *key;
}

static bool read_line(struct str line, struct notify_key *out)
{
	struct str kind = str_split(&line, ' '), id = str_split(&line, ' ');
	struct str since = str_split(&line, ' ');
	struct notify_key key = {.kind = kind.len == 1 ? kind.p[0] : 0};

	if ((key.kind != 'c' && key.kind != 'a') || str_u64(id, UINT64_MAX, &key.id) != 0 ||
	    str_u64(since, UINT64_MAX, &key.since) != 0 ||
	    str_u64(line, UINT64_MAX, &key.count) != 0)
		return false;
	*out = key;
	return true;
}

void notify_told_load(struct notify_told *told, const char *path)
{
	FILE *in = path ? fopen(path, "re") : NULL;
	char line[LINE_SIZE];
	struct notify_key key;

	*told = (struct notify_told){.path = path};
	while (in && fgets(line, sizeof(line), in)) {
		struct str s = str_from(line);
		if (s.len > 0 && s.p[s.len - 1] == '\n')
			s.len--;
		if (read_line(s, &key))
			put(told, &key);
	}
	if (in)
		fclose(in);
}

/* From the oldest, so that reading it again keeps the order. */
static bool write_all(const struct notify_told *told, FILE *out)
{
	for (size_t i = 0; i < NOTIFY_TOLD_MAX; i++) {
		const struct notify_key *k = &told->keys[(told->next + i) % NOTIFY_TOLD_MAX];
		if (k->kind)
			fprintf(out, "%c %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", k->kind, k->id,
				k->since, k->count);
	}
	return !ferror(out);
}

static int save(const struct notify_told *told)
{
	char new[4096];
	FILE *out;
	bool written;

	if (!told->path)
		return 0;
	if (snprintf(new, sizeof(new), "%s.new", told->path) >= (int)sizeof(new))
		return ERR_IO;
	out = fopen(new, "we");
	if (!out)
		return ERR_IO;
	written = write_all(told, out);
	if (fclose(out) != 0 || !written || rename(new, told->path) != 0)
		return ERR_IO;
	return 0;
}

bool notify_told_has(const struct notify_told *told, const struct notify_key *key)
{
	for (size_t i = 0; i < NOTIFY_TOLD_MAX; i++) {
		const struct notify_key *k = &told->keys[i];
		if (k->kind == key->kind && k->id == key->id && k->since == key->since)
			return k->count >= key->count;
	}
	return false;
}

int notify_told_add(struct notify_told *told, const struct notify_key *key)
{
	put(told, key);
	return save(told);
}

int notify_told_remove(struct notify_told *told, const struct notify_key *key)
{
	struct notify_key *k = find(told, key);

	if (!k)
		return 0;
	*k = (struct notify_key){0};
	return save(told);
}
