// Debian's opentracker as a child process. Its build serves only what a whitelist names, so the
// info-hash must be known before.

/// A tracker that is not ours.
@MainActor
struct OpenTracker {
    let child: Child
    let port: UInt16

    /// Starts it for one swarm, by HTTP and UDP on one port of the loopback address.
    static func start(on stage: Stage, port: UInt16, infoHash: String) async throws -> OpenTracker {
        let (list, settings) = (stage.path("whitelist"), stage.path("opentracker.conf"))
        try write("\(infoHash)\n".utf8, to: list)
        try write(
            "listen.tcp 127.0.0.1:\(port)\nlisten.udp 127.0.0.1:\(port)\naccess.whitelist \(list)\n"
                .utf8, to: settings)
        let tracker = OpenTracker(
            child: try stage.tool("opentracker", ["-f", settings]), port: port)
        // It reads the list in a thread of its own, some time after it listens.
        let isUp = try await eventually(within: 10) {
            try await tracker.peers(of: infoHash, on: stage) != nil
        }
        guard isUp else { throw Failure("opentracker does not serve: \(tracker.child.lastWords)") }
        return tracker
    }

    /// How many peers it knows of a swarm (BEP 48), or nil where it does not answer.
    func peers(of infoHash: String, on stage: Stage) async throws -> Int? {
        try await stage.known(of: infoHash, at: port)
    }
}

extension Stage {
    /// How many peers the tracker at a port of this machine knows of a swarm (BEP 48), or nil where
    /// it does not answer.
    func known(of infoHash: String, at port: UInt16) async throws -> Int? {
        var escaped = ""
        for (index, digit) in infoHash.enumerated() {
            escaped += index % 2 == 0 ? "%\(digit)" : "\(digit)"
        }
        let url = "http://127.0.0.1:\(port)/scrape?info_hash=\(escaped)"
        let curl = try tool("curl", ["-sS", "--max-time", "2", url])
        guard try await curl.ended(within: 5) == .code(0) else { return nil }
        let answer = String(decoding: bytes(ofFile: curl.outputPath), as: Unicode.ASCII.self)
        guard answer.contains("d5:filesd") else { return nil }
        return ["complete", "incomplete"].reduce(0) { sum, key in
            let mark = answer.firstRange(of: "\(key.count):\(key)i")
            return sum + (mark.flatMap { Int(answer[$0.upperBound...].prefix { $0 != "e" }) } ?? 0)
        }
    }
}
