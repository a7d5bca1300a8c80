/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives the nft backend by words on stdin, in the network namespace it is started in. Lines that
 * name elements collect; "commit" and "rebuild" apply them. Every command that acts answers with
 * lines that end in "ok ..." or "err <number> ..."; events come as "event <number>".
 *
 *   wan4 ADDR | lan PREFIX | wan_if INDEX
 *   add|del|renew PROTO EXTERNAL PORT INTERNAL PORT REMOTE REMOTE-PORT PINNED TIMEOUT_MS USERDATA
 *	(REMOTE may be a list of filters: PREFIX@PORT,PREFIX@PORT)
 *                (PINNED 2: outbound only)
 *   door PROTO PORT | bound IFINDEX ADDR MAC | known IFINDEX ADDR
 *   commit | rebuild | dump | remove | info | senders
 *   probe IFINDEX ADDR [MAC] | way PROTO PORT (IPv4; closed at once)
 *   forget PROTO ADDR PORT REMOTE
 *   find PROTO SOURCE PORT DESTINATION PORT | keep PROTO SOURCE PORT DESTINATION PORT LEFT_S
 */
#include "gateway/fw_set.h"
#include "gateway/loop.h"
#include "gateway/nft.h"
#include "policy/filter.h"
#include "protocols/err.h"
#include "protocols/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES (4 << 20)
#define ELEMS_MAX 40000

struct tool {
	struct loop *loop;
	struct fw *fw;
	struct loop_fd *input;
	char *text;
	size_t len;
	struct fw_elem *elems;
	size_t count;
	struct timespec begin;
};

static uint32_t number(struct str *line)
{
	uint32_t n = 0;

	if (str_u32(str_split(line, ' '), 0, UINT32_MAX, &n) < 0)
		fprintf(stderr, "fwtool: a number is wrong\n");
	return n;
}

static struct addr address(struct str *line)
{
	struct addr a = addr_any4();

	if (addr_decode(str_split(line, ' '), &a) < 0)
		fprintf(stderr, "fwtool: an address is wrong\n");
	return a;
}

static struct prefix prefix(struct str *line)
{
	struct prefix p = prefix_any4();

	if (prefix_decode(str_split(line, ' '), &p) < 0)
		fprintf(stderr, "fwtool: a prefix is wrong\n");
	return p;
}

/* "PREFIX@PORT,PREFIX@PORT" as pieces; a word without "@" is none. */
static size_t pieces(struct str word, struct map_piece out[MAP_PIECES_MAX])
{
	struct map_filters list = {0};

	if (str_find(word, 0, '@') == word.len)
		return 0;
	while (word.len > 0) {
		struct str item = str_split(&word, ',');
		struct str name = str_split(&item, '@');
		struct map_filter f = {prefix(&name), (uint16_t)number(&item)};
		filter_add(&list, &f, 1);
	}
	return filter_pieces(&list, out);
}

static struct fw_elem *next_elem(struct tool *tool, enum fw_set set)
{
	struct fw_elem *elem = &tool->elems[tool->count++];

	if (tool->count == ELEMS_MAX)
		abort();
	memset(elem, 0, sizeof(*elem));
	elem->set = (uint8_t)set;
	return elem;
}

static void add_lan(struct tool *tool, const struct prefix *p)
{
	bool is4 = addr_is4(&p->addr);
	struct fw_elem *elem = next_elem(tool, is4 ? FW_SET_LAN4 : FW_SET_LAN6);
	size_t from = is4 ? 12 : 0;
	struct addr last = p->addr;

	for (unsigned int bit = p->len; bit < 128; bit++)
		last.b[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	memcpy(elem->key, p->addr.b + from, sizeof(p->addr.b) - from);
	memcpy(elem->key_end, last.b + from, sizeof(last.b) - from);
}

static void add_hole(struct tool *tool, struct str verb, struct str line)
{
	struct map_piece peers[MAP_PIECES_MAX];
	struct fw_hole hole = {.peers = peers, .id = 1};
	struct str remote;
	bool renew = str_eq(verb, STR("renew"));
	struct str userdata;
	uint32_t pinned;

	hole.proto = (uint8_t)number(&line);
	hole.external.addr = address(&line);
	hole.external.port = (uint16_t)number(&line);
	hole.internal.addr = address(&line);
	hole.internal.port = (uint16_t)number(&line);
	remote = str_split(&line, ' ');
	hole.peer_count = pieces(remote, peers);
	hole.remote = addr_is4(&hole.internal.addr) ? prefix_any4() : prefix_any6();
	if (hole.peer_count == 0)
		hole.remote = prefix(&remote);
	hole.remote_port = (uint16_t)number(&line);
	pinned = number(&line);
	hole.pinned = pinned == 1;
	hole.outbound = pinned == 2;
	hole.timeout_ms = number(&line);
	userdata = str_split(&line, ' ');
	hole.userdata_len = (uint8_t)userdata.len;
	memcpy(hole.userdata, userdata.p, userdata.len);
	if (tool->count + FW_HOLE_ELEMS >= ELEMS_MAX)
		abort();
	tool->count += fw_hole_elems(&hole,
		str_eq(verb, STR("del")) ? FW_ELEM_DEL : FW_ELEM_ADD, renew,
		&tool->elems[tool->count]);
}

/* "" without a MAC. */
static bool mac_of(struct str text, uint8_t mac[6])
{
	for (size_t i = 0; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		struct str byte = str_split(&text, ':');
		if (byte.len != 2)
			return false;
		mac[i] = (uint8_t)((strchr(digits, byte.p[0]) - digits) << 4 |
				   (strchr(digits, byte.p[1]) - digits));
	}
	return true;
}

static void add_door(struct tool *tool, struct str line)
{
	uint8_t *key = next_elem(tool, FW_SET_DOOR)->key;
	uint32_t port;

	key[0] = (uint8_t)number(&line);
	port = number(&line);
	key[4] = (uint8_t)(port >> 8);
	key[5] = (uint8_t)port;
}

static void add_host(struct tool *tool, struct str verb, struct str line)
{
	bool bound = str_eq(verb, STR("bound"));
	uint32_t index = number(&line);
	struct addr a = address(&line);
	size_t from = addr_is4(&a) ? 12 : 0;
	struct fw_elem *elem = next_elem(tool, bound ? FW_SET_BOUND6 : FW_SET_KNOWN6);

	if (addr_is4(&a))
		elem->set = bound ? FW_SET_BOUND4 : FW_SET_KNOWN4;
	memcpy(elem->key, &index, sizeof(index));
	memcpy(elem->key + 4, a.b + from, sizeof(a.b) - from);
	if (bound && !mac_of(str_split(&line, ' '), elem->key + 4 + sizeof(a.b) - from))
		fprintf(stderr, "fwtool: a MAC is wrong\n");
}

static void on_sender(void *arg, const struct fw_sender *s)
{
	static const char *const kinds[] = {"seen", "forged"};
	char text[ADDR_TEXT_MAX];

	(void)arg;
	printf("%s %d %s %02x:%02x:%02x:%02x:%02x:%02x %u %u\n", kinds[s->kind], s->ifindex,
		addr_text(&s->addr, text), s->mac[0], s->mac[1], s->mac[2], s->mac[3], s->mac[4],
		s->mac[5], s->proto, s->port);
}

static void probe(struct tool *tool, struct str line)
{
	uint32_t index = number(&line);
	struct addr a = address(&line);
	uint8_t mac[6];
	bool by_mac = mac_of(str_split(&line, ' '), mac);
	int err = fw_probe(tool->fw, (int)index, &a, by_mac ? mac : NULL);

	printf("%s %d\n", err ? "err" : "ok", err);
}

static void on_done(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct tool *tool = arg;
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	if (err)
		printf("err %d", err);
	else
		printf("ok %ld us", (end.tv_sec - tool->begin.tv_sec) * 1000000 +
			(end.tv_nsec - tool->begin.tv_nsec) / 1000);
	for (size_t i = 0; i < bad_count; i++)
		printf(" bad %u", bad[i]);
	printf("\n");
}

static void print_hex(const uint8_t *bytes, size_t len)
{
	printf(" ");
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static void on_elem(void *arg, const struct fw_dumped *d)
{
	(void)arg;
	printf("%s", fw_set_name(d->elem.set));
	print_hex(d->elem.key, fw_set_key_len(d->elem.set));
	print_hex(d->elem.data, fw_set_data_len(d->elem.set));
	printf(" %llu %llu %llu %.*s\n", (unsigned long long)d->elem.timeout_ms,
		(unsigned long long)d->packets, (unsigned long long)d->bytes,
		d->elem.userdata_len, (const char *)d->elem.userdata);
}

static void on_event(void *arg, enum fw_event event)
{
	(void)arg;
	printf("event %d\n", event);
}

static void apply(struct tool *tool, bool rebuild)
{
	fw_apply(tool->fw, &(struct fw_batch){rebuild, tool->elems, tool->count}, on_done, tool);
	tool->count = 0;
}

static void forget(struct tool *tool, struct str line)
{
	struct fw_flow flow = {0};

	flow.proto = (uint8_t)number(&line);
	flow.dst.addr = address(&line);
	flow.dst.port = (uint16_t)number(&line);
	flow.remote = address(&line);
	printf("ok %d\n", fw_forget(tool->fw, &flow, 1));
}

static struct fw_tuple tuple(struct str *line)
{
	struct fw_tuple t = {.proto = (uint8_t)number(line)};

	t.src.addr = address(line);
	t.src.port = (uint16_t)number(line);
	t.dst.addr = address(line);
	t.dst.port = (uint16_t)number(line);
	return t;
}

static void on_found(void *arg, int err, const struct endpoint *from, size_t count)
{
	char text[ADDR_TEXT_MAX];

	(void)arg;
	if (err || count != 1)
		printf("err %d\n", err);
	else
		printf("ok %s %u\n", addr_text(&from->addr, text), from->port);
}

static void find(struct tool *tool, struct str line)
{
	struct fw_tuple flow = tuple(&line);
	int err = fw_find(tool->fw, &flow, 1, on_found, tool);

	if (err)
		printf("err %d\n", err);
}

static void keep(struct tool *tool, struct str line)
{
	struct fw_keep wanted = {.flow = tuple(&line)};

	wanted.left_s = number(&line);
	printf("ok %d\n", fw_keep(tool->fw, &wanted, 1));
}

static void on_way(void *arg, int err, int fd)
{
	(void)arg;
	printf("%s %d\n", err ? "err" : "ok", err);
	if (!err)
		close(fd);
}

static void way(struct tool *tool, struct str line)
{
	struct fw_way wanted = {.proto = (uint8_t)number(&line)};

	wanted.port = (uint16_t)number(&line);
	fw_way(tool->fw, &wanted, on_way, tool);
}

static void act(struct tool *tool, struct str verb)
{
	clock_gettime(CLOCK_MONOTONIC, &tool->begin);
	if (str_eq(verb, STR("commit")))
		apply(tool, false);
	else if (str_eq(verb, STR("rebuild")))
		apply(tool, true);
	else if (str_eq(verb, STR("dump")))
		fw_dump(tool->fw, on_elem, on_done, tool);
	else if (str_eq(verb, STR("remove")))
		fw_remove(tool->fw, on_done, tool);
	else if (str_eq(verb, STR("senders")))
		fw_senders(tool->fw, on_sender, on_done, tool);
	else if (str_eq(verb, STR("info")))
		printf("ok %d %d %d %d\n", nft_is_persistent(tool->fw),
			nft_moves_timeouts(tool->fw), nft_notes_senders(tool->fw),
			nft_leads_ways(tool->fw));
	else
		printf("err no such command\n");
}

static void run_line(struct tool *tool, struct str line)
{
	struct str verb = str_split(&line, ' ');

	if (str_eq(verb, STR("add")) || str_eq(verb, STR("del")) || str_eq(verb, STR("renew"))) {
		add_hole(tool, verb, line);
	} else if (str_eq(verb, STR("wan4"))) {
		struct addr a = address(&line);
		memcpy(next_elem(tool, FW_SET_WAN4)->key, addr_bytes4(&a), 4);
	} else if (str_eq(verb, STR("lan"))) {
		struct prefix p = prefix(&line);
		add_lan(tool, &p);
	} else if (str_eq(verb, STR("wan_if"))) {
		uint32_t index = number(&line);
		memcpy(next_elem(tool, FW_SET_WAN_IF)->key, &index, sizeof(index));
	} else if (str_eq(verb, STR("door"))) {
		add_door(tool, line);
	} else if (str_eq(verb, STR("bound")) || str_eq(verb, STR("known"))) {
		add_host(tool, verb, line);
	} else if (str_eq(verb, STR("probe"))) {
		probe(tool, line);
	} else if (str_eq(verb, STR("way"))) {
		way(tool, line);
	} else if (str_eq(verb, STR("forget"))) {
		forget(tool, line);
	} else if (str_eq(verb, STR("find"))) {
		find(tool, line);
	} else if (str_eq(verb, STR("keep"))) {
		keep(tool, line);
	} else {
		act(tool, verb);
	}
}

static void on_input(void *arg, uint32_t events)
{
	struct tool *tool = arg;
	ssize_t n = read(STDIN_FILENO, tool->text + tool->len, LINE_BYTES - tool->len);
	struct str rest;
	size_t end;

	(void)events;
	if (n <= 0) {
		loop_stop(tool->loop);
		return;
	}
	tool->len += (size_t)n;
	rest = (struct str){tool->text, tool->len};
	while ((end = str_find(rest, 0, '\n')) < rest.len) {
		run_line(tool, str_sub(rest, 0, end));
		rest = str_sub(rest, end + 1, rest.len - end - 1);
	}
	if (rest.len > 0)
		memmove(tool->text, rest.p, rest.len);
	tool->len = rest.len;
}

int main(int argc, char **argv)
{
	struct tool tool = {.loop = loop_new()};
	struct nft_config config = {
		.mark = 0x08000000, .displaced_min = 61000, .displaced_max = 61999,
		.sip_mark = 0x10000000, .sip_priority = 900, .sip_table = 36060};

	for (int i = 1; i < argc; i++) {
		config.persist |= strcmp(argv[i], "--persist") == 0;
		config.replace_only |= strcmp(argv[i], "--replace-only") == 0;
		config.no_notes |= strcmp(argv[i], "--no-notes") == 0;
		config.no_ways |= strcmp(argv[i], "--no-ways") == 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	tool.text = malloc(LINE_BYTES);
	tool.elems = calloc(ELEMS_MAX, sizeof(*tool.elems));
	tool.fw = nft_new(tool.loop, &config);
	if (!tool.text || !tool.elems || !tool.fw) {
		fprintf(stderr, "fwtool: no firewall\n");
		return 1;
	}
	fw_watch(tool.fw, on_event, &tool);
	tool.input = loop_fd_add(tool.loop, STDIN_FILENO, EPOLLIN, on_input, &tool);
	loop_run(tool.loop);
	fw_free(tool.fw);
	loop_fd_remove(tool.loop, tool.input);
	loop_free(tool.loop);
	free(tool.elems);
	free(tool.text);
	return 0;
}
