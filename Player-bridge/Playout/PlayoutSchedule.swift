// Which piece the player gets next, when each piece is due, and when one is given up.
// Handles no bytes, so that the simulator can run it; asks nobody for anything.
//
//                tunedIn             deadline passed, nothing there
//      idle ───────────────▶ playing ───────────────────────────────▶ stalled
//                            ▲  │  ▲                                     │
//           tunedIn beyond   │  │  └─────────────────────────────────────┘
//           the end          │  ▼ play point = end          a piece is emitted
//                          finished
//
// Words: the play point is the next piece to emit. A hole is a missing play point with something
// behind it: it is waited for until its deadline, then skipped. A stall is a missing play point
// with nothing behind it: nothing is skipped for it, the schedule moves.

package import Pieces
package import Primitives

/// The order and the deadlines of a live stream's pieces.
///
/// Every piece goes to the player as soon as it and all before it are there: players keep their
/// own buffer, and holding bytes back only adds lag. Only the first are held back, for a moment:
/// see `PlayoutSettings.headStart`. The caller hands in what happened, carries
/// out the outputs in order, and calls with `woken` when `nextDeadline` has come. Records may be
/// told of before tune-in; pieces beyond `horizon` are not taken (tell of them again later).
/// No piece is ever emitted twice, and the numbers of emitted pieces only grow.
package struct PlayoutSchedule: Sendable {
    /// What happened.
    package enum Input: Equatable, Sendable {
        /// The player is to begin with this piece; again later, it is to jump forward to it.
        case tunedIn(PieceIndex)
        /// The piece was verified; `wall` is the source's clock at its first byte.
        case pieceArrived(PieceIndex, wall: WallTime)
        /// The piece's record came, not its bytes.
        case timeKnown(PieceIndex, WallTime)
        /// The broadcast has ended: the first piece that never will be.
        case ended(PieceIndex)
        /// The time of `nextDeadline` has come.
        case woken
    }

    /// What is to be done.
    package enum Output: Equatable, Sendable {
        /// Give this piece to the player.
        case emit(PieceIndex)
        /// These pieces are given up: the player does without them.
        case skip(Range<PieceIndex>)
        /// Report that the player waits for this piece, with nothing behind it.
        case stalled(at: PieceIndex)
        /// Report that a stall is over, which was reported so long ago.
        case resumed(after: Interval)
        /// Consider a jump (`tunedIn`): the newest known piece is this much newer. Said once.
        case fellBehind(by: Interval)
        /// Close the player's stream: the last piece was emitted.
        case finished
    }

    enum Mode: Equatable, Sendable {
        /// Before the first tune-in; records and pieces are kept.
        case idle
        /// Pieces are emitted as they come.
        case playing
        /// The play point's deadline passed with nothing behind it.
        case stalled(since: Instant)
        /// Everything up to the end was emitted or skipped.
        case finished
    }

    /// The moment from which deadlines count: `wall` of the source's clock was due at `at`.
    struct Anchor: Equatable, Sendable {
        var at: Instant
        var piece: PieceIndex
        /// Unknown until the piece is emitted; then the anchor is final.
        var wall: WallTime?
    }

    let settings: PlayoutSettings
    var mode = Mode.idle
    var pieces: PieceTimes
    var lag: LagTarget
    var anchor: Anchor?
    var end: PieceIndex?
    /// Until when the beginning is held back at the latest; nil once it is not.
    var heldUntil: Instant?
    /// When the viewer was started.
    private(set) var startedAt: Instant?
    private var holeSince: Instant?
    private var saidBehind = false
    /// When a long stall was last over.
    private var longStallAt: Instant?

    /// A schedule that waits for its tune-in, of a viewer that was started at `startedAt`, if that
    /// is known.
    package init(settings: PlayoutSettings = PlayoutSettings(), startedAt: Instant? = nil) {
        self.settings = settings
        self.startedAt = startedAt
        pieces = PieceTimes(settings: settings)
        lag = LagTarget(settings: settings)
    }

    /// Takes what happened at `now` and appends what is to be done.
    package mutating func handle(
        _ input: Input, at now: Instant, into outputs: inout [Output]
    ) {
        // What was due before this input is decided without knowledge of it.
        advance(at: now, into: &outputs)
        switch input {
        case .tunedIn(let piece): tuneIn(to: piece, at: now, into: &outputs)
        case .pieceArrived(let piece, let wall): arrive(piece, wall, at: now)
        case .timeKnown(let piece, let wall): learn(piece, wall)
        case .ended(let piece): endStream(at: piece, now)
        case .woken: return
        }
        advance(at: now, into: &outputs)
    }

    /// When the play point stalls or is given up.
    package var nextDeadline: Deadline {
        guard isLive else { return .never }
        if pieces.isPresent(pieces.first) {
            return heldUntil.map { Deadline(at: $0, reason: "head start") } ?? .never
        }
        if hasMore {
            // Before that nothing is given up, however short a delay was asked for.
            return Deadline(at: max(giveUpTime, heldUntil ?? giveUpTime), reason: "hole")
        }
        guard mode == .playing, anchor?.wall != nil, let due = deadline(of: pieces.first)
        else { return .never }
        return Deadline(at: due, reason: "stall")
    }
}

extension PlayoutSchedule {
    private mutating func tuneIn(
        to piece: PieceIndex, at now: Instant, into outputs: inout [Output]
    ) {
        if let end, piece > end || (piece == end && mode == .finished) { self.end = nil }
        switch mode {
        case .idle:
            if piece < pieces.first { pieces.restart(at: piece) } else { pieces.advance(to: piece) }
            mode = .playing
            holdBack(from: now)
        case .finished:
            guard end == nil else { return }
            pieces.advance(to: piece)
            mode = .playing
        case .playing, .stalled:
            guard piece > pieces.first else { return }
            outputs.append(.skip(pieces.first..<piece))
            pieces.advance(to: piece)
        }
        anchor = Anchor(at: now, piece: piece)
        (holeSince, saidBehind, longStallAt) = (nil, false, nil)
    }

    private mutating func arrive(_ piece: PieceIndex, _ wall: WallTime, at now: Instant) {
        learn(piece, wall)
        let wasDry = !hasMore
        guard pieces.insert(piece), isLive else { return }
        let spare = (deadline(of: piece) ?? now) - now
        lag.note(spare: spare, at: now)
        guard wasDry, piece > pieces.first, case .stalled = mode else { return }
        // The outage is over, but what comes before this piece may take another moment.
        moveAnchor(to: now)
        if spare < .zero { lag.raise(at: now) }
    }

    private mutating func learn(_ piece: PieceIndex, _ wall: WallTime) {
        // Before tune-in the horizon follows the live edge.
        if mode == .idle, !pieces.contains(piece), piece > pieces.first {
            pieces.advance(to: piece.advanced(by: 1 - settings.horizon))
        }
        pieces.learn(piece, wall)
    }

    private mutating func endStream(at piece: PieceIndex, _ now: Instant) {
        guard end == nil, mode != .finished else { return }
        end = piece
        if case .stalled = mode { moveAnchor(to: now) }
    }

    private mutating func advance(at now: Instant, into outputs: inout [Output]) {
        guard isLive, !isHeldBack(at: now) else { return }
        repeat { emitRun(at: now, into: &outputs) } while giveUpHole(at: now, into: &outputs)
        if let end, pieces.first >= end {
            mode = .finished
            outputs.append(.finished)
        } else {
            noteStall(at: now, into: &outputs)
            noteBehind(at: now, into: &outputs)
        }
    }

    private mutating func emitRun(at now: Instant, into outputs: inout [Output]) {
        while pieces.isPresent(pieces.first), pieces.first < end ?? PieceIndex(.max) {
            if case .stalled(let since) = mode {
                outputs.append(.resumed(after: now - since))
                if now - since > settings.longStall { longStallAt = now }
                mode = .playing
            }
            keepAnchorSane(for: pieces.first, at: now)
            outputs.append(.emit(pieces.first))
            pieces.advance(to: pieces.first.advanced(by: 1))
            holeSince = nil
        }
    }

    /// Skips a hole whose time has come, and says whether it did.
    private mutating func giveUpHole(at now: Instant, into outputs: inout [Output]) -> Bool {
        guard hasMore, pieces.first < end ?? PieceIndex(.max) else { return false }
        holeSince = holeSince ?? now
        guard now >= giveUpTime else { return false }
        let limit = end ?? PieceIndex(.max)
        let next = min(pieces.firstPresent ?? limit, limit)
        guard next > pieces.first else { return false }
        outputs.append(.skip(pieces.first..<next))
        pieces.advance(to: next)
        holeSince = nil
        lag.raise(at: now)
        return true
    }

    private mutating func noteStall(at now: Instant, into outputs: inout [Output]) {
        guard mode == .playing, !hasMore, anchor?.wall != nil,
            let due = deadline(of: pieces.first), now >= due
        else { return }
        mode = .stalled(since: now)
        outputs.append(.stalled(at: pieces.first))
    }

    private func behindLimit(at now: Instant) -> Interval {
        var stoodLong = longStallAt.map { now - $0 < settings.stallMemory } ?? false
        if case .stalled(let since) = mode { stoodLong = now - since > settings.longStall }
        guard stoodLong, settings.fixedLag == nil else { return settings.behindLimit }
        return min(settings.behindAfterStall, settings.behindLimit)
    }

    private mutating func noteBehind(at now: Instant, into outputs: inout [Output]) {
        let behind = behindNewest
        let limit = behindLimit(at: now)
        if behind < limit * 0.5 { saidBehind = false }
        guard !saidBehind, behind > limit else { return }
        saidBehind = true
        outputs.append(.fellBehind(by: behind))
    }

    /// Fixes the anchor at the first piece, and moves it where the player or the source's clock
    /// has left it: a piece that is emitted after its deadline, or absurdly long before.
    private mutating func keepAnchorSane(for piece: PieceIndex, at now: Instant) {
        guard anchor?.wall != nil, let due = deadline(of: piece) else {
            moveAnchor(to: now)
            return
        }
        if now > due {
            moveAnchor(to: now)
            lag.raise(at: now)
        } else if due - now > settings.longestWait + settings.behindLimit {
            moveAnchor(to: now)
        }
    }

    private mutating func moveAnchor(to now: Instant) {
        let piece = pieces.first
        anchor = Anchor(at: now, piece: piece, wall: pieces.estimatedWall(of: piece))
    }

    private var isLive: Bool {
        switch mode {
        case .playing, .stalled: true
        case .idle, .finished: false
        }
    }

    /// Whether anything follows the missing play point: a piece, or the end.
    private var hasMore: Bool { pieces.presentCount > 0 || end != nil }

    /// A source's clock may claim anything: no hole is waited for longer than settings allow.
    private var giveUpTime: Instant {
        let latest = holeSince.map { $0 + settings.longestWait } ?? .never
        return min(deadline(of: pieces.first) ?? .never, latest)
    }
}
