/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For sql.h and db.c: where the record's chains stand. */
#ifndef DB_RECORD_H
#define DB_RECORD_H

#include "db/db.h"

struct record_chain {
	enum db_ring ring;
	uint8_t anchor[DB_HASH_LEN];	/* zeros before anything was pruned */
	uint8_t head[DB_HASH_LEN];
	uint64_t head_seq;		/* 0: the ring never had a row */
	uint64_t rows;			/* there are of the ring; never stored */
	bool changed;			/* by the transaction under way: not written yet */
};

/* The connection is the only one: what was read once stays true until a transaction is undone. */
struct record_chains {
	bool known;
	struct record_chain at[DB_RINGS];
};

/* Last in a transaction: its changed chains are written, once however many rows it added. */
int record_finish(struct db *db);

#endif
