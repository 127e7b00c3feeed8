// One torrent's announces to its trackers (BEP 3, 7, 12, 15, 23): which tracker is asked when, and
// with which event. Opens no connection and resolves nothing: HTTP is the driver's affair, datagrams
// are that of UDPTrackerExchange.
//
//                        ┌──────── due, wanted, completed ────────┐
//                        ▼                                        │
//     idle ── started ─▶ asking ── answered ────────────────▶ resting
//                        ▲   │
//                        │   └──── none left in the round ──▶ pausing
//                        └──────── the first pause is over ───────┘
//     any ── stopped ─▶ stopping ── all told, or out of time ─▶ finished
//
// A round (asking) goes through the tiers until one tracker answers. A tracker that takes long keeps
// its chance while the next is asked; if it answers late, it lists this node too. A tracker that has
// failed is left alone for its pause, round or not.

package import Primitives

/// The announces of one torrent.
///
/// Say `started` once, answer every `request` with `responded` or `failed`, say `timePassed` when
/// `nextDeadline` is reached, and `stopped` once at the end; `finished` is the last output. Answers
/// to requests that were given up are ignored. All randomness comes from the seed.
package struct Announcer: Sendable {
    enum State: Hashable, Sendable {
        /// Not started.
        case idle
        /// A round is open, and requests are under way; at `nextTurn` another tracker is asked.
        case asking(nextTurn: Instant)
        /// A tracker answered: the next round is at `due`, or at `earliest` if peers are wanted.
        case resting(earliest: Instant, due: Instant)
        /// No tracker of the round answered.
        case pausing(until: Instant)
        /// There is no tracker to ask.
        case alone
        /// The goodbyes are under way, and given up at `until`.
        case stopping(until: Instant)
        /// Nothing more happens.
        case finished
    }

    struct Request: Sendable {
        let id: RequestID
        let tracker: Int
        let event: AnnounceEvent?
        let deadline: Instant
    }

    let settings: AnnouncerSettings
    let infoHash: InfoHash
    let peerID: PeerID
    let port: UInt16
    let key: UInt32
    let passedOver: [TrackerNote]
    var random: SeededRandom
    var tiers: TrackerTiers
    var state = State.idle
    var requests: [Request] = []
    var lastRequest: UInt64 = 0
    var counters = TransferCounters(left: 0)
    var wantsPeers = false
    var owesCompleted = false
    /// The tracker that answered an announce last, when its numbers came, and the scrape under way.
    var answeredLast: Int?
    var countedAt = Instant(nanoseconds: .min)
    var scrapedAt = Instant(nanoseconds: .min)
    var scrape: (id: RequestID, tracker: Int)?

    /// An announcer of `infoHash` to `tiers` of tracker URLs, for a node that listens on `port`.
    ///
    /// The URLs may come from a hostile torrent: what is no tracker's URL is noted and passed over.
    package init(
        tiers: [[String]], infoHash: InfoHash, peerID: PeerID, port: UInt16,
        settings: AnnouncerSettings = AnnouncerSettings(), random: SeededRandom
    ) {
        self.settings = settings
        self.infoHash = infoHash
        self.peerID = peerID
        self.port = port
        self.random = random
        key = UInt32(truncatingIfNeeded: self.random.next())
        let sorted = Self.sort(tiers, limit: settings.trackers)
        passedOver = sorted.passedOver
        self.tiers = TrackerTiers(sorted.usable, limit: settings.trackers, using: &self.random)
    }

    /// When `timePassed` must be said next.
    package var nextDeadline: Deadline {
        let answer = Deadline(
            at: requests.map(\.deadline).min() ?? .never, reason: "tracker answer")
        return switch state {
        case .idle, .alone, .finished: .never
        case .asking(let nextTurn):
            .earlier(answer, Deadline(at: nextTurn, reason: "next tracker"))
        case .resting(let earliest, let due):
            .earlier(Deadline(at: nextRound(earliest, due), reason: "announce"), answer)
        case .pausing(let until): Deadline(at: until, reason: "tracker pause")
        case .stopping(let until): Deadline(at: until, reason: "tracker stop")
        }
    }

    private func nextRound(_ earliest: Instant, _ due: Instant) -> Instant {
        wantsPeers ? min(earliest, due) : due
    }

    /// Takes what has happened and appends what is to be done.
    package mutating func handle(_ input: Input, at now: Instant, into outputs: inout [Output]) {
        switch input {
        case .started: start(at: now, into: &outputs)
        case .completed: owesCompleted = true
        case .counted(let counters): self.counters = counters
        case .peersWanted: wantsPeers = true
        case .countsWanted: scrapeIfOld(at: now, into: &outputs)
        case .responded(let id, let status, let body):
            respond(id, status: status, body: body, at: now, into: &outputs)
        case .answered(let id, let answer):
            receive(answer, to: id, at: now, into: &outputs)
        case .failed(let id, let reason):
            guard !takeScrape(id, nil, at: now), let request = take(id) else { return }
            fail(request, reason: escapedText(reason.utf8), at: now, into: &outputs)
        case .timePassed: giveUpLateRequests(at: now, into: &outputs)
        case .stopped: stop(at: now, into: &outputs)
        }
        advance(at: now, into: &outputs)
    }

    /// Opens the next round when it is time, and ends when all goodbyes are said.
    private mutating func advance(at now: Instant, into outputs: inout [Output]) {
        switch state {
        case .idle, .alone, .finished: break
        case .asking(let nextTurn):
            if nextTurn <= now { askNext(at: now, into: &outputs) }
        case .resting(let earliest, let due):
            guard nextRound(earliest, due) <= now || owesCompleted else { break }
            openRound(at: now, into: &outputs)
        case .pausing(let until):
            if until <= now { openRound(at: now, into: &outputs) }
        case .stopping(let until):
            guard requests.isEmpty || until <= now else { break }
            requests = []
            state = .finished
            outputs.append(.finished)
        }
    }

    private static func sort(
        _ tiers: [[String]], limit: Int
    ) -> (usable: [[TrackerURL]], passedOver: [TrackerNote]) {
        var usable: [[TrackerURL]] = []
        var passedOver: [TrackerNote] = []
        for tier in tiers {
            var urls: [TrackerURL] = []
            for text in tier {
                guard let url = TrackerURL(text), reasonAgainst(url) == nil else {
                    guard passedOver.count < limit else { continue }
                    let reason =
                        TrackerURL(text).flatMap { reasonAgainst($0) } ?? "not the URL of a tracker"
                    let name = escapedText(text.utf8)
                    passedOver.append(
                        TrackerNote(url: name, outcome: .passedOver(reason: reason)))
                    continue
                }
                urls.append(url)
            }
            usable.append(urls)
        }
        return (usable, passedOver)
    }

    /// Why a tracker cannot be asked, or nil where it can.
    private static func reasonAgainst(_ url: TrackerURL) -> String? {
        switch url.scheme {
        case .http, .https: nil
        case .udp: url.datagram == nil ? "its URL names no port" : nil
        }
    }
}
