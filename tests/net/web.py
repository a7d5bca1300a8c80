# SPDX-License-Identifier: GPL-2.0-or-later
"""A small browser for the owner's server: TLS, one cookie, and whatever it is told to send."""

import contextlib
import gzip
import json
import socket
import ssl

import lab as L
from space import PATIENCE_S, wait_for

PORT = 8443
GOOD = "tin kettle blue"


class Web:
    def __init__(self, lab, name="lan1", server=L.ROUTER, port=PORT, tls=True, source=None):
        self.lab, self.name, self.server, self.port, self.tls = lab, name, server, port, tls
        self.source = source
        self.cookie = self.csrf = None
        self.head = {}

    def connect(self, timeout=PATIENCE_S):
        """timeout is the network's: who is connected waits for as long as a server may take."""
        family = socket.AF_INET6 if ":" in self.server else socket.AF_INET
        sock = self.lab.ns(self.name).socket(family)
        sock.settimeout(timeout)
        try:
            if self.source:
                sock.bind((self.source, 0))
            sock.connect((self.server, self.port))
            sock.settimeout(PATIENCE_S)
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                sock = context.wrap_socket(sock, server_hostname="postern.lan")
        except BaseException:
            sock.close()
            raise
        return sock

    @property
    def host(self):
        server = f"[{self.server}]" if ":" in self.server else self.server
        return f"{server}:{self.port}"

    @property
    def origin(self):
        return ("https://" if self.tls else "http://") + self.host

    def ask(self, method, path, body=None, **fields):
        """(status, decoded body). A field of None is not sent; names have _ for -."""
        head = {"Host": self.host, "Accept-Encoding": "gzip"}
        if method != "GET":
            head |= {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            head["Cookie"] = self.cookie
            if self.csrf and method != "GET":
                head["X-Postern-CSRF"] = self.csrf
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            head |= {"Content-Type": "application/json"}
        if method != "GET":
            head["Content-Length"] = len(data)
        head |= {k.replace("_", "-"): v for k, v in fields.items()}
        text = f"{method} {path} HTTP/1.1\r\nConnection: close\r\n" + "".join(
            f"{k}: {v}\r\n" for k, v in head.items() if v is not None)
        with self.connect() as sock:
            sock.sendall(text.encode() + b"\r\n" + data)
            return self.take(b"".join(iter(lambda: receive(sock), b"")))

    def take(self, answer):
        top, _, rest = answer.partition(b"\r\n\r\n")
        lines = top.decode().split("\r\n")
        self.head = dict(line.split(": ", 1) for line in lines[1:])
        for line in lines[1:]:
            if line.lower().startswith("set-cookie: "):
                self.cookie = line.split(": ", 1)[1].split(";")[0]
        if self.head.get("Content-Encoding") == "gzip":
            rest = gzip.decompress(rest)
        body = rest.decode()
        with contextlib.suppress(ValueError):
            body = json.loads(body)
            if isinstance(body, dict) and body.get("csrf"):
                self.csrf = body["csrf"]
        return int(lines[0].split()[1]), body

    def login(self, name="anna", password=GOOD, **more):
        self.cookie = self.csrf = None
        return self.ask("POST", "/api/v1/login", {"name": name, "password": password, **more})

    def setup(self, name="anna", password=GOOD):
        """By the code that root asks for: the first account, and logged in."""
        wait_for(lambda: self.ask("GET", "/api/v1/session")[0] != 503)    # accounts are read
        status, told = self.lab.postern.http("POST", "/api/v1/setup/code")
        assert status == 200, told
        status, answer = self.ask("POST", "/api/v1/setup", {
            "code": told["code"], "name": name, "password": password})
        assert status == 201, answer
        return told


def receive(sock):
    try:
        return sock.recv(65536)
    except (ConnectionResetError, ssl.SSLEOFError):
        return b""
