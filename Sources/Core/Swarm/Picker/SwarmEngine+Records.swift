// Records of the rolling metainfo: taken in, passed on ahead of the data that needs them, asked
// for when they are missing. Signatures are checked by the driver.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    mutating func receivedRecords(
        _ peer: PeerHandle, _ records: [[UInt8]], _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        for bytes in records {
            let span = bytes.span
            guard let record = try? LiveRecord.decode(span, geometry: geometry) else {
                close(peer, .forged, now, &outputs)
                return
            }
            // What is known to the byte needs no second look at its signature.
            if let held = metainfo.record(containing: record.pieces.lowerBound), held.bytes == bytes
            {
                for piece in record.pieces { peers.note(peer, knows: piece) }
                continue
            }
            // Not counted against the peer: it may be that this node was led astray.
            guard isNear(record) else { continue }
            unverifiedRecords += 1
            outputs.append(.verifyRecord(peer, record))
        }
    }

    /// Whether a record is about pieces that this node may come to hold.
    ///
    /// Signed by the channel's key or not: numbers that jump away would empty the window.
    private func isNear(_ record: LiveRecord) -> Bool {
        guard let newest = metainfo.newest else { return true }
        let first = record.pieces.lowerBound
        guard first >= newest.advanced(by: -settings.window) else { return false }
        return first <= newest.advanced(by: settings.window * 4) || mayHaveGrown(to: record)
    }

    /// Whether the stream can have come so far in the time between the newest record and this
    /// one, by the source's clock: after a long sleep, or an old record from a liar, the live
    /// edge is far away.
    private func mayHaveGrown(to record: LiveRecord) -> Bool {
        guard let newest = metainfo.newest, let wall = metainfo.wallTime(of: newest),
            record.wallTime > wall
        else { return false }
        let pieces = Double(newest.distance(to: record.pieces.lowerBound))
        return pieces <= (record.wallTime - wall).seconds * Self.mostPiecesPerSecond
    }

    /// Twice what a stream is cut into at most.
    private static let mostPiecesPerSecond = 32.0

    mutating func verified(
        _ record: LiveRecord, _ digest: SHA256Digest, from peer: PeerHandle?, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        for piece in record.pieces {
            if let peer { peers.note(peer, knows: piece) }
        }
        switch metainfo.accept(record, digest: digest) {
        case .added: accepted(record, now, &outputs)
        case .known, .outdated: break
        case .contradiction(let piece): contradicted(piece, by: peer, now, &outputs)
        case .brokenChain: contradicted(record.pieces.lowerBound, by: peer, now, &outputs)
        }
    }

    private mutating func accepted(
        _ record: LiveRecord, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        counters.records += 1
        recordAt = now
        if let end, record.pieces.lowerBound >= end { beginAnew() }
        if let newest = metainfo.newest { moveWindow(to: newest, now, &outputs) }
        for piece in record.pieces {
            if let wall = metainfo.wallTime(of: piece) {
                outputs.append(.timeKnown(piece, wall))
            }
            if table.contains(piece), table.state(of: piece) == .unproven {
                prove(piece, &outputs)
            }
        }
        if metainfo.end != end {
            end = metainfo.end
            if let end {
                outputs.append(.ended(end))
                spread(record, &outputs)
            }
        }
        tuneIn(now, &outputs)
    }

    /// Tells everybody of the end: no block may follow that would bring its record along.
    private func spread(_ record: LiveRecord, _ outputs: inout [SwarmOutput]) {
        for peer in peers.handles where peers.look(peer, \.isLive) ?? false {
            outputs.append(.sendLive(peer, .records([record.bytes])))
        }
    }

    /// The edge moves; what falls out of the window is forgotten.
    private mutating func moveWindow(
        to newest: PieceIndex, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        let oldest = newest.advanced(by: -settings.window)
        let isJump = edge == nil || newest >= table.limit
        if isJump {
            table.reset(to: max(oldest, table.base))
            if edge != nil { beginAnew() }
        }
        advance(to: newest, now)
        guard isJump || oldest > table.base else { return }
        if let wantFrom, wantFrom < oldest { self.wantFrom = oldest }
        table.slide(to: oldest)
        metainfo.discard(before: oldest)
        for late in uploads.dropStanding(before: oldest) {
            outputs.append(.send(late.peer, .reject(late.block)))
        }
        outputs.append(.forget(before: oldest))
    }

    mutating func published(
        _ record: LiveRecord, _ digest: SHA256Digest, _ pieces: Range<PieceIndex>,
        _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        verified(record, digest, from: nil, now, &outputs)
        for piece in pieces where table.contains(piece) {
            table.set(piece, .held)
            counters.pieces += 1
            uploads.arrived(piece, published: published(piece, now), at: now)
            // Who is fed by standing requests need not be told: the source shows pieces by
            // sending them.
            guard isPulling else { continue }
            peers.leaveUnsaid(piece)
            timers.wake(.have, by: now)
        }
        serve(now, &outputs)
    }

    /// Sends the records of the pieces from `first` on that `peer` is not known to have.
    mutating func tellRecords(
        from first: PieceIndex, count: Int = 255, to peer: PeerHandle,
        _ outputs: inout [SwarmOutput]
    ) {
        var records: [[UInt8]] = []
        for record in metainfo.records(from: first, limit: count) {
            guard peers.contains(peer), !peers.knows(peer, record.pieces.lowerBound)
            else { continue }
            for piece in record.pieces { peers.note(peer, knows: piece) }
            records.append(record.bytes)
        }
        outputs += LiveMessage.batches(of: records).map { .sendLive(peer, $0) }
    }

    mutating func wanted(
        _ peer: PeerHandle, _ first: PieceIndex?, _ count: UInt8, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        let newestPoint = newestPoints(1).first?.piece
        guard let start = first ?? newestPoint else { return }
        tellRecords(from: start, count: Int(count), to: peer, &outputs)
        glitch(peer, "asks for records without end", now, &outputs)
    }
}
