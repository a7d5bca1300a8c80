/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of services; see service.h. In order of name. */
#include "policy/service.h"

#define TCP SERVICE_TCP
#define UDP SERVICE_UDP
#define BOTH (SERVICE_TCP | SERVICE_UDP)

#define BY_VPN "Safer over a VPN to your home."

static const struct service table[] = {
	{"bittorrent", "BitTorrent", BOTH, 6881, 9, NULL},
	{"camera", "Camera (RTSP)", BOTH, 554, 1,
	 "Cameras open to everybody are found within hours. " BY_VPN},
	{"dns", "DNS server", BOTH, 53, 1,
	 "A DNS server that answers everybody is used to attack others. Open it only if it "
	 "serves a domain of your own."},
	{"factorio", "Factorio", UDP, 34197, 1, NULL},
	{"ftp", "FTP server", TCP, 21, 1,
	 "FTP sends passwords in the clear, and needs more ports than this one. Use SFTP (ssh)."},
	{"home-assistant", "Home Assistant", TCP, 8123, 1,
	 "It controls your home: use a strong password and two factors. " BY_VPN},
	{"imap-tls", "Mail: reading (IMAP)", TCP, 993, 1, NULL},
	{"jellyfin", "Jellyfin", TCP, 8096, 1,
	 "This port is not encrypted. Better behind a web server with TLS."},
	{"mail-server", "Mail: receiving (SMTP)", TCP, 25, 1,
	 "Make sure that it does not pass on mail for strangers. Many providers block this port."},
	{"minecraft", "Minecraft (Java)", TCP, 25565, 1, "Turn the list of players on."},
	{"minecraft-bedrock", "Minecraft (Bedrock)", UDP, 19132, 1, "Turn the list of players on."},
	{"mumble", "Mumble", BOTH, 64738, 1, NULL},
	{"openvpn", "OpenVPN", UDP, 1194, 1, NULL},
	{"playstation", "PlayStation", UDP, 9308, 1, NULL},
	{"plex", "Plex", TCP, 32400, 1, NULL},
	{"remote-desktop", "Remote desktop (Windows)", BOTH, 3389, 1,
	 "Strangers try passwords here all day. " BY_VPN},
	{"rust", "Rust", UDP, 28015, 1, NULL},
	{"ssh", "SSH and SFTP", TCP, 22, 1,
	 "Strangers try passwords here all day: allow keys only. Another port outside is calmer."},
	{"steam-server", "Steam game server", BOTH, 27015, 1, NULL},
	{"submission-tls", "Mail: sending (SMTP over TLS)", TCP, 465, 1, NULL},
	{"syncthing", "Syncthing", BOTH, 22000, 1, NULL},
	{"teamspeak", "TeamSpeak", UDP, 9987, 1, NULL},
	{"terraria", "Terraria", TCP, 7777, 1, NULL},
	{"valheim", "Valheim", UDP, 2456, 2, NULL},
	{"web-server", "Web server", TCP, 80, 1,
	 "Everybody can read along and change what passes. Use web-server-tls as well."},
	{"web-server-tls", "Web server (HTTPS and HTTP/3)", BOTH, 443, 1, NULL},
	{"wireguard", "WireGuard", UDP, 51820, 1, NULL},
	{"xbox-live", "Xbox Live", BOTH, 3074, 1, NULL},
};

const struct service *service_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct service *service_find(struct str name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (str_eqi(name, str_from(table[i].name)))
			return &table[i];
	}
	return NULL;
}
