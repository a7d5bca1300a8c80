/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API says, in the owner's words. Unknown or missing fields show as "-". */
#ifndef WEB_CLI_SHOW_H
#define WEB_CLI_SHOW_H

#include <jansson.h>
#include <stdio.h>

/* root is the whole answer. 0; ERR_SYNTAX: it is not what that route answers; ERR_MEMORY. */
typedef int cli_show_fn(const json_t *root, FILE *out);
cli_show_fn cli_show_status;
cli_show_fn cli_show_openings;
cli_show_fn cli_show_peers;
cli_show_fn cli_show_record;
cli_show_fn cli_show_settings;
/* cli_show_owner.c */
cli_show_fn cli_show_devices;
cli_show_fn cli_show_device;
cli_show_fn cli_show_zones;
cli_show_fn cli_show_closing;
cli_show_fn cli_show_cards;
void cli_show_card(const json_t *card, FILE *out);
cli_show_fn cli_show_alerts;
cli_show_fn cli_show_hands;
cli_show_fn cli_show_hand;
cli_show_fn cli_show_services;
cli_show_fn cli_show_test;
/* cli_show_sip.c */
cli_show_fn cli_show_sip;		/* with the phones as "phones" */
cli_show_fn cli_show_missed;
/* cli_show_rules.c */
cli_show_fn cli_show_rules;
cli_show_fn cli_show_presets;
cli_show_fn cli_show_explained;
cli_show_fn cli_show_verified;
/* One line for one piece of news. */
void cli_show_news(const char *name, const json_t *data, FILE *out);

#endif
