/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of values and the table of keys; see conf_keys.h. */
#include "gateway/conf_keys.h"

#include "protocols/err.h"

#include <string.h>

#define HTTP_PORT_MIN 1024 /* below it posternd, without capabilities, could not bind */

static int set_text(const struct conf_kind *kind, struct str value, void *field)
{
	if (value.len >= kind->size || !str_is_plain(value))
		return ERR_SYNTAX;
	memset(field, 0, kind->size);
	memcpy(field, value.p, value.len);
	return 0;
}

static int set_path(const struct conf_kind *kind, struct str value, void *field)
{
	if (value.p[0] != '/')
		return ERR_SYNTAX;
	return set_text(kind, value, field);
}

static int set_path_or_none(const struct conf_kind *kind, struct str value, void *field)
{
	if (!str_eq(value, STR("none")))
		return set_path(kind, value, field);
	memset(field, 0, kind->size);
	return 0;
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static int set_user(const struct conf_kind *kind, struct str value, void *field)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];
		if (!is_one_of(c, first) && (i == 0 || !is_one_of(c, "-0123456789")))
			return ERR_SYNTAX;
	}
	return set_text(kind, value, field);
}

/* What the kernel takes as an interface name, without the comma that separates ours. */
static int set_ifname(const struct conf_kind *kind, struct str value, void *field)
{
	if (value.len == 0 || str_eq(value, STR(".")) || str_eq(value, STR("..")))
		return ERR_SYNTAX;
	for (size_t i = 0; i < value.len; i++) {
		if (is_one_of(value.p[i], "/:, \t"))
			return ERR_SYNTAX;
	}
	return set_text(kind, value, field);
}

static const struct conf_kind kind_ifname = {
	set_ifname, "the name of one interface", NULL, CONF_IFNAME_MAX};

/* The list is first in its part of struct conf, its count right behind. */
struct ifnames {
	char lan[CONF_LANS_MAX][CONF_IFNAME_MAX];
	size_t lan_count;
};
_Static_assert(offsetof(struct conf, lan_count) - offsetof(struct conf, lan) ==
		offsetof(struct ifnames, lan_count), "set_ifnames writes both");
_Static_assert(offsetof(struct conf, guest_count) - offsetof(struct conf, guest) ==
		offsetof(struct ifnames, lan_count), "set_ifnames writes both");

static int add_ifname(struct ifnames *list, struct str name)
{
	for (size_t i = 0; i < list->lan_count; i++) {
		if (str_eq(str_from(list->lan[i]), name))
			return ERR_EXISTS;
	}
	if (list->lan_count == CONF_LANS_MAX)
		return ERR_FULL;
	return set_ifname(&kind_ifname, name, list->lan[list->lan_count++]);
}

/* Up to the next separator. */
static size_t word_len(struct str list)
{
	size_t n = 0;

	while (n < list.len && !is_one_of(list.p[n], ", \t"))
		n++;
	return n;
}

static int set_ifnames(const struct conf_kind *kind, struct str value, void *field)
{
	struct ifnames list = {.lan_count = 0};

	(void)kind;
	while (value.len > 0) {
		size_t n = word_len(value);
		if (n > 0 && add_ifname(&list, str_sub(value, 0, n)))
			return ERR_SYNTAX;
		value = str_sub(value, n + 1, value.len);
	}
	if (list.lan_count == 0)
		return ERR_SYNTAX;
	memcpy(field, &list, sizeof(list));
	return 0;
}

static int set_guests(const struct conf_kind *kind, struct str value, void *field)
{
	if (!str_eq(value, STR("none")))
		return set_ifnames(kind, value, field);
	memset(field, 0, sizeof(struct ifnames));
	return 0;
}

/* The same with paths. */
struct paths {
	char path[CONF_LEASES_MAX][CONF_PATH_MAX];
	uint8_t count;
};
_Static_assert(offsetof(struct conf, lease_count) - offsetof(struct conf, leases) ==
		offsetof(struct paths, count), "set_paths writes both");

static int set_paths(const struct conf_kind *kind, struct str value, void *field)
{
	struct paths list = {.count = 0};

	while (value.len > 0 && !str_eq(value, STR("none"))) {
		struct str path = str_trim(str_split(&value, ' '));
		if (path.len == 0)
			continue;
		if (list.count == CONF_LEASES_MAX || set_path(kind, path, list.path[list.count]))
			return ERR_SYNTAX;
		list.count++;
	}
	memcpy(field, &list, sizeof(list));
	return 0;
}

static int find_word(const struct conf_kind *kind, struct str value, unsigned *out)
{
	for (unsigned i = 0; kind->words[i]; i++) {
		if (str_eq(str_from(kind->words[i]), value)) {
			*out = i;
			return 0;
		}
	}
	return ERR_SYNTAX;
}

/* Every enum here is stored as the compiler stores those without negative items. */
static int set_choice(const struct conf_kind *kind, struct str value, void *field)
{
	unsigned word;

	if (find_word(kind, value, &word))
		return ERR_SYNTAX;
	memcpy(field, &word, sizeof(word));
	return 0;
}
_Static_assert(sizeof(enum conf_backend) == sizeof(unsigned), "set_choice");
_Static_assert(sizeof(enum conf_persist) == sizeof(unsigned), "set_choice");
_Static_assert(sizeof(enum log_target) == sizeof(unsigned), "set_choice");
_Static_assert(sizeof(enum log_level) == sizeof(unsigned), "set_choice");

static int set_bool(const struct conf_kind *kind, struct str value, void *field)
{
	unsigned word;
	bool yes;

	if (find_word(kind, value, &word))
		return ERR_SYNTAX;
	yes = word == 1;
	memcpy(field, &yes, sizeof(yes));
	return 0;
}

static int set_port(const struct conf_kind *kind, struct str value, void *field)
{
	uint32_t n;
	uint16_t port;

	(void)kind;
	if (str_u32(value, HTTP_PORT_MIN, UINT16_MAX, &n))
		return ERR_SYNTAX;
	port = (uint16_t)n;
	memcpy(field, &port, sizeof(port));
	return 0;
}

/* As struct ifnames. */
struct ports {
	uint16_t yield[CONF_YIELD_MAX];
	uint16_t yield_count;
};
_Static_assert(offsetof(struct conf, yield_count) - offsetof(struct conf, yield) ==
		offsetof(struct ports, yield_count), "set_ports writes both");

/* "none" or numbers: the list of none is empty. */
static int set_ports(const struct conf_kind *kind, struct str value, void *field)
{
	struct ports list = {.yield_count = 0};

	(void)kind;
	if (str_eq(value, STR("none")))
		value.len = 0;
	while (value.len > 0) {
		size_t n = word_len(value);
		uint32_t port;
		if (n > 0) {
			if (list.yield_count == CONF_YIELD_MAX ||
			    str_u32(str_sub(value, 0, n), 1, UINT16_MAX, &port))
				return ERR_SYNTAX;
			list.yield[list.yield_count++] = (uint16_t)port;
		}
		value = str_sub(value, n + 1, value.len);
	}
	memcpy(field, &list, sizeof(list));
	return 0;
}

struct sip_ports {
	uint16_t sip_ports[CONF_SIP_PORTS_MAX];
	uint16_t sip_port_count;
};
_Static_assert(offsetof(struct conf, sip_port_count) - offsetof(struct conf, sip_ports) ==
		offsetof(struct sip_ports, sip_port_count), "set_sip_ports writes both");

static int add_sip_port(const struct conf_kind *kind, struct sip_ports *list, struct str value)
{
	uint16_t port;

	if (list->sip_port_count == CONF_SIP_PORTS_MAX || set_port(kind, value, &port))
		return ERR_SYNTAX;
	for (size_t i = 0; i < list->sip_port_count; i++)
		if (list->sip_ports[i] == port)
			return ERR_SYNTAX;
	list->sip_ports[list->sip_port_count++] = port;
	return 0;
}

static int set_sip_ports(const struct conf_kind *kind, struct str value, void *field)
{
	struct sip_ports list = {.sip_port_count = 0};

	while (value.len > 0) {
		size_t n = word_len(value);
		if (n > 0 && add_sip_port(kind, &list, str_sub(value, 0, n)))
			return ERR_SYNTAX;
		value = str_sub(value, n + 1, value.len);
	}
	if (list.sip_port_count == 0)
		return ERR_SYNTAX;
	memcpy(field, &list, sizeof(list));
	return 0;
}

/* Of routing: 0 is the kernel's own rule, those from 32766 on are its last ones. */
static int set_priority(const struct conf_kind *kind, struct str value, void *field)
{
	(void)kind;
	return str_u32(value, 1, 32765, field) ? ERR_SYNTAX : 0;
}

/* 253 to 255 are the kernel's, 0 is none. */
static int set_table(const struct conf_kind *kind, struct str value, void *field)
{
	uint32_t n;

	(void)kind;
	if (str_u32(value, 1, UINT32_MAX, &n) || (n >= 253 && n <= 255))
		return ERR_SYNTAX;
	memcpy(field, &n, sizeof(n));
	return 0;
}

/* 0: none */
static int set_port_or_none(const struct conf_kind *kind, struct str value, void *field)
{
	if (!str_eq(value, STR("0")))
		return set_port(kind, value, field);
	memset(field, 0, sizeof(uint16_t));
	return 0;
}

/* Host names, lower case as they are compared. */
static int set_names(const struct conf_kind *kind, struct str value, void *field)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz0123456789-. ,";

	for (size_t i = 0; i < value.len; i++) {
		if (!is_one_of(value.p[i], known))
			return ERR_SYNTAX;
	}
	return set_text(kind, value, field);
}

static int set_hops(const struct conf_kind *kind, struct str value, void *field)
{
	uint32_t n;

	(void)kind;
	if (str_u32(value, 1, UINT8_MAX, &n))
		return ERR_SYNTAX;
	*(uint8_t *)field = (uint8_t)n;
	return 0;
}

static int set_mark(const struct conf_kind *kind, struct str value, void *field)
{
	static const char digits[] = "0123456789abcdef";
	struct str hex = str_sub(value, 2, value.len);
	uint32_t mark = 0;

	(void)kind;
	if (!str_starts(value, STR("0x")) || hex.len == 0 || hex.len > 8)
		return ERR_SYNTAX;
	for (size_t i = 0; i < hex.len; i++) {
		if (!is_one_of(hex.p[i], digits))
			return ERR_SYNTAX;
		mark = mark << 4 | (uint32_t)(strchr(digits, hex.p[i]) - digits);
	}
	if (mark == 0)
		return ERR_SYNTAX;
	memcpy(field, &mark, sizeof(mark));
	return 0;
}

static const char *const words_bool[] = {"no", "yes", NULL};
static const char *const words_backend[] = {"helper", "nft", "none", NULL};
static const char *const words_persist[] = {"no", "yes", "auto", NULL};
static const char *const words_target[] = {"stderr", "syslog", NULL};
static const char *const words_level[] = {"error", "warning", "info", "debug", NULL};

static const struct conf_kind kind_ifnames = {set_ifnames,
	"1 to 8 different interfaces, separated by commas or spaces", NULL, 0};
static const struct conf_kind kind_guests = {set_guests,
	"none, or up to 8 different interfaces, separated by commas or spaces", NULL, 0};
static const struct conf_kind kind_paths = {set_paths,
	"none, or 1 to 4 absolute paths of at most 107 bytes, separated by spaces", NULL,
	CONF_PATH_MAX};
static const struct conf_kind kind_path = {
	set_path, "an absolute path of at most 107 bytes", NULL, CONF_PATH_MAX};
static const struct conf_kind kind_path_or_none = {
	set_path_or_none, "none or an absolute path of at most 107 bytes", NULL, CONF_PATH_MAX};
static const struct conf_kind kind_user = {set_user,
	"a name of a-z, 0-9, _ and -, at most 32, not beginning with a digit or -", NULL,
	CONF_USER_MAX};
static const struct conf_kind kind_name = {
	set_text, "UTF-8 text of at most 63 bytes", NULL, CONF_NAME_MAX};
static const struct conf_kind kind_bool = {set_bool, "yes or no", words_bool, 0};
static const struct conf_kind kind_port = {set_port, "a port from 1024 to 65535", NULL, 0};
static const struct conf_kind kind_ports = {
	set_ports, "none, or 1 to 16 ports separated by commas or spaces", NULL, 0};
static const struct conf_kind kind_port_or_none = {
	set_port_or_none, "a port from 1024 to 65535, or 0 for none", NULL, 0};
static const struct conf_kind kind_sip_ports = {set_sip_ports,
	"1 to 8 different ports from 1024 to 65535, separated by commas or spaces", NULL, 0};
static const struct conf_kind kind_priority = {
	set_priority, "a number from 1 to 32765", NULL, 0};
static const struct conf_kind kind_table = {
	set_table, "a number from 1 to 4294967295, not 253 to 255", NULL, 0};
static const struct conf_kind kind_names = {set_names,
	"names of a-z, 0-9, - and ., separated by commas or spaces, at most 255 bytes", NULL,
	CONF_NAMES_MAX};
static const struct conf_kind kind_hops = {set_hops, "hops from 1 to 255", NULL, 0};
static const struct conf_kind kind_mark = {
	set_mark, "0x and 1 to 8 digits of 0-9a-f, not all zero", NULL, 0};
static const struct conf_kind kind_backend = {set_choice, "helper, nft or none", words_backend, 0};
static const struct conf_kind kind_persist = {set_choice, "yes, no or auto", words_persist, 0};
static const struct conf_kind kind_target = {set_choice, "stderr or syslog", words_target, 0};
static const struct conf_kind kind_level = {
	set_choice, "error, warning, info or debug", words_level, 0};

#define FIELD(name) offsetof(struct conf, name)

static const struct conf_key keys[] = {
	{"interfaces", "wan", &kind_ifname, FIELD(wan), NULL, "towards the Internet"},
	{"interfaces", "lan", &kind_ifnames, FIELD(lan), NULL, "home networks"},
	{"interfaces", "guest", &kind_guests, FIELD(guest), "none", "LANs for guests"},
	{"paths", "database", &kind_path, FIELD(database), POSTERN_STATEDIR "/postern.db",
		"the store"},
	{"paths", "control_socket", &kind_path, FIELD(control_socket),
		POSTERN_RUNDIR "/control.sock", "where postern(1) asks"},
	{"paths", "helper_socket", &kind_path, FIELD(helper_socket),
		POSTERN_RUNDIR "/helper.sock", "where postern-helper listens"},
	{"paths", "leases", &kind_paths, FIELD(leases),
		"/tmp/dhcp.leases /tmp/hosts/odhcpd /var/lib/misc/dnsmasq.leases",
		"leases of DHCP servers"},
	{"paths", "oui", &kind_path, FIELD(oui), POSTERN_DATADIR "/oui",
		"makers of network cards"},
	{"users", "user", &kind_user, FIELD(user), "postern", "whom posternd runs as"},
	{"users", "helper_user", &kind_user, FIELD(helper_user), "postern-helper",
		"whom postern-helper runs as"},
	{"users", "control_group", &kind_user, FIELD(control_group), "postern",
		"who may use the control socket"},
	{"users", "watch_user", &kind_user, FIELD(watch_user), "postern-notify",
		"who of them may look only"},
	{"firewall", "backend", &kind_backend, FIELD(backend), "helper",
		"who changes the firewall"},
	{"firewall", "mark", &kind_mark, FIELD(mark), "0x08000000", "bits of packet marks"},
	{"firewall", "persist", &kind_persist, FIELD(persist), "auto",
		"whether the table survives a foreign flush"},
	{"firewall", "yield", &kind_ports, FIELD(yield), "80 443",
		"ports of this machine that may lead to a device"},
	{"protocols", "upnp", &kind_bool, FIELD(upnp), "yes", "UPnP IGD"},
	{"protocols", "natpmp", &kind_bool, FIELD(natpmp), "yes", "NAT-PMP"},
	{"protocols", "pcp", &kind_bool, FIELD(pcp), "yes", "PCP"},
	{"protocols", "pinholes", &kind_bool, FIELD(pinholes), "yes",
		"whether UPnP clients may open IPv6"},
	{"protocols", "http_port", &kind_port, FIELD(http_port), "49000",
		"UPnP descriptions and control"},
	/* UDA 1.1 section 1.1.1 */
	{"protocols", "ssdp_ttl", &kind_hops, FIELD(ssdp_ttl), "2", "how far announcements go"},
	{"protocols", "friendly_name", &kind_name, FIELD(friendly_name), "Postern router",
		"what UPnP clients show"},
	{"sip", "enabled", &kind_bool, FIELD(sip), "yes",
		"whether SIP of devices marked as phones is read"},
	{"sip", "ports", &kind_sip_ports, FIELD(sip_ports), "5060",
		"where phones find their providers"},
	{"sip", "mark", &kind_mark, FIELD(sip_mark), "0x10000000", "bits of packet marks"},
	{"sip", "rule_priority", &kind_priority, FIELD(sip_priority), "900",
		"of the rule that routes by that mark"},
	{"sip", "table", &kind_table, FIELD(sip_table), "36060", "of routes, which it leads to"},
	{"web", "enable", &kind_bool, FIELD(web), "yes", "the owner's pages and API on the LAN"},
	{"web", "port", &kind_port, FIELD(web_port), "8443", "the owner's pages and API"},
	{"web", "tls", &kind_bool, FIELD(web_tls), "yes", "whether that port speaks TLS"},
	{"web", "plain_port", &kind_port_or_none, FIELD(web_plain_port), "0",
		"in the clear: a page that explains the browser's warning"},
	{"web", "socket", &kind_path_or_none, FIELD(web_socket), "none",
		"in the clear, for another web server of this machine"},
	{"web", "names", &kind_names, FIELD(web_names), "postern.lan router.lan",
		"what browsers may call this machine, besides its addresses"},
	{"web", "certificate", &kind_path_or_none, FIELD(web_certificate), "none",
		"PEM file, in place of the one we make"},
	{"web", "key", &kind_path_or_none, FIELD(web_key), "none", "PEM file, of the certificate"},
	{"log", "target", &kind_target, FIELD(log_target), "stderr", "where lines go"},
	{"log", "level", &kind_level, FIELD(log_level), "info", "the least that is told"},
	{"log", "record", &kind_bool, FIELD(log_record), "no", "every row of the record, too"},
};
_Static_assert(sizeof(keys) / sizeof(keys[0]) <= CONF_KEYS_MAX, "raise CONF_KEYS_MAX");

size_t conf_keys_count(void)
{
	return sizeof(keys) / sizeof(keys[0]);
}

const struct conf_key *conf_keys_at(size_t i)
{
	return &keys[i];
}
