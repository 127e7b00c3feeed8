import Metainfo
import Pieces
import Primitives
import Testing

@Suite("The rolling metainfo")
struct RollingMetainfoTests {
    @Test("takes records in order, knows its live edge, and passes records on")
    func inOrder() throws {
        let chain = try Chain(lengths: [2, 3, 1])
        var log = RollingMetainfo()
        #expect(log.newest == nil && log.end == nil)
        #expect(chain.feed([0, 1, 2], to: &log) == [.added, .added, .added])
        #expect(log.newest == piece(5) && log.oldest == piece(0))
        #expect(chain.feed([1], to: &log) == [.known])
        #expect(log.record(containing: piece(4)) == chain[1].record)
        #expect(log.entry(of: piece(4)) == chain[1].record.entries[2])
        #expect(log.entry(of: piece(6)) == nil)
        #expect(log.wallTime(of: piece(3)) == chain[1].record.wallTime + .milliseconds(1))
        #expect(log.records(from: piece(3), limit: 9) == [chain[1].record, chain[2].record])
        #expect(log.records(from: piece(0), limit: 1) == [chain[0].record])
        #expect(log.records(from: piece(6), limit: 9) == [])
    }

    @Test("takes records in any order and knows its gaps")
    func gaps() throws {
        let chain = try Chain(lengths: [2, 3, 1, 2, 4])
        var log = RollingMetainfo()
        #expect(chain.feed([3, 1], to: &log) == [.added, .added])
        #expect(
            log.missing(in: piece(0)..<piece(12), limit: 9) == [
                piece(0)..<piece(2), piece(5)..<piece(6), piece(8)..<piece(12),
            ])
        #expect(log.missing(in: piece(0)..<piece(12), limit: 1) == [piece(0)..<piece(2)])
        #expect(log.missing(in: piece(3)..<piece(5), limit: 9) == [])
        #expect(log.records(from: piece(0), limit: 9) == [chain[1].record, chain[3].record])
        #expect(chain.feed([4, 0, 2], to: &log) == [.added, .added, .added])
        #expect(log.missing(in: piece(0)..<piece(12), limit: 9) == [])
        #expect(log.recordCount == 5)
        log.checkInvariants()
    }

    @Test("reports a second truth about a piece and does not follow it")
    func contradiction() throws {
        let chain = try Chain(lengths: [2, 3, 1])
        let other = try Chain(lengths: [4, 2, 1], salt: 1)
        var log = RollingMetainfo()
        _ = chain.feed([1], to: &log)
        #expect(other.feed([0], to: &log) == [.contradiction(of: piece(2))])
        #expect(other.feed([1], to: &log) == [.contradiction(of: piece(4))])
        #expect(log.record(containing: piece(4)) == chain[1].record)
        #expect(chain.feed([0, 2], to: &log) == [.added, .added])
        log.checkInvariants()
    }

    @Test("reports neighbours that do not name each other, from both sides")
    func brokenChain() throws {
        let chain = try Chain(lengths: [2, 2, 2])
        let other = try Chain(lengths: [2, 2, 2], salt: 1)
        var log = RollingMetainfo()
        _ = chain.feed([1], to: &log)
        #expect(other.feed([2], to: &log) == [.brokenChain])
        #expect(other.feed([0], to: &log) == [.brokenChain])
        #expect(chain.feed([0, 2], to: &log) == [.added, .added])
    }

    @Test("cannot see a broken chain across a gap until the gap closes")
    func laterBroken() throws {
        let chain = try Chain(lengths: [2, 2, 2])
        let other = try Chain(lengths: [2, 2, 2], salt: 1)
        var log = RollingMetainfo()
        #expect(chain.feed([0], to: &log) + other.feed([2], to: &log) == [.added, .added])
        #expect(chain.feed([1], to: &log) == [.brokenChain])
        #expect(other.feed([1], to: &log) == [.brokenChain])
        log.checkInvariants()
    }

    @Test(
        "learns the end from a record with pieces", arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
    func endWithPieces(order: [Int]) throws {
        let chain = try Chain(lengths: [2, 3, 1], endsWithLast: true)
        let other = try Chain(lengths: [6, 1], salt: 1)
        var log = RollingMetainfo()
        #expect(chain.feed(order, to: &log) == [.added, .added, .added])
        #expect(log.end == piece(6) && log.newest == piece(5))
        #expect(chain.feed([2], to: &log) == [.known])
        #expect(other.feed([1], to: &log) == [.brokenChain])
        log.checkInvariants()
    }

    @Test(
        "learns the end from a record without pieces",
        arguments: [[0, 1, 2], [2, 1, 0], [2, 0, 1]])
    func endAlone(order: [Int]) throws {
        let chain = try Chain(lengths: [2, 3, 0], endsWithLast: true)
        let other = try Chain(lengths: [2, 3, 0], salt: 1, endsWithLast: true)
        let late = try Chain(lengths: [5, 1], salt: 2)
        var log = RollingMetainfo()
        #expect(chain.feed(order, to: &log) == [.added, .added, .added])
        #expect(log.end == piece(5) && log.newest == piece(4))
        #expect(log.records(from: piece(2), limit: 9) == [chain[1].record, chain[2].record])
        #expect(log.records(from: piece(5), limit: 9) == [chain[2].record])
        #expect(chain.feed([2], to: &log) == [.known])
        #expect(other.feed([2], to: &log) == [.brokenChain])
        #expect(late.feed([1], to: &log) == [.brokenChain])
        log.checkInvariants()
    }

    @Test("follows a broadcast that goes on after its end", arguments: [0, 1])
    func goesOn(piecesInEnd: Int) throws {
        let chain = try Chain(lengths: [2, piecesInEnd, 3, 1], pausesAfter: 1)
        var log = RollingMetainfo()
        #expect(chain.feed([0, 1], to: &log) == [.added, .added])
        #expect(log.end == piece(UInt32(2 + piecesInEnd)))
        #expect(chain.feed([2, 3], to: &log) == [.added, .added])
        #expect(log.end == nil)
        #expect(log.newest == piece(UInt32(5 + piecesInEnd)))
        log.checkInvariants()
    }

    @Test("reports an end before pieces that are held, and an end that names another past")
    func falseEnd() throws {
        let chain = try Chain(lengths: [2, 3, 1])
        let short = try Chain(lengths: [2, 0], salt: 1, endsWithLast: true)
        let other = try Chain(lengths: [2, 3, 1, 0], salt: 2, endsWithLast: true)
        var log = RollingMetainfo()
        _ = chain.feed([0, 1, 2], to: &log)
        #expect(short.feed([1], to: &log) == [.outdated])
        #expect(other.feed([3], to: &log) == [.brokenChain])
        #expect(log.end == nil)
        var reverse = RollingMetainfo()
        #expect(
            other.feed([3], to: &reverse) + chain.feed([2], to: &reverse) == [.added, .brokenChain])
    }

    @Test("finds where a player can begin, from both sides")
    func randomAccess() throws {
        let chain = try Chain(lengths: [2, 3, 1], points: [1: [7], 4: [3, 9]])
        var log = RollingMetainfo()
        _ = chain.feed([0, 1, 2], to: &log)
        let all = piece(0)..<piece(.max)
        #expect(log.randomAccessPoints(in: all) == [point(1, 7), point(4, 3), point(4, 9)])
        #expect(log.randomAccessPoints(in: piece(2)..<piece(4)) == [])
        #expect(log.newestRandomAccessPoint(in: all) == point(4, 9))
        #expect(log.newestRandomAccessPoint(in: piece(0)..<piece(4)) == point(1, 7))
        #expect(log.newestRandomAccessPoint(in: piece(0)..<piece(1)) == nil)
    }

    @Test("forgets the oldest beyond its bound, and refuses them afterwards")
    func bounded() throws {
        let chain = try Chain(lengths: Array(repeating: 3, count: 100))
        var log = RollingMetainfo(settings: RollingMetainfoSettings(pieces: 49))
        for i in 0..<100 {
            #expect(chain.feed([i], to: &log) == [.added])
            log.checkInvariants()
        }
        // 49 pieces back from 300 is 251, the last of the record of 249...251.
        #expect(log.oldest == piece(249) && log.newest == piece(299) && log.recordCount == 17)
        #expect(chain.feed([82, 83], to: &log) == [.outdated, .known])
        log.discard(before: piece(297))
        #expect(log.oldest == piece(297) && log.recordCount == 1)
        log.discard(before: piece(10))
        #expect(chain.feed([98, 99], to: &log) == [.outdated, .known])
        log.discard(before: piece(1000))
        #expect(log.newest == nil && log.oldest == nil && log.recordCount == 0)
        log.checkInvariants()
    }

    @Test("survives a jump to the end of the numbering")
    func jump() throws {
        let chain = try Chain(lengths: [2, 3])
        let far = try Chain(lengths: [2], first: .max - 2)
        var log = RollingMetainfo(settings: RollingMetainfoSettings(pieces: 100))
        _ = chain.feed([0, 1], to: &log)
        #expect(far.feed([0], to: &log) == [.added])
        #expect(log.newest == piece(.max - 1) && log.oldest == piece(.max - 2))
        #expect(chain.feed([0], to: &log) == [.outdated])
        log.checkInvariants()
    }

    @Test("keeps the end, whatever is forgotten")
    func endKept() throws {
        let chain = try Chain(lengths: [2, 3], endsWithLast: true)
        var log = RollingMetainfo()
        _ = chain.feed([0, 1], to: &log)
        log.discard(before: piece(9))
        #expect(log.end == piece(5) && log.newest == nil)
        #expect(chain.feed([0, 1], to: &log) == [.outdated, .known])
        log.checkInvariants()
    }

    @Test(
        "holds the same whatever the order, over random windows", arguments: 0..<20 as Range<UInt64>
    )
    func shuffled(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let lengths = (0..<80).map { _ in Int.random(in: 1...16, using: &random) }
        let chain = try Chain(lengths: lengths)
        let pieces = Int.random(in: 16...400, using: &random)
        var log = RollingMetainfo(settings: RollingMetainfoSettings(pieces: pieces))
        for i in Array(0..<80).shuffled(using: &random) + Array(0..<80) {
            let answer = chain.feed([i], to: &log)[0]
            #expect([.added, .known, .outdated].contains(answer))
            log.checkInvariants()
        }
        let top = lengths.reduce(0, +)
        let wanted = chain.links.map(\.record).filter {
            Int($0.pieces.upperBound.value) > top - pieces
        }
        #expect(log.records(from: piece(0), limit: 100) == wanted)
    }
}

private func piece(_ number: UInt32) -> PieceIndex { PieceIndex(number) }

private func point(_ number: UInt32, _ offset: Int) -> RandomAccessPoint {
    RandomAccessPoint(piece: piece(number), offset: offset)
}

/// Records that name each other, with made-up digests: the salt, then the number of the record.
private struct Chain {
    var links: [(record: LiveRecord, digest: SHA256Digest)] = []

    subscript(i: Int) -> (record: LiveRecord, digest: SHA256Digest) { links[i] }

    init(
        lengths: [Int], salt: UInt8 = 0, first: UInt32 = 0, endsWithLast: Bool = false,
        pausesAfter: Int? = nil, points: [UInt32: [UInt32]] = [:]
    ) throws {
        let geometry = try #require(PieceGeometry(pieceLength: 16384))
        var (next, previous) = (first, SHA256Digest(Bytes32()))
        for (number, length) in lengths.enumerated() {
            let entries = (next..<next + UInt32(length)).map { piece in
                PieceEntry(
                    sha1: SHA1Digest(Bytes20()), merkleRoot: SHA256Digest(Bytes32()),
                    delay: (piece - next) * 1000, timestamp: nil,
                    randomAccessOffsets: points[piece] ?? [])
            }
            let draft = try RecordDraft(
                first: PieceIndex(next), previous: previous,
                wallTime: WallTime(microseconds: UInt64(number) * 1_000_000), entries: entries,
                isEnd: endsWithLast && number == lengths.count - 1 || number == pausesAfter,
                geometry: geometry)
            let digest = [salt, UInt8(number + 1)] + [UInt8](repeating: 0, count: 30)
            previous = SHA256Digest(try #require(Bytes32(digest)))
            links.append((draft.signed(by: Signature(Bytes64())), previous))
            next += UInt32(length)
        }
    }

    func feed(_ numbers: [Int], to log: inout RollingMetainfo) -> [Acceptance] {
        numbers.map { log.accept(links[$0].record, digest: links[$0].digest) }
    }
}
