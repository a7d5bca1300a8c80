/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For db.c: which schema a file has, and bringing it to ours. */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "db/sql.h"

/* ERR_VERSION: of a newer Postern, or another program's file; it has not been touched. */
int schema_check(struct db *db);
/* The missing steps, in the caller's transaction. */
int schema_migrate(struct db *db);

#endif
