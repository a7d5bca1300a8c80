/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams waiting for the end of a wake-up, then sent in as few calls as there are sockets. */
#ifndef GATEWAY_UDP_QUEUE_H
#define GATEWAY_UDP_QUEUE_H

#include "gateway/udp.h"

#define UDP_QUEUE_LEN 32	/* when so many wait they are sent at once */

struct udp_queue;

struct udp_queue *udp_queue_new(void);
/* len is at most UDP_PACKET_MAX. fd must stay open until the next flush. */
void udp_queue_put(struct udp_queue *queue, int fd, const struct udp_path *path, const void *bytes,
	size_t len);
/* A datagram the kernel does not take is dropped; its client asks again. */
void udp_queue_flush(struct udp_queue *queue);
void udp_queue_free(struct udp_queue *queue);

#endif
