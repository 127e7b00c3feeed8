// The blocks that neighbours have asked for and that this node holds, and those that it does not
// hold yet (standing requests). Chooses which goes next. A late decision is a good decision:
// nothing leaves the queue before the line can take it.

import Pieces
import Primitives

/// A block to send.
struct Upload: Hashable, Sendable {
    var peer: PeerHandle
    var block: Block
    /// Since when it could have been sent.
    var since: Instant
    /// Whether it is part of the stream's first spreading, not catching up.
    var live: Bool
}

/// Requests that wait.
struct UploadQueue: Sendable {
    /// What can be sent.
    private(set) var ready: [Upload] = []
    private var standing: [PieceIndex: [Upload]] = [:]
    private var counts: [PeerHandle: Int] = [:]

    /// Requests of `peer` that wait, standing ones included.
    func count(of peer: PeerHandle) -> Int { counts[peer] ?? 0 }

    /// Whether `peer` waits for this block already.
    func contains(_ peer: PeerHandle, _ block: Block) -> Bool {
        let same = { (upload: Upload) in upload.peer == peer && upload.block == block }
        return ready.contains(where: same) || standing[block.piece]?.contains(where: same) ?? false
    }

    /// All that `peer` waits for.
    func requests(of peer: PeerHandle) -> [Block] {
        (ready + standing.values.flatMap { $0 }).filter { $0.peer == peer }.map(\.block)
    }

    /// Queues a block that is held.
    mutating func add(_ upload: Upload) {
        ready.append(upload)
        counts[upload.peer, default: 0] += 1
    }

    /// Keeps a request for a piece that is to come.
    mutating func keep(_ upload: Upload) {
        standing[upload.block.piece, default: []].append(upload)
        counts[upload.peer, default: 0] += 1
    }

    /// A piece is here: its standing requests can be served.
    mutating func arrived(_ piece: PieceIndex, at now: Instant) {
        guard let waiting = standing.removeValue(forKey: piece) else { return }
        for var upload in waiting {
            upload.since = now
            ready.append(upload)
        }
    }

    /// Takes a request back; answers whether it was there.
    mutating func cancel(_ peer: PeerHandle, _ block: Block) -> Bool {
        let before = count(of: peer)
        remove { $0.peer == peer && $0.block == block }
        return count(of: peer) < before
    }

    /// Drops all of a neighbour's requests.
    mutating func drop(_ peer: PeerHandle) { remove { $0.peer == peer } }

    /// Drops the requests of a neighbour for a stripe of pieces not here yet; answers them.
    mutating func dropStanding(_ peer: PeerHandle, where wanted: (PieceIndex) -> Bool) -> [Block] {
        var dropped: [Block] = []
        for (piece, waiting) in standing where wanted(piece) {
            dropped += waiting.filter { $0.peer == peer }.map(\.block)
        }
        remove { $0.peer == peer && dropped.contains($0.block) }
        return dropped.sorted { $0.piece < $1.piece }
    }

    /// Drops standing requests for pieces before `piece`, which will not come any more.
    mutating func dropStanding(before piece: PieceIndex) -> [Upload] {
        let late = standing.filter { $0.key < piece }.flatMap(\.value)
        for upload in late { counts[upload.peer, default: 1] -= 1 }
        standing = standing.filter { $0.key >= piece }
        return late
    }

    /// Takes the block that goes next to a neighbour that can take one, or nil.
    ///
    /// The score is in seconds, the least goes first: each copy of the piece that has gone
    /// counts `copyWeight` (the least-sent piece first, as PULSE has it), and waiting counts
    /// against itself. Catching up goes after all that is spread for the first time: a tree that
    /// waits for those who fell out of it makes more of them fall out. (With a turn for it after
    /// 0.6 s the lag of 100 viewers is 4.0 s instead of 1.6 s.)
    mutating func next(
        at now: Instant, copyWeight: Double, copies: (PieceIndex) -> Int,
        canTake: (PeerHandle) -> Bool
    ) -> Upload? {
        var best: (index: Int, score: Double)?
        for (index, upload) in ready.enumerated() where canTake(upload.peer) {
            var score = copyWeight * Double(copies(upload.block.piece))
            if !upload.live { score += 1000 }
            score -= (now - upload.since).seconds
            if best.map({ score < $0.score }) ?? true { best = (index, score) }
        }
        guard let best else { return nil }
        let upload = ready.remove(at: best.index)
        counts[upload.peer, default: 1] -= 1
        return upload
    }

    private mutating func remove(where gone: (Upload) -> Bool) {
        for upload in ready where gone(upload) { counts[upload.peer, default: 1] -= 1 }
        ready.removeAll(where: gone)
        for (piece, waiting) in standing where waiting.contains(where: gone) {
            for upload in waiting where gone(upload) { counts[upload.peer, default: 1] -= 1 }
            let left = waiting.filter { !gone($0) }
            standing[piece] = left.isEmpty ? nil : left
        }
        counts = counts.filter { $0.value > 0 }
    }
}
