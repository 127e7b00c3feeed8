// Neighbours that have gone, for those who come again: whoever could begin afresh by closing its
// connection would be a newcomer for ever, with a newcomer's first claim on what is given, and
// would leave behind that it gave nothing itself. Knows them by household, as names are free.
// Judges nobody.

import Pieces
import Primitives

/// What is kept of a neighbour that has gone.
struct Past: Hashable, Sendable {
    /// Since when it has counted as a newcomer, how far behind the stream its player began, and
    /// what it got of its first key frame.
    var newSince: Instant
    var startLag: Double?
    var openings = 0
    /// How often it has lately come as a newcomer, as of then.
    var arrivals = 1.0
    /// What it may be given by the source beyond the trees.
    var extra = Allotment()
    /// Pieces in vain, as in `PeerState`.
    var vain = 0
    var vainAt = Instant.zero
    var unreliedUntil = Instant.zero
    var failings = 0
}

/// The neighbours that have gone lately.
struct Returners: Sendable {
    private struct Gone: Sendable {
        let household: Household
        let leftAt: Instant
        let past: Past
    }

    private let settings: TrustSettings
    /// In the order in which they went.
    private var gone: [Gone] = []

    init(_ settings: TrustSettings) { self.settings = settings }

    /// How many are remembered.
    var count: Int { gone.count }

    /// A neighbour of `household` has gone.
    ///
    /// Where there is no room, whichever household has most makes it.
    mutating func note(_ past: Past, of household: Household, at now: Instant) {
        forget(at: now)
        gone.append(Gone(household: household, leftAt: now, past: past))
        guard gone.count > settings.mostReturners else { return }
        var counts: [Household: Int] = [:]
        for one in gone { counts[one.household, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        guard let place = gone.firstIndex(where: { counts[$0.household] == most }) else { return }
        gone.remove(at: place)
    }

    /// Somebody of `household` comes: whoever of it went last is taken to be back, so that each is
    /// back once, and all others of a household are as new as they were.
    mutating func take(_ household: Household, at now: Instant) -> Past? {
        forget(at: now)
        guard let place = gone.lastIndex(where: { $0.household == household }) else { return nil }
        return gone.remove(at: place).past
    }

    private mutating func forget(at now: Instant) {
        let kept = gone.firstIndex { now - $0.leftAt < settings.returnMemory } ?? gone.count
        gone.removeFirst(kept)
    }
}

extension PeerState {
    /// What is kept of it when it goes; `unsent` are the blocks that it has not got of those it was
    /// to get.
    func past(unsent: [Upload]) -> Past {
        var past = Past(newSince: newSince, startLag: startLag, arrivals: arrivals, extra: extra)
        past.openings = max(0, openings - unsent.count { $0.purpose == .opening })
        for upload in unsent where upload.purpose.isExtra {
            past.extra.giveBack(Int(upload.block.length))
        }
        (past.vain, past.vainAt) = (vain, vainAt)
        (past.unreliedUntil, past.failings) = (unreliedUntil, failings)
        return past
    }

    /// It is back, after `past`.
    ///
    /// It is a newcomer once more where it has been so seldom: whoever begins its player again, or
    /// whose line has failed, starts as others do.
    mutating func resume(_ past: Past, _ settings: SwarmSettings, at now: Instant) {
        (vain, vainAt) = (past.vain, past.vainAt)
        (unreliedUntil, failings) = (past.unreliedUntil, past.failings)
        extra = past.extra
        let faded = (now - past.newSince).seconds / settings.trust.newcomerAgain.seconds
        let left = max(0, past.arrivals - faded)
        let isAgain = left + 1 <= Double(settings.trust.newcomerTimes)
        if isAgain, now - past.newSince >= settings.newcomer {
            arrivals = left + 1
        } else {
            (newSince, arrivals) = (past.newSince, past.arrivals)
            (startLag, openings) = (past.startLag, past.openings)
        }
    }
}
