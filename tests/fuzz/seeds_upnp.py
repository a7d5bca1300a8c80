#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of fuzz_gena, fuzz_headers, fuzz_ssdp and fuzz_soap: what clients send, and
what attackers might.

usage: seeds_upnp.py DIRECTORY   (the corpus directory; a folder for each is made in it)
"""
import pathlib
import sys

DEVICE = "urn:schemas-upnp-org:device:"
SERVICE = "urn:schemas-upnp-org:service:"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def search(st, man='"ssdp:discover"', mx="2", end="\r\n"):
    return (f"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: {st}\r\nMAN: {man}\r\n"
            f"MX: {mx}\r\n{end}")


HEADERS = {
    "reply": "HTTP/1.1 200 OK\r\nServer: x\r\nEXT:\r\nContent-Length: 0\r\n\r\nbody",
    "bare": "A\nB:1\nc : 2\n",
    "cut": "GET / HTTP/1.1\r\nHost",
    "fold": "A\r\nB: 1\r\n  more\r\n\r\n",
    "many": "A\r\n" + "B: 1\r\n" * 40,
    "twice": "A\r\nB: 1\r\nb:\t2\t\r\n\r\n",
}

SSDP = {
    "all": search("ssdp:all"),
    "root": search("upnp:rootdevice"),
    "igd1": search(DEVICE + "InternetGatewayDevice:1"),
    "igd2": search(DEVICE + "InternetGatewayDevice:2"),
    "wanip2": search(SERVICE + "WANIPConnection:2"),
    "fc6": search(SERVICE + "WANIPv6FirewallControl:1"),
    "uuid": search("uuid:01020304-0506-0708-090A-0B0C0D0E0F10"),
    "libplum": search(DEVICE + "InternetGatewayDevice:1", "ssdp:discover", "10", ""),
    "dial": search("urn:dial-multiscreen-org:service:dial:1", mx="1"),
    "alive": f"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: {SERVICE}"
             "WANPPPConnection:1\r\nNTS: ssdp:alive\r\nUSN: uuid:x\r\n\r\n",
    "byebye": f"NOTIFY * HTTP/1.1\r\nNT: {DEVICE}InternetGatewayDevice:1\r\n"
              "NTS: ssdp:byebye\r\n\r\n",
    "notify": "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\r\n",
}


def subscribe(callback, method="SUBSCRIBE", **more):
    """The first letter chooses whom it is from: S, U and T are 192.168.1.10, 2001:db8::10
    and fe80::10 to the fuzz target."""
    fields = {"CALLBACK": callback, "NT": "upnp:event", **more} if callback else more
    return "".join([f"{method} /t/evt/WANIPConn1 HTTP/1.1\r\n",
                    *(f"{k}: {v}\r\n" for k, v in fields.items()), "\r\n"])


OWN = "http://192.168.1.10:4000/"
GENA = {
    "one": subscribe(f"<{OWN}told?me=1>", TIMEOUT="Second-1800"),
    "several": subscribe(f"<http://192.168.1.11:1/> <{OWN}a><HTTP://192.168.1.10>",
                         TIMEOUT="Second-infinite"),
    "ipv6": subscribe("<http://[2001:db8::10]:80/x>", "UUBSCRIBE"),
    "link": subscribe("<http://[fe80::10%25eth0]:65535/x>", "TUBSCRIBE"),
    "stranger": subscribe("<http://user@192.168.1.10@198.51.100.10:80/#x>"),
    "renew": subscribe("", SID="uuid:01020304-0506-0708-090a-0b0c0d0e0f10", TIMEOUT="Second-300"),
    "end": subscribe("", "UNSUBSCRIBE", SID="uuid:01020304-0506-0708-090a-0b0c0d0e0f10"),
    "both": subscribe(f"<{OWN}>", SID="uuid:0"),
    "answer": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "refusal": "HTTP/1.0 412 Precondition Failed\n",
}


RANGE = [("NewStartPort", "8000"), ("NewEndPort", "8100"), ("NewProtocol", "TCP"),
         ("NewManage", "0")]


def call(action, args, service="WANIPConnection:1", head=""):
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in args)
    return (f'"{SERVICE}{service}#{action}"\n{head}<s:Envelope xmlns:s="{ENVELOPE}">'
            f'<s:Body><u:{action} xmlns:u="{SERVICE}{service}">{inside}</u:{action}>'
            "</s:Body></s:Envelope>")


KEY = [("NewRemoteHost", ""), ("NewExternalPort", "8080"), ("NewProtocol", "TCP")]
ADD = KEY + [("NewInternalPort", "80"), ("NewInternalClient", "192.168.1.2"), ("NewEnabled", "1"),
             ("NewPortMappingDescription", "a &lt;web&gt; \u20ac"), ("NewLeaseDuration", "0")]
HOLE = [("RemoteHost", "::/0"), ("RemotePort", "0"), ("InternalClient", "2001:db8::2"),
        ("InternalPort", "4000"), ("Protocol", "17"), ("LeaseTime", "3600")]
FC6 = "WANIPv6FirewallControl:1"

SOAP = {
    "add": call("AddPortMapping", ADD, head='<?xml version="1.0"?>\r\n'),
    "add2": call("AddPortMapping", ADD, "WANIPConnection:2"),
    "add_any": call("AddAnyPortMapping", reversed(ADD), "WANIPConnection:2"),
    "delete": call("DeletePortMapping", KEY),
    "specific": call("GetSpecificPortMappingEntry", KEY),
    "generic": call("GetGenericPortMappingEntry", [("NewPortMappingIndex", "3")]),
    "address": call("GetExternalIPAddress", []),
    "pinhole": call("AddPinhole", HOLE, FC6),
    "update": call("UpdatePinhole", [("UniqueID", "1"), ("NewLeaseTime", "60")], FC6),
    "close": call("DeletePinhole", [("UniqueID", "1")], FC6),
    "bytes": call("GetTotalBytesSent", [], "WANCommonInterfaceConfig:1"),
    "layer3": call("GetDefaultConnectionService", [], "Layer3Forwarding:1"),
    "list": call("GetListOfPortMappings", RANGE + [("NewNumberOfPorts", "0")],
                 "WANIPConnection:2"),
    "range": call("DeletePortMappingRange", RANGE, "WANIPConnection:2"),
    "ppp": call("DeletePortMapping", KEY, "WANPPPConnection:1"),
    "timeout": call("GetOutboundPinholeTimeout", HOLE[:5], FC6),
    "set_default": call("SetDefaultConnectionService", [
        ("NewDefaultConnectionService", "uuid:00000000-0000-0000-0000-000000000002:"
         "WANConnectionDevice:1,urn:upnp-org:serviceId:WANIPConn1")], "Layer3Forwarding:1"),
    "libplum": f'{SERVICE}WANIPConnection:1#GetExternalIPAddress\n<s:Envelope xmlns:s="{ENVELOPE}">'
               f'<s:Body><m:GetExternalIPAddress xmlns:u="{SERVICE}WANIPConnection:1"/>'
               "</s:Body></s:Envelope>",
    "default": f'{SERVICE}WANIPConnection:1#GetStatusInfo\n<Envelope xmlns="{ENVELOPE}"><Header>'
               f'<x/></Header><Body><GetStatusInfo xmlns="{SERVICE}WANIPConnection:1">'
               "<!-- --><![CDATA[ ]]></GetStatusInfo></Body></Envelope>",
    "entities": call("AddPortMapping", ADD, head='<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;">]>'),
    "instruction": call("GetStatusInfo", [], head="<?go on?>"),
    "ampersand": call("AddPortMapping", ADD).replace("a &lt;web&gt;", "this & that"),
    "deep": "x\n" + "<a>" * 100,
}


def main():
    for folder, seeds in (("gena", GENA), ("headers", HEADERS), ("ssdp", SSDP), ("soap", SOAP)):
        path = pathlib.Path(sys.argv[1], folder)
        path.mkdir(parents=True, exist_ok=True)
        for name, text in seeds.items():
            (path / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
