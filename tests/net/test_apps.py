# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of Debian that open ports by UPnP: each gets its port, the Internet reaches it, and it
is closed when the program ends or the lease runs out. What is not installed is skipped, loudly.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time

import lab as L
import upnp
from space import Skip, wait_for
from test_pcp import settings
from test_upnp import closed, reached

PYTHON = "/usr/bin/python3"     # whose modules are Debian's


def need(program=None, module=None, perl=None):
    if program and not shutil.which(program):
        raise Skip(f"{program} is not installed")
    if module and subprocess.run([PYTHON, "-c", module], capture_output=True).returncode:
        raise Skip(f"Python does not know: {module}")
    if perl and (not shutil.which("perl") or
                 subprocess.run(["perl", f"-M{perl}", "-e", "1"], capture_output=True).returncode):
        raise Skip(f"Perl does not know {perl}")


def start(lab, natpmp="no"):
    """Postern with UPnP only, so that the programs cannot go another way, unless they must."""
    lab.start_postern(protocols={"natpmp": natpmp, "pcp": "no"})


def script(lab, *argv, timeout=40):
    return lab.ns("lan1").run(argv, timeout=timeout, env=environment(lab)).stdout


def environment(lab):
    home = f"{lab.dir}/home"
    os.makedirs(home, exist_ok=True)
    return dict(os.environ, HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home)


@contextlib.contextmanager
def program(lab, *argv):
    """A program that runs in lan1 until the end of the block, and then ends in its own way."""
    with open(f"{lab.dir}/app.log", "wb") as log:
        proc = lab.ns("lan1").popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    env=environment(lab), start_new_session=True)
    try:
        yield proc
    except AssertionError:
        with open(f"{lab.dir}/app.log", errors="replace") as f:
            print(f.read()[-3000:], file=sys.stderr)
        raise
    finally:
        if proc.poll() is None:
            proc.terminate()
        try:
            proc.wait(25)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait()


def entries(lab):
    """All mappings of lan1, as another host of the LAN sees them."""
    igd, found = upnp.Igd(lab, "lan2", 2), []
    while isinstance(entry := igd.generic(len(found)), dict):
        found.append(entry)
    assert all(e["NewInternalClient"] == L.LAN1 for e in found)
    return found


def opened(lab, proto, inside_port, timeout=40):
    """The mapping of that port, as soon as there is one."""
    return wait_for(lambda: next((e for e in entries(lab) if e["NewProtocol"] == proto and
                                  e["NewInternalPort"] == str(inside_port)), None),
                    timeout, step=0.25)


def answers(lab, port, address):
    """Something accepts connections from the Internet there."""
    try:
        lab.tcp_open("inet1", address, int(port)).close()
        return True
    except OSError:
        return False


def gone(lab, port, address, timeout=10):
    return wait_for(lambda: not entries(lab) and not answers(lab, port, address), timeout,
                    step=0.25)


# ---- libraries ----

MINIUPNPC = """
import miniupnpc, sys
u = miniupnpc.UPnP()
u.discoverdelay = 1000
assert u.discover() >= 1
u.selectigd()
assert u.lanaddr == sys.argv[1], u.lanaddr
assert u.connectiontype() == "IP_Routed" and u.statusinfo()[0] == "Connected"
if sys.argv[2] == "open":
    assert u.addportmapping(8000, "TCP", u.lanaddr, 8000, "t\\u00e9st & more", "")
    assert u.getspecificportmapping(8000, "TCP")[:2] == (u.lanaddr, 8000)
    assert u.getgenericportmapping(1) is None
    print(u.externalipaddress())
else:
    assert u.deleteportmapping(8000, "TCP")
    assert u.getspecificportmapping(8000, "TCP") is None
"""


def test_python3_miniupnpc(lab):
    need(module="import miniupnpc")
    start(lab)
    lab.tcp_server("lan1", L.LAN1, 8000)
    assert script(lab, PYTHON, "-c", MINIUPNPC, L.LAN1, "open").strip() == L.WAN
    assert reached(lab, 8000).startswith(b"lan1 ")
    script(lab, PYTHON, "-c", MINIUPNPC, L.LAN1, "close")
    assert closed(lab, 8000) and not entries(lab)


NET_UPNP = """
use Net::UPnP::ControlPoint;
use Net::UPnP::GW::Gateway;
my ($client, $what) = @ARGV;
my $point = Net::UPnP::ControlPoint->new();
my @found = $point->search(st => 'urn:schemas-upnp-org:device:InternetGatewayDevice:1', mx => 1);
my ($device) = grep { $_->getdevicetype() =~ /InternetGatewayDevice:1$/ } @found;
die "no gateway" unless $device;
my $gateway = Net::UPnP::GW::Gateway->new();
$gateway->setdevice($device);
my %key = (NewExternalPort => 8000, NewProtocol => 'TCP');
if ($what eq 'open') {
    $gateway->addportmapping(%key, NewInternalPort => 8000, NewInternalClient => $client,
        NewPortMappingDescription => 'perl') or die "refused";
    print $gateway->getexternalipaddress();
} else {
    $gateway->deleteportmapping(%key) or die "not deleted";
}
"""


def test_perl_net_upnp(lab):
    need(perl="Net::UPnP::GW::Gateway")
    start(lab)
    lab.tcp_server("lan1", L.LAN1, 8000)
    assert script(lab, "perl", "-e", NET_UPNP, L.LAN1, "open").strip() == L.WAN
    assert reached(lab, 8000).startswith(b"lan1 ")
    script(lab, "perl", "-e", NET_UPNP, L.LAN1, "close")
    assert closed(lab, 8000) and not entries(lab)


GUPNP_IGD = """
import sys, gi
gi.require_version("GUPnPIgd", "1.0")
from gi.repository import GLib, GUPnPIgd
loop, igd = GLib.MainLoop(), GUPnPIgd.SimpleIgd()
def mapped(_, proto, outside, replaces, port, local, local_port, text):
    print("mapped", outside, port, flush=True)
def failed(_, error, proto, port, text):
    print("failed", error.message, flush=True)
igd.connect("mapped-external-port", mapped)
igd.connect("error-mapping-port", failed)
igd.add_port("TCP", 8000, sys.argv[1], 8000, 600, "gupnp-igd")
def end():
    igd.remove_port("TCP", 8000)
    GLib.timeout_add(1500, loop.quit)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, 15, end)
GLib.timeout_add_seconds(60, loop.quit)
loop.run()
"""


def app_log(lab):
    with open(f"{lab.dir}/app.log", errors="replace") as f:
        return f.read()


def test_gupnp_igd(lab):
    need(module="import gi; gi.require_version('GUPnPIgd', '1.0')")
    start(lab)
    lab.tcp_server("lan1", L.LAN1, 8000)
    with program(lab, PYTHON, "-c", GUPNP_IGD, L.LAN1):
        assert opened(lab, "TCP", 8000)
        assert wait_for(lambda: f"mapped {L.WAN} 8000" in app_log(lab)), "no event"
        assert reached(lab, 8000).startswith(b"lan1 ")
    assert closed(lab, 8000) and not entries(lab)


def test_gssdp_discover(lab):
    need(program="gssdp-discover")
    start(lab)
    for st, view in ((upnp.IGD1, 1), (upnp.WANIP2, 2), ("upnp:rootdevice", 1)):
        text = script(lab, "gssdp-discover", "-i", "eth0", "-n", "2", "-t", st)
        assert re.search(rf"Location: http://{L.ROUTER}:49000/\w+/{view}/igd.xml", text), text
    text = script(lab, "gssdp-discover", "-i", "eth0", "-n", "2", "-t", f"{upnp.URN}device:Other:1")
    assert "resource available" not in text, text


# ---- programs ----

def settings_file(lab, path, text):
    path = f"{lab.dir}/{path}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return os.path.dirname(path)


def test_transmission(lab):
    need(program="transmission-daemon")
    # Its miniupnpc takes a documentation address for no connection: here it goes by NAT-PMP, which
    # it uses for TCP only, and closes nothing: what it leaves runs out in two minutes.
    start(lab, natpmp="yes")
    settings(lab, lifetime_max=120)
    where = settings_file(lab, "transmission/settings.json",
                          '{"rpc-enabled": false, "dht-enabled": false, "lpd-enabled": false}')
    with program(lab, "transmission-daemon", "-f", "-g", where, "-m", "-P", "51413"):
        entry = opened(lab, "TCP", 51413)
        assert entry and entry["NewExternalPort"] == "51413", entry
        assert wait_for(lambda: answers(lab, 51413, L.WAN))
    assert gone(lab, 51413, L.WAN, timeout=150)


QBITTORRENT = """[BitTorrent]
Session\\Port=51414
Session\\DHTEnabled=false
Session\\LSDEnabled=false
[LegalNotice]
Accepted=true
[Network]
PortForwardingEnabled=true
[Preferences]
Connection\\UPnP=true
WebUI\\UseUPnP=false
WebUI\\LocalHostAuth=false
"""


def test_qbittorrent(lab):
    need(program="qbittorrent-nox")
    start(lab)
    settings_file(lab, "qb/qBittorrent/config/qBittorrent.conf", QBITTORRENT)
    with program(lab, "qbittorrent-nox", f"--profile={lab.dir}/qb"):
        entry = opened(lab, "TCP", 51414)
        assert entry and entry["NewExternalPort"] == "51414", entry
        assert wait_for(lambda: answers(lab, 51414, L.WAN))
        assert opened(lab, "UDP", 51414)
    assert gone(lab, 51414, L.WAN)


def syncthing_home(lab):
    home = f"{lab.dir}/syncthing"
    script(lab, "syncthing", "generate", f"--home={home}", "--no-default-folder")
    with open(f"{home}/config.xml") as f:
        text = f.read()
    for name, value in (("globalAnnounceEnabled", "false"), ("localAnnounceEnabled", "false"),
                        ("relaysEnabled", "false"), ("natLeaseMinutes", "1"),
                        ("crashReportingEnabled", "false"), ("natTimeoutSeconds", "3"),
                        ("listenAddress", "tcp://:22000")):
        text = re.sub(rf"<{name}>[^<]*<", f"<{name}>{value}<", text)
    with open(f"{home}/config.xml", "w") as f:
        f.write(text)
    return home


def test_syncthing(lab):
    """It closes nothing when it ends: its lease of a minute runs out."""
    need(program="syncthing")
    start(lab)
    home = syncthing_home(lab)
    with program(lab, "syncthing", "serve", f"--home={home}", "--no-browser", "--no-upgrade",
                 "--no-restart", "--skip-port-probing"):
        entry = opened(lab, "TCP", 22000)
        assert entry and 0 < int(entry["NewLeaseDuration"]) <= 60, entry
        port = entry["NewExternalPort"]
        assert wait_for(lambda: answers(lab, port, L.WAN))
    begin = time.monotonic()
    assert wait_for(lambda: not entries(lab), timeout=90, step=0.5)
    assert gone(lab, port, L.WAN), time.monotonic() - begin


if __name__ == "__main__":
    L.main()
