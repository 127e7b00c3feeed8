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
    /// When the piece was published, as far as this node can tell.
    var published: Instant
    /// What it is sent for.
    var purpose: Purpose
    /// Whether the neighbour got another block of the piece from here: it can use neither before
    /// it has both.
    var isRest = false

    /// What a block is sent for.
    enum Purpose: Hashable, Sendable {
        /// The stream's first spreading.
        case live
        /// A newcomer's first key frame.
        case opening
        /// What somebody's player waits for: a newcomer's backlog, and a share of what fell out of
        /// the trees.
        case urgent
        /// The rest of what fell out of the trees.
        case catchUp

        /// Whether it can be refused: somebody else may be quicker.
        var isExtra: Bool {
            switch self {
            case .live, .opening: false
            case .urgent, .catchUp: true
            }
        }
    }
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

    /// How many copies of a piece wait here for `purpose`.
    func waiting(for piece: PieceIndex, as purpose: Upload.Purpose) -> Int {
        ready.count { $0.block.piece == piece && $0.purpose == purpose && $0.block.offset == 0 }
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

    /// A piece is here that was published at `published`: its standing requests can be served.
    mutating func arrived(_ piece: PieceIndex, published: Instant, at now: Instant) {
        guard let waiting = standing.removeValue(forKey: piece) else { return }
        for var upload in waiting {
            upload.since = now
            upload.published = published
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

    /// Drops the requests of a neighbour for a stripe of pieces not here yet, but those for the
    /// first `kept` of these pieces; answers what was dropped.
    mutating func dropStanding(
        _ peer: PeerHandle, keeping kept: Int, where wanted: (PieceIndex) -> Bool
    ) -> [Block] {
        let pieces = standing.filter { piece, waiting in
            wanted(piece) && waiting.contains { $0.peer == peer }
        }
        let dropped = pieces.keys.sorted().dropFirst(kept).flatMap { piece in
            (pieces[piece] ?? []).filter { $0.peer == peer }.map(\.block)
        }
        remove { $0.peer == peer && dropped.contains($0.block) }
        return dropped
    }

    /// Drops standing requests for pieces before `piece`, which will not come any more.
    mutating func dropStanding(before piece: PieceIndex) -> [Upload] {
        let late = standing.filter { $0.key < piece }.flatMap(\.value)
        for upload in late { counts[upload.peer, default: 1] -= 1 }
        standing = standing.filter { $0.key >= piece }
        return late
    }

    /// Takes the block that goes next, by `order`, to a neighbour that can take one, or nil.
    mutating func next(
        order: SendOrder, copies: (Upload) -> Int,
        receiver: (PeerHandle, PieceIndex) -> SendOrder.Receiver,
        start: (PeerHandle) -> PlayerStart? = { _ in nil }, canTake: (PeerHandle) -> Bool
    ) -> Upload? {
        var best: (index: Int, score: Double)?
        for (index, upload) in ready.enumerated() where canTake(upload.peer) {
            let score = order.score(
                of: upload, copies: copies(upload), start: start(upload.peer),
                receiver: receiver(upload.peer, upload.block.piece))
            if best.map({ score < $0.score }) ?? true { best = (index, score) }
        }
        guard let best else { return nil }
        let upload = ready.remove(at: best.index)
        counts[upload.peer, default: 1] -= 1
        for index in ready.indices
        where ready[index].block.piece == upload.block.piece && ready[index].peer == upload.peer {
            ready[index].isRest = true
        }
        return upload
    }

    /// Drops backlog that has waited for longer than `patience`; answers it.
    mutating func dropStale(after patience: Interval, at now: Instant) -> [Upload] {
        let isStale = { (upload: Upload) in
            upload.purpose.isExtra && now - upload.since > patience
        }
        let stale = ready.filter(isStale)
        guard !stale.isEmpty else { return [] }
        ready.removeAll(where: isStale)
        for upload in stale { counts[upload.peer, default: 1] -= 1 }
        return stale
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
