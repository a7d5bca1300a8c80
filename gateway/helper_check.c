/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See helper_check.h; the layout of keys and data is fw_set.h's. */
#include "gateway/helper_check.h"

#include "gateway/fw_set.h"
#include "protocols/addr.h"
#include "protocols/err.h"
#include "protocols/map.h"
#include "protocols/reader.h"

#include <string.h>

#define WAY_PORT_MIN 1024

static struct addr take_addr4(struct reader *r)
{
	uint8_t b[4];

	reader_bytes(r, b, sizeof(b));
	return addr_from4_bytes(b);
}

static struct addr take_addr6(struct reader *r)
{
	uint8_t b[16];

	reader_bytes(r, b, sizeof(b));
	return addr_from6_bytes(b);
}

static uint8_t take_proto(struct reader *r)
{
	uint8_t proto = reader_u8(r);

	reader_skip(r, 3);
	return proto;
}

static uint16_t take_port(struct reader *r)
{
	uint16_t port = reader_u16(r);

	reader_skip(r, 2);
	return port;
}

static bool all_zero(const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (b[i] != 0)
			return false;
	return true;
}

/* Zeros wherever the set's fields leave room. */
static bool key_fits(const struct fw_set_def *def, const uint8_t key[FW_KEY_MAX])
{
	size_t at = 0;

	for (const enum fw_field *f = def->key; *f != FW_FIELD_END; f++) {
		size_t end = (at + fw_field_len(*f) + 3u) & ~(size_t)3;

		at += fw_field_len(*f);
		if (!all_zero(key + at, end - at))
			return false;
		at = end;
	}
	return all_zero(key + at, FW_KEY_MAX - at);
}

static bool data_fits(const struct fw_set_def *def, const uint8_t data[FW_DATA_MAX])
{
	size_t len = def->is_map ? 6 : fw_def_data_len(def);

	return all_zero(data + len, FW_DATA_MAX - len);
}

static bool elem_fits(const struct fw_elem *elem)
{
	const struct fw_set_def *def;

	if (elem->set >= FW_SETS || elem->op > FW_ELEM_DEL || elem->renew > 1 ||
	    elem->reserved != 0 || elem->userdata_len > FW_USERDATA_MAX)
		return false;
	def = fw_set_def(elem->set);
	if (!def->is_leased && (elem->userdata_len > 0 || elem->timeout_ms != FW_TIMEOUT_NONE))
		return false;
	/* Nobody reads key_end of the others. */
	if (def->is_interval && !key_fits(def, elem->key_end))
		return false;
	return key_fits(def, elem->key) && data_fits(def, elem->data);
}

static bool is_transport(uint8_t proto)
{
	return proto == MAP_PROTO_TCP || proto == MAP_PROTO_UDP;
}

/* An external port that may be given away. */
static bool port_is_free(const struct helper_facts *facts, uint8_t proto, uint16_t port)
{
	return is_transport(proto) && port != 0 &&
	       (port < facts->displaced_min || port > facts->displaced_max) &&
	       !facts->is_own_port(facts->arg, proto, port);
}

static bool is_lan_target(const struct helper_facts *facts, const struct addr *a, uint16_t port)
{
	return port != 0 && addr_is_host(a) && !addr_is_multicast(a) && !addr_is_link_local(a) &&
	       facts->is_lan_host(facts->arg, a);
}

#define ANY_PORT 1	/* where only the address is asked about */

static bool external_is_free(const struct helper_facts *facts, struct reader *key)
{
	uint8_t proto = take_proto(key);

	return port_is_free(facts, proto, take_port(key));
}

static bool data_is_target(const struct helper_facts *facts, const struct fw_elem *elem)
{
	struct reader data = reader_from(elem->data, sizeof(elem->data));
	struct addr a = take_addr4(&data);

	return is_lan_target(facts, &a, take_port(&data));
}

static bool snat4_is_right(const struct helper_facts *facts, const struct fw_elem *elem,
	struct reader *key)
{
	struct reader data = reader_from(elem->data, sizeof(elem->data));
	struct addr from = take_addr4(key);
	uint8_t proto = take_proto(key);
	uint16_t from_port = take_port(key);
	struct addr to = take_addr4(&data);

	return is_lan_target(facts, &from, from_port) && facts->is_wan4(facts->arg, &to) &&
	       port_is_free(facts, proto, take_port(&data));
}

static bool open6_is_right(const struct helper_facts *facts, struct reader *key)
{
	struct addr a = take_addr6(key);
	uint8_t proto = take_proto(key);

	return is_transport(proto) && is_lan_target(facts, &a, take_port(key));
}

/* Only the remote side, so many bytes, is a range: the rest of both ends is the same. */
static bool range_is_right(const struct helper_facts *facts, const struct fw_elem *elem,
	size_t remote_len)
{
	size_t rest_len = fw_set_key_len(elem->set) - remote_len;
	struct reader rest = reader_from(elem->key + remote_len, rest_len);

	if (memcmp(elem->key + remote_len, elem->key_end + remote_len, rest_len) != 0)
		return false;
	return elem->set == FW_SET_OPEN4_RANGE ? external_is_free(facts, &rest)
					       : open6_is_right(facts, &rest);
}

/* The prefix that begins at first and ends at last. */
static bool to_prefix(const struct addr *first, const struct addr *last, struct prefix *out)
{
	uint8_t len = 0;

	while (len < 128 && !((first->b[len / 8] ^ last->b[len / 8]) & (0x80 >> (len % 8))))
		len++;
	for (unsigned int bit = len; bit < 128; bit++) {
		if (first->b[bit / 8] & (0x80 >> (bit % 8)) ||
		    !(last->b[bit / 8] & (0x80 >> (bit % 8))))
			return false;
	}
	*out = (struct prefix){*first, len};
	return true;
}

/* A port where the router itself is called. */
static bool place_is_right(const struct helper_facts *facts, uint16_t port)
{
	return facts->places && port >= FW_PLACE_MIN && port <= FW_PLACE_MAX;
}

static bool caller_is_right(const struct helper_facts *facts, const struct fw_elem *elem)
{
	struct reader key = reader_from(elem->key, sizeof(elem->key));
	struct reader end = reader_from(elem->key_end, sizeof(elem->key_end));
	struct addr first = take_addr4(&key), last = take_addr4(&end);
	uint8_t proto = take_proto(&key), end_proto = take_proto(&end);
	uint16_t port = take_port(&key), end_port = take_port(&end);
	struct prefix from;

	return proto == end_proto && port == end_port && is_transport(proto) &&
	       place_is_right(facts, port) && to_prefix(&first, &last, &from) &&
	       addr_is_host(&first) && addr_is_host(&last);
}

static bool is_lan_range(const struct helper_facts *facts, const struct addr *first,
	const struct addr *last)
{
	struct prefix p;

	return to_prefix(first, last, &p) && facts->is_lan_prefix(facts->arg, &p);
}

static bool lan_is_right(const struct helper_facts *facts, const struct fw_elem *elem)
{
	struct reader first = reader_from(elem->key, sizeof(elem->key));
	struct reader last = reader_from(elem->key_end, sizeof(elem->key_end));
	struct addr a = elem->set == FW_SET_LAN4 ? take_addr4(&first) : take_addr6(&first);
	struct addr b = elem->set == FW_SET_LAN4 ? take_addr4(&last) : take_addr6(&last);

	return is_lan_range(facts, &a, &b);
}

static bool wan_is_right(const struct helper_facts *facts, const struct fw_elem *elem)
{
	struct reader key = reader_from(elem->key, sizeof(elem->key));
	struct addr a = take_addr4(&key);
	uint32_t ifindex;

	if (elem->set == FW_SET_WAN4)
		return facts->is_wan4(facts->arg, &a);
	memcpy(&ifindex, elem->key, sizeof(ifindex));
	return facts->is_wan_if(facts->arg, ifindex);
}

/* Only where we ourselves listen: packets to any other port are none of our business to drop. */
static bool door_is_right(const struct helper_facts *facts, struct reader *key)
{
	uint8_t proto = take_proto(key);
	uint16_t port = take_port(key);

	/* What phones say to others comes to our sockets, too. */
	return facts->is_door(facts->arg, proto, port) ||
	       (is_transport(proto) && facts->is_sip_port(facts->arg, port));
}

static bool is_host_mac(const uint8_t mac[6])
{
	return (mac[0] & 1) == 0 && !all_zero(mac, 6);
}

static bool is_neighbour(const struct helper_facts *facts, uint32_t ifindex, const struct addr *a)
{
	return ifindex > 0 && ifindex <= INT32_MAX && addr_is_host(a) && !addr_is_multicast(a) &&
	       facts->is_lan_source(facts->arg, (int)ifindex, a);
}

/* Whom we know: (interface, address), and with it the MAC if the set has one. */
static bool host_is_right(const struct helper_facts *facts, const struct fw_elem *elem)
{
	bool is4 = elem->set == FW_SET_BOUND4 || elem->set == FW_SET_KNOWN4;
	struct reader key = reader_from(elem->key, sizeof(elem->key));
	uint32_t ifindex;
	uint8_t mac[6];
	struct addr a;

	reader_bytes(&key, &ifindex, sizeof(ifindex));
	a = is4 ? take_addr4(&key) : take_addr6(&key);
	if (!is_neighbour(facts, ifindex, &a))
		return false;
	reader_bytes(&key, mac, sizeof(mac));
	return elem->set == FW_SET_KNOWN4 || elem->set == FW_SET_KNOWN6 || is_host_mac(mac);
}

static bool phone_is_right(const struct helper_facts *facts, const struct fw_elem *elem)
{
	struct reader key = reader_from(elem->key, sizeof(elem->key));
	struct addr a = elem->set == FW_SET_PHONE4 ? take_addr4(&key) : take_addr6(&key);

	return is_lan_target(facts, &a, ANY_PORT);
}

static bool add_is_right(const struct helper_facts *facts, const struct fw_elem *elem)
{
	struct reader key = reader_from(elem->key, sizeof(elem->key));

	switch ((enum fw_set)elem->set) {
	case FW_SET_WAN4:
	case FW_SET_WAN_IF:
		return wan_is_right(facts, elem);
	case FW_SET_LAN4:
	case FW_SET_LAN6:
		return lan_is_right(facts, elem);
	case FW_MAP_DNAT4_HOST:
		reader_skip(&key, 4);
		return external_is_free(facts, &key) && data_is_target(facts, elem);
	case FW_MAP_DNAT4:
		return external_is_free(facts, &key) && data_is_target(facts, elem);
	case FW_MAP_SNAT4:
	case FW_MAP_PEER4:
		return snat4_is_right(facts, elem, &key);
	case FW_SET_OPEN_TCP4:
		return port_is_free(facts, MAP_PROTO_TCP, reader_u16(&key));
	case FW_SET_OPEN_UDP4:
		return port_is_free(facts, MAP_PROTO_UDP, reader_u16(&key));
	case FW_SET_OPEN4_HOST:
	case FW_SET_OPEN4_PEER:
	case FW_SET_PEER4_PORT:
		reader_skip(&key, 4);
		return external_is_free(facts, &key);
	case FW_SET_PHONE4:
	case FW_SET_PHONE6:
		return phone_is_right(facts, elem);
	case FW_SET_SIP_PORT:
		return facts->is_sip_port(facts->arg, reader_u16(&key));
	case FW_SET_PLACE_TCP4:
		return place_is_right(facts, reader_u16(&key));
	case FW_SET_CALLER4:
		return caller_is_right(facts, elem);
	case FW_SET_OPEN6:
		return open6_is_right(facts, &key);
	case FW_SET_OPEN6_HOST:
	case FW_SET_OPEN6_PEER:
		reader_skip(&key, 16);
		return open6_is_right(facts, &key);
	case FW_SET_OPEN6_RANGE:
		return range_is_right(facts, elem, 20);
	case FW_SET_OPEN4_RANGE:
		return range_is_right(facts, elem, 8);
	case FW_SET_DOOR:
		return door_is_right(facts, &key);
	case FW_SET_BOUND4:
	case FW_SET_BOUND6:
	case FW_SET_KNOWN4:
	case FW_SET_KNOWN6:
		return host_is_right(facts, elem);
	case FW_SET_HEARD:
		return false;	/* packets alone fill it */
	}
	return false;
}

static bool timeout_is_right(const struct fw_elem *elem)
{
	if (!fw_set_def(elem->set)->is_leased)
		return true;
	return elem->timeout_ms != FW_TIMEOUT_NONE &&
	       elem->timeout_ms <= HELPER_CHECK_TIMEOUT_MAX_MS;
}

int helper_check_elem(const struct helper_facts *facts, const struct fw_elem *elem)
{
	if (!elem_fits(elem))
		return ERR_SYNTAX;
	if (elem->op == FW_ELEM_DEL)
		return 0;
	return timeout_is_right(elem) && add_is_right(facts, elem) ? 0 : ERR_DENIED;
}

int helper_check_flow(const struct helper_facts *facts, const struct wire_flow *flow)
{
	struct addr dst, remote;

	if (flow->reserved != 0 || flow->reserved2 != 0)
		return ERR_SYNTAX;
	memcpy(dst.b, flow->dst, sizeof(dst.b));
	memcpy(remote.b, flow->remote, sizeof(remote.b));
	if (!is_transport(flow->proto))
		return ERR_DENIED;
	if (addr_is_any(&dst))
		return facts->is_sip_port(facts->arg, flow->port) &&
		       is_lan_target(facts, &remote, ANY_PORT) ? 0 : ERR_DENIED;
	if (facts->is_wan4(facts->arg, &dst) || facts->was_wan4(facts->arg, &dst) ||
	    facts->is_lan_host(facts->arg, &dst))
		return 0;
	return ERR_DENIED;
}

int helper_check_tuple(const struct helper_facts *facts, const struct wire_tuple *tuple)
{
	struct addr src, dst;

	memcpy(src.b, tuple->src, sizeof(src.b));
	memcpy(dst.b, tuple->dst, sizeof(dst.b));
	if (tuple->reserved != 0 || tuple->reserved2 != 0 || addr_is4(&src) != addr_is4(&dst))
		return ERR_SYNTAX;
	return is_transport(tuple->proto) && is_lan_target(facts, &src, tuple->src_port) &&
	       tuple->dst_port != 0 && tuple->left_s <= HELPER_CHECK_TIMEOUT_MAX_MS / 1000
		       ? 0 : ERR_DENIED;
}

int helper_check_way(const struct helper_facts *facts, const struct wire_way *way)
{
	if (way->is6 > 1)
		return ERR_SYNTAX;
	if (!is_transport(way->proto) || way->port < WAY_PORT_MIN)
		return ERR_DENIED;
	if (facts->is_sip_port(facts->arg, way->port))
		return 0;
	return way->is6 && way->proto == MAP_PROTO_UDP &&
	       !facts->is_own_port(facts->arg, way->proto, way->port) &&
	       !facts->is_door(facts->arg, way->proto, way->port) ? 0 : ERR_DENIED;
}

int helper_check_probe(const struct helper_facts *facts, const struct wire_probe *probe)
{
	struct addr a;

	memcpy(a.b, probe->addr, sizeof(a.b));
	if (probe->has_mac > 1 || probe->reserved != 0 ||
	    (probe->has_mac == 0 && !all_zero(probe->mac, sizeof(probe->mac))))
		return ERR_SYNTAX;
	return is_neighbour(facts, (uint32_t)probe->ifindex, &a) &&
	       (probe->has_mac == 0 || is_host_mac(probe->mac)) ? 0 : ERR_DENIED;
}
