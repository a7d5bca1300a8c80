#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of fuzz_sip, fuzz_sip_frame, fuzz_sipalg, fuzz_sipcall and fuzz_sdp: what phones
and servers send, and what attackers might. The messages of tests/vectors/sip are good seeds of
fuzz_sip too.

usage: seeds_sip.py DIRECTORY   (the corpus directory; a folder for each is made in it)
"""
import pathlib
import sys

SDP = """v=0
o=- 3890 3891 IN IP4 192.168.1.20
s=-
c=IN IP4 192.168.1.20
t=0 0
a=group:BUNDLE a v
m=audio 4000/2 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtcp:4001 IN IP4 192.168.1.20
a=mid:a
a=sendonly
m=video 4000 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.168.1.20
a=mid:v
a=rtcp-mux
a=candidate:1 1 UDP 2130706431 192.168.1.20 4000 typ host
a=ice-ufrag:x
m=image 4002 udptl t38
c=IN IP4 224.2.1.1/127/3
m=message 4003 TCP/MSRP *
"""
SDP6 = """v=0
o=John Doe 1 1 IN IP6 2001:db8::20
s=x
t=0 0
m=audio 5004 RTP/AVP 8
c=IN IP6 2001:db8::20
a=inactive
m=audio 0 RTP/SAVP 8
c=IN IP4 0.0.0.0
"""


def message(start, *lines, body="", length="Content-Length: {}"):
    lines = [start, *lines]
    if length:
        lines.append(length.format(len(body.replace("\n", "\r\n"))))
    return "\n".join(lines).replace("\n", "\r\n") + "\r\n\r\n" + body.replace("\n", "\r\n")


COMMON = ("Via: SIP/2.0/UDP 192.168.1.20:5060;rport;branch=z9hG4bK1", "Max-Forwards: 70",
          'From: "A \\" <sip:x@y>" <sip:a@example.org>;tag=1', "To: <sip:b@example.org>",
          "Call-ID: 1@192.168.1.20")
CONTACT = "Contact: <sip:a@192.168.1.20:5060;transport=udp;ob>;+sip.instance=\"<urn:uuid:1>\";q=0.5"
TYPE = "Content-Type: application/sdp"
ROUTES = ("Route: <sip:p1.example.org;lr>,\r\n <sip:[2001:db8::1]:5070;lr>",
          "Record-Route: <sip:192.0.2.9;lr;x=\"a,b\">", "Path: <sip:192.168.1.2;lr>")
PARTS = ("preamble\n--b 1\nContent-Type: text/plain\n\nv=0\n--b 1\n"
         "Content-Type: application/sdp (a comment)\nContent-Disposition: session\n\n" + SDP6 +
         "\n--b 1\nContent-Type: multipart/alternative; boundary=in\n\n--in\n\nnone\n--in\n"
         "Content-Type: application/sdp\n\n" + SDP6 + "\n--in--\n--b 1--\nepilogue")

SIP = {
    "invite": message("INVITE sip:b@example.org SIP/2.0", *COMMON, "CSeq: 1 INVITE", CONTACT, TYPE,
                      body=SDP),
    "invite_lacks_length": message("INVITE sip:b@example.org SIP/2.0", *COMMON, "CSeq: 1 INVITE",
                                   CONTACT, TYPE, body=SDP, length=""),
    "compact": message("SIP/2.0 200 OK", "v:SIP/2.0/UDP a;branch=1,SIP / 2.0 / TCP [2001:db8::1]"
                       " : 5060", "f:<sip:a@b>", "t:sip:c@d;tag=2", "i:x", "CSeq: 2 UPDATE",
                       "m:<sip:a@b>,<tel:+1>", "c:application/sdp", body=SDP6, length="l:{}"),
    "register": message("REGISTER sip:example.org SIP/2.0", *COMMON, "CSeq: 3 REGISTER",
                        "Contact: sip:a@192.168.1.20;expires=60", "m: <sip:b@192.168.1.20:5062>",
                        "Expires: 3600", *ROUTES),
    "unregister": message("REGISTER sip:example.org SIP/2.0", *COMMON, "CSeq: 4 REGISTER",
                          "Contact: *", "Expires: 0"),
    "multipart": message("INVITE sip:b@example.org SIP/2.0", *COMMON, "CSeq: 1 INVITE", CONTACT,
                         'Content-Type: multipart/mixed; boundary="b 1"', body=PARTS),
    "twice": message("ACK sip:b@example.org SIP/2.0", *COMMON, "CSeq: 1 ACK", "l: 0"),
    "keep_alive": "\r\n\r\n",
    "folded": message("BYE sip:b@example.org SIP/2.0", "Via : SIP / 2.0\n /UDP\n\t a . b".replace(
        " . ", "."), "From:\n sip:a@b ;\n tag = 1", "To\t:sip:b@c", "Call-ID:\n x",
        "CSeq: 5\n BYE"),
}
STREAM = {
    "two": "7" + SIP["invite"] + "\r\n\r\n" + SIP["compact"] + SIP["unregister"],
    "half": "9" + SIP["register"] + SIP["invite"][:200],
    "http": "1POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n" + SIP["register"],
    "get": "2GET http://x/ HTTP/1.1\r\n\r\n",
    "tls": "3\x16\x03\x01\x02\x00\x01",
    "bare": "4" + SIP["twice"].replace("\r\n", "\n"),
    "differs": "5" + SIP["twice"].replace("l: 0", "l: 1"),
    "ping": "6\r\n\r\n\r\n\r",
}
PLAIN = "\n".join(line for line in SDP.split("\n") if not line.startswith(("a=candidate", "a=ice")))
ALG = {
    "out": message("INVITE sip:b@example.org SIP/2.0", *COMMON, "CSeq: 1 INVITE", CONTACT, TYPE,
                   body=PLAIN),
    "register": SIP["register"],
    "signed": message("INVITE sip:b@example.org SIP/2.0", *COMMON, "CSeq: 1 INVITE", CONTACT, TYPE,
                      'Authorization: Digest username="a", qop=auth-int, nc=1', body=PLAIN),
    "call": message("INVITE sip:a@203.0.113.7:36002 SIP/2.0", "v:SIP/2.0/UDP 198.51.100.1",
                    *COMMON[1:], "CSeq: 1 INVITE", CONTACT, TYPE, body=SDP6),
    "back": message("INVITE sip:a@203.0.113.7:36002 SIP/2.0", "v:SIP/2.0/UDP 198.51.100.1",
                    *COMMON[1:], "CSeq: 1 INVITE", "Route: <sip:198.51.100.7;lr>", TYPE,
                    body=PLAIN.replace("192.168.1.20", "203.0.113.7").replace(" 400", " 3600")
                    .replace(":400", ":3600")),
    "answer": message("SIP/2.0 200 OK", "v: SIP/2.0/UDP 203.0.113.7:36002;branch=z9hG4bK1;"
                      "received=203.0.113.7;rport=36002", *COMMON[1:], "CSeq: 1 REGISTER",
                      "Contact: <sip:a@203.0.113.7:36002>;expires=60, <sip:z@192.0.2.1>"),
}
DESCRIPTIONS = {
    "all": SDP.replace("\n", "\r\n"),
    "six": SDP6,
    "parts": 'multipart/mixed; boundary="b 1"\r\n' + PARTS.replace("\n", "\r\n"),
    "plain": "application/sdp\r\n" + SDP6,
}


def step(who, method, kind, *, cseq=1, own=1, peer=2, sdp=0, call=0, timer=0, refusal=0):
    """A message as fuzz_sipcall takes it: kind 0 request, 1 183, 2 200, 3 refusal."""
    methods = ("INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO")
    return bytes(((who == "phone") | methods.index(method) << 1 | kind << 4,
                  cseq - 1 | refusal << 2 | call << 4 | timer << 6, own | peer << 2 | sdp << 4))


OUT = step("phone", "INVITE", 0, peer=0, sdp=1) + step("peer", "INVITE", 2, sdp=7) + \
    step("phone", "ACK", 0)
CALLED = step("peer", "INVITE", 0, own=0, sdp=7) + step("phone", "INVITE", 2, sdp=1, timer=2) + \
    step("peer", "ACK", 0)
BYE = step("peer", "BYE", 0, cseq=4) + step("phone", "BYE", 2, cseq=4) + bytes((0x44, 1, 0))
CALLS = {
    "out": OUT + step("phone", "INVITE", 0, cseq=2, sdp=2) +
    step("peer", "INVITE", 2, cseq=2, sdp=8) + BYE,
    "called": CALLED + step("peer", "UPDATE", 0, cseq=2, sdp=10) +
    step("phone", "UPDATE", 3, cseq=2, refusal=3) + bytes((0x40, 250, 0)) + BYE,
    "late": step("peer", "INVITE", 0, own=0) + step("phone", "INVITE", 2, sdp=1) +
    step("peer", "ACK", 0, sdp=7) + BYE,
    "forks": step("phone", "INVITE", 0, peer=0, sdp=1) + step("peer", "INVITE", 1, sdp=8) +
    step("peer", "INVITE", 1, peer=3, sdp=9) + step("phone", "PRACK", 0, cseq=2, sdp=2) +
    step("peer", "PRACK", 2, cseq=2, sdp=8) + step("peer", "INVITE", 2, sdp=7) +
    step("peer", "INVITE", 2, peer=3, sdp=11) + step("phone", "ACK", 0, peer=3) + BYE,
    "asked": step("phone", "INVITE", 0, peer=0, sdp=1) + step("peer", "INVITE", 3) +
    step("phone", "INVITE", 0, peer=0, cseq=2, sdp=1) + step("phone", "CANCEL", 0, peer=0, cseq=2) +
    step("peer", "INVITE", 3, cseq=2, refusal=1) + bytes((0x4c, 1, 0)),
    "raw": OUT + b"\x81" + SIP["invite"].encode("latin-1"),
}


def main():
    for folder, seeds in (("sip", SIP), ("sip_frame", STREAM), ("sipalg", ALG),
                          ("sipcall", CALLS), ("sdp", DESCRIPTIONS)):
        path = pathlib.Path(sys.argv[1], folder)
        path.mkdir(parents=True, exist_ok=True)
        for name, text in seeds.items():
            data = text if isinstance(text, bytes) else text.encode("latin-1")
            (path / name).write_bytes(data)


if __name__ == "__main__":
    main()
