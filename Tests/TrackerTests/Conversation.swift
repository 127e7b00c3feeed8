// The language of the announcer's tests: what is said to it, and its outputs as short lines.

import Primitives
import Tracker

let infoHash = InfoHash(Bytes20((0..<20).map { UInt8($0 * 13 & 0xff) }) ?? Bytes20())
let peerID = PeerID(Bytes20(Array("-PT0100-abcdefghijkl".utf8)) ?? Bytes20())

func endpoint(_ text: String) -> Endpoint {
    Endpoint(text) ?? Endpoint(address: .v4(0), port: 0)
}

func address(_ text: String) -> IPAddress { IPAddress(dotted: text) ?? .v4(0) }

/// An announcer, its clock, and what it said last.
struct Conversation {
    var announcer: Announcer
    var now = Instant.zero + .seconds(1000)
    /// The last output of all, in full.
    var outputs: [Announcer.Output] = []

    init(_ tiers: [[String]], seed: UInt64 = 1, settings: AnnouncerSettings = .init()) {
        announcer = Announcer(
            tiers: tiers, infoHash: infoHash, peerID: peerID, port: 6881, settings: settings,
            random: SeededRandom(seed: seed))
    }

    /// Says `input` and answers with the outputs as lines.
    mutating func say(_ input: Announcer.Input) -> [String] {
        outputs = []
        announcer.handle(input, at: now, into: &outputs)
        return outputs.map { Self.line($0) }
    }

    /// Lets request `number` be answered with `response`.
    mutating func answer(_ number: UInt64, _ response: AnnounceResponse) -> [String] {
        say(.responded(RequestID(number), status: 200, body: response.encoded))
    }

    /// Lets request `number` be answered with `response` by UDP.
    mutating func reply(_ number: UInt64, _ response: AnnounceResponse) -> [String] {
        say(.answered(RequestID(number), .announced(response)))
    }

    /// Lets request `number` fail.
    mutating func fail(_ number: UInt64) -> [String] {
        say(.failed(RequestID(number), reason: "refused"))
    }

    /// Seconds until the deadline, and its reason.
    var deadline: String {
        let deadline = announcer.nextDeadline
        guard deadline != .never else { return "never" }
        return "\(Int((deadline.at - now).seconds.rounded())) s: \(deadline.reason)"
    }

    /// Moves to the deadline and says that time has passed.
    mutating func wait() -> [String] {
        now = max(now, announcer.nextDeadline.at)
        return say(.timePassed)
    }

    /// An output in short: of a URL its host and event, of a time its whole seconds.
    static func line(_ output: Announcer.Output) -> String {
        switch output {
        case .request(let id, let url):
            let host = url.split(separator: "/").dropFirst().first ?? ""
            let event = url.split(separator: "&").first { $0.hasPrefix("event=") }
            return "ask \(id.number) \(host) \(event?.dropFirst(6) ?? "-")"
        case .ask(let id, let address, .announce(let announce, _, _)):
            let event = announce.event.map(\.rawValue) ?? "-"
            return "ask \(id.number) \(address.host):\(address.port) \(event)"
        case .ask(let id, let address, .scrape(let hashes)):
            return "scrape \(id.number) \(address.host):\(address.port) \(hashes.count)"
        case .discovered(let peers):
            return "found " + peers.map(\.description).joined(separator: " ")
        case .note(let note): return "note \(note.url): \(line(note.outcome))"
        case .finished: return "finished"
        }
    }

    private static func line(_ outcome: TrackerNote.Outcome) -> String {
        switch outcome {
        case .answered(let peers, let interval, let seeders, let leechers):
            let counts = [seeders, leechers].map { $0.map(String.init) ?? "?" }
            return "\(peers) peers, \(counts.joined(separator: "/")), \(Int(interval.seconds)) s"
        case .warned(let text): return "warns \(text)"
        case .failed(let reason, _): return "failed: \(reason)"
        case .passedOver(let reason): return "passed over: \(reason)"
        }
    }
}
