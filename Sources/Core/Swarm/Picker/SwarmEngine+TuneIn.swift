// A viewer without a place in the stream looks for one.

import Metainfo
import Pieces
import Primitives

extension SwarmEngine {
    /// Tunes in if it has not yet and there is a key frame that enough neighbours hold.
    mutating func tuneIn(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        // With half of a batch of records the live edge would seem to be where they begin.
        guard settings.role != .source, wantFrom == nil, unverifiedRecords == 0, let edge
        else { return }
        var offering = peers.handles.filter { peers.shows($0) }
        if offering.isEmpty { offering = peers.filter { $0.isSource && $0.newest != nil } }
        guard !offering.isEmpty else { return }
        let waits = settings.policies.contains(.tuneIn)
        let patient = waits && (firstWindowAt.map { now - $0 < settings.gatherTime } ?? true)
        let needed = patient ? TuneIn.holdersNeeded(neighbours: offering.count) : 1
        if patient { timers.wake(.plan, by: now + settings.gatherTime) }
        let points = newestPoints(16)
        guard let point = TuneIn.choose(points: points, needed: needed, holders: { holders($0) })
        else { return }
        begin(at: point, edge, now, &outputs)
    }

    /// The newest random access points that are known, newest first.
    func newestPoints(_ limit: Int) -> [RandomAccessPoint] {
        guard let newest = metainfo.newest, let oldest = metainfo.oldest else { return [] }
        let points = metainfo.randomAccessPoints(in: oldest..<newest.advanced(by: 1))
        return points.suffix(limit).reversed()
    }

    /// The source's word counts twice: what it shows it has.
    ///
    /// It shows nothing to whoever came before its first piece, so where nobody shows anything
    /// its word of how far it is stands for all that has a record.
    private func holders(_ piece: PieceIndex) -> Int {
        let holding = peers.handles.filter { peers.holds($0, piece) }
        guard holding.isEmpty, !peers.handles.contains(where: { peers.shows($0) }) else {
            return holding.count + holding.count { peers[$0]?.isSource ?? false }
        }
        return 2 * peers.filter { $0.isSource && $0.newest.map { $0 >= piece } ?? false }.count
    }

    private mutating func begin(
        at point: RandomAccessPoint, _ edge: PieceIndex, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        wantFrom = point.piece
        startEdge = edge
        tunedAt = now
        if !table.contains(point.piece) { table.reset(to: point.piece) }
        for piece in point.piece...max(edge, point.piece)
        where table.contains(piece) && table[piece].seenAt == nil {
            table[piece].seenAt = now
        }
        outputs.append(.tuneIn(point.piece, offset: point.offset))
        for piece in point.piece...max(edge, point.piece) {
            guard let wall = metainfo.wallTime(of: piece) else { continue }
            outputs.append(isHeld(piece) ? .deliver(piece, wall) : .timeKnown(piece, wall))
        }
        plan(now, &outputs)
    }

    /// Tunes in anew at the live edge: too far behind, or the first piece never came.
    ///
    /// Where nobody has a newer key frame yet it is tried again for a while.
    mutating func tuneInAnew(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard settings.role != .source, let old = wantFrom, let edge else { return }
        let points = newestPoints(4)
        let start = max(old, playPoint?.piece ?? old)
        guard let point = points.first(where: { $0.piece > start && isOffered($0.piece) })
        else {
            behindSince = behindSince ?? now
            return
        }
        behindSince = nil
        if start < point.piece { abandon(start..<point.piece, now, &outputs) }
        begin(at: point, edge, now, &outputs)
    }

    /// Whether somebody shows `piece`, or the source says that it is further: after an outage
    /// nobody else has anything.
    private func isOffered(_ piece: PieceIndex) -> Bool {
        peers.holders(of: piece) > 0
            || !peers.filter { $0.isSource && $0.newest.map { $0 >= piece } ?? false }.isEmpty
    }

    /// Tries again to jump forward, for as long as a jump may still be wanted.
    mutating func retryTuneIn(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard let since = behindSince else { return }
        if now - since > settings.tuneInPatience {
            behindSince = nil
        } else {
            tuneInAnew(now, &outputs)
        }
    }

    /// A viewer whose first piece does not come may have been lured to a place that nobody has.
    mutating func checkTuneIn(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard !deliveredAny, let tunedAt, now - tunedAt > settings.tuneInPatience else { return }
        self.tunedAt = now
        tuneInAnew(now, &outputs)
    }
}

extension SwarmEngine {
    /// Looks for a place in the stream as a newcomer does: the broadcast was over and goes on, or
    /// the live edge is further away than can be caught up with.
    mutating func beginAnew() {
        end = nil
        guard settings.role != .source else { return }
        (wantFrom, playPoint, startEdge) = (nil, nil, nil)
        (firstWindowAt, tunedAt, behindSince) = (nil, nil, nil)
        deliveredAny = false
    }
}
