/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of risky and look-first ports, sorted by port so that it is searched by halves. */
#include "policy/risk.h"

#include <stddef.h>

#define RISKY(text) RULE_RISK_RISKY, "risky port: " text
#define LOOK(text) RULE_RISK_LOOK, "look first: " text

static const struct risk table[] = {
	{1, 1023, RISKY("system services live below 1024")},
	{1080, 1080, RISKY("SOCKS proxy: strangers would surf from here")},
	{1433, 1434, RISKY("Microsoft SQL Server database")},
	{1521, 1521, RISKY("Oracle database")},
	{1883, 1883, RISKY("MQTT: home automation without a password")},
	{1900, 1900, RISKY("UPnP discovery: used to amplify attacks")},
	{2049, 2049, RISKY("NFS file sharing")},
	{2323, 2323, RISKY("telnet's second port: remote shell")},
	{2375, 2376, RISKY("Docker control: gives the whole machine away")},
	{3128, 3128, RISKY("web proxy: strangers would surf from here")},
	{3306, 3306, RISKY("MySQL database")},
	{3389, 3389, RISKY("Windows remote desktop")},
	{3702, 3702, RISKY("WS-Discovery: used to amplify attacks")},
	{4444, 4444, RISKY("remote shells of attack tools")},
	{5000, 5000, RISKY("admin page of routers and NAS boxes")},
	{5060, 5061, RISKY("SIP: telephone fraud; phones go through the phone help")},
	{5350, 5351, RISKY("port mapping protocols of the router itself")},
	{5353, 5353, RISKY("mDNS: used to amplify attacks")},
	{5432, 5432, RISKY("PostgreSQL database")},
	{5555, 5555, RISKY("Android debug bridge: remote shell")},
	{5900, 5903, RISKY("VNC remote desktop")},
	{5985, 5986, RISKY("Windows remote management")},
	{6379, 6379, RISKY("Redis database")},
	{7547, 7547, RISKY("TR-069: the provider's remote control of routers")},
	{8006, 8006, RISKY("Proxmox control")},
	{8080, 8080, LOOK("admin page of many devices")},
	{8291, 8291, RISKY("MikroTik control")},
	{8443, 8443, LOOK("admin page of many devices")},
	{9000, 9000, RISKY("admin page of many devices")},
	{9100, 9100, RISKY("printer: prints what strangers send")},
	{9200, 9200, RISKY("Elasticsearch database")},
	{11211, 11211, RISKY("memcached: used to amplify attacks")},
	{27017, 27017, RISKY("MongoDB database")},
	{34567, 34567, RISKY("cameras and video recorders")},
	{37215, 37215, RISKY("UPnP of routers known to be taken over")},
	{37777, 37777, RISKY("cameras and video recorders")},
	{49152, 49152, RISKY("UPnP control port of many devices")},
};

const struct risk *risk_of(uint16_t port)
{
	size_t low = 0, high = sizeof(table) / sizeof(table[0]);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (port < table[mid].first)
			high = mid;
		else if (port > table[mid].last)
			low = mid + 1;
		else
			return &table[mid];
	}
	return NULL;
}
