/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main() of a fuzz target when no fuzzer drives it: replays tests/fuzz/corpus/<x>/ for fuzz_<x>,
 * each file as it is, cut short at each length, and with a few bits turned over (the same ones each
 * time). Files named on the command line are replayed instead, as they are: that is how a crash is
 * looked at; folders named there are walked like the corpus. Nothing to replay is a failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX 65536
#define CUTS_MAX 2048
#define FLIPS 512
#define PATH_LEN 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The decoder gets an exact copy on the heap: a sanitizer then sees each byte read beyond it. An
 * empty one begins where a block of one byte ends. */
static void replay_one(const uint8_t *data, size_t len)
{
	size_t size = len ? len : 1;
	uint8_t *block = malloc(size);
	uint8_t *copy = block + (size - len);

	if (!block)
		abort();
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(block);
}

static void replay_mutants(uint8_t *data, size_t len)
{
	uint32_t seed = 2463534242u;

	for (size_t cut = 0; cut < len && cut < CUTS_MAX; cut++)
		replay_one(data, cut);
	for (int i = 0; i < FLIPS && len; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		size_t at = (seed >> 3) % len;
		uint8_t was = data[at];

		/* Every fourth change stays, so that inputs drift away from the seed. */
		data[at] = (uint8_t)(data[at] ^ (1u << (seed & 7)));
		replay_one(data, len);
		if (i % 4)
			data[at] = was;
	}
}

/* 1, the number of files, or -1. */
static int replay_file(const char *path, bool mutate)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size_t len = fread(data, 1, sizeof(data), f);
	bool failed = ferror(f);

	fclose(f);
	if (failed) {
		fprintf(stderr, "%s cannot be read\n", path);
		return -1;
	}
	replay_one(data, len);
	if (mutate)
		replay_mutants(data, len);
	return 1;
}

/* How many files were replayed, or -1. */
static int replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	int count = 0;

	if (!dir) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return -1;
	}
	for (struct dirent *e = readdir(dir); e && count >= 0; e = readdir(dir)) {
		char path[PATH_LEN];

		if (e->d_name[0] == '.')
			continue;
		int len = snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);

		if (len < 0 || (size_t)len >= sizeof(path) || replay_file(path, true) < 0)
			count = -1;
		else
			count++;
	}
	closedir(dir);
	return count;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int replay_arguments(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc && count >= 0; i++) {
		int n = is_folder(argv[i]) ? replay_folder(argv[i]) : replay_file(argv[i], false);

		count = n < 0 ? -1 : count + n;
	}
	return count;
}

static int replay_corpus(const char *program)
{
	const char *source = getenv("POSTERN_SRC");
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	char folder[PATH_LEN];

	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	int len = snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", source ? source : ".",
			   name);

	return len < 0 || (size_t)len >= sizeof(folder) ? -1 : replay_folder(folder);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? replay_arguments(argc, argv) : replay_corpus(argv[0]);

	if (count > 0)
		printf("%d files replayed\n", count);
	else
		fprintf(stderr, "%s: nothing was replayed\n", argv[0]);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
