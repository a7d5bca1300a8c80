/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls of one phone, as the messages that pass show them: dialogs (RFC 3261 section 12) with
 * their offers and answers (RFC 3264, 6337), early media, forks, refused re-INVITEs, CANCEL and
 * session timers (RFC 4028). A call says which ports of the phone want to be reached and by whom;
 * opening them is the shell's. A message either belongs to a call or changes nothing.
 *
 * Media wanted: `now` is what was agreed; `next` what an offer or answer under way asks for, which
 * becomes `now` with a 2xx, and is forgotten when the request is refused (SIP-64). Both are open
 * meanwhile. A request ends nothing: its answer does, since anybody may be asked for a password.
 *
 * Each 2xx to an INVITE that forked (RFC 3261 13.2.2.4) is a call of its own, of the same ports.
 */
#ifndef PROTOCOLS_SIPCALL_H
#define PROTOCOLS_SIPCALL_H

#include "protocols/sipalg_sdp.h"

#define SIPCALL_MAX 8		/* of one phone at a time; others pass, without media */
#define SIPCALL_ID_MAX 192	/* octets of a Call-ID; phones take 20 to 60 */
#define SIPCALL_TAG_MAX 96	/* octets of a tag */
#define SIPCALL_PEERS_MAX 6	/* hosts that may send; with the signalling peer 7 of the 8 filters
				   of an opening (MAP_FILTERS_MAX) */
#define SIPCALL_WHO_MAX 96	/* of the other party's URI, for display */
#define SIPCALL_CODECS_MAX 64	/* the same */

#define SIPCALL_RING_S 200	/* no final answer: Timer C is above 180 s (RFC 3261 16.6) */
#define SIPCALL_RETRY_S 32	/* Timer F, H: a challenged INVITE or an unanswered BYE */
#define SIPCALL_IDLE_S 3600	/* an answered call without session timer, message or media */
#define SIPCALL_HOLD_S 86400	/* the same on hold, where nothing moves: nobody waits for a day */
#define SIPCALL_TIMER_MIN_S 90	/* RFC 4028 section 4: no session timer is shorter; */
#define SIPCALL_TIMER_MAX_S 86400	/* one that is longer says nothing */

struct sipcall_text {
	uint8_t len;
	char at[SIPCALL_ID_MAX];
};

enum sipcall_state {
	SIPCALL_FREE = 0,
	SIPCALL_RINGING,	/* an INVITE without final answer, provisional ones or not */
	SIPCALL_CHALLENGED,	/* 401 or 407: it will come again with a password; 422: with
				   another session timer */
	SIPCALL_UP,		/* 2xx */
	SIPCALL_ENDING,		/* a BYE has no answer yet */
	SIPCALL_OVER,		/* the shell closes and drops it */
};

struct sipcall {
	enum sipcall_state state;
	bool by_phone;			/* the phone called */
	bool on_hold;			/* as the last description said, either side */
	bool is_fork;			/* a further 2xx of the same INVITE, without ACK so far */
	bool is_shut;			/* the owner closed a port of it: it gets no more (the shell
					   says so) */
	bool has_next;
	bool next_by_phone;		/* whose request carries next; these stay when it is done */
	bool next_offered;		/* that request has a description; else its 2xx offers */
	bool next_holds;		/* the offer says that media rests */
	uint8_t next_method;		/* enum sip_method of that request; ACK: its 2xx offered */
	uint8_t peer_count;
	uint8_t peers_now, peers_next;	/* bits, by place in peers: agreed, and as next */
	uint32_t next_cseq;
	uint32_t invite_cseq;		/* of the INVITE that opened it, as last sent */
	uint32_t end_cseq;		/* of the BYE */
	bool end_by_phone;
	struct sipcall_text id;
	struct sipcall_text own_tag;	/* the phone's */
	struct sipcall_text peer_tag;	/* the other's; who is called has none before its 2xx, as
					   several may ring */
	struct sipalg_streams now, next;	/* external is not used here */
	struct addr signalling;		/* with whom the phone speaks: the way of the INVITE */
	struct addr peers[SIPCALL_PEERS_MAX];	/* named by descriptions (SIP-72), signalling not
						   among them */
	uint64_t since_s;		/* of the 2xx; else of the INVITE */
	uint64_t until_s;		/* ends by itself then, unless something happens */
	uint32_t timer_s;		/* Session-Expires; 0: none */
	char who[SIPCALL_WHO_MAX + 1];	/* printable ASCII of the URI, others as '?' */
	char codecs[SIPCALL_CODECS_MAX + 1];	/* "PCMA, opus" of the last answer */
	const char *why;		/* OVER: static, for the record */
};

/* Begin with a zeroed one. */
struct sipcalls {
	struct sipcall at[SIPCALL_MAX];
};

/* What a message needs to be understood. */
struct sipcall_facts {
	bool by_phone;			/* it sent it; else it is for the phone */
	struct addr lan;		/* the phone's address (of the family it speaks) */
	struct addr wan;		/* ours, which is nobody's to be let in (SIP-65) */
	struct addr peer;		/* at the other end of the signalling */
	uint64_t now_s;
	bool may_begin;			/* a new call may have media: the peer is who challenged
					   the phone, or one of its proxies */
};

/* Takes the message into account; it must be decoded from bytes as they came (not edited). *out:
 * its call, NULL when it belongs to none (in-dialog messages with other tags do, SIP-76). With
 * changed, what the call wants, its state or its hold is another than before; it may be OVER by
 * now. ERR_BUSY (SIPCALL_MAX, which sipcall_make_room() may help), ERR_FULL (a text too long, more
 * than SIPALG_STREAMS_MAX streams) and what sdp_decode() says: it is to be passed without media. A
 * call that was there has seen it then too, as one without description; so out and changed are set
 * whatever is returned. */
int sipcall_see(struct sipcalls *cs, const struct sip_message *m, const struct sipcall_facts *f,
	struct sipcall **out, bool *changed);
/* When all places are taken the oldest call to the phone that nobody answered yet is OVER: who can
 * send in the name of a server takes no more than the places of calls that ring. NULL: there is
 * none, or a place is free. */
struct sipcall *sipcall_make_room(struct sipcalls *cs);
/* A request within an answered call, by its Call-ID and both tags, from a host that its
 * descriptions named: a caller whose proxy is in the way no longer (RFC 3261 12.2.1.1). */
bool sipcall_admits(struct sipcalls *cs, const struct sip_message *m,
	const struct sipcall_facts *f);
/* Time: what has run out is OVER. used: packets of its media moved since the last tick, by place
 * in at. Returns when to be called again at the latest; UINT64_MAX: no call is there. */
uint64_t sipcall_tick(struct sipcalls *cs, uint64_t now_s, const bool used[SIPCALL_MAX]);
/* All of them are OVER, for this reason. */
void sipcall_end_all(struct sipcalls *cs, const char *why);
void sipcall_drop(struct sipcall *c);		/* OVER -> FREE */
/* A call read back from the store is one that this accepts: lengths, counts, states. A free place
 * is none, nor is one that is OVER without a reason. */
bool sipcall_is_sound(const struct sipcall *c);

const char *sipcall_state_text(enum sipcall_state state);	/* "ringing", "up", ... */

#endif
