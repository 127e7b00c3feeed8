// The leaves of pieces (BEP 52): who is asked for which, which are there, and the pieces that were
// wrong and wait for theirs. Chooses nobody.

import Pieces
import Primitives

/// What is known of the leaves of pieces that are under way.
struct LeafBook: Sendable {
    /// A request for the leaves of a piece.
    struct Question: Sendable {
        /// Who is asked, or nobody yet.
        var peer: PeerHandle?
        var until = Instant.never
        /// Who has been asked, by the serial numbers of their connections.
        var tried: Set<UInt32> = []
    }

    /// What is asked for.
    private(set) var questions: [PieceIndex: Question] = [:]
    /// The pieces for whose leaves nobody is asked yet, in turn.
    private var unasked: [PieceIndex] = []
    /// How many of the questions each peer is asked.
    private var load: [PeerHandle: Int] = [:]
    /// The pieces whose leaves are there.
    private(set) var known: Set<PieceIndex> = []
    /// The pieces that were wrong and whose blocks are kept, each with a short digest of its blocks.
    private(set) var disputed: [PieceIndex: [UInt64]] = [:]
    /// Whether a piece has been wrong: from then on leaves are asked for along with the blocks.
    private(set) var isWary = false
    /// Whether there is a question that nobody has thought of yet.
    private(set) var hasNew = false

    /// A piece is begun; its leaves are wanted where not as many as `most` are.
    mutating func begin(_ piece: PieceIndex, most: Int) {
        if isWary, questions.count < most { want(piece) }
    }

    /// A piece was wrong, and its blocks are kept.
    mutating func dispute(_ piece: PieceIndex, _ blocks: [UInt64]) {
        isWary = true
        disputed[piece] = blocks
        want(piece)
    }

    private mutating func want(_ piece: PieceIndex) {
        guard !known.contains(piece), questions[piece] == nil else { return }
        questions[piece] = Question()
        unasked.append(piece)
        hasNew = true
    }

    /// `peer` is asked for the leaves of `piece`, until so long.
    mutating func ask(_ piece: PieceIndex, _ peer: PeerHandle, serial: UInt32, until: Instant) {
        guard questions[piece] != nil else { return }
        unasked.removeAll { $0 == piece }
        load[peer, default: 0] += 1
        questions[piece]?.peer = peer
        questions[piece]?.until = until
        questions[piece]?.tried.insert(serial)
    }

    /// Nobody is asked for the leaves of `piece` any more, though they are still wanted.
    mutating func release(_ piece: PieceIndex) {
        guard let peer = questions[piece]?.peer else { return }
        unload(peer)
        questions[piece]?.peer = nil
        questions[piece]?.until = .never
        unasked.append(piece)
    }

    private mutating func unload(_ peer: PeerHandle) {
        let left = (load[peer] ?? 1) - 1
        load[peer] = left > 0 ? left : nil
    }

    /// The leaves of `piece` will not come.
    mutating func giveUp(_ piece: PieceIndex) {
        if let gone = questions.removeValue(forKey: piece), let peer = gone.peer { unload(peer) }
        unasked.removeAll { $0 == piece }
    }

    /// The leaves of `piece` are there.
    mutating func learned(_ piece: PieceIndex) {
        giveUp(piece)
        known.insert(piece)
    }

    /// It has turned out which blocks of `piece` are wrong; the digests of all, if it was in dispute.
    mutating func settle(_ piece: PieceIndex) -> [UInt64]? { disputed.removeValue(forKey: piece) }

    /// Nothing of `piece` matters any more.
    mutating func forget(_ piece: PieceIndex) {
        giveUp(piece)
        known.remove(piece)
        disputed[piece] = nil
    }

    /// For the leaves of how many pieces `peer` is asked.
    func load(of peer: PeerHandle) -> Int { load[peer] ?? 0 }

    /// The pieces for whose leaves `peer` is asked.
    func asked(of peer: PeerHandle) -> [PieceIndex] {
        guard load[peer] != nil else { return [] }
        return questions.filter { $0.value.peer == peer }.keys.sorted()
    }

    /// The pieces for whose leaves somebody is asked who has had his time.
    func overdue(at now: Instant) -> [PieceIndex] {
        questions.filter { $0.value.until <= now }.keys.sorted()
    }

    /// Up to `count` pieces for whose leaves nobody is asked; others have their turn next.
    mutating func nextUnasked(_ count: Int) -> [PieceIndex] {
        hasNew = false
        let turn = Array(unasked.prefix(count))
        unasked.removeFirst(turn.count)
        unasked += turn
        return turn
    }
}
