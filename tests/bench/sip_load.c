/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of SIP for the bench, as plain as they can be: a phone that says its own address
 * everywhere and keeps a number of transactions or calls on the way, and a provider that asks for a
 * password and answers all else by 200. The phone prints one line: what transactions messages
 * seconds lost cpu_us, where cpu is its own; the provider at its end the messages it got and how
 * many of them said the address they came from, as they do when somebody corrects them.
 *
 *	sip_load serve ADDRESS				until its standard input ends
 *	sip_load options|calls|shortest ADDRESS SERVER COUNT WINDOW
 *
 * A call is one as at most providers: INVITE, 407, ACK, INVITE with a proof, 100, 180, 200, ACK,
 * BYE, 200; the shortest there can be is INVITE, 200, ACK, BYE, 200. INVITEs and what accepts them
 * describe media.
 */
#include "protocols/str.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SIP_PORT 5060
#define WINDOW_MAX 64
#define LOST_US 2000000
#define MESSAGE_MAX 4096

static const char audio[] =
	"t=0 0\r\n"
	"m=audio %u RTP/AVP 9 8 0 18 96 101\r\n"
	"a=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:96 opus/48000/2\r\n"
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

struct end {
	int fd;
	const char *address;
	uint32_t run, sent;		/* make its words unlike those of others */
	struct sockaddr_in peer;
	char text[MESSAGE_MAX], body[MESSAGE_MAX], got[MESSAGE_MAX];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct sockaddr_in place(const char *address)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(SIP_PORT)};

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		die(address);
	return sin;
}

static void open_end(struct end *e, const char *address)
{
	struct sockaddr_in sin = place(address);
	int size = 4 << 20;

	e->address = address;
	e->run = (uint32_t)now_us(CLOCK_REALTIME);
	e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (e->fd < 0 || bind(e->fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("bind");
}

/* ---- words ---- */

/* What stands behind mark, up to the end of the line; empty: nothing does. */
static struct str behind(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);

	return at ? (struct str){at + strlen(mark), strcspn(at + strlen(mark), "\r\n")}
		  : (struct str){text, 0};
}

static void describe(struct end *e, unsigned port)
{
	int n = snprintf(e->body, sizeof(e->body), "v=0\r\no=- 1 1 IN IP4 %s\r\ns=call\r\n"
		"c=IN IP4 %s\r\n", e->address, e->address);

	snprintf(e->body + n, sizeof(e->body) - (size_t)n, audio, port);
}

/* With e->body and the header fields so far, which come to an end. */
static void send_text(struct end *e, size_t len)
{
	len += (size_t)snprintf(e->text + len, sizeof(e->text) - len,
		"Contact: <sip:me@%s:%u;transport=UDP>\r\n%sContent-Length: %zu\r\n\r\n%s",
		e->address, SIP_PORT, e->body[0] ? "Content-Type: application/sdp\r\n" : "",
		strlen(e->body), e->body);
	sendto(e->fd, e->text, len, 0, (struct sockaddr *)&e->peer, sizeof(e->peer));
}

/* ---- the phone ---- */

enum step { STEP_IDLE, STEP_WHOLE, STEP_UNPROVEN, STEP_INVITE, STEP_BYE };

struct slot {
	enum step step;
	uint32_t number, cseq;
	uint64_t since_us;
};

struct phone {
	struct end end;
	enum step first;
	uint32_t count, begun, done, lost;
	uint64_t messages;
	size_t window;
	struct slot slots[WINDOW_MAX];
};

#define PROOF "Digest username=\"me\", realm=\"x\", nonce=\"1\", uri=\"sip:x\", response=\"1\"\r\n"
/* The provider asks for a proof, and rings, where it sees this. */
#define USUAL "Subject: a call as they are\r\n"

static void request(struct end *e, const char *method, const struct slot *s, const char *more)
{
	bool within = strcmp(method, "ACK") == 0 || strcmp(method, "BYE") == 0;
	int n = snprintf(e->text, sizeof(e->text),
		"%s sip:you@example.org SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s:%u;branch=z9hG4bK-%u-%u;rport\r\n"
		"Max-Forwards: 70\r\n"
		"To: \"Bob\" <sip:you@example.org>%s\r\n"
		"From: \"Alice\" <sip:me@example.org>;tag=a%u\r\n"
		"Call-ID: %u@%u.bench\r\n"
		"CSeq: %u %s\r\n"
		"Allow: OPTIONS, SUBSCRIBE, NOTIFY, INVITE, ACK, CANCEL, BYE, REFER, INFO\r\n"
		"Supported: replaces, timer, 100rel, outbound, path\r\n"
		"User-Agent: A phone 1.2.3\r\n%s",
		method, e->address, SIP_PORT, e->run, e->sent++, within ? ";tag=b" : "",
		s->number, s->number, e->run, s->cseq, method, more);

	send_text(e, (size_t)n);
	e->body[0] = '\0';
}

static void invite(struct phone *p, struct slot *s, const char *more)
{
	s->cseq++;
	s->since_us = now_us(CLOCK_MONOTONIC);
	describe(&p->end, 16384 + 2 * (s->number % 4000));
	request(&p->end, "INVITE", s, more);
	p->messages++;
}

static void begin_slot(struct phone *p, struct slot *s)
{
	*s = (struct slot){.step = p->first, .number = p->begun++};
	if (s->step != STEP_WHOLE) {
		invite(p, s, s->step == STEP_UNPROVEN ? USUAL : "");
		return;
	}
	s->cseq = 1;
	s->since_us = now_us(CLOCK_MONOTONIC);
	request(&p->end, "OPTIONS", s, "");
	p->messages++;
}

static void answered(struct phone *p, struct slot *s, bool is_final)
{
	p->messages++;
	if (!is_final)
		return;
	if (s->step == STEP_UNPROVEN || s->step == STEP_INVITE) {
		request(&p->end, "ACK", s, "");
		p->messages++;
	}
	if (s->step == STEP_UNPROVEN) {
		s->step = STEP_INVITE;
		invite(p, s, USUAL "Proxy-Authorization: " PROOF);
	} else if (s->step == STEP_INVITE) {
		s->step = STEP_BYE;
		s->cseq++;
		request(&p->end, "BYE", s, "");
		p->messages++;
	} else {
		s->step = STEP_IDLE;
		p->done++;
	}
}

static void take_answer(struct phone *p)
{
	struct str id = behind(p->end.got, "\r\nCall-ID: ");
	struct str cseq = behind(p->end.got, "\r\nCSeq: ");
	bool is_final = !str_starts(str_from(p->end.got), STR("SIP/2.0 1"));
	uint32_t number, turn;

	if (str_u32(str_sub(id, 0, str_find(id, 0, '@')), 0, UINT32_MAX, &number) ||
		str_u32(str_sub(cseq, 0, str_find(cseq, 0, ' ')), 0, UINT32_MAX, &turn))
		return;
	for (size_t i = 0; i < p->window; i++) {
		struct slot *s = &p->slots[i];
		if (s->step != STEP_IDLE && s->number == number && s->cseq == turn)
			answered(p, s, is_final);
	}
}

/* False: nothing came for so long. */
static bool take(struct end *e, int wait_ms)
{
	struct pollfd pfd = {.fd = e->fd, .events = POLLIN};
	socklen_t len = sizeof(e->peer);
	struct sockaddr_in from;
	ssize_t n;

	do {
		if (poll(&pfd, 1, wait_ms) <= 0)
			return false;
		n = recvfrom(e->fd, e->got, sizeof(e->got) - 1, 0, (struct sockaddr *)&from, &len);
	} while (n < 16);
	e->got[n] = '\0';
	e->peer = from;
	return true;
}

/* Until the provider knows the phone. */
static void enroll(struct phone *p)
{
	static const char *const proofs[] = {"", "Authorization: " PROOF};

	for (uint32_t i = 0; i < 2; i++) {
		request(&p->end, "REGISTER", &(struct slot){.number = 4000000000, .cseq = i + 1},
			proofs[i]);
		if (!take(&p->end, 2000))
			die("no answer to REGISTER");
	}
}

static void look_at_slots(struct phone *p)
{
	uint64_t now = now_us(CLOCK_MONOTONIC);

	for (size_t i = 0; i < p->window; i++) {
		struct slot *s = &p->slots[i];
		if (s->step != STEP_IDLE && now - s->since_us > LOST_US) {
			s->step = STEP_IDLE;
			p->lost++;
			p->done++;
		}
		if (s->step == STEP_IDLE && p->begun < p->count)
			begin_slot(p, s);
	}
}

static int call(struct phone *p, const char *what)
{
	uint64_t begin_us, cpu_us;

	enroll(p);
	begin_us = now_us(CLOCK_MONOTONIC);
	cpu_us = now_us(CLOCK_PROCESS_CPUTIME_ID);
	while (p->done < p->count) {
		look_at_slots(p);
		if (take(&p->end, 100))
			take_answer(p);
	}
	printf("%s %u %llu %.6f %u %llu\n", what, p->done, (unsigned long long)p->messages,
		(double)(now_us(CLOCK_MONOTONIC) - begin_us) / 1e6, p->lost,
		(unsigned long long)(now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_us));
	return 0;
}

/* ---- the provider ---- */

static size_t copy_fields(struct end *e, size_t len)
{
	static const char *const names[] = {"\r\nVia: ", "\r\nFrom: ", "\r\nTo: ", "\r\nCall-ID: ",
		"\r\nCSeq: "};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str value = behind(e->got, names[i]);
		const char *tag = i == 2 && !memmem(value.p, value.len, ";tag=", 5) ? ";tag=b" : "";
		len += (size_t)snprintf(e->text + len, sizeof(e->text) - len, "%s%.*s%s",
			names[i] + 2, (int)value.len, value.p, tag);
		len += (size_t)snprintf(e->text + len, sizeof(e->text) - len, "\r\n");
	}
	return len;
}

/* more: header fields. */
static void answer_by(struct end *e, const char *status, const char *more)
{
	size_t len = (size_t)snprintf(e->text, sizeof(e->text), "SIP/2.0 %s\r\n%s", status, more);

	send_text(e, copy_fields(e, len));
	e->body[0] = '\0';
}

static void answer_register(struct end *e)
{
	struct str contact = behind(e->got, "\r\nContact: ");
	char more[256];

	if (!strstr(e->got, "\r\nAuthorization: ")) {
		answer_by(e, "401 Unauthorized",
			"WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n");
		return;
	}
	snprintf(more, sizeof(more), "Contact: %.*s;expires=600\r\n", (int)contact.len,
		contact.p);
	answer_by(e, "200 OK", more);
}

static void answer_invite(struct end *e)
{
	bool usual = strstr(e->got, "\r\n" USUAL);

	if (usual && !strstr(e->got, "\r\nProxy-Authorization: ")) {
		answer_by(e, "407 Proxy Authentication Required",
			"Proxy-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n");
		return;
	}
	if (usual) {
		answer_by(e, "100 Trying", "");
		answer_by(e, "180 Ringing", "");
	}
	describe(e, 20000);
	answer_by(e, "200 OK", "");
}

static void answer(struct end *e)
{
	if (strncmp(e->got, "REGISTER", 8) == 0)
		answer_register(e);
	else if (strncmp(e->got, "INVITE", 6) == 0)
		answer_invite(e);
	else if (strncmp(e->got, "ACK", 3) != 0)
		answer_by(e, "200 OK", "");
}

/* It says where it came from, in its description of media as well. */
static bool is_right(const struct end *e, struct str from)
{
	struct str media = behind(e->got, "\r\nc=IN IP4 ");

	return str_starts(behind(e->got, "\r\nVia: SIP/2.0/UDP "), from) &&
	       (media.len == 0 || str_eq(media, from));
}

static int serve(struct end *e)
{
	struct pollfd pfds[2] = {{.fd = e->fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	unsigned long messages = 0, right = 0;

	puts("ready");
	fflush(stdout);
	while (poll(pfds, 2, -1) > 0 && !pfds[1].revents) {
		char from[INET_ADDRSTRLEN];

		if (!take(e, 0))
			continue;
		inet_ntop(AF_INET, &e->peer.sin_addr, from, sizeof(from));
		messages++;
		right += is_right(e, str_from(from));
		answer(e);
	}
	printf("%lu %lu %llu\n", messages, right,
		(unsigned long long)now_us(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

static enum step first_step(const char *what)
{
	if (strcmp(what, "calls") == 0)
		return STEP_UNPROVEN;
	return strcmp(what, "shortest") == 0 ? STEP_INVITE : STEP_WHOLE;
}

int main(int argc, char **argv)
{
	static struct phone p;
	uint32_t window = 0;

	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		open_end(&p.end, argv[2]);
		return serve(&p.end);
	}
	if (argc != 6 || str_u32(str_from(argv[4]), 1, 4000000, &p.count) ||
		str_u32(str_from(argv[5]), 1, WINDOW_MAX, &window)) {
		fprintf(stderr, "usage: see the head of sip_load.c\n");
		return 2;
	}
	p.window = window;
	p.first = first_step(argv[1]);
	open_end(&p.end, argv[2]);
	p.end.peer = place(argv[3]);
	return call(&p, argv[1]);
}
