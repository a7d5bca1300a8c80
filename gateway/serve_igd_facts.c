/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts for UPnP clients; see serve_igd_facts.h. */
#include "gateway/serve_igd_facts.h"

#include "protocols/err.h"
#include "protocols/igd_answer.h"
#include "protocols/igd_map.h"

#include <fcntl.h>
#include <unistd.h>

#define BPS_UNKNOWN 1000000000	/* what a WAN of unknown speed is taken for */
#define PATH_MAX_OURS 80

/* A number the kernel shows as a line of text. */
static int read_number(const char *path, uint32_t *out)
{
	char text[16];
	ssize_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ERR_NOT_FOUND;
	len = read(fd, text, sizeof(text));
	close(fd);
	if (len < 2)
		return ERR_IO;
	return str_u32((struct str){text, (size_t)len - 1}, 1, UINT32_MAX, out);
}

/* In bits a second, as far as the kernel knows: a tunnel or a cable that is not plugged in has
 * none, or -1. */
static uint64_t wan_speed(const struct net *net)
{
	char path[PATH_MAX_OURS];
	struct writer w = writer_to(path, sizeof(path) - 1);
	uint32_t mbps;

	writer_text(&w, "/sys/class/net/");
	writer_text(&w, net_wan(net)->name);
	writer_text(&w, "/speed");
	path[w.len] = '\0';
	return read_number(path, &mbps) ? BPS_UNKNOWN : mbps * UINT64_C(1000000);
}

static uint16_t answer_rates(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	const struct net_if *iface = net_wan(facts->net);
	struct igd_wan wan = {.carrier = iface->up && iface->running};

	wan.up_bps = wan.down_bps = wan_speed(facts->net);
	igd_answer_wan(w, call, &wan);
	return IGD_OK;
}

static uint16_t answer_counter(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	struct net_stats stats = {0};
	struct igd_wan wan = {0};

	if (net_stats(facts->net, &stats) == 0)
		wan = (struct igd_wan){
			.bytes_sent = stats.tx_bytes,
			.bytes_received = stats.rx_bytes,
			.packets_sent = stats.tx_packets,
			.packets_received = stats.rx_packets,
		};
	igd_answer_wan(w, call, &wan);
	return IGD_OK;
}

static uint16_t answer_status(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	uint64_t since_ms = loop_now_ms(facts->loop) - facts->wan_since_ms;

	if (addr_is_any(&facts->wan4))
		igd_answer_status(w, call, IGD_LINK_DISCONNECTED, 0);
	else
		igd_answer_status(w, call, IGD_LINK_CONNECTED, (uint32_t)(since_ms / 1000));
	return IGD_OK;
}

static const struct igd_uuid *base_of(const struct serve_igd_facts *facts)
{
	return (const void *)core_state(facts->core)->uuid;
}

/* One connection, and only while there is an address. */
static uint16_t answer_active(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	if (call->in[0].number > 0 || addr_is_any(&facts->wan4))
		return IGD_NO_SUCH_INDEX;
	igd_answer_active(w, call, base_of(facts), IGD_V1);
	return IGD_OK;
}

static uint16_t answer_default(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	igd_answer_default(w, call, base_of(facts), IGD_V1);
	return IGD_OK;
}

static uint16_t answer_address(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	igd_answer_address(w, call, &facts->wan4);
	return IGD_OK;
}

static uint16_t answer_firewall(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	igd_answer_firewall(w, call, facts->filters, facts->pinholes);
	return IGD_OK;
}

/* How long the kernel remembers a flow in the state a client can count on: an established TCP
 * connection, a UDP flow whether it was answered or not. */
static uint16_t answer_timeout(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	static const char tcp[] = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established";
	static const char udp[] = "/proc/sys/net/netfilter/nf_conntrack_udp_timeout";
	uint8_t proto;
	uint32_t timeout_s;
	uint16_t code = igd_map_timeout(call, &proto);

	(void)facts;
	if (code)
		return code;
	if (read_number(proto == MAP_PROTO_TCP ? tcp : udp, &timeout_s))
		return IGD_NOT_IMPLEMENTED;
	igd_answer_number(w, call, timeout_s);
	return IGD_OK;
}

static uint16_t answer_type(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	(void)facts;
	igd_answer_type(w, call);
	return IGD_OK;
}

static uint16_t answer_nat(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	(void)facts;
	igd_answer_nat(w, call);
	return IGD_OK;
}

/* Enabled for the Internet; at most one connection. */
static uint16_t answer_one(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	(void)facts;
	igd_answer_number(w, call, 1);
	return IGD_OK;
}

static uint16_t answer_nobody(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	(void)facts;
	igd_answer_text(w, call, STR(""));
	return IGD_OK;
}

static uint16_t refuse_type(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	(void)facts;
	(void)call;
	(void)w;
	return IGD_READ_ONLY;
}

/* Nobody who asks without DeviceProtection may cut the others off. */
static uint16_t refuse(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	(void)facts;
	(void)call;
	(void)w;
	return IGD_NOT_AUTHORIZED;
}

static uint16_t refuse_default(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	uint16_t code = igd_map_default(call, base_of(facts));
	return code ? code : refuse(facts, call, w);
}

typedef uint16_t answer_fn(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w);

static answer_fn *const answers[IGD_ACTIONS] = {
	[IGD_GET_DEFAULT_CONNECTION_SERVICE] = answer_default,
	[IGD_SET_DEFAULT_CONNECTION_SERVICE] = refuse_default,
	[IGD_GET_COMMON_LINK_PROPERTIES] = answer_rates,
	[IGD_GET_TOTAL_BYTES_SENT] = answer_counter,
	[IGD_GET_TOTAL_BYTES_RECEIVED] = answer_counter,
	[IGD_GET_TOTAL_PACKETS_SENT] = answer_counter,
	[IGD_GET_TOTAL_PACKETS_RECEIVED] = answer_counter,
	[IGD_GET_ENABLED_FOR_INTERNET] = answer_one,
	[IGD_SET_ENABLED_FOR_INTERNET] = refuse,
	[IGD_GET_WAN_ACCESS_PROVIDER] = answer_nobody,
	[IGD_GET_MAXIMUM_ACTIVE_CONNECTIONS] = answer_one,
	[IGD_GET_ACTIVE_CONNECTION] = answer_active,
	[IGD_SET_CONNECTION_TYPE] = refuse_type,
	[IGD_GET_CONNECTION_TYPE_INFO] = answer_type,
	[IGD_REQUEST_CONNECTION] = refuse,
	[IGD_REQUEST_TERMINATION] = refuse,
	[IGD_FORCE_TERMINATION] = refuse,
	[IGD_GET_STATUS_INFO] = answer_status,
	[IGD_GET_NAT_RSIP_STATUS] = answer_nat,
	[IGD_GET_EXTERNAL_IP_ADDRESS] = answer_address,
	[IGD_GET_LINK_LAYER_MAX_BIT_RATES] = answer_rates,
	[IGD_GET_FIREWALL_STATUS] = answer_firewall,
	[IGD_GET_OUTBOUND_PINHOLE_TIMEOUT] = answer_timeout,
	[IGD_GET_ETHERNET_LINK_STATUS] = answer_rates,
};

uint16_t serve_igd_facts_answer(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w)
{
	answer_fn *answer = answers[call->row->action];
	return answer ? answer(facts, call, w) : IGD_INVALID_ACTION;
}

uint16_t serve_igd_facts_check_pinholes(const struct serve_igd_facts *facts,
	const struct igd_call *call)
{
	if (call->service != IGD_FC6 || call->row->action == IGD_GET_FIREWALL_STATUS)
		return IGD_OK;
	if (!facts->filters)
		return IGD_FC6_FIREWALL_OFF;
	return facts->pinholes ? IGD_OK : IGD_FC6_NOT_ALLOWED;
}

void serve_igd_facts_note_wan(struct serve_igd_facts *facts)
{
	facts->wan4 = *core_wan4(facts->core);
	facts->wan_since_ms = loop_now_ms(facts->loop);
}

void serve_igd_facts_init(struct serve_igd_facts *facts, struct loop *loop, struct core *core,
	struct net *net, const struct conf *conf)
{
	*facts = (struct serve_igd_facts){
		.loop = loop,
		.core = core,
		.net = net,
		.filters = conf->backend != CONF_BACKEND_NONE,
		.pinholes = conf->pinholes,
	};
	serve_igd_facts_note_wan(facts);
}
