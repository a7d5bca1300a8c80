/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file: "[section]" lines and "key = value" lines, comments from '#' at the
 * start of a line. It holds what is static only; who may open what is in the database. What a key
 * is called, its kind, default and meaning is one table in conf.c. A key or section nobody knows
 * is an error, as is a key given twice.
 */
#ifndef GATEWAY_CONF_H
#define GATEWAY_CONF_H

#include "gateway/log.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_IFNAME_MAX 16	/* IFNAMSIZ: longest name and NUL */
#define CONF_LANS_MAX 8
#define CONF_LEASES_MAX 4
#define CONF_PATH_MAX 108	/* what a unix socket address holds, with NUL */
#define CONF_USER_MAX 33	/* longest user name useradd takes, with NUL */
#define CONF_NAMES_MAX 256
#define CONF_YIELD_MAX 16
#define CONF_SIP_PORTS_MAX 8
#define CONF_NAME_MAX 64	/* UPnP: friendlyName is shorter than 64 characters */

enum conf_backend {
	CONF_BACKEND_HELPER = 0,	/* postern-helper changes the firewall */
	CONF_BACKEND_NFT = 1,		/* posternd itself; needs CAP_NET_ADMIN */
	CONF_BACKEND_NONE = 2,		/* a dry run */
};

enum conf_persist {
	CONF_PERSIST_NO = 0,
	CONF_PERSIST_YES = 1,
	CONF_PERSIST_AUTO = 2,		/* where the kernel has it */
};

struct conf {
	/* [interfaces] */
	char wan[CONF_IFNAME_MAX];	/* "": to be detected */
	char lan[CONF_LANS_MAX][CONF_IFNAME_MAX];
	size_t lan_count;		/* 0: to be detected */
	char guest[CONF_LANS_MAX][CONF_IFNAME_MAX];	/* those LANs that are for guests */
	size_t guest_count;
	/* [paths] */
	char database[CONF_PATH_MAX];
	char control_socket[CONF_PATH_MAX];
	char helper_socket[CONF_PATH_MAX];
	char leases[CONF_LEASES_MAX][CONF_PATH_MAX];	/* of DHCP servers */
	uint8_t lease_count;
	char oui[CONF_PATH_MAX];	/* makers of network cards */
	/* [users] */
	char user[CONF_USER_MAX];
	char helper_user[CONF_USER_MAX];
	char control_group[CONF_USER_MAX];
	char watch_user[CONF_USER_MAX];	/* of that group, and may look only */
	/* [firewall] */
	enum conf_backend backend;
	uint32_t mark;			/* one bit or more of skb and ct marks */
	enum conf_persist persist;
	uint16_t yield[CONF_YIELD_MAX];	/* ports of our own the owner may lead to a device */
	uint16_t yield_count;
	/* [protocols] */
	bool upnp;
	bool natpmp;
	bool pcp;
	bool pinholes;			/* UPnP clients may open IPv6 */
	uint16_t http_port;		/* of UPnP descriptions and control */
	uint8_t ssdp_ttl;		/* hops of announcements */
	char friendly_name[CONF_NAME_MAX];
	/* [sip]: phones' SIP, read on its way */
	bool sip;
	uint16_t sip_ports[CONF_SIP_PORTS_MAX];	/* where phones find their providers */
	uint16_t sip_port_count;
	uint32_t sip_mark;		/* bits of skb marks, none of those of [firewall] */
	uint32_t sip_priority;		/* of the rule that routes by it, and its table */
	uint32_t sip_table;
	/* [web]: the owner's pages and API */
	bool web;
	bool web_tls;			/* no: in the clear, to whoever listens on the LAN */
	uint16_t web_port;
	uint16_t web_plain_port;	/* of the page that explains the warning; 0: none */
	char web_socket[CONF_PATH_MAX];	/* in the clear, for another web server; "": none */
	char web_names[CONF_NAMES_MAX];	/* what else Host may say, separated by spaces or commas */
	char web_certificate[CONF_PATH_MAX];	/* "": one of our own making */
	char web_key[CONF_PATH_MAX];
	/* [log] */
	enum log_target log_target;
	enum log_level log_level;
	bool log_record;		/* every row of the record, too */
};

#define CONF_PROBLEM_MAX 320

struct conf_problem {
	const char *path;
	unsigned line;			/* 0: the file as a whole */
	char text[CONF_PROBLEM_MAX];	/* what is wrong and what is allowed */
};

/* Once per problem, in the order of lines. */
typedef void conf_problem_fn(void *arg, const struct conf_problem *problem);

void conf_defaults(struct conf *out);
bool conf_yields(const struct conf *conf, uint16_t port);
/* With [sip] on only. */
bool conf_is_sip_port(const struct conf *conf, uint16_t port);
/* ERR_NOT_FOUND, ERR_IO: the file cannot be read; ERR_SYNTAX: at least one problem in it. Each
 * failure was told to fn. out is untouched on failure. */
int conf_load(const char *path, struct conf *out, conf_problem_fn *fn, void *arg);
/* The same for text that is there already; path only names it. */
int conf_decode(const char *path, struct str text, struct conf *out, conf_problem_fn *fn,
	void *arg);
/* One value by hand (the command line). ERR_NOT_FOUND, ERR_SYNTAX; why is told in problem->text. */
int conf_set(struct conf *conf, const char *section, const char *key, struct str value,
	struct conf_problem *problem);

#endif
