// Debian's opentracker as a child process. Its build serves only what a whitelist names.

import Glibc
import Primitives
import Reactor

/// A tracker that is not ours, for one swarm, by HTTP and UDP on one port.
@Loop
struct OpenTracker {
    let port: UInt16
    private let pid: Int

    /// Where it is, or nil where it is not installed.
    nonisolated static var path: String? {
        ["/usr/bin/opentracker", "/usr/sbin/opentracker"].first { access($0, X_OK) == 0 }
    }

    /// Starts it.
    init(_ infoHash: InfoHash) throws {
        port = try freePort()
        let folder = "\(Lab.folder)/opentracker-\(port)"
        let settings = "listen.tcp 127.0.0.1:\(port)\nlisten.udp 127.0.0.1:\(port)\n"
        // Started by root it becomes somebody else, who must be able to read its list.
        shell(
            "chmod 755 \(Lab.folder) && mkdir -p \(folder) && echo \(infoHash) >\(folder)/list && printf "
                + "'\(settings)access.whitelist \(folder)/list\n' >\(folder)/conf")
        let path = Self.path ?? "opentracker"
        let started = shell(
            "\(path) -f \(folder)/conf >\(folder)/log 2>&1 </dev/null & echo $!")
        pid = started.split(separator: "\n").first.flatMap { Int($0) } ?? 0
    }

    func close() {
        guard pid > 1 else { return }
        kill(pid_t(pid), SIGKILL)
    }
}
