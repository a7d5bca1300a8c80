/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of postern-pcp: what to ask whom. */
#ifndef WEB_PCPTOOL_ARGS_H
#define WEB_PCPTOOL_ARGS_H

#include "protocols/natpmp.h"
#include "protocols/pcp.h"

#include <stdbool.h>
#include <stdint.h>

/* Of the program; usage is also what the command line said wrongly. */
#define PCPTOOL_OK 0
#define PCPTOOL_REFUSED 1
#define PCPTOOL_USAGE 2
#define PCPTOOL_SILENCE 3

struct pcptool_args {
	const char *server;		/* NULL: the default gateway */
	const char *source;		/* NULL: as the system likes */
	uint32_t timeout_s;
	bool listen;			/* wait for what nobody asked for */
	bool has_nonce, has_suggested;	/* else they are made up */
	bool is_natpmp;			/* natpmp is what to ask, else pcp */
	struct natpmp_msg natpmp;
	struct pcp_msg pcp;		/* the client's own address is not in it */
};

/* -1: out is filled; else the exit code of a program that has said all there is. */
int pcptool_args_read(int argc, char **argv, struct pcptool_args *out);

#endif
