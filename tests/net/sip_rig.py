# SPDX-License-Identifier: GPL-2.0-or-later
"""Real phones and servers for the tests of the SIP gateway: kamailio, rtpengine and baresip of
Debian, and an ear that counts the sound they exchange.
"""

import collections
import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time

import lab as L
from space import Skip, Stopwatch, wait_for

SIP = 5060
CTRL = 4444
SECRET = "geheim"
ETH_P_ALL = 3
ETHER, UDP = 14, 17
OUTGOING = 4		# PACKET_OUTGOING


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            print(f"  NOT TESTED: there is no {program}, so nothing here was tried with it")
            raise Skip(f"no {program}")


class Program:
    """One of theirs, with a log of its own."""

    def __init__(self, lab, name, what, argv):
        self.path = f"{lab.dir}/{what}.log"
        with open(self.path, "wb") as log:
            self.proc = lab.ns(name).popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def text(self):
        with open(self.path, errors="replace") as f:
            return f.read()

    def stop(self):
        self.proc.terminate()
        self.proc.wait(60)


# Both ask for a password. The naive one believes every address it is told, and is out of the way
# once two phones know each other; the other one repairs what it thinks is behind a NAT, stays in
# the way, and carries the sound itself.
KAMAILIO = """
debug=2
log_stderror=yes
memdbg=5
children=2
tcp_children=1
auto_aliases=no
listen=udp:{at}:5060
listen=tcp:{at}:5060
tcp_accept_no_cl=yes
loadmodule "kex.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "nathelper.so"
{modules}
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 5)
modparam("registrar", "max_contacts", 1)
{params}
request_route {{
	mf_process_maxfwd_header("10");
	{repair}
	if (is_method("CANCEL")) {{
		{forget}
		if (t_check_trans()) t_relay();
		exit;
	}}
	if (has_totag()) {{
		loose_route();
		if (is_method("ACK") && !t_check_trans() && $du == $null && uri == myself) exit;
		route(RELAY);
		exit;
	}}
	t_check_trans();
	if (is_method("REGISTER")) {{
		if (!pv_www_authenticate("$td", "{secret}", "0")) {{
			www_challenge("$td", "1");
			exit;
		}}
		save("location");
		exit;
	}}
	if (is_method("INVITE")) {{
		if (!pv_proxy_authenticate("$fd", "{secret}", "0")) {{
			proxy_challenge("$fd", "1");
			exit;
		}}
		consume_credentials();
		{stay}
	}}
	if (!lookup("location")) {{
		sl_send_reply("404", "Not Found");
		exit;
	}}
	route(RELAY);
}}
route[RELAY] {{
	{media}
	t_on_reply("BACK");
	t_relay();
}}
onreply_route[BACK] {{
	{back}
	return;
}}
"""
REPAIRS = {
    "modules": 'loadmodule "rtpengine.so"',
    "params": 'modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:2223")\n'
              'modparam("nathelper", "received_avp", "$avp(received)")\n'
              'modparam("registrar", "received_avp", "$avp(received)")',
    "repair": """force_rport();
	if (is_method("REGISTER")) { if (nat_uac_test("19")) fix_nated_register(); }
	else if (is_method("INVITE|UPDATE") && nat_uac_test("19")) fix_nated_contact();""",
    "forget": "rtpengine_delete();",
    "media": 'if (is_method("BYE")) rtpengine_delete();\n\t'
             'else if (has_body("application/sdp")) rtpengine_manage('
             '"replace-origin ICE=remove");',
    "back": 'if (nat_uac_test("1")) fix_nated_contact();\n\t'
            'if (has_body("application/sdp")) rtpengine_manage("replace-origin ICE=remove");',
}
NAIVE = dict.fromkeys(REPAIRS, "")


class Registrar(Program):
    def __init__(self, lab, repairs=False, stays=False, name="inet1", address=L.INET1):
        need("kamailio", *(["rtpengine"] if repairs else []))
        self.media = Program(lab, name, "rtpengine", [
            "rtpengine", "--foreground", "--log-stderr", f"--interface={address}",
            "--listen-ng=127.0.0.1:2223", "--table=-1", "--port-min=30000", "--port-max=30999",
            "--num-threads=1"]) if repairs else None
        # A relay that is not there when kamailio starts is left out for a minute.
        assert not repairs or wait_for(lambda: listens(lab, name, 2223, "-Hlnu"))
        path = f"{lab.dir}/kamailio.cfg"
        with open(path, "w") as f:
            f.write(KAMAILIO.format(at=address, secret=SECRET, stay="record_route();" if stays else
                                    "", **(REPAIRS if repairs else NAIVE)))
        super().__init__(lab, name, "kamailio", [
            "kamailio", "-f", path, "-DD", "-E", "-m", "16", "-M", "4", "-Y", lab.dir,
            "-P", f"{lab.dir}/kamailio.pid"])
        assert wait_for(lambda: listens(lab, name, SIP)), self.text()


def listens(lab, name, port, kind="-Hlnt"):
    return f":{port} " in lab.ns(name).run(["ss", kind]).stdout


PHONE = """
poll_method epoll
sip_listen {at}:5060
call_local_timeout 30
call_max_calls 4
audio_source ausine,440
audio_player aubridge,nil
audio_alert aubridge,nil
ausrc_srate 48000
auplay_srate 8000
ausrc_channels 2
auplay_channels 1
rtp_ports {ports}
rtcp_mux no
ctrl_tcp_listen 127.0.0.1:4444
module_path {modules}
module ausine.so
module aubridge.so
module g711.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
"""


class Phone(Program):
    """A baresip that answers whoever calls, and does what it is told."""

    def __init__(self, lab, name, address, user, transport="udp", expires=600, ports="10000-10099"):
        need("baresip")
        self.lab, self.name, self.address, self.user = lab, name, address, user
        home = f"{lab.dir}/{user}"
        os.makedirs(home)
        modules = "/usr/lib/baresip/modules"
        with open(f"{home}/config", "w") as f:
            f.write(PHONE.format(at=address, ports=ports, modules=modules))
        for empty in ("accounts", "contacts", "uuid"):
            with open(f"{home}/{empty}", "w") as f:
                f.write("")
        self.events = []
        super().__init__(lab, name, f"baresip-{user}", ["baresip", "-f", home])
        assert wait_for(lambda: listens(lab, name, CTRL)), self.text()
        self.ctrl = lab.ns(name).socket()
        self.ctrl.connect(("127.0.0.1", CTRL))
        threading.Thread(target=self.listen, daemon=True).start()
        self.says("uanew", f"<sip:{user}@{L.INET1};transport={transport}>;auth_pass={SECRET};"
                  f"regint={expires};audio_codecs=PCMA")

    def listen(self):
        data = b""
        with contextlib.suppress(OSError):
            while more := self.ctrl.recv(65536):
                data += more
                while b":" in data:
                    size, _, rest = data.partition(b":")
                    if len(rest) <= int(size):
                        break
                    self.note(json.loads(rest[:int(size)]))
                    data = rest[int(size) + 1:]

    def note(self, event):
        self.events.append(event)
        if event.get("type") == "CALL_INCOMING":
            self.says("accept")

    def says(self, command, params=""):
        text = json.dumps({"command": command, "params": params}).encode()
        self.ctrl.sendall(b"%d:%s," % (len(text), text))

    def count(self, kind):
        return sum(1 for event in list(self.events) if event.get("type") == kind)

    def wants(self, kind, count=1):
        assert wait_for(lambda: self.count(kind) >= count, 2 * L.PATIENCE_S), (
            f"{self.user}: no {kind}\n{self.events}\n{self.text()[-6000:]}")

    def registered(self, count=1):
        self.wants("REGISTER_OK", count)
        return self

    def dials(self, other):
        """Until both say that they talk."""
        before, others = self.count("CALL_ESTABLISHED"), other.count("CALL_ESTABLISHED")
        self.says("dial", f"sip:{other.user}@{L.INET1}")
        self.wants("CALL_ESTABLISHED", before + 1)
        other.wants("CALL_ESTABLISHED", others + 1)

    def hangs_up(self, other):
        before = other.count("CALL_CLOSED")
        self.says("hangup")
        other.wants("CALL_CLOSED", before + 1)


class Ear:
    """Counts RTP packets at a host's wire: .got and .sent, by the other end's (address, port) and
    the host's own port."""

    def __init__(self, lab, name, address, dev="eth0"):
        self.address = address
        self.zero()
        self.sock = lab.ns(name).socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind((dev, ETH_P_ALL))
        threading.Thread(target=self.hear, daemon=True).start()

    def zero(self):
        self.got, self.sent = collections.Counter(), collections.Counter()
        self.since = time.monotonic()

    def hear(self):
        with contextlib.suppress(OSError):
            while True:
                frame, where = self.sock.recvfrom(2048)
                self.note(frame[ETHER:], where[2] == OUTGOING)

    def note(self, packet, out):
        if len(packet) < 40 or packet[0] != 0x45 or packet[9] != UDP or packet[28] >> 6 != 2:
            return
        if packet[29] & 0x7f not in (0, 8):	# PCMU, PCMA: no RTCP, no SIP
            return
        src, dst = (socket.inet_ntoa(packet[i:i + 4]) for i in (12, 16))
        sport, dport = (int.from_bytes(packet[i:i + 2]) for i in (20, 22))
        if out and src == self.address:
            self.sent[dst, dport, sport] += 1
        elif not out and dst == self.address:
            self.got[src, sport, dport] += 1

    def seconds(self, seconds):
        """What passes in that time, from now: (got, sent, packets there should be)."""
        self.zero()
        time.sleep(seconds)
        got, sent = dict(self.got), dict(self.sent)
        return got, sent, 50 * (time.monotonic() - self.since)


def talk(ears, seconds=1.5, least=0.95):
    """Both hosts hear what the other says; what was counted, a host each. A phone on a busy machine
    says less than its 50 packets a second, and none of them is lost all the same."""
    clock = Stopwatch()
    for ear in ears:
        ear.zero()
    time.sleep(seconds)
    counted = [(dict(ear.got), dict(ear.sent)) for ear in ears]
    wanted = 50 * max(clock.seconds(), 0.2 * seconds) * least - 1
    for ear, other, (got, _), (_, sent) in zip(ears, ears[::-1], counted, counted[::-1]):
        said, heard = sum(sent.values()), sum(got.values())
        assert said >= wanted, (other.address, "says too little", counted, wanted)
        assert heard >= said * least - 2, (ear.address, "hears too little", counted, said)
    return counted
