/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A netlink socket for questions: one request, its answers, the end, before the call returns. The
 * kernel answers these within send and recv, so nothing waits. Watching is net.c's.
 */
#ifndef GATEWAY_NL_H
#define GATEWAY_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_REQUEST_MAX 256
#define NL_BUFFER_MAX 32768	/* what the kernel fills at most per message of a dump */

struct nl {
	struct mnl_socket *socket;
	uint32_t seq;
};

/* Aligned and large enough for every request made here. */
union nl_request {
	struct nlmsghdr header;
	uint8_t bytes[NL_REQUEST_MAX];
};

/* bus: NETLINK_ROUTE, NETLINK_SOCK_DIAG. ERR_UNSUPPORTED or ERR_IO. */
int nl_open(struct nl *nl, int bus);
/* Begins a request of this type with its family header of size bytes, zeroed and returned. */
void *nl_begin(union nl_request *request, uint16_t type, uint16_t flags, size_t size);
/* fn is called for every message of the answer. ERR_AGAIN: the dump was interrupted by a change;
 * ERR_NOT_FOUND, ERR_EXISTS, ERR_DENIED, ERR_UNSUPPORTED, ERR_IO: the kernel said no. */
int nl_ask(struct nl *nl, union nl_request *request, mnl_cb_t fn, void *arg);
/* Attributes of a message behind its family header, or of a nest, by type: tb[0..max], NULL where
 * there is none. Of a type given twice the last counts. */
void nl_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr *tb[], uint16_t max);
void nl_nested(const struct nlattr *nest, const struct nlattr *tb[], uint16_t max);
/* Text, NUL-terminated in out; exactly size bytes. false: attr is NULL, or does not fit. */
bool nl_text(const struct nlattr *attr, char *out, size_t size);
bool nl_bytes(const struct nlattr *attr, void *out, size_t size);
/* errno of a refusal as an enum err. */
int nl_err(int system_errno);
void nl_close(struct nl *nl);

#endif
