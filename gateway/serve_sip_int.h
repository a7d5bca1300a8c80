/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the SIP gateway, for serve_sip*.c only; see serve_sip.h for who does what. Calls go
 * downwards: serve_sip > serve_sip_udp, serve_sip_tcp > serve_sip_pipe > serve_sip_phone >
 * serve_sip_note, serve_sip_hold > serve_sip_memo > serve_sip_row > serve_sip_media;
 * serve_sip > serve_sip_status.
 */
#ifndef GATEWAY_SERVE_SIP_INT_H
#define GATEWAY_SERVE_SIP_INT_H

#include "gateway/serve_sip.h"
#include "protocols/sipalg.h"

#include <jansson.h>

#define SIP_HELD_MAX 32		/* messages of one phone that wait for ports; others pass */
#define SIP_HELD_BYTES (256 * 1024)	/* of one phone */
#define SIP_BACKS_MAX 64	/* requests of or to one phone that may be answered */
#define SIP_PLACES_MAX 128	/* media ports of one phone: 8 calls of 8 streams of 2 */

/* ---- one message on its way ---- */

struct sip_carry;
/* bytes may be other than they were. The carry is a copy: where it goes may have become clear. */
typedef void sip_send_fn(const struct sip_carry *carry, struct str bytes);

/* How it came and how it goes on. */
struct sip_carry {
	bool by_phone;			/* the phone sent it */
	bool is_stream;			/* a frame of TCP; else a whole datagram */
	struct endpoint inside;		/* the phone's end */
	struct endpoint outside;	/* the other end */
	sip_send_fn *send;		/* called once, within sip_phone_message() or later */
	void *arg;			/* for sip_hold_cancel(); datagrams: the phone */
	uint8_t tos;			/* datagrams: as it came (SIP-82) */
};

/* ---- media ---- */

enum sip_place_state {
	SIP_PLACE_FREE = 0,
	SIP_PLACE_ASKED,		/* not open, and the core has not answered */
	SIP_PLACE_OPEN,
	SIP_PLACE_REFUSED,		/* for as long as it is wanted */
};
/* A media port of the phone and the port outside that leads to it. */
struct sip_place {
	enum sip_place_state state;
	bool is6;
	bool wanted;			/* by a call, as looked at last */
	bool asking;			/* a request is under way, of an open one too */
	bool moved;			/* packets passed since somebody asked */
	uint8_t peer_count;
	uint16_t port, external;	/* IPv6: the same */
	struct addr lan;		/* the phone's, as asked for last */
	struct addr peers[MAP_FILTERS_MAX];	/* let in, as asked for last */
	uint32_t opening_id;
	uint64_t renew_ms;
	uint64_t packets, counted;	/* as counted last, and so far */
};
struct sip_asked;			/* a request under way */

/* ---- a phone ---- */

/* A request that may still be answered, either way: its answers go where it came from, which need
 * not be the port its Via names, and only the host it went to may answer. */
struct sip_back {
	uint64_t branch;		/* hash; 0: free */
	bool by_phone;
	struct endpoint inside, outside;
};

struct sip_held;

struct sip_phone {
	struct serve_sip *serve;
	uint32_t device_id;
	struct addr lan4, lan6;		/* now; any: none */
	uint16_t wan_port;		/* its public place's, for good */
	uint16_t hears;			/* where it takes datagrams: its last REGISTER came from
					   there. Whoever else is on that host may send, too */
	uint16_t listens;		/* where it takes connections, as its REGISTERs say; 0: not
					   known. In calls many name the port they connected from */
	int udp;			/* socket there; -1: none */
	struct loop_fd *udp_fd;
	int tcp;			/* bound there; -1: none */
	struct loop_fd *tcp_fd;		/* NULL: it does not listen yet */
	struct sipalg_phone alg;	/* lan: IPv4, with the port its last datagram came from */
	struct sipreg reg;
	struct endpoint unproven;	/* a server that let it in without asking for a password */
	uint64_t unproven_until_s;
	struct sipcalls calls;
	uint32_t call_ids[SIPCALL_MAX];	/* rows of the store; 0: none yet */
	uint64_t call_digests[SIPCALL_MAX];	/* of what these rows say */
	struct sip_place places[SIP_PLACES_MAX];
	size_t place_end;		/* those from here on are free, and need no look */
	struct sip_asked *asked;
	struct sip_held *held, **held_end;	/* in the order they came */
	size_t held_count, held_bytes;
	struct sip_back backs[SIP_BACKS_MAX];
	uint32_t back_next;		/* the oldest one */
	uint64_t heard_s;
	bool encrypted, left_alone, unconfirmed;
	bool dirty;			/* the store has to hear of it (not of its calls) */
	bool calls_dirty;		/* of one of its calls, as call_digests tell */
};

struct sip_way;
/* A socket of a way, which somebody else has to open. */
struct sip_ask {
	struct sip_way *way;
	int *fd;			/* of the way */
	struct fw_way wanted;
	bool waits;			/* for the answer */
	int err;			/* of the last one */
};
#define SIP_ASKS 3
#define SIP_WAYS_MAX (FW_SIP_PORTS_MAX + 16)

/* A SIP port: the sockets that get what phones send to it. Or a port that a phone speaks IPv6 from,
 * where only udp6 is, to send by. */
struct sip_way {
	struct serve_sip *serve;
	uint16_t port;
	bool is_spare;
	int udp4, udp6, tcp4;		/* -1: none */
	struct loop_fd *udp4_fd, *udp6_fd, *tcp4_fd;
	struct sip_ask asks[SIP_ASKS];
};

struct sip_tcp;

struct serve_sip {
	struct loop *loop;
	struct core *core;
	struct fw *fw;
	struct net *net;
	struct log *log;
	const struct conf *conf;
	struct addr wan4;		/* any: none */
	struct sip_phone *phones[SERVE_SIP_PHONES_MAX];
	size_t phone_count;
	struct sip_way ways[SIP_WAYS_MAX];	/* those of the configuration first */
	size_t way_count, spare_next;
	uint16_t spare_wanted;		/* the next look asks for it; 0: none */
	struct sip_tcp *tcp;		/* serve_sip_tcp.c's own */
	size_t told_ports;		/* to which the kernel leads phones to us */
	const char *told_failure, *told_helper;	/* the alerts there are; NULL: none, or not known */
	uint64_t keep_s;		/* when to keep public places reachable */
	uint64_t retry_ms;		/* before, what failed is not asked for again */
	struct loop_timer look;		/* phones, addresses and sockets are compared with what
					   there should be */
	struct loop_timer tick;		/* calls, registrations, renewals, memory: once a second
					   while a phone is there */
	struct serve_sip_missed missed[SERVE_SIP_MISSED_MAX];
	size_t missed_count;		/* newest first */
	uint64_t messages, changed, passed;
	uint64_t lost;			/* datagrams the kernel had no room for */
	uint32_t next_row;		/* of the store */
	struct loop_timer memo;		/* what has changed is written */
	int memo_err;			/* of the last row, which the log has heard of */
	uint64_t counted_ms;		/* the kernel's counters were asked for */
	bool counting;
	void (*answered)(struct sip_phone *p);	/* a place of it has its answer: held messages are
						   looked at (set by serve_sip.c) */
	/* Worked in by one message at a time. */
	struct sip_message message;
	struct sip_edits edits;
	char buffer[2 * SIP_MESSAGE_MAX];
	char datagram[SIP_MESSAGE_MAX];
	bool media_read;		/* the kernel has told of ports of before */
};

/* serve_sip_find.c: below all others */
struct sip_phone *sip_phone_new(struct serve_sip *s, uint32_t device_id);	/* NULL: no memory,
	or SERVE_SIP_PHONES_MAX; among the phones, without sockets and addresses */
void sip_phone_free(struct sip_phone *p);	/* takes it from among them */
struct sip_phone *sip_phone_of(const struct serve_sip *s, const struct addr *lan);	/* NULL */
struct sip_phone *sip_phone_by_id(const struct serve_sip *s, uint32_t device_id);	/* NULL */
/* Whose public place this is; NULL: nobody's. */
struct sip_phone *sip_phone_at(const struct serve_sip *s, const struct endpoint *wan);
/* This host may call the phone, and media may open by its word: by the phone's registrations, or
 * because the owner says so. */
bool sip_phone_knows(const struct sip_phone *p, const struct addr *host);

/* serve_sip_status.c */
void sip_status_look(struct serve_sip *s);	/* alerts come and go */

/* serve_sip_udp.c */
int sip_udp_way(struct sip_way *way);		/* its udp sockets are there: reads them */
void sip_udp_way_close(struct sip_way *way);
int sip_udp_public(struct sip_phone *p);	/* its socket at the public place, anew */
void sip_udp_public_close(struct sip_phone *p);
/* Says nothing to where it is registered, so that the routers on the way go on letting it in. */
void sip_udp_keep(struct sip_phone *p);

/* serve_sip_tcp.c */
int sip_tcp_init(struct serve_sip *s);
void sip_tcp_free(struct serve_sip *s);
int sip_tcp_way(struct sip_way *way);		/* its tcp4 listener is there */
void sip_tcp_way_close(struct sip_way *way);
/* Once a second: who may call at its public place is told, and while it is registered over TCP it
 * listens there, as soon as the kernel keeps strangers away. */
void sip_tcp_tend(struct sip_phone *p);
void sip_tcp_public_close(struct sip_phone *p);	/* it has no public place (any more) */
void sip_tcp_forget(struct sip_phone *p);	/* its connections end (it is no phone any more) */

/* serve_sip_phone.c */
/* Understands it, changes what it says of where the phone is, and sends it on: at once, or when its
 * media's ports are there. Whatever cannot be understood goes as it came. */
void sip_phone_message(struct sip_phone *p, const struct sip_carry *carry, struct str bytes);
/* May this host's datagram or connection come to the phone at all? Notes a call that was missed. */
bool sip_phone_admits(struct sip_phone *p, const struct endpoint *from, struct str bytes);
void sip_phone_tick(struct sip_phone *p);	/* once a second */
void sip_phone_look(struct sip_phone *p);	/* ports were answered: what waited goes */

/* serve_sip_note.c: the owner's record */
struct sip_remark {
	bool refused;
	const char *what, *why;		/* static */
	const struct sipcall *call;	/* NULL: m says who it is */
};
/* With a call m may be NULL. */
void sip_note_put(const struct sip_phone *p, const struct sip_message *m,
	const struct addr *peer, const struct sip_remark *remark);
void sip_note_pass(const struct sip_phone *p, const struct sip_message *m,
	const struct addr *peer, const char *why);	/* it goes as it came */
/* What a call became by a message or by time. */
void sip_note_call(const struct sip_phone *p, const struct sipcall *c, enum sipcall_state before);
/* A call from a host that is not admitted. */
void sip_note_missed(struct sip_phone *p, const struct endpoint *from,
	const struct sip_message *m);

/* serve_sip_hold.c */
/* ERR_FULL: it has to go as it is, now. The message waits until none of its streams' ports is asked
 * for, and until what waits before it in the same call has gone. */
struct sip_hold_wants {			/* bytes are copied; call_id is text in them */
	struct sipalg_streams streams;
	struct str call_id;
};
int sip_hold_put(struct sip_phone *p, const struct sip_carry *carry, struct str bytes,
	const struct sip_hold_wants *wants);
bool sip_hold_waits(const struct sip_phone *p, struct str call_id);	/* one of this call does */
void sip_hold_look(struct sip_phone *p, void (*go)(struct sip_phone *p,
	const struct sip_carry *carry, struct str bytes));	/* sends those that need not wait */
void sip_hold_cancel(struct sip_phone *p, const void *arg);	/* carry.arg is gone */
void sip_hold_free(struct sip_phone *p);

/* serve_sip_media.c */
/* Makes what is open be what the phone's calls want: asks the core, which answers later and then
 * calls answered(phone). */
void sip_media_look(struct sip_phone *p);
/* None of these streams' ports is being asked for. */
bool sip_media_settled(const struct sip_phone *p, const struct sipalg_streams *streams, bool is6);
/* Fills in their external ports; 0 where there is none, or where a pair or run is not whole. */
void sip_media_externals(const struct sip_phone *p, struct sipalg_streams *streams, bool is6);
/* Which calls' media moved since the last time; asks the kernel's counters for the next, once a
 * minute. */
void sip_media_used(struct sip_phone *p, bool used[SIPCALL_MAX]);
void sip_media_renew(struct sip_phone *p);	/* the leases of what goes on being wanted */
/* The phone behind an external port of ours. */
bool sip_media_find(const struct serve_sip *s, uint16_t external, struct endpoint *lan);
/* At the start: what the phone's port had outside, which it is given again; 0: it was refused, and
 * is for as long as it is wanted. */
void sip_media_resume(struct sip_phone *p, uint16_t port, uint16_t external, bool is6);
/* All are read: what no call wants any more closes. */
void sip_media_begin(struct serve_sip *s);
void sip_media_drop(struct sip_phone *p);	/* all of them close; nothing comes back to p */
void sip_media_leave(struct sip_phone *p);	/* they stay; nothing comes back to p */

/* serve_sip_memo.c: written within 100 ms; what changes often meanwhile is written once */
/* What the store knows of the phones that are there: once at the start, and once for each that
 * becomes one (nothing then). */
void sip_memo_load(struct serve_sip *s);
void sip_memo_put(struct sip_phone *p);		/* something has changed: soon */
void sip_memo_flush(struct serve_sip *s);	/* what has changed, now */
void sip_memo_drop(struct sip_phone *p);	/* it is no phone any more */

/* serve_sip_row.c */
json_t *sip_row_of_call(const struct sipcall *c);
/* ERR_SYNTAX, ERR_RANGE: not what we wrote. */
int sip_row_to_call(const json_t *json, struct sipcall *out);
json_t *sip_row_of_phone(const struct sip_phone *p);
/* What can be believed of it; p is new. */
void sip_row_to_phone(const json_t *json, struct sip_phone *p);

#endif
