"""The programs that load and seed torrents, each as it is started on a bare machine: no display, no
settings of the user's, peers from the tracker only, no encryption and no uTP."""
import json, os, re, shutil, subprocess
from room import Child, free_port

LIBTORRENT = """
import os, sys, time
import libtorrent as lt
role, torrent, folder, port = sys.argv[1:5]
session = lt.session({'listen_interfaces': f'127.0.0.1:{port},[::1]:{port}', 'enable_dht': False,
    'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False, 'announce_to_all_tiers': True,
    'allow_multiple_connections_per_ip': True, 'enable_incoming_utp': False,
    'enable_outgoing_utp': False, 'out_enc_policy': 2, 'in_enc_policy': 2, 'ssrf_mitigation': False,
    'alert_mask': lt.alert.category_t.storage_notification | lt.alert.category_t.error_notification
        | lt.alert.category_t.tracker_notification})
add = lt.add_torrent_params()
add.ti = lt.torrent_info(torrent)
add.save_path = folder
handle = session.add_torrent(add)
while role == 'seed' or not handle.status().is_seeding:
    time.sleep(0.02)
    for alert in session.pop_alerts():
        if alert.category() & lt.alert.category_t.error_notification: print(alert, flush=True)
handle.flush_cache()
end = time.monotonic() + 20
while time.monotonic() < end:
    session.wait_for_alert(200)
    if any(isinstance(x, lt.cache_flushed_alert) for x in session.pop_alerts()): break
os._exit(0)
"""


class Program:
    """One program; `start` begins a transfer in one of the roles `seed` and `leech`."""

    name = tool = None
    #: Versions of the format that it does not know, with the reason.
    cannot = {}
    #: By which protocols it asks trackers over IPv6, and whether it must be there first then.
    ipv6, waits_over_ipv6 = ("http", "udp"), False
    #: Whether it ends by itself once it has everything; else the tracker says when.
    ends = False
    #: Whether it must be there first as a leech: Transmission dials nobody at a loopback address,
    #: and rtorrent, which takes one connection an address, may dial itself before the other.
    waits_for_calls = False
    #: Whether it tells the tracker that it has everything; else the files are looked at.
    tells = True
    #: What it does not make, and what it makes besides the files.
    without_empty = with_padding = False
    #: Why it refuses torrents with two padding files at one path.
    refuses_twins = None

    def __init__(self, found):
        self.path = found[self.name]

    def start(self, role, torrent, folder, place, over_ipv6):
        os.makedirs(place)
        return Child(self.command(role, torrent, folder, place, free_port(), over_ipv6),
                     os.path.join(place, "log"), {"HOME": place, "TERM": "dumb", "XDG_CONFIG_HOME": place})

    def version(self):
        return self.name + " " + re.search(r"\d[\d.]*\d", said(self.path, "--version")).group(0)


class P2PTV(Program):
    name, ends = "p2ptv", True

    def command(self, role, torrent, folder, place, port, over_ipv6):
        own = ["--peer-port", str(port), "--state-dir", place + "/state", "-q"]
        if role == "seed":
            return [self.path, "relay", torrent, "--data", folder] + own
        return [self.path, "watch", torrent, "-o", folder + "/", "--no-seed", "--player", "none",
                "--port", str(free_port())] + own


class Libtorrent(Program):
    name, ends = "libtorrent", True

    def command(self, role, torrent, folder, place, port, over_ipv6):
        return [self.path, "-c", LIBTORRENT, role, torrent, folder, str(port)]

    def version(self):
        return said(self.path, "-c", "import libtorrent; print('libtorrent', libtorrent.__version__)")


class Aria2(Program):
    name, ends, ipv6 = "aria2", True, ("http",)
    cannot = {"v2": "aria2 knows version 1 only",
              "hybrid": "aria2 computes another info-hash than all others"}

    def command(self, role, torrent, folder, place, port, over_ipv6):
        more = ["--seed-ratio=0.0"] if role == "seed" else ["--seed-time=0"]
        # It asks trackers by UDP from the socket of its DHT, in which it knows nobody here.
        return [self.path, "--no-conf", "--quiet", "-d", folder, f"--listen-port={port}",
                "--enable-dht=true", f"--dht-listen-port={port}", f"--dht-file-path={place}/dht.dat",
                "--enable-dht6=false", "--bt-enable-lpd=false", "-V",
                "--enable-peer-exchange=false", "--follow-torrent=false", "-T", torrent] + more


class Rtorrent(Program):
    name, with_padding, waits_for_calls, tells = "rtorrent", True, True, False
    cannot = {"v2": "rtorrent 0.9 knows version 1 only"}
    refuses_twins = "rtorrent 0.9 refuses padding files of one name, and those of one length have one"

    def command(self, role, torrent, folder, place, port, over_ipv6):
        session, settings = place + "/session", place + "/rc"
        os.mkdir(session)
        bind = "" if over_ipv6 else "network.bind_address.set = 127.0.0.1\n"
        with open(settings, "w") as out:
            out.write(f"system.daemon.set = true\nsession.path.set = {session}\n{bind}"
                      f"directory.default.set = {folder}\nnetwork.port_range.set = {port}-{port}\n"
                      "dht.mode.set = disable\nprotocol.pex.set = no\nprotocol.encryption.set = none\n"
                      f'schedule2 = load, 0, 0, "load.start={torrent}"\n')
        return [self.path, "-n", "-o", "import=" + settings]

    def version(self):
        return "rtorrent " + re.search(r"\d[\d.]*\d", said(self.path, "-h")).group(0)


class Transmission(Program):
    name, waits_for_calls, without_empty, ipv6 = "transmission", True, True, ("http",)
    cannot = {"v2": "Transmission 3 knows version 1 only", "hybrid": "Transmission 3 refuses hybrids"}

    def command(self, role, torrent, folder, place, port, over_ipv6):
        with open(place + "/settings.json", "w") as out:
            json.dump({
                "bind-address-ipv4": "0.0.0.0" if over_ipv6 else "127.0.0.1", "peer-port": port,
                "rpc-enabled": False, "download-dir": folder, "dht-enabled": False,
                "lpd-enabled": False, "pex-enabled": False, "utp-enabled": False, "encryption": 0,
                "port-forwarding-enabled": False, "watch-dir-enabled": True, "watch-dir": place + "/watched",
                "upload-slots-per-torrent": 32}, out)
        os.mkdir(place + "/watched")
        # It takes the torrent that it finds, and renames it.
        shutil.copy(torrent, place + "/watched/it.torrent")
        return [self.path, "-f", "-g", place]


class QBittorrent(Program):
    # It dials 127.0.0.1, but not [::1].
    name, waits_over_ipv6 = "qbittorrent", True

    def command(self, role, torrent, folder, place, port, over_ipv6):
        config = place + "/qBittorrent/config"
        os.makedirs(config)
        with open(config + "/qBittorrent.conf", "w") as out:
            # opentracker tells it of itself: it bans its own address then, unless it may have
            # several peers there.
            out.write(f"[LegalNotice]\nAccepted=true\n[BitTorrent]\nSession\\Port={port}\n"
                      "Session\\BTProtocol=TCP\nSession\\MultiConnectionsPerIp=true\n"
                      "Session\\DHTEnabled=false\nSession\\LSDEnabled=false\nSession\\PeXEnabled=false\n"
                      "Session\\Interface=lo\nSession\\InterfaceName=lo\nSession\\SSRFMitigation=false\n"
                      "[Network]\nPortForwardingEnabled=false\n[Preferences]\nWebUI\\Enabled=false\n"
                      f"WebUI\\Port={free_port()}\nWebUI\\Address=127.0.0.1\nWebUI\\UseUPnP=false\n")
        return [self.path, "--profile=" + place, "--save-path=" + folder, "--add-paused=false", torrent]


def said(*command):
    out = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                         env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    return ((out.stdout + out.stderr).strip().splitlines() or [""])[0]


#: The programs by name, and the names of their executables.
ALL = {one.name: one for one in (P2PTV, Libtorrent, Aria2, Transmission, Rtorrent, QBittorrent)}
TOOLS = {"aria2": "aria2c", "transmission": "transmission-daemon", "rtorrent": "rtorrent",
         "qbittorrent": "qbittorrent-nox", "opentracker": "opentracker", "mktorrent": "mktorrent",
         "transmission-create": "transmission-create"}
