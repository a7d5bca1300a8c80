#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner's server as a browser of the LAN meets it, and what others meet."""

import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import stat
import statistics
import threading
import time
import urllib.parse

import lab as L
import upnp
from agree import client
from space import Stopwatch, wait_for
from web import GOOD, PORT, Web

PLAIN = 8080


def fingerprint(web):
    with web.connect() as sock:
        digest = hashlib.sha256(sock.getpeercert(binary_form=True)).hexdigest().upper()
    return ":".join(digest[i:i + 2] for i in range(0, 64, 2))


def refused(lab, name, server, port=PORT):
    """Nobody listens there, or nobody answers."""
    try:
        Web(lab, name, server, port).connect(timeout=1.0).close()
    except (OSError, ssl.SSLError):
        return True
    return False


# ---- TLS ----

def test_certificate(lab):
    postern = lab.start_postern(web={"plain_port": PLAIN})
    web = Web(lab)
    told = web.setup()
    assert told["url"] == f"https://{L.ROUTER}:{PORT}/"
    assert told["fingerprint"] == fingerprint(web)
    assert told["fingerprint"] == fingerprint(Web(lab, server=L.ROUTER_6))
    pem = f"{lab.dir}/state/web.pem"
    assert stat.S_IMODE(os.stat(pem).st_mode) == 0o600
    with web.connect() as sock:
        assert sock.version() == "TLSv1.3"
    # The very same after a restart, and it is for the names and the address.
    postern.restart()
    assert told["fingerprint"] == fingerprint(web)
    text = lab.ns("router").run(["openssl", "x509", "-in", pem, "-noout", "-text"]).stdout
    for part in (f"IP Address:{L.ROUTER}", "DNS:postern.lan", "CA:FALSE", "prime256v1"):
        assert part in text, text


def test_old_tls_is_refused(lab):
    lab.start_postern()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with lab.ns("lan1").socket() as sock:
        sock.settimeout(L.PATIENCE_S)
        sock.connect((L.ROUTER, PORT))
        try:
            context.wrap_socket(sock)
        except (ssl.SSLError, ConnectionError):
            return
    raise AssertionError("TLS 1.1 was taken")


def test_new_address_new_certificate(lab):
    lab.start_postern()
    web = Web(lab)
    old = fingerprint(web)
    lab.ns("router").ip("address", "add", "192.168.77.1/24", "dev", "br-lan")
    lab.ns("lan1").ip("address", "add", "192.168.77.10/24", "dev", "eth0")
    other = Web(lab, server="192.168.77.1", source="192.168.77.10")

    def is_new():
        with contextlib.suppress(OSError):      # who comes just then has to come again
            return fingerprint(web) != old
        return False
    assert wait_for(is_new, step=0.5)
    assert fingerprint(other) == fingerprint(web)
    assert other.ask("GET", "/")[0] == 200


# ---- who gets what ----

def test_the_plain_port_explains(lab):
    lab.start_postern(web={"plain_port": PLAIN})
    plain = Web(lab, port=PLAIN, tls=False)
    status, page = plain.ask("GET", "/")
    assert status == 200 and fingerprint(Web(lab)) in page
    assert f'href="https://{L.ROUTER}:{PORT}/"' in page
    assert plain.ask("GET", "/api/v1/status")[0] == 404
    assert plain.ask("POST", "/api/v1/login", {"name": "a", "password": "b"})[0] == 405
    # On the router itself all of it is there.
    local = Web(lab, "router", "127.0.0.1", PLAIN, tls=False)
    told = local.setup()
    assert told["code"] and local.cookie.startswith("postern=")
    assert local.ask("GET", "/api/v1/status")[0] == 200
    assert local.ask("GET", "/metrics", Cookie=None)[0] == 200


def test_tls_can_be_left_out(lab):
    lab.start_postern(web={"tls": "no"})
    web = Web(lab, tls=False)
    assert web.setup()["url"] == f"http://{L.ROUTER}:{PORT}/"
    assert web.ask("GET", "/api/v1/status")[0] == 200


def test_not_from_the_internet(lab):
    lab.start_postern(web={"plain_port": PLAIN})
    assert not refused(lab, "lan1", L.ROUTER)
    for port in (PORT, PLAIN):
        assert refused(lab, "inet1", L.WAN, port)
        assert refused(lab, "isp", L.WAN, port)
        # Nor by the WAN's address from within.
        assert refused(lab, "lan1", L.WAN, port)
    Web(lab).setup()


def another_lan(lab):
    """192.168.9.0/24 between lan2 and the router, which lets it in."""
    router, host = lab.ns("router"), lab.ns("lan2")
    router.ip("link", "add", "home2", "type", "veth", "peer", "name", "eth9", "netns", "lan2")
    for ns, dev, address in ((router, "home2", "192.168.9.1/24"), (host, "eth9", "192.168.9.9/24")):
        ns.ip("address", "add", address, "dev", dev)
        ns.ip("link", "set", dev, "up")
    lab.nft("add", "rule", "inet", "hostfw", "input", "iifname", "home2", "accept")


def test_every_lan_but_a_guests(lab):
    another_lan(lab)
    postern = lab.start_postern(interfaces={"lan": "br-lan home2"}, web={"plain_port": PLAIN})
    assert not refused(lab, "lan2", "192.168.9.1")
    postern.stop()
    lab.start_postern(interfaces={"lan": "br-lan home2", "guest": "home2"},
                      web={"plain_port": PLAIN})
    for server in ("192.168.9.1", L.ROUTER):
        for port in (PORT, PLAIN):
            assert refused_from(lab, server, port), (server, port)
    assert not refused(lab, "lan1", L.ROUTER)
    # A guest's address of the router is no name of it either.
    assert Web(lab).ask("GET", "/", Host=f"192.168.9.1:{PORT}")[0] == 421


def refused_from(lab, server, port):
    try:
        Web(lab, "lan2", server, port, source="192.168.9.9").connect(timeout=1.0).close()
    except (OSError, ssl.SSLError):
        return True
    return False


def test_behind_another_web_server(lab):
    path = f"{lab.dir}/run/web.sock"
    postern = lab.start_postern(web={"socket": path, "names": "home.example"})
    code = postern.http("POST", "/api/v1/setup/code")[1]["code"]
    body = json.dumps({"code": code, "name": "anna", "password": GOOD})

    def ask(host, origin):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(L.PATIENCE_S)
            s.connect(path)
            s.sendall(f"POST /api/v1/setup HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n"
                      f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                      f"Connection: close\r\n\r\n{body}".encode())
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()
    assert " 421 " in ask("evil.example", "https://evil.example")
    assert " 403 " in ask("home.example", "https://evil.example")
    answer = ask("home.example", "https://home.example")
    assert " 201 " in answer and "__Host-postern=" in answer and "; Secure" in answer
    postern.stop()
    assert not os.path.exists(path)


def test_upnp_leads_to_the_pages(lab):
    postern = lab.start_postern()
    says = "<presentationURL>{}</presentationURL>"
    assert says.format(f"https://{L.ROUTER}:{PORT}/") in root_description(lab)
    postern.stop()
    lab.start_postern(web={"enable": "no"})
    assert "presentationURL" not in root_description(lab)
    assert refused(lab, "lan1", L.ROUTER)


def root_description(lab):
    where = urllib.parse.urlsplit(upnp.location(lab))
    with lab.ns("lan1").socket() as s:
        s.settimeout(L.PATIENCE_S)
        s.connect((where.hostname, where.port))
        s.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                  "Connection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: s.recv(65536), b"")).decode()


def test_pages(lab):
    lab.start_postern()
    web = Web(lab)
    status, page = web.ask("GET", "/")
    assert status == 200 and "<html" in page.lower()
    etag = web.head["ETag"]
    assert re.fullmatch('"[0-9a-f]{16}"', etag)
    assert web.ask("GET", "/", If_None_Match=etag)[0] == 304
    assert web.ask("GET", "/", Accept_Encoding="identity")[0] == 406
    assert web.ask("GET", "/nothing")[0] == 404


def test_headers(lab):
    lab.start_postern()
    web = Web(lab)
    for path, host in (("/", web.host), ("/api/v1/status", web.host), ("/nothing", web.host),
                       ("/", "evil.example"), ("/" + "x" * 2000, web.host)):
        web.ask("GET", path, Host=host)
        csp = web.head["Content-Security-Policy"]
        assert "default-src 'none'" in csp and "unsafe" not in csp, path
        assert web.head["X-Content-Type-Options"] == "nosniff"
        assert web.head["Referrer-Policy"] == "no-referrer"
        assert web.head["Cross-Origin-Opener-Policy"] == "same-origin"
        assert web.head["Cross-Origin-Resource-Policy"] == "same-origin"
        assert web.head["Cache-Control"] in ("no-store", "no-cache")
        assert "Access-Control-Allow-Origin" not in web.head


def test_other_pages_get_nowhere(lab):
    lab.start_postern()
    web = Web(lab)
    web.setup()
    change = ("PUT", "/api/v1/settings/quota.device", {"value": 3})
    evil = "https://evil.example"
    assert web.ask(*change, Host="evil.example:8443", Origin=evil + ":8443")[0] == 421
    assert web.ask("GET", "/api/v1/status", Host="evil.example:8443")[0] == 421
    assert web.ask(*change, Origin=evil)[0] == 403
    assert web.ask(*change, Origin=None, Sec_Fetch_Site="cross-site")[0] == 403
    assert web.ask(*change, X_Postern_CSRF=None)[0] == 403
    assert web.ask(*change, X_Postern_CSRF="0" * 64)[0] == 403
    assert web.ask(*change, Content_Type="text/plain")[0] == 415
    assert web.ask("OPTIONS", "/api/v1/status", Origin=evil)[0] == 403
    assert web.ask(*change)[0] in (200, 204)
    assert web.ask("GET", "/api/v1/status", Cookie=None)[0] == 401


def test_roles(lab):
    lab.start_postern()
    admin, ben = Web(lab), Web(lab, "lan2")
    admin.setup()
    assert admin.ask("POST", "/api/v1/accounts", {
        "name": "ben", "password": "green parrot", "role": "approver"})[0] == 201
    status, answer = ben.login("ben", "green parrot", remember=True)
    assert (status, answer["role"]) == (200, "approver")
    assert "Max-Age=2592000" in ben.head["Set-Cookie"]
    assert all(x in ben.head["Set-Cookie"] for x in
               ("__Host-postern=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    setting = ("PUT", "/api/v1/settings/quota.device", {"value": 4})
    assert ben.ask("GET", "/api/v1/status")[0] == 200
    assert ben.ask(*setting)[0] == 403
    assert ben.ask("GET", "/api/v1/accounts")[0] == 403
    status, made = admin.ask("POST", "/api/v1/tokens", {
        "name": "graphs", "scope": "read", "days": 30, "from": f"{L.LAN1}"})
    assert status == 201
    bearer = {"Authorization": "Bearer " + made["token"], "Origin": None}
    anon, far = Web(lab), Web(lab, "lan2")
    status, text = anon.ask("GET", "/metrics", **bearer)
    assert status == 200 and 'postern_openings{family="ipv4"' in text
    assert far.ask("GET", "/metrics", **bearer)[0] == 401
    assert anon.ask(*setting, **bearer)[0] == 403
    assert anon.ask(*setting, **{**bearer, "Origin": anon.origin})[0] == 400
    assert admin.ask("POST", "/api/v1/setup/code", {})[0] == 403
    assert admin.ask("POST", "/api/v1/logout")[0] == 204
    assert admin.ask("GET", "/api/v1/status")[0] == 401


def test_accounts_outlast_the_daemon(lab):
    postern = lab.start_postern()
    web = Web(lab)
    web.setup()
    setting = ("PUT", "/api/v1/settings/quota.device", {"value": 5})
    assert web.ask(*setting)[0] in (200, 204), "stored, and before it the session"
    postern.kill9()
    postern.restart()
    assert web.ask("GET", "/api/v1/accounts")[0] == 200
    status, answer = web.ask(*setting)
    assert (status, answer["error"]["code"]) == (401, "again")
    assert web.ask("POST", "/api/v1/session/renew", {"password": GOOD})[0] == 204
    assert web.ask(*setting)[0] in (200, 204)


# ---- watching ----

def watch(web):
    sock = web.connect()
    sock.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {web.host}\r\nCookie: {web.cookie}\r\n"
                 "\r\n".encode())
    head = sock.recv(65536)
    if b" 200 " in head:
        return sock
    sock.close()
    return None


def test_watchers_come_and_go(lab):
    """Over TLS a good-bye is bytes that nobody reads while the stream sleeps."""
    lab.start_postern()
    web = Web(lab)
    web.setup()
    for _ in range(2):
        watchers = [wait_for(lambda: watch(web), timeout=12, step=1) for _ in range(8)]
        assert all(watchers) and watch(web) is None
        for sock in watchers:
            sock.close()
    assert wait_for(lambda: watch(web), step=1)
    assert lab.postern.daemon.stop() == 0, "the end with somebody watching"


def test_an_old_cookie_is_no_obstacle(lab):
    """A browser sends it until it is told otherwise, and its page cannot read it."""
    lab.start_postern()
    web = Web(lab)
    web.setup()
    old = web.cookie
    assert web.ask("POST", "/api/v1/logout")[0] == 204
    web.csrf = None
    body = {"name": "anna", "password": GOOD}
    assert web.ask("POST", "/api/v1/login", body, Cookie=old)[0] == 200
    assert web.cookie != old
    assert web.ask("GET", "/api/v1/status", Cookie=old)[0] == 401
    assert web.ask("GET", "/api/v1/status")[0] == 200


# ---- somebody who guesses ----

def test_a_lockout_hits_who_guesses(lab):
    lab.start_postern()
    owner, guest = Web(lab), Web(lab, "lan2")
    owner.setup()
    codes = [guest.login("anna", f"wrong kettle {i}")[0] for i in range(8)]
    assert codes[:5] == [403] * 5 and set(codes[5:]) == {429}, codes
    assert int(guest.head["Retry-After"]) >= 1
    assert guest.login()[0] == 429, "the right password does not help while one waits"
    assert owner.ask("GET", "/api/v1/status")[0] == 200
    assert owner.login()[0] == 200


def login_ms(web, name, rounds=10):
    """How long a wrong password of his takes, undisturbed."""
    took = []
    for _ in range(rounds):
        begin = time.monotonic()
        assert web.login(name, "wrong kettle")[0] == 403
        took.append((time.monotonic() - begin) * 1000)
        assert web.login()[0] == 200     # the free tries are back
        time.sleep(0.15)                 # connections have a rate
    return min(took)


def test_time_does_not_tell_who_is_there(lab):
    """A busy machine may blur it once; what the daemon does is there each time."""
    lab.start_postern()
    web = Web(lab)
    web.setup()

    def is_alike():
        there, not_there = login_ms(web, "anna"), login_ms(web, "nobody")
        print(f"  {there:.0f} ms, {not_there:.0f} ms for nobody")
        return 0.7 < there / not_there < 1.4
    assert wait_for(is_alike, 60)


def flood(lab, count, stop):
    web = Web(lab, "lan2")
    for i in range(count):
        if stop.is_set():
            return
        try:
            web.login("anna", f"wrong kettle {i}")
        except OSError:     # it may be cut off
            time.sleep(0.01)


def renew_ms(pcp, rounds=40):
    """How long a renewal takes, one after the other."""
    took = []
    for _ in range(rounds):
        clock = Stopwatch()
        assert pcp.map("tcp", 8000, 4242, nonce=b"a" * 12).result == 0
        took.append(clock.seconds() * 1000)
        time.sleep(0.05)
    return took


def test_a_flood_of_logins_does_not_slow_pcp(lab):
    lab.start_postern()
    pcp = client(lab, "lan1")
    quiet = renew_ms(pcp)
    Web(lab).setup()
    stop = threading.Event()
    thread = threading.Thread(target=flood, args=(lab, 200, stop))
    thread.start()
    busy = renew_ms(pcp)
    stop.set()
    thread.join()
    print(f"  median {statistics.median(quiet):.1f} ms, {statistics.median(busy):.1f} ms "
          f"while somebody logs in")
    assert statistics.median(busy) < statistics.median(quiet) + 20
    assert Web(lab).login()[0] == 200


if __name__ == "__main__":
    L.main()
