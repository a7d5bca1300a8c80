/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every route of the API on a core of fakes: its role, its method, its body; what reaches the core
 * and how its errors read; and that web/openapi.json and the table of routes say the same.
 */
#include "gateway/core_owner.h"
#include "gateway/knock.h"
#include "gateway/serve_sip.h"
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/auth.h"
#include "web/auth_routes.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

/* What the fakes have, give and were given. */
static struct {
	struct loop *loop;
	struct api *api;
	core_news_fn *news;
	unsigned status;
	char *body;
	char pushed[1 << 20];
	size_t pushed_len;
	int act_err;		/* what an act returns */
	bool at_once;		/* or is done with 0 before it returns */
	struct core_act act;	/* the last one */
	const char *did;
	uint32_t id, id2;
	int how;
	struct core_device_change change;
	struct db_callers callers;
	char name[DB_NAME_MAX + 1];
	struct rule rules[4];
	size_t rule_count;
	struct hand hand;
	struct policy policy;
	struct map_req req;
	struct core_page page;
	knock_fn *knocked;
	void *knocked_arg;
	int counters_err;
	struct card card;
	struct db_alert alert;
	struct opening opening;
	struct lease lease;
	struct db_device device;
	size_t alerts, cards, hands, openings;
	const char *fingerprint;
	struct map_filters filters;
	struct sipreg reg;
	struct sipcalls calls;
	size_t phones, missed;
} w;

/* ---- httpd ---- */

void httpd_answer(struct httpd_request *req, const struct httpd_answer *a)
{
	(void)req;
	assert_int_equal(w.status, 0);
	w.status = a->status;
	free(w.body);
	w.body = calloc(1, a->body_len + 1);
	if (a->body_len)
		memcpy(w.body, a->body, a->body_len);
	if (a->body_given)
		free((void *)(uintptr_t)a->body);
}

int httpd_query(const struct httpd_request *req, struct str name, struct str *out)
{
	struct str rest = req->query;

	while (rest.len) {
		struct str value = str_split(&rest, '&'), key = str_split(&value, '=');
		if (!str_eq(key, name))
			continue;
		*out = value;
		return 0;
	}
	return ERR_NOT_FOUND;
}

int httpd_stream_open(struct httpd_request *req, const char *type, const char *beat,
	struct httpd_stream **out)
{
	(void)req, (void)type, (void)beat;
	w.status = 200;
	*out = (struct httpd_stream *)&w;
	return 0;
}

int httpd_stream_push(struct httpd_stream *stream, struct str text)
{
	(void)stream;
	assert_true(text.len < sizeof(w.pushed) - w.pushed_len);
	memcpy(w.pushed + w.pushed_len, text.p, text.len);
	w.pushed_len += text.len;
	w.pushed[w.pushed_len] = '\0';
	return 0;
}

void httpd_stream_then(struct httpd_stream *stream, void (*more)(void *arg), void *arg)
{
	(void)stream;
	more(arg);
}

void httpd_stream_close(struct httpd_stream *stream)
{
	(void)stream;
	httpd_stream_push(NULL, STR("(end)"));
}

void httpd_stream_break(struct httpd_stream *stream)
{
	(void)stream;
	httpd_stream_push(NULL, STR("(broken)"));
}

struct knock *knock_new(struct loop *loop, const struct endpoint *to, knock_fn *fn, void *arg)
{
	(void)loop, (void)to;
	w.knocked = fn;
	w.knocked_arg = arg;
	return (struct knock *)&w;
}

void knock_free(struct knock *knock)
{
	(void)knock;
}

/* ---- the routes of others ---- */

#define ELSEWHERE(name) \
	void name(const struct api_call *call) { api_answer_empty(call->req); }
ELSEWHERE(auth_session_get)
ELSEWHERE(auth_login_post)
ELSEWHERE(auth_renew_post)
ELSEWHERE(auth_logout_post)
ELSEWHERE(auth_code_post)
ELSEWHERE(auth_setup_post)
ELSEWHERE(auth_accounts_get)
ELSEWHERE(auth_accounts_post)
ELSEWHERE(auth_account_delete)
ELSEWHERE(auth_password_put)
ELSEWHERE(auth_sessions_get)
ELSEWHERE(auth_session_delete)
ELSEWHERE(auth_tokens_get)
ELSEWHERE(auth_tokens_post)
ELSEWHERE(auth_token_delete)

struct auth_place auth_place(const struct auth *auth)
{
	assert_ptr_equal(auth, &w);
	return (struct auth_place){"https://192.168.1.1:8443/", w.fingerprint};
}

/* ---- the core ---- */

static int did(const char *what, const struct core_act *act)
{
	w.did = what;
	w.act = *act;
	if (w.act_err == 0 && w.at_once)
		act->done(act->arg, 0);
	return w.act_err;
}

int core_watch(struct core *core, core_news_fn *fn, void *arg)
{
	(void)core, (void)arg;
	w.news = fn;
	return 0;
}

void core_unwatch(struct core *core, core_news_fn *fn, void *arg)
{
	(void)core, (void)fn, (void)arg;
}

const struct addr *core_wan4(const struct core *core)
{
	static struct addr wan;

	(void)core;
	wan = addr_from4(0xcb007105);
	return &wan;
}

void core_status(const struct core *core, struct core_status *out)
{
	*out = (struct core_status){.wan4 = *core_wan4(core), .preset = PRESET_ASK, .cards = 1};
}

size_t core_openings(const struct core *core)
{
	(void)core;
	return w.openings;
}

const struct opening *core_opening_at(const struct core *core, size_t place)
{
	(void)core, (void)place;
	return &w.opening;
}

const struct opening *core_opening_by_id(const struct core *core, uint32_t id)
{
	(void)core;
	return id == w.opening.id ? &w.opening : NULL;
}

bool opening_is4(const struct opening *o)
{
	return addr_is4(&o->internal.addr);
}

uint32_t core_opening_left_s(const struct core *core, const struct opening *o)
{
	(void)core, (void)o;
	return 60;
}

bool core_opening_active(const struct core *core, const struct opening *o)
{
	(void)core, (void)o;
	return true;
}

uint32_t core_lease_left_s(const struct core *core, const struct lease *l)
{
	(void)core, (void)l;
	return 60;
}

const struct db_device *core_device(const struct core *core, uint32_t id)
{
	(void)core;
	return id == w.device.id ? &w.device : NULL;
}

size_t core_devices(const struct core *core)
{
	(void)core;
	return 1;
}

const struct db_device *core_device_at(const struct core *core, size_t place)
{
	(void)core, (void)place;
	return &w.device;
}

size_t core_device_addrs(const struct core *core, uint32_t id, struct core_device_addr *out,
	size_t max)
{
	(void)core, (void)id;
	assert_true(max > 0);
	out[0] = (struct core_device_addr){addr_from4(0xc0a8010a), 3, true};
	return 1;
}

uint32_t core_device_openings(const struct core *core, uint32_t id)
{
	(void)core, (void)id;
	return 2;
}

int core_counters(struct core *core, core_counter_fn *each, core_done_fn *done, void *arg)
{
	(void)core;
	if (w.counters_err)
		return w.counters_err;
	each(arg, &w.opening, &(struct core_traffic){7, 700, 0, 0});
	each(arg, &w.opening, &(struct core_traffic){0, 0, 4, 3});
	done(arg, 0);
	return 0;
}

const struct limits *core_limits(const struct core *core)
{
	static struct limits limits;

	(void)core;
	limits_init(&limits);
	return &limits;
}

int core_flush(struct core *core, const struct core_act *act)
{
	(void)core;
	return did("flush", act);
}

int core_close(struct core *core, uint32_t id, enum core_close how, const struct core_act *act)
{
	(void)core;
	w.id = id;
	w.how = (int)how;
	return did("close", act);
}

int core_undo(struct core *core, uint32_t id, const struct core_act *act)
{
	(void)core;
	w.id = id;
	return did("undo", act);
}

const struct rule *core_rules(const struct core *core, size_t *count)
{
	(void)core;
	*count = w.rule_count;
	return w.rules;
}

struct core_rule_use core_rule_use(const struct core *core, uint32_t rule_id)
{
	(void)core;
	return (struct core_rule_use){rule_id, 0};
}

int core_rules_put(struct core *core, const struct rule *rules, size_t count,
	const struct core_act *act, struct core_fault *fault)
{
	(void)core;
	w.rule_count = count < 4 ? count : 4;
	memcpy(w.rules, rules, w.rule_count * sizeof(*rules));
	*fault = (struct core_fault){"rules[1]", "two of one id"};
	return did("rules", act);
}

static int preview(const struct core_closing *closing, const char *what)
{
	w.did = what;
	if (!w.act_err)
		closing->each(closing->arg, &w.opening, "new devices may not");
	return w.act_err;
}

int core_rules_preview(struct core *core, const struct rule *rules, size_t count,
	const struct core_closing *closing, struct core_fault *fault)
{
	(void)core, (void)rules, (void)count;
	*fault = (struct core_fault){"rules[0]", "wrong"};
	return preview(closing, "rules preview");
}

int core_preset_put(struct core *core, enum preset_id preset, const struct core_act *act)
{
	(void)core;
	w.id = preset;
	return did("preset", act);
}

int core_preset_preview(struct core *core, enum preset_id preset,
	const struct core_closing *closing)
{
	(void)core;
	w.id = preset;
	return preview(closing, "preset preview");
}

int core_attend(struct core *core, bool attended, const struct core_act *act)
{
	(void)core;
	w.how = attended;
	return did("attend", act);
}

int core_policy_get(const struct core *core, struct policy *out)
{
	(void)core;
	*out = (struct policy){.preset = PRESET_ASK};
	limits_init(&out->limits);
	return 0;
}

int core_policy_put(struct core *core, const struct policy *policy, const struct core_act *act,
	struct core_fault *fault)
{
	(void)core;
	w.policy = *policy;
	*fault = (struct core_fault){"hands[0].device", "there is no such device"};
	return did("policy", act);
}

int core_policy_preview(struct core *core, const struct policy *policy,
	const struct core_closing *closing, struct core_fault *fault)
{
	(void)core, (void)policy;
	*fault = (struct core_fault){"", "wrong"};
	return preview(closing, "policy preview");
}

int core_reset(struct core *core, const struct core_act *act, struct core_fault *fault)
{
	(void)core, (void)fault;
	return did("reset", act);
}

int core_explain(struct core *core, const struct core_explain *x, struct core_fault *fault,
	core_explained_fn *fn, void *arg)
{
	static const enum decide_miss misses[] = {DECIDE_OFF, DECIDE_MATCH};
	const struct core_explained e = {.result = MAP_DENIED, .rule_id = 2, .why = "so",
		.rules = x->rules ? x->rules : w.rules,
		.rule_count = x->rules ? x->count : w.rule_count,
		.misses = misses, .miss_count = x->rules ? 0 : 2};

	(void)core;
	w.req = x->req;
	*fault = (struct core_fault){"rules[1]", "there is no such device"};
	if (!w.act_err)
		fn(arg, &e);
	return w.act_err;
}

int core_device_put(struct core *core, uint32_t id, const struct core_device_change *change,
	const struct core_act *act, struct core_fault *fault)
{
	(void)core;
	w.id = id;
	w.change = *change;
	if (change->callers)
		w.callers = *change->callers;
	snprintf(w.name, sizeof(w.name), "%s", change->name ? change->name : "(null)");
	*fault = (struct core_fault){"zone", "a guest's zone is its LAN's"};
	return did("device", act);
}

int core_device_preview(struct core *core, uint32_t id, const struct core_device_change *change,
	const struct core_closing *closing)
{
	(void)core, (void)id, (void)change;
	return preview(closing, "device preview");
}

int core_device_forget(struct core *core, uint32_t id, const struct core_act *act)
{
	(void)core;
	w.id = id;
	return did("forget", act);
}

int core_device_merge(struct core *core, uint32_t from, uint32_t into, const struct core_act *act)
{
	(void)core;
	w.id = from;
	w.id2 = into;
	return did("merge", act);
}

const struct card *core_cards(const struct core *core, size_t *count)
{
	(void)core;
	*count = w.cards;
	return &w.card;
}

bool core_card_is_fresh(const struct core *core, const struct card *card)
{
	(void)core, (void)card;
	return true;
}

int core_card_answer(struct core *core, uint32_t id, enum card_state answer,
	const struct core_act *act, size_t *opened)
{
	(void)core;
	w.id = id;
	w.how = (int)answer;
	*opened = 3;
	return did("card", act);
}

const struct hand *core_hands(const struct core *core, size_t *count)
{
	(void)core;
	*count = w.hands;
	return &w.hand;
}

int core_hand_put(struct core *core, const struct hand *hand, const struct core_act *act,
	struct core_fault *fault, uint32_t *id)
{
	(void)core;
	w.hand = *hand;
	*id = hand->id ? hand->id : 9;
	*fault = (struct core_fault){"port", "it is taken"};
	return did("hand", act);
}

int core_hand_delete(struct core *core, uint32_t id, const struct core_act *act)
{
	(void)core;
	w.id = id;
	return did("hand delete", act);
}

struct core_hand_status core_hand_status(const struct core *core, const struct hand *hand)
{
	(void)core, (void)hand;
	return (struct core_hand_status){.state = CORE_HAND_OPEN, .text = "It is open."};
}

const struct db_alert *core_alerts(const struct core *core, size_t *count)
{
	(void)core;
	*count = w.alerts;
	return &w.alert;
}

int core_alert_put(struct core *core, uint32_t id, bool expected, const struct core_act *act)
{
	(void)core;
	w.id = id;
	w.how = expected;
	return did("alert", act);
}

int core_setting_put(struct core *core, struct str name, int64_t value, const struct core_act *act)
{
	(void)core, (void)value;
	return str_eq(name, STR("1")) ? ERR_NOT_FOUND : did("setting", act);
}

/* Pages of 250 rows in all. */
int core_record_page(struct core *core, const struct core_page *page, core_page_fn *fn, void *arg)
{
	static struct core_row rows[1000];
	uint64_t first = page->before ? page->before - 1 : 250;
	size_t count = first < page->count ? (size_t)first : page->count;

	(void)core;
	w.page = *page;
	assert_int_equal(strlen(page->filter.text), strnlen(page->filter.text, DB_RECORD_FIND_MAX));
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct core_row){.record = {.seq = first - i, .what = "open"},
			.detail = i % 2 ? "{\"before\":1}" : "cut {"};
	fn(arg, w.act_err, rows, count, count == page->count ? first - count + 1 : 0);
	return 0;
}

int core_record_verify(struct core *core, core_verified_fn *fn, void *arg)
{
	(void)core;
	fn(arg, w.act_err, 17, 250);
	return 0;
}

/* ---- phones ---- */

void serve_sip_status(const struct serve_sip *s, struct serve_sip_status *out)
{
	static const uint16_t ports[] = {5060, 5062};

	assert_ptr_equal(s, &w);
	*out = (struct serve_sip_status){.state = SERVE_SIP_WORKS, .text = "Phones are helped.",
		.ports = ports, .port_count = 2, .messages = 9, .changed = 7, .passed = 2};
}

size_t serve_sip_phones(const struct serve_sip *s)
{
	(void)s;
	return w.phones;
}

void serve_sip_phone_at(const struct serve_sip *s, size_t place, struct serve_sip_phone *out)
{
	(void)s, (void)place;
	*out = (struct serve_sip_phone){.device_id = 1, .lan = addr_from4(0xc0a8010a),
		.wan = {*core_wan4(NULL), 36001}, .heard_s = 77, .reg = &w.reg, .calls = &w.calls};
}

uint32_t serve_sip_opening(const struct serve_sip *s, size_t place, uint16_t port)
{
	(void)s, (void)place;
	return port == 7078 || port == 7079 ? w.opening.id : 0;
}

size_t serve_sip_missed(const struct serve_sip *s)
{
	(void)s;
	return w.missed;
}

const struct serve_sip_missed *serve_sip_missed_at(const struct serve_sip *s, size_t place)
{
	static struct serve_sip_missed missed;

	(void)s, (void)place;
	missed = (struct serve_sip_missed){.wall_s = 5, .device_id = 1,
		.from = {addr_from4(0xc6336414), 5060}, .who = "sip:1000@\x7f", .count = 3};
	return &missed;
}

bool core_sip_admits(const struct core *core, uint32_t device_id, const struct addr *host)
{
	(void)core;
	return device_id == w.device.id && w.device.callers.count > 0 &&
	       prefix_has(&w.device.callers.at[0], host);
}

uint64_t serve_sip_now_s(const struct serve_sip *s)
{
	(void)s;
	return 1000;
}

/* ---- calling ---- */

static struct httpd_request the_request;

static struct str vendor_of(void *arg, const uint8_t mac[6])
{
	(void)arg, (void)mac;
	return STR("Maker");
}

static int set_up(void **state)
{
	struct api_config config = {.core = (struct core *)&w, .auth = (struct auth *)&w,
		.sip = (struct serve_sip *)&w,
		.vendor_of = vendor_of};

	memset(&w, 0, sizeof(w));
	config.loop = w.loop = loop_new_virtual(1000);
	w.device = (struct db_device){.id = 1, .has_mac = true, .name = "NAS"};
	w.card = (struct card){.id = 1, .device_id = 1, .item_count = 1, .until_wall_s = 5,
		.items = {{.origin = MAP_ORIGIN_UPNP, .proto = MAP_PROTO_TCP,
			.internal = {addr_from4(0xc0a8010a), 22}, .descr = "a\x1b"}}};
	w.alert = (struct db_alert){.id = 1, .kind = DB_ALERT_GATEWAY, .has_mac = true,
		.ifname = "br-lan", .text = "UPnP"};
	w.lease = (struct lease){.origin = MAP_ORIGIN_PCP, .client = addr_from4(0xc0a8010a)};
	w.opening = (struct opening){.id = 1, .device_id = 1, .proto = MAP_PROTO_TCP, .rule_id = 2,
		.external = {addr_any4(), 8080}, .internal = {addr_from4(0xc0a8010a), 8080},
		.remote = prefix_any4(), .leases = &w.lease, .hand_id = 1};
	w.hand = (struct hand){.id = 1, .enabled = true, .device_id = 1, .protos = HAND_TCP,
		.families = HAND_IP4 | HAND_IP6, .external_port = 8080, .internal_port = 8080,
		.count = 1, .remote = prefix_any6(), .name = "Web"};
	w.rule_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		rule_init(&w.rules[i]);
		w.rules[i].id = i + 1;
		w.rules[i].position = i + 1;
		snprintf(w.rules[i].note, sizeof(w.rules[i].note), "note %u", i + 1);
	}
	w.rules[1].device_id = 1;
	w.cards = w.alerts = w.hands = w.openings = w.phones = w.missed = 1;
	w.filters = (struct map_filters){.count = 1};
	w.filters.at[0].remote = prefix_any4();
	w.reg.at[3] = (struct sipreg_binding){.used = true, .since_s = 940, .until_s = 1300,
		.registrar = {addr_from4(0xc633640a), 5060}, .aor = "sip:anna@x"};
	w.calls.at[2] = (struct sipcall){.state = SIPCALL_UP, .by_phone = true, .since_s = 990,
		.who = "sip:ben@x", .codecs = "PCMA", .signalling = addr_from4(0xc633640a),
		.now = {1, {{.port = 7078, .count = 2, .pair = true}}}};
	w.fingerprint = "5E:10";
	w.at_once = true;
	w.api = api_new(&config);
	assert_non_null(w.api);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	api_free(w.api);
	loop_free(w.loop);
	free(w.body);
	return 0;
}

static void call(enum api_role role, const char *method, const char *target, const char *body)
{
	const struct api_caller caller = {.role = role, .by = "test"};
	struct str path = str_from(target), query;

	query = path;
	path = str_split(&query, '?');
	w.status = 0;
	w.did = "";
	w.pushed_len = 0;
	w.pushed[0] = '\0';
	the_request = (struct httpd_request){.method = str_from(method), .path = path,
		.query = query, .body = str_from(body)};
	api_handle(w.api, &the_request, &caller);
}

static json_t *ask(const char *method, const char *target, const char *body, unsigned status)
{
	json_error_t error;
	json_t *root;

	call(API_ROLE_ADMIN, method, target, body);
	if (w.status != status)
		fail_msg("%s %s %s: %u %s", method, target, body, w.status, w.body);
	root = json_loads(*w.body ? w.body : "{}", JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%s %s: %s in %s", method, target, error.text, w.body);
	return root;
}

static void ask_only(const char *method, const char *target, const char *body, unsigned status)
{
	json_decref(ask(method, target, body, status));
}

static const json_t *at(const json_t *root, const char *path)
{
	struct str rest = str_from(path);

	while (rest.len) {
		struct str key = str_split(&rest, '.');
		uint32_t n;
		if (str_u32(key, 0, 100, &n) == 0)
			root = json_array_get(root, n);
		else
			root = json_object_getn(root, key.p, key.len);
	}
	return root;
}

static const char *text(const json_t *root, const char *path)
{
	const char *s = json_string_value(at(root, path));
	return s ? s : "(none)";
}

static json_int_t number(const json_t *root, const char *path)
{
	return json_integer_value(at(root, path));
}

/* A path of the table as somebody would ask it. */
static const char *as_asked(const char *path, const char *param)
{
	static char out[128];
	const char *hole = strstr(path, "{}");

	snprintf(out, sizeof(out), "%.*s%s%s", hole ? (int)(hole - path) : (int)strlen(path), path,
		hole ? param : "", hole ? hole + 2 : "");
	return out;
}

/* ---- the table ---- */

static void every_role(void **state)
{
	size_t count;
	const struct api_route *r = api_routes(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (int role = API_ROLE_NONE; role <= API_ROLE_ADMIN; role++) {
			call((enum api_role)role, r[i].method, as_asked(r[i].path, "1"), "");
			if ((w.status == 403) != (role < (int)r[i].role))
				fail_msg("%s %s as %d: %u", r[i].method, r[i].path, role, w.status);
			if (w.status == 403)
				assert_string_equal(w.did, "");
		}
	}
}

static void every_wrong_method(void **state)
{
	static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "PATCH", "get"};
	size_t count;
	const struct api_route *r = api_routes(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t m = 0; m < ROWS(methods); m++) {
			bool known = false;
			for (size_t k = 0; k < count; k++)
				known = known || (strcmp(r[k].path, r[i].path) == 0 &&
							 strcmp(r[k].method, methods[m]) == 0);
			if (!known) {
				call(API_ROLE_ADMIN, methods[m], as_asked(r[i].path, "1"), "");
				assert_int_equal(w.status, 405);
			}
		}
	}
}

static void odd_paths(void **state)
{
	static const char *const paths[] = {"/", "*", "/api/v1", "/api/v1/", "/api/v1/openings/",
		"/api/v1/openings/1/", "/api/v1/openings/1/undo/", "/api/v1/openings//undo",
		"/api/v1/openings/0", "/api/v1/openings/1x", "/api/v1/openings/4294967296",
		"/api/v1/presets/nosuch/nosuch", "/api/v1/openings/0x1"};

	(void)state;
	for (size_t i = 0; i < ROWS(paths); i++)
		ask_only("GET", paths[i], "", 404);
	ask_only("PUT", "/api/v1/presets/nosuch", "", 404);
	ask_only("POST", "/api/v1/cards/0/answer", "{\"answer\":\"allow\"}", 404);
}

/* ---- openapi.json ---- */

static const char *role_text(enum api_role role)
{
	static const char *const roles[] = {"none", "viewer", "approver", "admin"};
	return roles[role];
}

/* "/a/{id}/b" and "/a/{}/b" are the same. */
static bool same_path(const char *documented, const char *path)
{
	while (*documented && *documented == *path) {
		if (*documented == '{')
			documented = strchr(documented, '}') - 1;
		documented++;
		path++;
	}
	return *documented == *path;
}

static bool same_method(const char *lower, const char *upper)
{
	return str_eqi(str_from(lower), str_from(upper));
}

static void openapi_says_the_same(void **state)
{
	size_t count, documented = 0;
	const struct api_route *r = api_routes(&count);
	json_t *root = ask("GET", "/api/v1/openapi.json", "", 200);
	const char *path, *method;
	json_t *methods, *op;

	(void)state;
	assert_string_equal(text(root, "openapi"), "3.1.0");
	json_object_foreach(json_object_get(root, "paths"), path, methods) {
		json_object_foreach(methods, method, op) {
			size_t i = 0;
			while (i < count && !(same_path(path, r[i].path) &&
						    same_method(method, r[i].method)))
				i++;
			if (i == count)
				fail_msg("%s %s is documented only", method, path);
			if (strcmp(text(op, "x-role"), role_text(r[i].role)) != 0)
				fail_msg("%s %s is for %s", method, path, role_text(r[i].role));
			documented++;
		}
	}
	if (documented != count)
		fail_msg("%zu of %zu routes are documented", documented, count);
	json_decref(root);
}

/* ---- bodies ---- */

static void bodies_are_read_strictly(void **state)
{
	static const struct {
		const char *method, *path, *body, *field;
	} bad[] = {
		{"PUT", "/api/v1/devices/1", "", "(none)"},
		{"PUT", "/api/v1/devices/1", "[]", "(none)"},
		{"PUT", "/api/v1/devices/1", "{\"name\":1}", "name"},
		{"PUT", "/api/v1/devices/1", "{\"zone\":\"nosuch\"}", "zone"},
		{"PUT", "/api/v1/devices/1", "{\"phone\":1}", "phone"},
		{"PUT", "/api/v1/devices/1", "{\"callers\":\"192.0.2.1\"}", "callers"},
		{"PUT", "/api/v1/devices/1", "{\"callers\":[\"192.0.2.1\",\"x.example\"]}",
			"callers"},
		{"POST", "/api/v1/devices/1/preview", "{\"callers\":[0]}", "callers"},
		{"PUT", "/api/v1/devices/1", "{\"x\":1}", "x"},
		{"PUT", "/api/v1/devices/1", "{\"name\":\"a\",\"name\":\"b\"}", "(none)"},
		{"PUT", "/api/v1/devices/1", "{\"name\":\"a\\u0000b\"}", "(none)"},
		{"POST", "/api/v1/devices/1/preview", "{\"zone\":3}", "zone"},
		{"POST", "/api/v1/devices/1/merge", "{}", "into"},
		{"POST", "/api/v1/devices/1/merge", "{\"into\":0}", "into"},
		{"POST", "/api/v1/devices/1/merge", "{\"into\":4294967296}", "into"},
		{"PUT", "/api/v1/rules", "{}", "rules"},
		{"PUT", "/api/v1/rules", "{\"rules\":{}}", "rules"},
		{"PUT", "/api/v1/rules", "{\"rules\":[{\"verdict\":\"allow\"},{\"verdict\":1}]}",
			"rules[1].verdict"},
		{"POST", "/api/v1/rules/preview", "{\"rules\":[{\"nosuch\":1}]}", "rules["
			"0].nosuch"},
		{"PUT", "/api/v1/attended", "{\"attended\":\"yes\"}", "attended"},
		{"POST", "/api/v1/cards/1/answer", "{\"answer\":\"nosuch\"}", "answer"},
		{"POST", "/api/v1/cards/1/answer", "{\"answer\":\"open\"}", "answer"},
		{"POST", "/api/v1/alerts/1", "{}", "expected"},
		{"POST", "/api/v1/hands", "{\"device\":1,\"protos\":[\"tcp\"],\"port\":\"x\"}",
			"port"},
		{"PUT", "/api/v1/hands/1", "{\"id\":2,\"device\":1,\"protos\":[\"tcp\"],\"port\""
			":80}",
			"id"},
		{"PUT", "/api/v1/settings/quota.new", "{\"value\":1.5}", "value"},
		{"POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\"}", "internal"},
		{"POST", "/api/v1/explain", "{\"origin\":\"x\",\"proto\":\"tcp\",\"internal\":"
			"{\"address\":\"192.168.1.10\",\"port\":1}}", "origin"},
		{"POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\",\"internal\":"
			"{\"address\":\"192.168.1\",\"port\":1}}", "internal.address"},
		{"POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\",\"internal\":"
			"{\"address\":\"192.168.1.10\",\"port\":65536}}", "internal.port"},
		{"POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\",\"remote\":\""
			"::/0\","
			"\"internal\":{\"address\":\"192.168.1.10\",\"port\":1}}", "remote"},
		{"POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\",\"rules\":{},"
			"\"internal\":{\"address\":\"192.168.1.10\",\"port\":1}}", "rules"},
		{"POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\",\"rules\":[{},"
			"{\"verdict\":1}],"
			"\"internal\":{\"address\":\"192.168.1.10\",\"port\":1}}", "rules[0]"
			".verdict"},
		{"PUT", "/api/v1/policy", "{\"postern\":1,\"nosuch\":1}", "nosuch"},
		{"PUT", "/api/v1/policy", "{\"postern\":1", "line 1"},
		{"DELETE", "/api/v1/openings/1?for=ever", "", "for"},
		{"GET", "/api/v1/record?ring=all", "", "ring"},
		{"GET", "/api/v1/record?count=1001", "", "count"},
		{"GET", "/api/v1/record?text=%", "", "text"},
		{"GET", "/api/v1/record?text=%2", "", "text"},
		{"GET", "/api/v1/record?text=%4g", "", "text"},
		{"GET", "/api/v1/record?text=a%00b", "", "text"},
		{"GET", "/api/v1/record?text=%ff", "", "text"},
		{"GET", "/api/v1/record?text=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaa", "", "text"},
		{"GET", "/api/v1/record/export?ring=1", "", "ring"},
		{"GET", "/api/v1/events?pending=2", "", "pending"},
		{"GET", "/api/v1/openings?counters=yes", "", "counters"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		json_t *root = ask(bad[i].method, bad[i].path, bad[i].body, 400);
		if (strcmp(text(root, "error.field"), bad[i].field) != 0)
			fail_msg("%s: %s", bad[i].body, w.body);
		assert_string_equal(text(root, "error.code"), "bad_value");
		assert_string_equal(w.did, "");
		json_decref(root);
	}
}

/* ---- acts ---- */

static void acts_reach_the_core(void **state)
{
	static const struct {
		const char *method, *path, *body, *did;
		uint32_t id;
		int how;
	} acts[] = {
		{"POST", "/api/v1/flush", "", "flush", 0, 0},
		{"DELETE", "/api/v1/openings/7", "", "close", 7, CORE_CLOSE_NOW},
		{"DELETE", "/api/v1/openings/7?for=day", "", "close", 7, CORE_CLOSE_DAY},
		{"DELETE", "/api/v1/openings/7?for=good", "", "close", 7, CORE_CLOSE_GOOD},
		{"POST", "/api/v1/openings/7/undo", "", "undo", 7, 0},
		{"PUT", "/api/v1/devices/8", "{\"name\":\"\"}", "device", 8, 0},
		{"DELETE", "/api/v1/devices/8", "", "forget", 8, 0},
		{"PUT", "/api/v1/presets/lockdown", "", "preset", PRESET_LOCKDOWN, 0},
		{"PUT", "/api/v1/attended", "{\"attended\":true}", "attend", 0, 1},
		{"POST", "/api/v1/alerts/4", "{\"expected\":true}", "alert", 4, 1},
		{"POST", "/api/v1/alerts/4", "{\"expected\":false}", "alert", 4, 0},
		{"DELETE", "/api/v1/hands/5", "", "hand delete", 5, 0},
		{"POST", "/api/v1/reset", "", "reset", 0, 0},
		{"PUT", "/api/v1/settings/quota.new", "{\"value\":3}", "setting", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(acts); i++) {
		w.id = 0;
		w.how = 0;
		ask_only(acts[i].method, acts[i].path, acts[i].body, 204);
		assert_string_equal(w.did, acts[i].did);
		assert_string_equal(w.act.by, "test");
		assert_int_equal(w.id, acts[i].id);
		assert_int_equal(w.how, acts[i].how);
	}
}

static void acts_are_answered_when_done(void **state)
{
	(void)state;
	w.at_once = false;
	call(API_ROLE_ADMIN, "POST", "/api/v1/flush", "");
	assert_int_equal(w.status, 0);
	w.act.done(w.act.arg, 0);
	assert_int_equal(w.status, 204);
	call(API_ROLE_ADMIN, "POST", "/api/v1/openings/1/undo", "");
	w.act.done(w.act.arg, ERR_EXISTS);
	assert_int_equal(w.status, 409);
	call(API_ROLE_ADMIN, "PUT", "/api/v1/attended", "{\"attended\":true}");
	w.act.done(w.act.arg, ERR_UNSTORED);
	assert_int_equal(w.status, 500);
	assert_non_null(strstr(w.body, "\"not_stored\""));
	call(API_ROLE_ADMIN, "POST", "/api/v1/flush", "");
	the_request.gone(the_request.arg);
	w.act.done(w.act.arg, 0);
	assert_int_equal(w.status, 0);
}

static void errors_of_the_core(void **state)
{
	static const struct {
		int err;
		unsigned status;
	} errors[] = {{ERR_NOT_FOUND, 404}, {ERR_EXISTS, 409}, {ERR_DENIED, 409}, {ERR_BUSY, 503},
		{ERR_FULL, 503}, {ERR_GONE, 503}, {ERR_MEMORY, 500}};
	json_t *root;

	(void)state;
	for (size_t i = 0; i < ROWS(errors); i++) {
		w.act_err = errors[i].err;
		ask_only("DELETE", "/api/v1/openings/1", "", errors[i].status);
	}
	w.act_err = ERR_RANGE;
	root = ask("PUT", "/api/v1/rules", "{\"rules\":[]}", 400);
	assert_string_equal(text(root, "error.field"), "rules[1]");
	assert_string_equal(text(root, "error.message"), "two of one id");
	json_decref(root);
	root = ask("PUT", "/api/v1/settings/quota.new", "{\"value\":-1}", 400);
	assert_string_equal(text(root, "error.field"), "value");
	json_decref(root);
	ask_only("POST", "/api/v1/rules/preview", "{\"rules\":[]}", 400);
	w.act_err = ERR_NOT_FOUND;
	ask_only("POST", "/api/v1/devices/1/preview", "{}", 404);
}

static void approvers_answer_but_do_not_block(void **state)
{
	static const struct {
		const char *answer;
		int state;
	} answers[] = {{"allow", CARD_ALLOWED}, {"only", CARD_ONLY}, {"always", CARD_ALWAYS},
		{"not-now", CARD_NOT_NOW}};
	char body[64];

	(void)state;
	for (size_t i = 0; i < ROWS(answers); i++) {
		snprintf(body, sizeof(body), "{\"answer\":\"%s\"}", answers[i].answer);
		call(API_ROLE_APPROVER, "POST", "/api/v1/cards/6/answer", body);
		assert_int_equal(w.status, 200);
		assert_string_equal(w.body, "{\"opened\":3}");
		assert_int_equal(w.how, answers[i].state);
		assert_int_equal(w.id, 6);
	}
	/* It has another item now than the two that were seen. */
	w.cards = 1;
	w.card.id = 6;
	w.card.item_count = 3;
	call(API_ROLE_APPROVER, "POST", "/api/v1/cards/6/answer",
		"{\"answer\":\"always\",\"items\":2}");
	assert_int_equal(w.status, 409);
	assert_string_equal(w.did, "");
	call(API_ROLE_APPROVER, "POST", "/api/v1/cards/6/answer",
		"{\"answer\":\"always\",\"items\":3}");
	assert_int_equal(w.status, 200);
	call(API_ROLE_APPROVER, "POST", "/api/v1/cards/6/answer", "{\"answer\":\"block\"}");
	assert_int_equal(w.status, 403);
	assert_string_equal(w.did, "");
	call(API_ROLE_ADMIN, "POST", "/api/v1/cards/6/answer", "{\"answer\":\"block\"}");
	assert_int_equal(w.how, CARD_BLOCKED);
	call(API_ROLE_APPROVER, "POST", "/api/v1/alerts/6", "{\"expected\":true}");
	assert_int_equal(w.status, 403);
	call(API_ROLE_APPROVER, "POST", "/api/v1/alerts/6", "{\"expected\":false}");
	assert_int_equal(w.status, 204);
}

static void what_is_given_arrives(void **state)
{
	json_t *root;

	(void)state;
	ask_only("PUT", "/api/v1/devices/8", "{\"name\":\"Bed\",\"zone\":\"guest\"}", 204);
	assert_string_equal(w.name, "Bed");
	assert_int_equal(w.change.zone, RULE_ZONE_GUEST);
	assert_int_equal(w.change.phone, -1);
	ask_only("PUT", "/api/v1/devices/8", "{\"phone\":false}", 204);
	assert_null(w.change.name);
	assert_int_equal(w.change.zone, -1);
	assert_int_equal(w.change.phone, 0);
	assert_null(w.change.callers);
	ask_only("PUT", "/api/v1/devices/8", "{\"callers\":[\"2001:db8::/32\",\"192.0.2.1\"]}",
		204);
	assert_int_equal(w.change.phone, -1);
	assert_int_equal(w.callers.count, 2);
	assert_int_equal(w.callers.at[0].len, 32);
	assert_int_equal(addr_to4(&w.callers.at[1].addr), 0xc0000201);
	ask_only("PUT", "/api/v1/devices/8", "{\"callers\":[]}", 204);
	assert_int_equal(w.callers.count, 0);
	ask_only("POST", "/api/v1/devices/8/merge", "{\"into\":9}", 204);
	assert_int_equal(w.id2, 9);
	ask_only("PUT", "/api/v1/rules", "{\"rules\":[{\"id\":7,\"verdict\":\"allow\"},"
		"{\"verdict\":\"ask\",\"proto\":\"tcp\"}]}", 204);
	assert_int_equal(w.rule_count, 2);
	assert_int_equal(w.rules[0].id, 7);
	assert_int_equal(w.rules[1].id, 0);
	assert_int_equal(w.rules[1].position, 2);
	assert_int_equal(w.rules[1].verdict, RULE_ASK);
	root = ask("POST", "/api/v1/hands", "{\"device\":1,\"protos\":[\"tcp\"],\"port\":443}",
		200);
	assert_int_equal(number(root, "id"), 9);
	assert_int_equal(w.hand.id, 0);
	assert_int_equal(w.hand.internal_port, 443);
	json_decref(root);
	ask_only("PUT", "/api/v1/hands/4", "{\"device\":1,\"protos\":[\"udp\"],\"port\":53}", 204);
	assert_int_equal(w.hand.id, 4);
	ask_only("GET",
		"/api/v1/record?ring=admin&device=3&opening=4&rule=5&before=100&count=2", "", 200);
	assert_int_equal(w.page.filter.ring, DB_RING_ADMIN);
	assert_int_equal(w.page.filter.device_id, 3);
	assert_int_equal(w.page.filter.opening_id, 4);
	assert_int_equal(w.page.filter.rule_id, 5);
	assert_int_equal(w.page.before, 100);
	assert_int_equal(w.page.count, 2);
	assert_string_equal(w.page.filter.text, "");
	ask_only("GET", "/api/v1/record?text=a+%22Gam%c3%A9%22%2B&count=2", "", 200);
	assert_string_equal(w.page.filter.text, "a \"Gam\xc3\xa9\"+");
}

/* ---- what is shown ---- */

static void things_are_shown(void **state)
{
	static const struct {
		const char *path, *at, *value;
	} shown[] = {
		{"/api/v1/openings", "openings.0.rule_note", "note 2"},
		{"/api/v1/openings/1", "device.vendor", "Maker"},
		{"/api/v1/openings/1", "risk.class", "look"},
		{"/api/v1/openings/1", "external.address", "203.0.113.5"},
		{"/api/v1/devices", "devices.0.addresses.0.address", "192.168.1.10"},
		{"/api/v1/devices/1", "device.name", "NAS"},
		{"/api/v1/zones", "zones.4.name", "blocked"},
		{"/api/v1/rules", "rules.1.rule.note", "note 2"},
		{"/api/v1/rules", "rules.0.device", "(none)"},
		{"/api/v1/rules", "rules.1.device.name", "NAS"},
		{"/api/v1/presets", "presets.2.name", "lockdown"},
		{"/api/v1/cards", "cards.0.items.0.risk.class", "risky"},
		{"/api/v1/cards", "cards.0.items.0.description", "a\x1b"},
		{"/api/v1/cards", "cards.0.state", "open"},
		{"/api/v1/hands", "hands.0.hand.name", "Web"},
		{"/api/v1/hands", "hands.0.device.name", "NAS"},
		{"/api/v1/hands", "hands.0.status.state", "open"},
		{"/api/v1/alerts", "alerts.0.kind", "gateway"},
		{"/api/v1/alerts", "alerts.0.sentence", "Another device claims to be the router "
			"(UPnP): 00:00:00:00:00:00 on br-lan."},
		{"/api/v1/status", "preset", "ask"},
		{"/api/v1/status", "web.url", "https://192.168.1.1:8443/"},
		{"/api/v1/status", "web.fingerprint", "5E:10"},
		{"/api/v1/record", "record.0.detail", "cut {"},
		{"/api/v1/policy", "preset", "ask"},
		{"/api/v1/services", "services.0.protos.0", "tcp"},
	};
	json_t *root;

	(void)state;
	for (size_t i = 0; i < ROWS(shown); i++) {
		root = ask("GET", shown[i].path, "", 200);
		if (strcmp(text(root, shown[i].at), shown[i].value) != 0)
			fail_msg("%s %s: %s", shown[i].path, shown[i].at, w.body);
		json_decref(root);
	}
	root = ask("GET", "/api/v1/openings?counters=1", "", 200);
	assert_int_equal(number(root, "openings.0.packets"), 7);
	assert_int_equal(number(root, "openings.0.hand"), 1);
	json_decref(root);
	root = ask("GET", "/api/v1/record", "", 200);
	assert_int_equal(number(root, "record.1.detail.before"), 1);
	json_decref(root);
	root = ask("GET", "/api/v1/rules", "", 200);
	assert_int_equal(number(root, "rules.1.use.count"), 2);
	assert_true(json_is_null(at(root, "rules.1.use.last")));
	json_decref(root);
}

static bool is_listed(const json_t *list, const char *key)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), key) == 0)
			return true;
	return false;
}

/* Nothing undocumented, and nothing missing that is promised. */
static void fits(const json_t *openapi, const char *name, json_t *object)
{
	const json_t *schema = json_object_get(at(openapi, "components.schemas"), name);
	json_t *properties = json_object_get(schema, "properties"), *value;
	const json_t *required = json_object_get(schema, "required");
	const char *key;

	assert_true(json_object_size(properties) > 0 && json_object_size(object) > 0);
	json_object_foreach(object, key, value)
		if (!json_object_get(properties, key))
			fail_msg("%s.%s is not documented", name, key);
	json_object_foreach(properties, key, value)
		if (is_listed(required, key) && !json_object_get(object, key))
			fail_msg("%s.%s is promised and missing", name, key);
}

static void things_are_as_documented(void **state)
{
	static const struct {
		const char *path, *at, *schema;
	} things[] = {
		{"/api/v1/status", "", "Status"},
		{"/api/v1/openings/1?counters=1", "", "Opening"},
		{"/api/v1/openings/1", "device", "DeviceName"},
		{"/api/v1/openings/1", "risk", "Risk"},
		{"/api/v1/devices", "devices.0", "DeviceRow"},
		{"/api/v1/devices", "devices.0.device", "Device"},
		{"/api/v1/rules", "rules.0", "RuleRow"},
		{"/api/v1/rules", "rules.0.rule", "Rule"},
		{"/api/v1/hands", "hands.0", "HandRow"},
		{"/api/v1/hands", "hands.0.hand", "Hand"},
		{"/api/v1/cards", "cards.0", "Card"},
		{"/api/v1/alerts", "alerts.0", "Alert"},
		{"/api/v1/record", "record.0", "Record"},
		{"/api/v1/sip", "", "Sip"},
		{"/api/v1/sip/phones", "phones.0", "Phone"},
		{"/api/v1/sip/phones", "phones.0.registrations.0", "Registration"},
		{"/api/v1/sip/phones", "phones.0.calls.0", "Call"},
		{"/api/v1/sip/phones?counters=1", "phones.0.calls.0.media.0", "Media"},
		{"/api/v1/sip/missed", "missed.0", "MissedCall"},
		{"/api/v1/policy", "", "Policy"},
	};
	json_t *openapi = ask("GET", "/api/v1/openapi.json", "", 200);

	(void)state;
	w.rules[0].zones = 1;
	w.rules[0].external_min = 80;
	w.rules[0].lifetime_max_s = w.rules[0].quota = 7;
	w.rules[0].until_wall_s = 1;
	w.rules[0].third_party = true;
	w.rules[0].maker = RULE_BY_CARD;
	w.rules[0].origins = 1 << MAP_ORIGIN_PCP;
	for (size_t i = 0; i < ROWS(things); i++) {
		json_t *root = ask("GET", things[i].path, "", 200);
		fits(openapi, things[i].schema, (json_t *)(uintptr_t)at(root, things[i].at));
		json_decref(root);
	}
	json_decref(openapi);
}

static void phones_are_told(void **state)
{
	json_t *root = ask("GET", "/api/v1/sip", "", 200);

	(void)state;
	assert_string_equal(text(root, "state"), "works");
	assert_int_equal(number(root, "ports.1"), 5062);
	assert_int_equal(number(root, "passed"), 2);
	json_decref(root);
	root = ask("GET", "/api/v1/sip/phones", "", 200);
	assert_string_equal(text(root, "phones.0.device.name"), "NAS");
	assert_int_equal(number(root, "phones.0.public.port"), 36001);
	assert_int_equal(number(root, "phones.0.registrations.0.age_s"), 60);
	assert_int_equal(number(root, "phones.0.registrations.0.left_s"), 300);
	assert_int_equal(json_array_size(at(root, "phones.0.registrations")), 1);
	json_decref(root);
	root = ask("GET", "/api/v1/sip/missed", "", 200);
	assert_string_equal(text(root, "missed.0.from.address"), "198.51.100.20");
	assert_int_equal(number(root, "missed.0.count"), 3);
	assert_true(json_is_false(at(root, "missed.0.admitted")));
	json_decref(root);
	w.device.callers = (struct db_callers){1, {{addr_from4(0xc6336400), 120}}};
	root = ask("GET", "/api/v1/sip/missed", "", 200);
	assert_true(json_is_true(at(root, "missed.0.admitted")));
	json_decref(root);
	root = ask("GET", "/api/v1/devices/1", "", 200);
	assert_string_equal(text(root, "device.callers.0"), "198.51.100.0/24");
	json_decref(root);
	w.phones = w.missed = 0;
	root = ask("GET", "/api/v1/sip/phones?counters=1", "", 200);
	assert_int_equal(json_array_size(at(root, "phones")), 0);
	json_decref(root);
}

/* Both ports of a stream are counted, the directions of its sound alone; what is not open is no
 * port; what is offered is shown too, once. */
static void media_of_calls_is_told(void **state)
{
	struct sipcall *c = &w.calls.at[2];
	json_t *root;

	(void)state;
	w.opening.filters = &w.filters;
	w.opening.external.port = 36010;
	w.filters.at[0].remote = prefix_host(&c->signalling);
	c->now.at[0].pair = true;
	c->has_next = true;
	c->next = (struct sipalg_streams){2,
		{{.port = 7078, .count = 2}, {.port = 9000, .count = 1}}};
	w.calls.at[5] = (struct sipcall){.state = SIPCALL_OVER, .who = "gone"};
	root = ask("GET", "/api/v1/sip/phones?counters=1", "", 200);
	assert_int_equal(json_array_size(at(root, "phones.0.calls")), 1);
	assert_string_equal(text(root, "phones.0.calls.0.direction"), "out");
	assert_string_equal(text(root, "phones.0.calls.0.state"), "up");
	assert_int_equal(number(root, "phones.0.calls.0.age_s"), 10);
	assert_int_equal(json_array_size(at(root, "phones.0.calls.0.media")), 2);
	assert_int_equal(number(root, "phones.0.calls.0.media.0.external"), 36010);
	assert_string_equal(text(root, "phones.0.calls.0.media.0.peers.0"), "198.51.100.10");
	assert_int_equal(number(root, "phones.0.calls.0.media.0.packets"), 14);
	assert_int_equal(number(root, "phones.0.calls.0.media.0.bytes"), 1400);
	assert_int_equal(number(root, "phones.0.calls.0.media.0.packets_in"), 4);
	assert_int_equal(number(root, "phones.0.calls.0.media.0.packets_out"), 3);
	assert_true(json_is_null(at(root, "phones.0.calls.0.media.1.external")));
	assert_int_equal(number(root, "phones.0.calls.0.media.1.packets"), 0);
	json_decref(root);
	w.counters_err = ERR_GONE;
	ask_only("GET", "/api/v1/sip/phones?counters=1", "", 503);
	root = ask("GET", "/api/v1/sip/phones", "", 200);
	assert_null(at(root, "phones.0.calls.0.media.0.packets"));
	json_decref(root);
}

static void previews_list_what_closes(void **state)
{
	static const char *const paths[] = {"/api/v1/rules/preview", "/api/v1/devices/1/preview",
		"/api/v1/presets/ask/preview", "/api/v1/policy/preview"};
	static const char *const bodies[] = {"{\"rules\":[]}", "{\"zone\":\"blocked\"}", "",
		"{\"postern\":1}"};

	(void)state;
	for (size_t i = 0; i < ROWS(paths); i++) {
		json_t *root = ask("POST", paths[i], bodies[i], 200);
		assert_int_equal(number(root, "closing.0.opening.id"), 1);
		assert_string_equal(text(root, "closing.0.why"), "new devices may not");
		json_decref(root);
	}
}

static void requests_are_explained(void **state)
{
	json_t *root = ask("POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"udp\","
		"\"internal\":{\"address\":\"192.168.1.10\",\"port\":53},\"external_port\":5353,"
		"\"client\":\"192.168.1.20\",\"description\":\"x\"}", 200);

	(void)state;
	assert_int_equal(w.req.origin, MAP_ORIGIN_PCP);
	assert_int_equal(w.req.proto, MAP_PROTO_UDP);
	assert_int_equal(w.req.internal.port, 53);
	assert_int_equal(w.req.external.port, 5353);
	assert_true(w.req.third_party);
	assert_false(w.req.exact);
	assert_string_equal(text(root, "result"), "refused");
	assert_string_equal(text(root, "rule_note"), "note 2");
	assert_int_equal(json_array_size(at(root, "misses")), 1);
	assert_int_equal(number(root, "misses.0.rule"), 1);
	assert_string_equal(text(root, "misses.0.why"), decide_miss_text(DECIDE_OFF));
	json_decref(root);
	memcpy(w.lease.nonce, "its own one", 12);
	root = ask("POST", "/api/v1/explain", "{\"origin\":\"pcp\",\"proto\":\"tcp\","
		"\"internal\":{\"address\":\"192.168.1.10\",\"port\":8080}}", 200);
	assert_memory_equal(w.req.nonce, "its own one", 12);
	assert_null(strstr(w.body, "its own one"));
	json_decref(root);
}

#define GAME "{\"origin\":\"upnp\",\"proto\":\"udp\"," \
	"\"internal\":{\"address\":\"192.168.1.10\",\"port\":3074}"

/* Rules of the body are tried, and the answer speaks of them by their place. */
static void drafts_are_tried(void **state)
{
	json_t *root = ask("POST", "/api/v1/explain", GAME "}", 200);

	(void)state;
	assert_int_equal(number(root, "rule"), 2);
	assert_int_equal(number(root, "place"), 2);
	assert_int_equal(number(root, "misses.0.place"), 1);
	json_decref(root);
	root = ask("POST", "/api/v1/explain", GAME ",\"rules\":[{\"id\":2,\"verdict\":\"deny\","
		"\"note\":\"no games\"}]}", 200);
	assert_int_equal(number(root, "place"), 1);
	assert_string_equal(text(root, "rule_note"), "no games");
	assert_int_equal(json_array_size(at(root, "misses")), 0);
	json_decref(root);
	/* Without any rule, none decides. */
	root = ask("POST", "/api/v1/explain", GAME ",\"rules\":[]}", 200);
	assert_true(json_is_null(at(root, "place")));
	assert_true(json_is_null(at(root, "rule_note")));
	json_decref(root);
	w.act_err = ERR_RANGE;
	root = ask("POST", "/api/v1/explain", GAME ",\"rules\":[]}", 400);
	assert_string_equal(text(root, "error.field"), "rules[1]");
	assert_string_equal(text(root, "error.message"), "there is no such device");
	json_decref(root);
	w.act_err = ERR_BUSY;
	ask_only("POST", "/api/v1/explain", GAME "}", 503);
}

static void record_goes_on(void **state)
{
	json_t *root = ask("GET", "/api/v1/record?count=100", "", 200);

	(void)state;
	assert_int_equal(number(root, "next"), 151);
	json_decref(root);
	root = ask("GET", "/api/v1/record?count=251", "", 200);
	assert_true(json_is_null(at(root, "next")));
	json_decref(root);
}

static void record_is_verified(void **state)
{
	json_t *root = ask("POST", "/api/v1/record/verify", "", 200);

	(void)state;
	assert_true(json_is_true(at(root, "ok")));
	assert_int_equal(number(root, "rows"), 250);
	json_decref(root);
	w.act_err = ERR_CORRUPT;
	root = ask("POST", "/api/v1/record/verify", "", 200);
	assert_true(json_is_false(at(root, "ok")));
	assert_int_equal(number(root, "bad_seq"), 17);
	json_decref(root);
	w.act_err = ERR_BUSY;
	ask_only("POST", "/api/v1/record/verify", "", 503);
}

static void record_is_exported(void **state)
{
	const char *line = w.pushed;
	json_int_t seq = 250;

	(void)state;
	call(API_ROLE_ADMIN, "GET", "/api/v1/record/export?ring=openings", "");
	assert_int_equal(w.page.filter.ring, DB_RING_OPENINGS);
	while (*line == '{') {
		const char *end = strchr(line, '\n');
		json_t *row = json_loadb(line, (size_t)(end - line), 0, NULL);
		assert_int_equal(number(row, "seq"), seq--);
		json_decref(row);
		line = end + 1;
	}
	assert_int_equal(seq, 0);
	assert_string_equal(line, "(end)");
	w.act_err = ERR_BUSY;
	call(API_ROLE_ADMIN, "GET", "/api/v1/record/export", "");
	assert_string_equal(w.pushed, "(broken)");
}

static const char *step(const json_t *root, size_t i)
{
	static char path[32];

	snprintf(path, sizeof(path), "steps.%zu.ok", i);
	return json_is_true(at(root, path)) ? "yes" : json_is_false(at(root, path)) ? "no" : "?";
}

static json_t *tested(enum knock_result result)
{
	call(API_ROLE_APPROVER, "POST", "/api/v1/hands/1/test", "");
	assert_int_equal(w.status, 0);
	w.knocked(w.knocked_arg, result);
	assert_int_equal(w.status, 200);
	return json_loads(w.body, 0, NULL);
}

static void hands_are_tested(void **state)
{
	json_t *root = tested(KNOCK_ANSWERS);

	(void)state;
	assert_true(json_is_true(at(root, "forwarded")));
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(step(root, i), "yes");
	json_decref(root);
	root = tested(KNOCK_REFUSES);
	assert_true(json_is_false(at(root, "forwarded")));
	assert_string_equal(step(root, 3), "no");
	assert_string_equal(text(root, "why"),
		"The device refuses: no program listens at port 8080.");
	json_decref(root);
	w.opening.proto = MAP_PROTO_UDP;
	call(API_ROLE_APPROVER, "POST", "/api/v1/hands/1/test", "");
	root = json_loads(w.body, 0, NULL);
	assert_string_equal(step(root, 3), "?");
	assert_true(json_is_true(at(root, "forwarded")));
	json_decref(root);
	ask_only("POST", "/api/v1/hands/2/test", "", 404);
	w.opening.proto = MAP_PROTO_TCP;
	call(API_ROLE_APPROVER, "POST", "/api/v1/hands/1/test", "");	/* api_free ends it */
}

/* ---- news ---- */

static void tell(enum core_news news, uint32_t id, bool prompt)
{
	const struct core_told told = {.news = news, .id = id, .prompt = prompt,
		.opening = news <= CORE_NEWS_CLOSED ? &w.opening : NULL};

	w.pushed_len = 0;
	w.pushed[0] = '\0';
	w.news(w.api, &told);
}

static void news_are_told(void **state)
{
	static const struct {
		enum core_news news;
		const char *head, *part;
	} things[] = {
		{CORE_NEWS_OPENED, "event: opened\n", "\"rule_note\":\"note 2\""},
		{CORE_NEWS_CLOSED, "event: closed\n", "\"id\":1"},
		{CORE_NEWS_DEVICE, "event: device\n", "\"addresses\":["},
		{CORE_NEWS_HAND, "event: hand\n", "\"status\":{"},
		{CORE_NEWS_CARD, "event: card\n", "\"prompt\":true}"},
		{CORE_NEWS_ALERT, "event: alert\n", "\"sentence\":"},
	};

	(void)state;
	call(API_ROLE_VIEWER, "GET", "/api/v1/events", "");
	assert_non_null(strstr(w.pushed, "event: status\n"));
	for (size_t i = 0; i < ROWS(things); i++) {
		tell(things[i].news, 1, true);
		assert_non_null(strstr(w.pushed, things[i].head));
		assert_non_null(strstr(w.pushed, things[i].part));
	}
	tell(CORE_NEWS_CARD, 99, false);
	assert_non_null(strstr(w.pushed, "data: {\"id\":99,\"gone\":true}\n"));
}

static void news_of_the_whole_are_told_together(void **state)
{
	(void)state;
	call(API_ROLE_VIEWER, "GET", "/api/v1/events", "");
	for (int i = 0; i < 1000; i++)
		tell(CORE_NEWS_REFUSED, 0, false);
	tell(CORE_NEWS_POLICY, 0, false);
	tell(CORE_NEWS_SIP, 1, false);
	tell(CORE_NEWS_SIP, 2, false);
	assert_string_equal(w.pushed, "");
	loop_advance(w.loop, 150);
	assert_non_null(strstr(w.pushed, "event: policy\n"));
	assert_null(strstr(strstr(w.pushed, "event: refused\n") + 1, "event: refused\n"));
	assert_null(strstr(strstr(w.pushed, "event: sip\n") + 1, "event: sip\n"));
}

static void pending_hears_what_waits_only(void **state)
{
	(void)state;
	call(API_ROLE_VIEWER, "GET", "/api/v1/events?pending=1", "");
	assert_non_null(strstr(w.pushed, "event: card\n"));
	assert_non_null(strstr(w.pushed, "event: alert\n"));
	assert_null(strstr(w.pushed, "event: status\n"));
	tell(CORE_NEWS_OPENED, 1, false);
	tell(CORE_NEWS_HEALTH, 0, false);
	loop_advance(w.loop, 150);
	assert_string_equal(w.pushed, "");
	tell(CORE_NEWS_CARD, 1, true);
	assert_non_null(strstr(w.pushed, "event: card\n"));
	w.card.state = CARD_ALLOWED;
	w.alert.expected = true;
	call(API_ROLE_VIEWER, "GET", "/api/v1/events?pending=1", "");
	assert_string_equal(w.pushed, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_role), TEST(every_wrong_method), TEST(odd_paths),
		TEST(openapi_says_the_same), TEST(phones_are_told),
		TEST(media_of_calls_is_told), TEST(bodies_are_read_strictly),
		TEST(acts_reach_the_core), TEST(acts_are_answered_when_done),
		TEST(errors_of_the_core), TEST(approvers_answer_but_do_not_block),
		TEST(what_is_given_arrives), TEST(things_are_shown), TEST(things_are_as_documented),
		TEST(previews_list_what_closes), TEST(requests_are_explained),
		TEST(drafts_are_tried), TEST(record_goes_on), TEST(record_is_verified),
		TEST(record_is_exported), TEST(hands_are_tested),
		TEST(news_are_told), TEST(news_of_the_whole_are_told_together),
		TEST(pending_hears_what_waits_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
