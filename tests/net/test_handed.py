# SPDX-License-Identifier: GPL-2.0-or-later
"""A listening socket handed over by LISTEN_FDS (sd_listen_fds(3)), blocking as systemd makes it."""

import os

import lab as L

PORT = 8088
HANDED_FD = 3


def test_the_owners_side_answers_on_it(lab):
    sock = lab.ns("router").socket()
    sock.bind(("127.0.0.1", PORT))
    sock.listen()
    os.dup2(sock.fileno(), HANDED_FD, inheritable=True)
    postern = lab.start_postern(listener=HANDED_FD)
    for _ in range(2):
        with lab.tcp_open("router", "127.0.0.1", PORT, timeout=3) as flow:
            flow.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert flow.recv(999).startswith(b"HTTP/1.1 200 ")
        assert postern.http("GET", "/api/v1/status")[0] == 200
        postern.kill9()
        postern.restart()


if __name__ == "__main__":
    L.main()
