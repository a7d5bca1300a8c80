# SPDX-License-Identifier: GPL-2.0-or-later
"""A listening socket handed over by LISTEN_FDS (sd_listen_fds(3)), blocking as systemd makes it."""

import os

import lab as L
from space import wait_for
from web import Web

PORT = 8088
HANDED_FD = 3


def hand_over(lab, address):
    sock = lab.ns("router").socket()
    sock.bind((address, PORT))
    sock.listen()
    os.dup2(sock.fileno(), HANDED_FD, inheritable=True)
    return lab.start_postern(listener=HANDED_FD)


def test_the_owners_side_answers_on_it(lab):
    postern = hand_over(lab, "127.0.0.1")
    web = Web(lab, "router", "127.0.0.1", PORT, tls=False)
    web.setup()
    for _ in range(2):
        # What is killed may not have stored a session of a moment ago, and reads accounts first.
        assert wait_for(lambda: web.login()[0] == 200)
        status, page = web.ask("GET", "/")
        assert status == 200 and "<html" in page
        assert web.ask("GET", "/api/v1/status")[0] == 200
        assert web.ask("GET", "/api/v1/status", Cookie=None)[0] == 401
        assert web.ask("GET", "/", Host=f"evil.example:{PORT}")[0] == 421
        assert postern.http("GET", "/api/v1/status")[0] == 200
        postern.kill9()
        postern.restart()


def test_only_this_machine_is_served_by_it(lab):
    """Whatever address it was bound to: what it says is in the clear."""
    hand_over(lab, "0.0.0.0")
    assert Web(lab, "router", "127.0.0.1", PORT, tls=False).ask("GET", "/")[0] == 200
    for name, server in (("lan1", L.ROUTER), ("router", L.ROUTER)):
        try:
            Web(lab, name, server, PORT, tls=False).ask("GET", "/")
        except (OSError, IndexError):
            continue
        raise AssertionError(f"{name} was served")


if __name__ == "__main__":
    L.main()
