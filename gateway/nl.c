/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink questions; see nl.h. */
#include "gateway/nl.h"

#include "protocols/err.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

int nl_err(int system_errno)
{
	switch (system_errno) {
	case EINTR:
	case EAGAIN:
	case EBUSY:
		return ERR_AGAIN;
	case EEXIST:
		return ERR_EXISTS;
	case ENOENT:
	case ENODEV:
	case ESRCH:
		return ERR_NOT_FOUND;
	case EPERM:
	case EACCES:
		return ERR_DENIED;
	case EOPNOTSUPP:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
		return ERR_UNSUPPORTED;
	}
	return ERR_IO;
}

int nl_open(struct nl *nl, int bus)
{
	nl->seq = 0;
	nl->socket = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl->socket)
		return nl_err(errno);
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		nl_close(nl);
		return ERR_IO;
	}
	return 0;
}

void *nl_begin(union nl_request *request, uint16_t type, uint16_t flags, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(nlh, size);
}

static int read_answers(struct nl *nl, char *buffer, mnl_cb_t fn, void *arg)
{
	unsigned port = mnl_socket_get_portid(nl->socket);
	int more = MNL_CB_OK;

	while (more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl->socket, buffer, NL_BUFFER_MAX);
		if (n < 0)
			return nl_err(errno);
		more = mnl_cb_run(buffer, (size_t)n, nl->seq, port, fn, arg);
	}
	return more < 0 ? nl_err(errno) : 0;
}

int nl_ask(struct nl *nl, union nl_request *request, mnl_cb_t fn, void *arg)
{
	_Alignas(struct nlmsghdr) char buffer[NL_BUFFER_MAX];
	int err;

	request->header.nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->socket, request, request->header.nlmsg_len) < 0)
		return nl_err(errno);
	err = read_answers(nl, buffer, fn, arg);
	/* What is left of a dump given up would be taken for the next answer. */
	while (err && mnl_socket_recvfrom(nl->socket, buffer, sizeof(buffer)) > 0)
		continue;
	return err;
}

struct attrs {
	const struct nlattr **tb;
	uint16_t max;
};

static int take_attr(const struct nlattr *attr, void *arg)
{
	struct attrs *attrs = arg;

	if (mnl_attr_get_type(attr) <= attrs->max)
		attrs->tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

void nl_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr *tb[], uint16_t max)
{
	struct attrs attrs = {tb, max};

	memset(tb, 0, (max + 1u) * sizeof(tb[0]));
	mnl_attr_parse(nlh, (unsigned)header, take_attr, &attrs);
}

void nl_nested(const struct nlattr *nest, const struct nlattr *tb[], uint16_t max)
{
	struct attrs attrs = {tb, max};

	memset(tb, 0, (max + 1u) * sizeof(tb[0]));
	mnl_attr_parse_nested(nest, take_attr, &attrs);
}

bool nl_text(const struct nlattr *attr, char *out, size_t size)
{
	size_t len;

	if (!attr)
		return false;
	len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (len >= size)
		return false;
	memset(out, 0, size);
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

bool nl_bytes(const struct nlattr *attr, void *out, size_t size)
{
	if (!attr || mnl_attr_get_payload_len(attr) != size)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), size);
	return true;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}
