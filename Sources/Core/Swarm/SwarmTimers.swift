// When the engine wants to be woken: one slot for each named reason.

import Primitives

/// The reasons for waking.
enum SwarmTimer: Int, CaseIterable, Sendable {
    case plan
    case have
    case status
    case choke
    case slots
    case exchange
    case connect
    case punch
    case serve

    /// The name: an interpolation would look it up by reflection each time.
    var name: String {
        switch self {
        case .plan: "plan"
        case .have: "have"
        case .status: "status"
        case .choke: "choke"
        case .slots: "slots"
        case .exchange: "exchange"
        case .connect: "connect"
        case .punch: "punch"
        case .serve: "serve"
        }
    }
}

/// The table of deadlines.
struct SwarmTimers: Sendable {
    private var at: [Instant] = Array(repeating: .never, count: SwarmTimer.allCases.count)

    /// The earliest of all.
    var next: Deadline {
        var best = -1
        var earliest = Instant.never
        for number in at.indices where at[number] < earliest {
            (best, earliest) = (number, at[number])
        }
        return SwarmTimer(rawValue: best).map { Deadline(at: earliest, reason: $0.name) } ?? .never
    }

    /// Wakes for `timer` at `moment`, or earlier if it was to wake earlier.
    mutating func wake(_ timer: SwarmTimer, by moment: Instant) {
        at[timer.rawValue] = min(at[timer.rawValue], moment)
    }

    /// Takes one reason that is due, or nil.
    mutating func take(due now: Instant) -> SwarmTimer? {
        for number in at.indices where at[number] <= now {
            at[number] = .never
            return SwarmTimer(rawValue: number)
        }
        return nil
    }
}
