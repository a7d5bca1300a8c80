/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file as a whole in memory, searched by halves from line to line; see vendor.h. */
#include "gateway/vendor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (4 * 1024 * 1024)	/* all makers there are take a third of it */
#define KEY_LEN 6			/* hex digits of three bytes */
#define NAME_MAX_SHOWN 48

struct vendors {
	size_t len;
	char text[];
};

static struct vendors *read_all(int fd, size_t size)
{
	struct vendors *v = malloc(sizeof(*v) + size);
	ssize_t n = 1;

	if (!v)
		return NULL;
	for (v->len = 0; n > 0 && v->len < size; v->len += n > 0 ? (size_t)n : 0)
		n = read(fd, v->text + v->len, size - v->len);
	return v;
}

struct vendors *vendor_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct vendors *v = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		v = read_all(fd, (size_t)st.st_size);
	close(fd);
	return v;
}

static void key_of(const uint8_t mac[6], char key[KEY_LEN])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < 3; i++) {
		key[2 * i] = digits[mac[i] >> 4];
		key[2 * i + 1] = digits[mac[i] & 15];
	}
}

static int compare(struct str line, const char key[KEY_LEN])
{
	for (size_t i = 0; i < KEY_LEN; i++) {
		char c = i < line.len ? line.p[i] : '\0';
		if (c != key[i])
			return c < key[i] ? -1 : 1;
	}
	return 0;
}

/* The line that place is in, which is not before from. */
static struct str line_at(const struct vendors *v, size_t from, size_t place)
{
	size_t end = place;

	while (place > from && v->text[place - 1] != '\n')
		place--;
	while (end < v->len && v->text[end] != '\n')
		end++;
	return (struct str){v->text + place, end - place};
}

struct str vendor_of(const struct vendors *v, const uint8_t mac[6])
{
	size_t low = 0, high = v ? v->len : 0;
	char key[KEY_LEN];

	key_of(mac, key);
	while (low < high) {
		struct str line = line_at(v, low, low + (high - low) / 2);
		int order = compare(line, key);

		if (order == 0)
			return str_cut_utf8(str_trim(str_sub(line, KEY_LEN, line.len)),
				NAME_MAX_SHOWN);
		if (order < 0)
			low = (size_t)(line.p - v->text) + line.len + 1;
		else
			high = (size_t)(line.p - v->text);
	}
	return STR_NONE;
}

bool vendor_is_random(const uint8_t mac[6])
{
	return (mac[0] & 2) != 0;
}

void vendor_close(struct vendors *v)
{
	free(v);
}
