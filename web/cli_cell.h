/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the CLI: fields of the daemon's JSON and cells and lines made of them. A field that is
 * not there, or of another type, is empty, 0 or false.
 */
#ifndef WEB_CLI_CELL_H
#define WEB_CLI_CELL_H

#include "web/cli_text.h"

#include <jansson.h>

#define CLI_CELL 256	/* bytes of a usual cell */

struct str cli_text_of(const json_t *o, const char *key);
uint64_t cli_number_of(const json_t *o, const char *key);
bool cli_has(const json_t *o, const char *key);
const json_t *cli_rows_of(const json_t *root, const char *key);
void cli_put_endpoint(struct writer *w, const json_t *e);
void cli_cell_endpoint(struct cli_table *t, const json_t *e);
void cli_cell_number(struct cli_table *t, const json_t *o, const char *key);
void cli_put_left(struct writer *w, const json_t *o, const char *key);
void cli_cell_left(struct cli_table *t, const json_t *o);
void cli_cell_time(struct cli_table *t, const json_t *o, const char *key);
void cli_put_from(struct writer *w, const json_t *opening);
void cli_cell_from(struct cli_table *t, const json_t *opening);
struct str cli_device_name(const json_t *device);
const char *cli_state_of(const json_t *opening);
void cli_put_origins(struct writer *w, const json_t *opening);
struct str cli_description_of(const json_t *opening);
void cli_cell_origins(struct cli_table *t, const json_t *opening);
/* "card 4: Xbox wants UDP 3074, TCP 80 and more" */
void cli_put_card(struct writer *w, const json_t *card);
void cli_cell_traffic(struct cli_table *t, const json_t *opening);
int cli_finish(struct cli_table *t, FILE *out);
void cli_put_count(struct writer *w, uint64_t n, const char *one, const char *many);
void cli_put_line(FILE *out, const struct writer *w);

#endif
