# SPDX-License-Identifier: GPL-2.0-or-later
"""A small UPnP control point for network tests: searches, requests and calls as they are told."""

import html
import re
import socket
import time
from typing import NamedTuple
from xml.etree import ElementTree

from space import PATIENCE_S, family, inside

PORT, SSDP = 49000, 1900
GROUP4, GROUP6_LINK, GROUP6_SITE = "239.255.255.250", "ff02::c", "ff05::c"
URN = "urn:schemas-upnp-org:"
GW = f"{URN}gw:WANIPConnection"
IGD1, IGD2 = (f"{URN}device:InternetGatewayDevice:{v}" for v in (1, 2))
WANIP1, WANIP2 = (f"{URN}service:WANIPConnection:{v}" for v in (1, 2))
FC6 = f"{URN}service:WANIPv6FirewallControl:1"
PPP, CIC, L3, ETH = (f"{URN}service:{name}:1" for name in (
    "WANPPPConnection", "WANCommonInterfaceConfig", "Layer3Forwarding", "WANEthernetLinkConfig"))
IDS = {"WANIPConnection": "WANIPConn1", "WANIPv6FirewallControl": "WANIPv6Firewall1",
       "WANCommonInterfaceConfig": "WANCommonIFC1", "Layer3Forwarding": "L3Forwarding1",
       "WANPPPConnection": "WANPPPConn1", "WANEthernetLinkConfig": "WANEthLinkC1"}


class Reply(NamedTuple):
    start: str
    fields: dict        # names in capitals
    source: str         # address, without a zone
    at: float           # seconds since the search


def parse(data, source, at=0.0):
    start, *lines = data.decode().split("\r\n")
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return Reply(start, {k.strip().upper(): v.strip() for k, v in pairs}, source, at)


def search(lab, name, st, to=GROUP4, mx=1, wait=None, text=None, dev="eth0", most=999):
    """All replies that come in time, or the first few; text is a whole other datagram."""
    if text is None:
        text = (f"M-SEARCH * HTTP/1.1\r\nHOST: {to}:{SSDP}\r\nMAN: \"ssdp:discover\"\r\n" +
                (f"MX: {mx}\r\n" if mx is not None else "") + f"ST: {st}\r\n\r\n")
    with inside(name), socket.socket(family(to), socket.SOCK_DGRAM) as sock:
        zone = socket.if_nametoindex(dev)
        if ":" in to:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, zone)
        begin = time.monotonic()
        sock.sendto(text if isinstance(text, bytes) else text.encode(),
                    (to, SSDP, 0, zone if to.startswith("f") else 0)[:4 if ":" in to else 2])
        return receive(sock, begin, (mx or 0) + 1 if wait is None else wait, most)


def receive(sock, begin, wait, most=999):
    replies = []
    while len(replies) < most and (left := begin + wait - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            data, peer = sock.recvfrom(2000)
        except TimeoutError:
            break
        replies.append(parse(data, peer[0].split("%")[0], time.monotonic() - begin))
    return replies


def location(lab, name="lan1", st=IGD1, to="192.168.1.1"):
    """Where the description is, as a search says."""
    replies = search(lab, name, st, to=to, wait=PATIENCE_S, most=1)
    assert replies, f"{name} hears nothing of {st} at {to}"
    return replies[0].fields["LOCATION"]


def token(lab):
    return location(lab).split("/")[3]


class Http:
    """One connection, kept; the address may have a zone."""

    def __init__(self, lab, name, address="192.168.1.1", port=PORT):
        bare = address.split("%")[0]
        self.host = f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
        with inside(name):
            self.sock = socket.create_connection((address, port), PATIENCE_S)

    def send(self, method, path, fields=(), body=b"", host=None):
        head = [f"{method} {path} HTTP/1.1", f"Host: {host or self.host}"]
        head += [f"{k}: {v}" for k, v in dict(fields).items()]
        if body or method == "POST":
            head.append(f"Content-Length: {len(body)}")
        self.sock.sendall("\r\n".join(head + ["", ""]).encode() + body)

    def answer(self):
        """(status, fields, body)"""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.more()
        head, _, body = data.partition(b"\r\n\r\n")
        reply = parse(head, "")
        while len(body) < int(reply.fields.get("CONTENT-LENGTH", 0)):
            body += self.more()
        return int(reply.start.split()[1]), reply.fields, body.decode()

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("closed by the server")
        return data

    def ask(self, *args, **kw):
        self.send(*args, **kw)
        return self.answer()

    def close(self):
        self.sock.close()


def soap(service, action, args):
    """(fields, body) of a call."""
    inner = "".join(f"<{k}>{html.escape(str(v))}</{k}>" for k, v in args.items())
    body = (f'<?xml version="1.0"?><s:Envelope '
            f'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            f's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
            f'<u:{action} xmlns:u="{service}">{inner}</u:{action}></s:Body></s:Envelope>')
    return ({"Content-Type": 'text/xml; charset="utf-8"', "SOAPACTION": f'"{service}#{action}"'},
            body.encode())


class Igd:
    """Control from one host. A call gives a dict of outputs, or the UPnP error code."""

    def __init__(self, lab, name="lan1", version=1, address="192.168.1.1", key=None):
        self.http = Http(lab, name, address)
        self.token = key or token(lab)
        self.service = (WANIP1, WANIP2)[version - 1]

    def path(self, service):
        return f"/{self.token}/ctl/{IDS[service.split(':')[3]]}"

    def call(self, action, service=None, **args):
        service = service or self.service
        fields, body = soap(service, action, args)
        status, _, text = self.http.ask("POST", self.path(service), fields, body)
        if status == 500:
            return int(re.search(r"<errorCode>(\d+)<", text)[1])
        assert status == 200 and f"{action}Response" in text, (status, text)
        return {k: html.unescape(v) for k, v in re.findall(r"<(New\w+|[A-Z]\w+)>([^<]*)</\1>",
                                                           text)}

    def add(self, port, client, proto="TCP", inside_port=None, action="AddPortMapping", lease=0,
            remote="", enabled=1, text="test"):
        return self.call(action, NewRemoteHost=remote, NewExternalPort=port, NewProtocol=proto,
                         NewInternalPort=inside_port or port, NewInternalClient=client,
                         NewEnabled=enabled, NewPortMappingDescription=text,
                         NewLeaseDuration=lease)

    def delete(self, port, proto="TCP", remote=""):
        return self.call("DeletePortMapping", NewRemoteHost=remote, NewExternalPort=port,
                         NewProtocol=proto)

    def delete_range(self, first, last, proto="TCP", manage=0):
        return self.call("DeletePortMappingRange", NewStartPort=first, NewEndPort=last,
                         NewProtocol=proto, NewManage=manage)

    def list_range(self, first=0, last=65535, proto="TCP", manage=0, number=0):
        """Dicts of GetListOfPortMappings, or the error code."""
        answer = self.call("GetListOfPortMappings", NewStartPort=first, NewEndPort=last,
                           NewProtocol=proto, NewManage=manage, NewNumberOfPorts=number)
        if isinstance(answer, int):
            return answer
        tree = ElementTree.fromstring(answer["NewPortListing"])
        assert tree.tag == f"{{{GW}}}PortMappingList"
        return [{e.tag.split("}")[1]: e.text or "" for e in entry} for entry in tree]

    def specific(self, port, proto="TCP", remote=""):
        return self.call("GetSpecificPortMappingEntry", NewRemoteHost=remote, NewExternalPort=port,
                         NewProtocol=proto)

    def generic(self, index):
        return self.call("GetGenericPortMappingEntry", NewPortMappingIndex=index)

    def external(self):
        return self.call("GetExternalIPAddress")["NewExternalIPAddress"]

    def pinhole(self, client, port, proto=6, lease=3600, remote="", remote_port=0):
        return self.call("AddPinhole", FC6, RemoteHost=remote, RemotePort=remote_port,
                         InternalClient=client, InternalPort=port, Protocol=proto,
                         LeaseTime=lease)
