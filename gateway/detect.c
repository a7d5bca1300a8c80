/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding WAN and LAN when nobody named them; see detect.h. */
#include "gateway/detect.h"

#include "protocols/err.h"
#include "protocols/reader.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 160

/* Names that containers, virtual machines and tunnels give to theirs; what follows is any. */
static const char *const foreign_names[] = {"cali", "cni", "docker", "dummy", "flannel", "gre",
	"ifb", "incus", "ip6tnl", "ipsec", "kube", "lxc", "lxd", "nebula", "podman", "sit",
	"tailscale", "tap", "tun", "utun", "vboxnet", "veth", "virbr", "vmnet", "vnet", "vti",
	"vxlan", "wg", "zt"};

static const char *const foreign_kinds[] = {"dummy", "geneve", "gre", "gretap", "ifb", "ip6gre",
	"ip6tnl", "ipip", "ipvlan", "ipvtap", "macvtap", "nlmon", "sit", "tun", "vrf", "vti",
	"vxlan", "wireguard", "xfrm"};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "br-" and twelve digits: a network of docker's. */
static bool is_docker_bridge(struct str name)
{
	if (name.len != 15 || !str_starts(name, STR("br-")))
		return false;
	for (size_t i = 3; i < name.len; i++) {
		if (!is_hex(name.p[i]))
			return false;
	}
	return true;
}

static bool is_guest(struct str name)
{
	for (size_t i = 0; i + 5 <= name.len; i++) {
		if (str_eqi(str_sub(name, i, 5), STR("guest")))
			return true;
	}
	return false;
}

static bool is_foreign(const struct detect_fact *fact)
{
	struct str name = str_from(fact->name);

	for (size_t i = 0; i < sizeof(foreign_names) / sizeof(foreign_names[0]); i++) {
		if (str_starts(name, str_from(foreign_names[i])))
			return true;
	}
	for (size_t i = 0; i < sizeof(foreign_kinds) / sizeof(foreign_kinds[0]); i++) {
		if (strcmp(fact->kind, foreign_kinds[i]) == 0)
			return true;
	}
	return is_docker_bridge(name) || is_guest(name);
}

bool detect_may_be_wan(const struct detect_fact *fact)
{
	return !fact->loopback && !is_foreign(fact);
}

bool detect_may_be_lan(const struct detect_fact *fact)
{
	return fact->up && fact->private4 && !fact->default4 && !fact->default6 &&
	       !fact->loopback && !is_foreign(fact) &&
	       !str_starts(str_from(fact->name), STR("ppp"));
}

static void decide_wan(const struct detect_fact *facts, size_t count, struct detect_choice *choice)
{
	bool by4 = false;

	for (size_t i = 0; i < count; i++)
		by4 |= facts[i].default4;
	for (size_t i = 0; i < count; i++) {
		if (by4 ? facts[i].default4 : facts[i].default6) {
			choice->wan = &facts[i];
			choice->wan_count++;
		}
	}
	/* A second default route, a tunnel's too, means that there is something to know here. */
	if (choice->wan_count != 1 || !detect_may_be_wan(choice->wan))
		choice->wan = NULL;
}

struct detect_choice detect_decide(const struct detect_fact *facts, size_t count, const char *wan)
{
	struct detect_choice choice = {0};

	if (wan[0] == '\0')
		decide_wan(facts, count, &choice);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(facts[i].name, wan) == 0) {
			choice.wan = &facts[i];
			choice.wan_count = 1;
		} else if (&facts[i] != choice.wan && detect_may_be_lan(&facts[i])) {
			choice.lan = &facts[i];
			choice.lan_count++;
		}
	}
	if (choice.lan_count != 1)
		choice.lan = NULL;
	return choice;
}

static void add_name(struct writer *w, const char *name)
{
	if (w->len > 0)
		writer_text(w, ", ");
	writer_text(w, name);
}

static void tell_line(struct log *log, const char *key, bool known, const char *names)
{
	if (known)
		log_error(log, "%s = %s", key, names);
	else if (names[0])
		log_error(log, "%s = <one of: %s>", key, names);
	else
		log_error(log, "%s = <its name>", key);
}

static void tell(struct log *log, const struct detect_choice *choice,
	const struct detect_fact *facts, size_t count)
{
	char wans[NAMES_MAX + 1] = "", lans[NAMES_MAX + 1] = "";
	struct writer wan = writer_to(wans, NAMES_MAX), lan = writer_to(lans, NAMES_MAX);

	for (size_t i = 0; i < count; i++) {
		bool is_wan = choice->wan ? &facts[i] == choice->wan
					  : facts[i].default4 || facts[i].default6;
		if (is_wan)
			add_name(&wan, facts[i].name);
		else if (detect_may_be_lan(&facts[i]))
			add_name(&lan, facts[i].name);
	}
	log_error(log, "which interface is the Internet's and which the home network's cannot be "
		"told (default routes: %zu, possible home networks: %zu)", choice->wan_count,
		choice->lan_count);
	log_error(log, "name them in the configuration file, below [interfaces]:");
	tell_line(log, "wan", choice->wan != NULL, wans);
	tell_line(log, "lan", choice->lan != NULL, lans);
}

static bool is_named_lan(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->lan_count; i++) {
		if (strcmp(conf->lan[i], name) == 0)
			return true;
	}
	return false;
}

static int fill_from(struct conf *conf, struct log *log, const struct detect_fact *facts,
	size_t count)
{
	struct detect_choice choice = detect_decide(facts, count, conf->wan);
	bool no_wan = conf->wan[0] == '\0' && (!choice.wan || is_named_lan(conf, choice.wan->name));
	bool no_lan = conf->lan_count == 0 && !choice.lan;

	if (no_wan || no_lan) {
		tell(log, &choice, facts, count);
		return ERR_NOT_FOUND;
	}
	if (conf->wan[0] == '\0') {
		memcpy(conf->wan, choice.wan->name, sizeof(conf->wan));
		log_info(log, "the WAN is %s: the default route leaves by it", conf->wan);
	}
	if (conf->lan_count == 0) {
		memcpy(conf->lan[0], choice.lan->name, sizeof(conf->lan[0]));
		conf->lan_count = 1;
		log_info(log, "the LAN is %s: no other network is private and ours", conf->lan[0]);
	}
	return 0;
}

int detect_fill(struct conf *conf, struct log *log)
{
	struct detect_fact *facts;
	size_t count = 0;
	int err;

	if (conf->wan[0] != '\0' && conf->lan_count > 0)
		return 0;
	facts = calloc(DETECT_FACTS_MAX, sizeof(*facts));
	if (!facts)
		return ERR_MEMORY;
	err = detect_gather(facts, DETECT_FACTS_MAX, &count);
	if (err)
		log_error(log, "the interfaces cannot be listed: %s", err_text(err));
	else
		err = fill_from(conf, log, facts, count);
	free(facts);
	return err;
}
