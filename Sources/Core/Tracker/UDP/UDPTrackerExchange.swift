// The client's side of the UDP tracker protocol (BEP 15): which datagram goes out when, and which
// of those that come in answers what. Opens no socket, resolves no name, knows no tiers.
//
//                 ┌── silence: again after 15·2^n s ──┐      ┌── silence: again, or a new
//                 ▼                                   │      ▼   connection where it is old
//     asked ─▶ connecting ────────── connected ───────┴─▶ asking ── announced, scraped ─▶ over
//                 └───────────────── refused, out of time, cannot be sent ──────────────▶ over
//
// A name may have an address of each family. The question is put to both, each a leg of its own, as
// each names peers of its family only; the first answer is the answer, what the other brings are
// further peers.

package import Primitives

/// The questions of a node to UDP trackers.
///
/// Say `asked` with an identifier that is used once, send what `send` says, hand in what comes as
/// `received`, and say `timePassed` when `nextDeadline` is reached. For each question there is one
/// `answered` or `failed`, then perhaps `discovered`, and `finished` is the last.
package struct UDPTrackerExchange: Sendable {
    /// What a tracker is asked.
    package enum Question: Hashable, Sendable {
        /// To list this node and name others; `urlData` is path and query of its URL (BEP 41).
        case announce(AnnounceRequest, key: UInt32, urlData: [UInt8])
        /// For the counts of these swarms.
        case scrape([InfoHash])
    }

    /// What a tracker answered.
    package enum Answer: Hashable, Sendable {
        /// To an announce.
        case announced(AnnounceResponse)
        /// To a scrape, in the order of the question, but perhaps fewer.
        case scraped([SwarmCounts])
    }

    /// What has happened.
    package enum Input: Hashable, Sendable {
        /// Somebody has a question to the tracker at these addresses, of which the first of each
        /// family counts.
        case asked(RequestID, Question, at: [Endpoint])
        /// A datagram came.
        case received([UInt8], from: Endpoint)
        /// Datagrams to this address cannot be sent.
        case unreachable(Endpoint, reason: String)
        /// Nobody waits for the answer any more.
        case cancelled(RequestID)
        /// The deadline was reached.
        case timePassed
    }

    /// What is to be done.
    package enum Output: Hashable, Sendable {
        /// Send this datagram.
        case send([UInt8], to: Endpoint)
        /// The question was answered.
        case answered(RequestID, Answer)
        /// The tracker named further peers, at its other address.
        case discovered(RequestID, [Endpoint])
        /// The question was not answered, for this reason.
        case failed(RequestID, reason: String)
        /// Nothing more comes of the question.
        case finished(RequestID)
    }

    /// A question to one address.
    struct Leg: Sendable {
        enum Stage: Hashable, Sendable {
            /// Waiting for a connection identifier.
            case connecting
            /// Waiting for the answer; `isOld` if the identifier was there before the question.
            case asking(connection: UInt64, isOld: Bool)
        }

        let id: RequestID
        let question: Question
        let endpoint: Endpoint
        let end: Instant
        var stage = Stage.connecting
        var transaction: UInt32 = 0
        /// How often it has been repeated.
        var repetitions = 0
        var next = Instant.never
        /// Whether the tracker has answered at its other address.
        var isExtra = false
    }

    private struct Connection: Sendable {
        let id: UInt64
        let end: Instant
    }

    let settings: UDPTrackerSettings
    var random: SeededRandom
    var legs: [Leg] = []
    private var connections: [Endpoint: Connection] = [:]

    /// An exchange without questions; `random` should be of an unguessable seed.
    package init(settings: UDPTrackerSettings = UDPTrackerSettings(), random: SeededRandom) {
        self.settings = settings
        self.random = random
    }

    /// When `timePassed` must be said next.
    package var nextDeadline: Deadline {
        let at = legs.map { min($0.next, $0.end) }.min() ?? .never
        return Deadline(at: at, reason: "UDP tracker")
    }

    /// Takes what has happened and appends what is to be done.
    package mutating func handle(_ input: Input, at now: Instant, into outputs: inout [Output]) {
        switch input {
        case .asked(let id, let question, let endpoints):
            ask(id, question, at: endpoints, now, into: &outputs)
        case .received(let bytes, let endpoint):
            receive(bytes, from: endpoint, at: now, into: &outputs)
        case .unreachable(let endpoint, let reason):
            for leg in legs where leg.endpoint == endpoint {
                fail(leg, reason: reason, into: &outputs)
            }
        case .cancelled(let id):
            guard legs.contains(where: { $0.id == id }) else { return }
            legs.removeAll { $0.id == id }
            outputs.append(.finished(id))
        case .timePassed: passTime(at: now, into: &outputs)
        }
    }

    private mutating func ask(
        _ id: RequestID, _ question: Question, at endpoints: [Endpoint], _ now: Instant,
        into outputs: inout [Output]
    ) {
        guard legs.count < settings.questions else {
            return giveUp(id, reason: "too many trackers are being asked", into: &outputs)
        }
        let usable = endpoints.filter(\.canBePeer)
        let targets = [AddressWidth.v4, .v6].compactMap { width in
            usable.first { AddressWidth($0.address) == width }
        }
        guard !targets.isEmpty else {
            return giveUp(id, reason: "no tracker can have its address", into: &outputs)
        }
        for endpoint in targets {
            let end = now + settings.answerTime
            let leg = Leg(id: id, question: question, endpoint: endpoint, end: end)
            legs.append(leg)
            begin(legs.count - 1, at: now, into: &outputs)
        }
    }

    private func giveUp(_ id: RequestID, reason: String, into outputs: inout [Output]) {
        outputs.append(.failed(id, reason: reason))
        outputs.append(.finished(id))
    }

    // MARK: Connections

    func connection(to endpoint: Endpoint, at now: Instant) -> UInt64? {
        connections[endpoint].flatMap { now < $0.end ? $0.id : nil }
    }

    mutating func remember(_ connection: UInt64, to endpoint: Endpoint, at now: Instant) {
        if connections.count >= settings.connections {
            connections = connections.filter { now < $0.value.end }
        }
        if connections.count >= settings.connections { connections.removeAll() }
        connections[endpoint] = Connection(id: connection, end: now + settings.connectionLife)
    }

    mutating func forgetConnection(to endpoint: Endpoint) { connections[endpoint] = nil }
}
