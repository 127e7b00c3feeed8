// When the engine of a torrent wants to be woken: one slot for each named reason.

import Primitives

/// The reasons for waking.
enum TorrentTimer: Int, CaseIterable, Sendable {
    case review
    case connect
    case choke
    case serve
    case exchange
    case ask

    /// The name: an interpolation would look it up by reflection each time.
    var name: String {
        switch self {
        case .review: "review"
        case .connect: "connect"
        case .choke: "choke"
        case .serve: "serve"
        case .exchange: "exchange"
        case .ask: "ask"
        }
    }
}

/// The table of deadlines.
struct TorrentTimers: Sendable {
    private var at: [Instant] = Array(repeating: .never, count: TorrentTimer.allCases.count)

    /// The earliest of all.
    var next: Deadline {
        var best = 0
        for number in at.indices where at[number] < at[best] { best = number }
        guard at[best] < .never, let timer = TorrentTimer(rawValue: best) else { return .never }
        return Deadline(at: at[best], reason: timer.name)
    }

    /// Wakes for `timer` at `moment`, or earlier if it was to wake earlier.
    mutating func wake(_ timer: TorrentTimer, by moment: Instant) {
        at[timer.rawValue] = min(at[timer.rawValue], moment)
    }

    /// Takes one reason that is due, or nil.
    mutating func take(due now: Instant) -> TorrentTimer? {
        for number in at.indices where at[number] <= now {
            at[number] = .never
            return TorrentTimer(rawValue: number)
        }
        return nil
    }
}
