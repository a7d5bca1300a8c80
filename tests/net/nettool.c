/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nettool PORT WAN LAN...: the network watch, the router's own ports and a UDP door on PORT, as
 * posternd has them, for test_net.py to ask. Commands are lines, each is answered by one line:
 *   show            everything as JSON, with how often watchers were called
 *   host ADDR       1 when ADDR is a host of a LAN
 *   mac ADDR        its MAC, or -
 *   own PROTO PORT  1 when the router itself listens there
 *   stats           bytes and packets of the WAN, or an error's number
 *   announce ADDR PORT   "news" to a group, on the first LAN
 * The door answers a datagram with where it came from and went to, and how many came before it.
 */
#include "gateway/net.h"
#include "gateway/ownports.h"
#include "gateway/udp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct tool {
	struct loop *loop;
	struct log log;
	struct conf conf;
	struct net *net;
	struct ownports *own;
	struct udp *udp;
	struct udp_door *door;
	unsigned calls;
	unsigned packets;
	char line[256];
	size_t len;
};

static void on_net(void *arg, unsigned events)
{
	struct tool *tool = arg;

	(void)events;
	tool->calls++;
}

static void on_packet(void *arg, const struct udp_packet *packet)
{
	struct tool *tool = arg;
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], text[256];
	int n = snprintf(text, sizeof(text), "%s %u %s %zu %u", addr_text(&packet->path.remote.addr,
		from), packet->path.remote.port, addr_text(&packet->path.local, to), packet->len,
		tool->packets++);

	udp_send(&packet->path, text, (size_t)n);
}

static void show_if(const struct tool *tool, const struct net_if *iface)
{
	char text[ADDR_TEXT_MAX];
	size_t count;
	const struct net_addr *a = net_addrs(tool->net, iface->ifindex, &count);

	printf("{\"name\": \"%s\", \"ifindex\": %d, \"up\": %d, \"running\": %d, \"mtu\": %" PRIu32
		", \"addrs\": [", iface->name, iface->ifindex, iface->up, iface->running,
		iface->mtu);
	for (size_t i = 0; i < count; i++)
		printf("%s[\"%s\", %d, \"%s%s%s\"]", i ? ", " : "", addr_text(&a[i].addr, text),
			a[i].prefix.len, a[i].secondary ? "s" : "", a[i].deprecated ? "d" : "",
			a[i].tentative ? "t" : "");
	printf("]}");
}

static void count_neigh(void *arg, const struct neigh_entry *entry)
{
	size_t *count = arg;

	(void)entry;
	(*count)++;
}

static void show(const struct tool *tool)
{
	char text[ADDR_TEXT_MAX] = "";
	struct addr wan4;
	size_t neighbours = 0;

	if (net_wan4(tool->net, &wan4))
		addr_text(&wan4, text);
	net_neigh_each(tool->net, count_neigh, &neighbours);
	printf("{\"calls\": %u, \"wan4\": \"%s\", \"neighbours\": %zu, \"wan\": ", tool->calls,
		text, neighbours);
	show_if(tool, net_wan(tool->net));
	printf(", \"lans\": [");
	for (size_t i = 0; i < net_lan_count(tool->net); i++) {
		printf("%s", i ? ", " : "");
		show_if(tool, net_lan(tool->net, i));
	}
	printf("]}\n");
}

static void show_mac(const struct tool *tool, const struct addr *addr)
{
	uint8_t mac[6];

	if (net_neigh_mac(tool->net, net_lan_with(tool->net, addr), addr, mac))
		printf("%02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4],
			mac[5]);
	else
		printf("-\n");
}

static void show_stats(const struct tool *tool)
{
	struct net_stats s;
	int err = net_stats(tool->net, &s);

	if (err)
		printf("%d\n", err);
	else
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s.rx_bytes, s.tx_bytes,
			s.rx_packets, s.tx_packets);
}

static void announce(const struct tool *tool, const struct addr *addr, uint32_t port)
{
	struct udp_path path = {.door = tool->door, .ifindex = net_lan(tool->net, 0)->ifindex,
		.remote = {*addr, (uint16_t)port}};

	printf("%d\n", udp_send(&path, "news", 4));
}

static void run_line(struct tool *tool, struct str line)
{
	struct str verb = str_split(&line, ' '), first = str_split(&line, ' ');
	struct addr addr = addr_any4();
	uint32_t proto = 0, port = 0;

	addr_decode(first, &addr);
	str_u32(first, 0, 255, &proto);
	str_u32(line, 0, 65535, &port);
	if (str_eq(verb, STR("show")))
		show(tool);
	else if (str_eq(verb, STR("host")))
		printf("%d\n", net_is_lan_host(tool->net, &addr));
	else if (str_eq(verb, STR("mac")))
		show_mac(tool, &addr);
	else if (str_eq(verb, STR("own")))
		printf("%d\n", ownports_has(tool->own, (uint8_t)proto, (uint16_t)port));
	else if (str_eq(verb, STR("stats")))
		show_stats(tool);
	else if (str_eq(verb, STR("announce")))
		announce(tool, &addr, port);
	else
		printf("?\n");
}

/* One command at a time: the test waits for its answer. */
static void on_input(void *arg, uint32_t events)
{
	struct tool *tool = arg;
	ssize_t n = read(STDIN_FILENO, tool->line + tool->len, sizeof(tool->line) - tool->len);

	(void)events;
	if (n <= 0) {
		loop_stop(tool->loop);
		return;
	}
	tool->len += (size_t)n;
	if (tool->line[tool->len - 1] != '\n')
		return;
	run_line(tool, (struct str){tool->line, tool->len - 1});
	tool->len = 0;
}

static bool start(struct tool *tool, uint16_t port)
{
	struct udp_conf door = {.port = port, .v4 = true, .v6 = true, .rate_s = 1, .burst = 20,
		.groups = {addr_from4(0xeffffffa), {{0xff, 2, [15] = 0x0c}}}, .group_count = 2};

	log_open(&tool->log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "nettool");
	tool->loop = loop_new();
	tool->net = tool->loop ? net_new(tool->loop, &tool->conf, &tool->log) : NULL;
	if (!tool->net || net_watch(tool->net, on_net, tool))
		return false;
	tool->own = ownports_new(tool->loop, tool->net, &tool->log, &tool->conf);
	tool->udp = udp_new(tool->loop, tool->net, &tool->log, NULL);
	if (!tool->own || !tool->udp)
		return false;
	tool->door = udp_open(tool->udp, &door, on_packet, tool);
	return tool->door != NULL;
}

int main(int argc, char **argv)
{
	struct tool tool = {.conf.http_port = 49000};
	struct loop_fd *input;
	uint32_t port;

	if (argc < 4 || argc > 3 + CONF_LANS_MAX || str_u32(str_from(argv[1]), 1, 65535, &port))
		return 2;
	snprintf(tool.conf.wan, CONF_IFNAME_MAX, "%s", argv[2]);
	for (int i = 3; i < argc; i++)
		snprintf(tool.conf.lan[tool.conf.lan_count++], CONF_IFNAME_MAX, "%s", argv[i]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!start(&tool, (uint16_t)port))
		return 1;
	input = loop_fd_add(tool.loop, STDIN_FILENO, EPOLLIN, on_input, &tool);
	loop_run(tool.loop);
	loop_fd_remove(tool.loop, input);
	udp_free(tool.udp);
	ownports_free(tool.own);
	net_free(tool.net);
	loop_free(tool.loop);
	return 0;
}
