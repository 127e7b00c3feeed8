// A relay in between: a viewer that knows nobody else records what is broadcast. The channel is
// private, so the relay does not tell it of the source (BEP 11), and carries everything.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Relaying", .serialized)
    struct Relaying {
        /// An address of documentation (RFC 5737): whoever has only the channel file reaches
        /// neither the source nor its tracker.
        private let nowhere = ["--public-address", "203.0.113.7"]

        @Test("A viewer that knows only a relay records all; the relay ends with its totals")
        func between() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                let source = try await stage.broadcast(
                    clip.path, ["--loop", "--private"] + nowhere, on: channel)
                let relay = try await stage.relay([channel])
                let viewer = try await stage.watch(channel, ["--peer", relay.address])
                #expect(
                    try await viewer.recorded(clip.bytes(of: 5.5), within: 30),
                    "\(stage.lastWords)")

                viewer.child.send(SIGINT)
                #expect(try await viewer.child.ended(within: 4) == .code(0))
                relay.child.send(SIGTERM)
                #expect(
                    try await relay.child.ended(within: 3) == .code(0), "\(relay.child.lastWords)")
                source.child.send(SIGINT)
                #expect(try await source.child.ended(within: 4) == .code(0))

                let last = relay.child.output.split(separator: "\n").last.map(String.init) ?? ""
                #expect(member("event", in: last) == "totals", "\(last)")
                #expect(member("name", in: last) == channel.name)
                let fetched = member("downloaded", in: last).flatMap { Int($0) } ?? 0
                #expect(fetched >= clip.bytes(of: 5), "\(last)")
                let passedOn = member("uploaded", in: last).flatMap { Int($0) } ?? 0
                #expect(passedOn >= clip.bytes(of: 5), "\(last)")
                try await expect(viewer, shows: clip, seconds: 5)
            }
        }

        @Test(
            "A signal ends a relay within 3 s, the trackers are told, and people read the totals",
            arguments: [SIGINT, SIGTERM])
        func ending(signal: Int32) async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let port = try Ports.free()
                let log = try await AnnounceLog(port: port)
                let tracker = "http://127.0.0.1:\(port)/announce"
                let first = try stage.channel("first", trackers: [tracker])
                let second = try stage.channel("second", trackers: [tracker])
                for channel in [first, second] {
                    _ = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                }
                let relay = try await stage.relay([first, second], ["--up-limit", "20Mbit"])
                let carries = try await eventually(within: 15) {
                    relay.child.output.ranges(of: #""event":"carrying""#).count == 2
                }
                #expect(carries, "\(relay.child.lastWords)")
                relay.child.send(signal)
                #expect(
                    try await relay.child.ended(within: 3) == .code(0), "\(relay.child.lastWords)")
                // Both broadcasts go on; the relay came and went in both channels.
                #expect(
                    await log.lives == [
                        ["started"], ["started"], ["started", "stopped"], ["started", "stopped"],
                    ])
                await log.close()

                let people = try stage.p2ptv(
                    ["relay", first.file, second.file, "--peer-port", "\(Ports.free())"])
                let begins = try await eventually(within: 15) {
                    people.errors.contains("second: carrying")
                }
                #expect(begins, "\(people.lastWords)")
                people.send(signal)
                #expect(try await people.ended(within: 3) == .code(0), "\(people.lastWords)")
                for row in ["first   carried", "second  carried", "in all  carried", "time"] {
                    #expect(people.errors.contains("\n\(row)"), "\(people.errors)")
                }
                #expect(people.output.isEmpty)
            }
        }

        @Test("What a relay refuses")
        func refusals() async throws {
            try await onStage { stage in
                let folder = try makeFolder(stage.path("empty"))
                try write("Dear diary\n".utf8, to: stage.path("a.torrent"))
                try await stage.check([
                    Refusal("no channel", ["relay"], 64),
                    Refusal("a file that is not there", ["relay", stage.path("no.torrent")], 66),
                    Refusal("a folder without channels", ["relay", folder], 66, ".torrent"),
                    Refusal("a text", ["relay", stage.path("a.torrent")], 65),
                    Refusal(
                        "a rate without a unit", ["relay", "a", "--up-limit", "8"], 64,
                        "--up-limit"),
                    Refusal(
                        "memory without a unit", ["relay", "a", "--memory", "256"], 64,
                        "--memory"),
                    Refusal("a window of a day", ["relay", "a", "--window", "86400"], 64),
                ])
            }
        }
    }
}

/// A relay that takes connections.
@MainActor
struct RelayProcess {
    let child: Child
    /// Where viewers connect to.
    let address: String
}

extension Stage {
    /// Relays channels whose sources it is told of, and returns when it listens.
    func relay(_ channels: [Channel], _ options: [String] = []) async throws -> RelayProcess {
        let port = try Ports.free()
        let peers = channels.flatMap { ["--peer", "127.0.0.1:\($0.peerPort)"] }
        let child = try p2ptv(
            ["relay"] + channels.map(\.file) + peers + ["--peer-port", "\(port)", "--json"]
                + options)
        guard
            try await eventually(
                within: 20,
                { member("peer_port", in: child.output) != nil || child.ending != nil }),
            child.ending == nil
        else { throw Failure("the relay does not listen: \(child.lastWords)") }
        return RelayProcess(child: child, address: "127.0.0.1:\(port)")
    }
}
