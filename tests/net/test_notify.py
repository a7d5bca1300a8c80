#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""postern-notify: the owner is told once, whatever his server and the programs go through."""

import http.server
import json
import os
import socket
import threading
import time

import lab as L
import pcp
import upnp
from programs import USERS, Daemon, many_uids
from space import Skip, wait_for
from test_whom import frame_udp, make_known

PORT = 8090
NONCE = b"n" * 12


class Hook:
    """The owner's server: what it was told."""

    def __init__(self, lab, status=200):
        self.told = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                hook.told.append((self.path, self.headers, body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.status = status
        self.server = http.server.ThreadingHTTPServer((L.LAN2, PORT), Handler, False)
        self.server.socket.close()
        self.server.socket = lab.ns("lan2").socket()
        self.server.allow_reuse_address = True
        self.server.server_bind()
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def texts(self):
        return [json.loads(body)["text"] for _, _, body in self.told]

    def wait(self, count):
        """So many, and not one more."""
        assert wait_for(lambda: len(self.told) >= count, 3 * L.PATIENCE_S), self.told
        time.sleep(0.5)
        assert len(self.told) == count, self.told
        return self.told[-1]


def start(lab, **keys):
    """Somebody looks after the router; postern-notify tells him."""
    postern = lab.start_postern()
    postern.cli("attend", "on")
    postern.cli("preset", "ask", "--yes")
    keys = {"url": f"http://{L.LAN2}:{PORT}/hook", **keys}
    with open(f"{lab.dir}/notify.conf", "w") as f:
        f.write("".join(f"{k} = {v}\n" for k, v in keys.items()))
    os.makedirs(f"{lab.dir}/notify", exist_ok=True)
    os.chmod(f"{lab.dir}/notify", 0o1777)
    notify = Daemon(lab, [postern.program("postern-notify"), "--config", f"{lab.dir}/notify.conf",
                          "--socket", postern.control, "--told", f"{lab.dir}/notify/told"],
                    f"{lab.dir}/notify.log", "postern-notify", "-all", group="postern")
    time.sleep(0.5)
    assert notify.alive(), notify.text()
    return notify


def ask(lab, port=8000, name="lan1", address=L.LAN1):
    with lab.pcp(name, L.ROUTER, address) as client:
        return client.map("tcp", port, port, nonce=NONCE).name


def test_a_question_is_told_once(lab):
    hook = Hook(lab)
    start(lab, link="https://router.lan:8443/")
    for _ in range(20):
        assert ask(lab) == "NOT_AUTHORIZED"
    path, fields, body = hook.wait(1)
    said = json.loads(body)
    assert path == "/hook" and fields["Content-Type"] == "application/json"
    assert (said["kind"], said["link"]) == ("card", "https://router.lan:8443/"), said
    assert "asks to be reached from the Internet:\n- TCP port 8000 by PCP" in said["text"], said
    assert said["event"]["device"]["mac"] == lab.mac("lan1")
    for port in range(8001, 8020):
        ask(lab, port)
    # Three prompts a day; of two that follow at once only the later may be told.
    assert wait_for(lambda: json.loads(hook.told[-1][2])["event"]["prompts"] == 3)
    time.sleep(0.5)
    assert len(hook.told) <= 3, hook.told


def test_hostile_words_are_only_words(lab):
    hook = Hook(lab)
    start(lab, kind="ntfy", link="https://r/")
    assert upnp.Igd(lab, "lan1").add(
        8000, L.LAN1, text="x\n\nTitle: free money\u202e<script>") == 606
    _, fields, body = hook.wait(1)
    assert fields["Title"] == "A device asks" and fields["Click"] == "https://r/"
    assert fields["Priority"] == "default" and "text/plain" in fields["Content-Type"]
    assert "<script>" in body and "free money" in body, body
    assert not set(body) & set("\r\u202e") and "\n\nTitle" not in body, body


def test_an_alert(lab):
    hook = Hook(lab)
    start(lab, kind="ntfy", what="alerts")
    ask(lab)
    make_known(lab)
    request = pcp.build_natpmp_map("tcp", 8000, 8000)
    for _ in range(30):
        frame_udp(lab, "lan2", L.LAN1, L.ROUTER, 4000, 5351, request)
        time.sleep(0.05)
    _, fields, body = hook.wait(1)
    assert fields["Priority"] == "high" and "Click" not in fields
    assert lab.mac("lan2") in body and "address that is another's" in body, body


def test_the_server_is_away_and_comes(lab):
    """What waits is told then, but for what was answered meanwhile."""
    notify = start(lab)
    ask(lab)
    ask(lab, name="lan2", address=L.LAN2)
    assert wait_for(lambda: "again in 5 s" in notify.text()), notify.text()
    cards = lab.postern.http("GET", "/api/v1/cards")[1]["cards"]
    mine = next(c for c in cards if c["device"]["mac"] == lab.mac("lan2"))
    lab.postern.cli("not-now", str(mine["id"]))
    hook = Hook(lab)
    _, _, body = hook.wait(1)
    assert json.loads(body)["event"]["device"]["mac"] == lab.mac("lan1")


def test_the_server_never_answers(lab):
    """News are heard all the same, and told when it answers."""
    start(lab)
    deaf = lab.ns("lan2").socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deaf.bind((L.LAN2, PORT))
    deaf.listen(16)
    ask(lab)
    time.sleep(1)
    ask(lab, name="lan2", address=L.LAN2)
    time.sleep(1)
    deaf.close()
    hook = Hook(lab)
    hook.wait(2)


def test_the_server_refuses(lab):
    """A wrong request is not repeated, and the next one is made."""
    hook = Hook(lab, status=403)
    notify = start(lab)
    ask(lab)
    hook.wait(1)
    assert "it answered 403" in notify.text()
    hook.status = 200
    ask(lab, name="lan2", address=L.LAN2)
    hook.wait(2)


def test_restarts_tell_nothing_twice(lab):
    hook = Hook(lab)
    notify = start(lab)
    ask(lab)
    hook.wait(1)
    lab.postern.restart()
    time.sleep(2.5)
    hook.wait(1)
    notify.stop()
    notify.start()
    time.sleep(1)
    hook.wait(1)
    said = notify.text().count("cannot be reached")
    lab.postern.daemon.stop()
    assert wait_for(lambda: notify.text().count("cannot be reached") > said), notify.text()
    lab.postern.daemon.start()
    lab.postern.ready()
    ask(lab, name="lan2", address=L.LAN2)
    hook.wait(2)


WRITES = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"%s HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n"
          b"Content-Length: 0\\r\\n\\r\\n" % sys.argv[2].encode())
print(s.recv(100).decode().split()[1])
"""


def test_it_may_only_look(lab):
    if not many_uids():
        raise Skip("there is only one user here")
    postern = lab.start_postern()

    def status(request):
        uid = USERS["postern-notify"]
        return lab.ns("router").run(
            ["setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={USERS['postern']}",
             "/usr/bin/python3", "-c", WRITES, postern.control, request]).stdout.strip()
    assert status("GET /api/v1/cards") == "200"
    for request in ("POST /api/v1/flush", "POST /api/v1/cards/1/answer", "GET /api/v1/policy",
                    "DELETE /api/v1/openings/1", "POST /api/v1/setup/code"):
        assert status(request) == "403", request


if __name__ == "__main__":
    L.main()
