// libtorrent as a peer that announces itself: by its Python module, where that is installed.

import Glibc
import Primitives
import Reactor

/// A libtorrent session with one magnet link.
@Loop
struct LibtorrentPeer {
    private let pid: Int
    private let folder: String

    /// A Python that has libtorrent, or nil; `P2PTV_PYTHON` may name one.
    nonisolated static let python: String? = {
        let named = getenv("P2PTV_PYTHON").map { String(cString: $0) }
        return [named, "python3"].compactMap(\.self).first {
            shell("\($0) -c 'import libtorrent; print(1)' 2>/dev/null").hasPrefix("1")
        }
    }()

    private static let program = """
        import libtorrent, sys, time
        s = libtorrent.session({'listen_interfaces': '127.0.0.1:0', 'enable_dht': False,
            'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
            'allow_multiple_connections_per_ip': True,
            'alert_mask': libtorrent.alert.category_t.all_categories})
        p = libtorrent.parse_magnet_uri('magnet:?xt=urn:btih:' + sys.argv[1])
        p.trackers = [sys.argv[2]]
        p.save_path = sys.argv[3]
        s.add_torrent(p)
        while True:
            for a in s.pop_alerts():
                if isinstance(a, libtorrent.tracker_reply_alert):
                    print('peers', a.num_peers, flush=True)
                if 'error' in a.what(): print(a.message(), flush=True)
            time.sleep(0.05)
        """

    /// Announces `infoHash` at `tracker`.
    init(_ infoHash: InfoHash, tracker: String) {
        folder = "\(Lab.folder)/libtorrent-\(infoHash)"
        let started = shell(
            "mkdir -p \(folder); cat >\(folder)/peer.py <<'END'\n\(Self.program)\nEND\n"
                + "\(Self.python ?? "python3") \(folder)/peer.py \(infoHash) \(tracker) \(folder)"
                + " >\(folder)/log 2>&1 </dev/null & echo $!")
        pid = started.split(separator: "\n").first.flatMap { Int($0) } ?? 0
    }

    /// What it printed.
    var log: String { String(decoding: contents(of: "\(folder)/log"), as: UTF8.self) }

    func close() {
        guard pid > 1 else { return }
        kill(pid_t(pid), SIGKILL)
    }
}
