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
    /// The pieces whose leaves are there.
    private(set) var known: Set<PieceIndex> = []
    /// The pieces that were wrong and whose blocks are kept, each with a short digest of its blocks.
    private(set) var disputed: [PieceIndex: [UInt64]] = [:]
    /// Whether a piece has been wrong: from then on leaves are asked for along with the blocks.
    private(set) var isWary = false
    /// Whether there is a question that nobody has been asked yet.
    private(set) var hasNew = false

    /// A piece is begun.
    mutating func begin(_ piece: PieceIndex) { if isWary { want(piece) } }

    /// A piece was wrong, and its blocks are kept.
    mutating func dispute(_ piece: PieceIndex, _ blocks: [UInt64]) {
        isWary = true
        disputed[piece] = blocks
        want(piece)
    }

    private mutating func want(_ piece: PieceIndex) {
        guard !known.contains(piece), questions[piece] == nil else { return }
        questions[piece] = Question()
        hasNew = true
    }

    /// `peer` is asked for the leaves of `piece`, until so long.
    mutating func ask(_ piece: PieceIndex, _ peer: PeerHandle, serial: UInt32, until: Instant) {
        questions[piece]?.peer = peer
        questions[piece]?.until = until
        questions[piece]?.tried.insert(serial)
    }

    /// Nobody is asked for the leaves of `piece`, though they are still wanted.
    mutating func release(_ piece: PieceIndex) {
        questions[piece]?.peer = nil
        questions[piece]?.until = .never
    }

    /// The leaves of `piece` will not come.
    mutating func giveUp(_ piece: PieceIndex) { questions[piece] = nil }

    /// The leaves of `piece` are there.
    mutating func learned(_ piece: PieceIndex) {
        questions[piece] = nil
        known.insert(piece)
    }

    /// It has turned out which blocks of `piece` are wrong; the digests of all, if it was in dispute.
    mutating func settle(_ piece: PieceIndex) -> [UInt64]? { disputed.removeValue(forKey: piece) }

    /// Nothing of `piece` matters any more.
    mutating func forget(_ piece: PieceIndex) {
        questions[piece] = nil
        known.remove(piece)
        disputed[piece] = nil
    }

    /// The pieces for whose leaves `peer` is asked.
    func asked(of peer: PeerHandle) -> [PieceIndex] {
        questions.filter { $0.value.peer == peer }.keys.sorted()
    }

    /// The pieces for whose leaves nobody is asked, or somebody who has had his time.
    mutating func overdue(at now: Instant) -> [PieceIndex] {
        hasNew = false
        return questions.filter { $0.value.peer == nil || $0.value.until <= now }.keys.sorted()
    }
}
