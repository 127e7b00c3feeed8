import Metainfo
import Pieces
import Primitives
import Testing

@testable import Publish

extension Studio {
    /// A draft as it is expected: an entry for each piece, `delays` in milliseconds.
    fileprivate func draft(
        _ first: UInt32, delays: [Int], wall: Int64, previous: UInt32, isEnd: Bool = false
    ) throws -> RecordDraft {
        let entries = delays.enumerated().map { number, delay in
            PieceEntry(
                sha1: sha1(first + UInt32(number)), merkleRoot: digest(first + UInt32(number)),
                delay: UInt32(delay * 1000), timestamp: nil, randomAccessOffsets: [])
        }
        return try RecordDraft(
            first: PieceIndex(first), previous: digest(previous),
            wallTime: WallTime(microseconds: 86_400_000_000) + .milliseconds(wall),
            entries: entries, isEnd: isEnd, geometry: geometry)
    }
}

@Suite("A publisher")
struct PublisherTests {
    /// Enough packets for one piece of 16 KiB, and 160 bytes more.
    private let piece = media(88)

    @Test("has each piece digested, then signed, then published, and names the record before")
    func transcript() throws {
        var studio = try Studio()
        let first = try studio.draft(0, delays: [0], wall: 0, previous: 0)
        let second = try studio.draft(1, delays: [0], wall: 0, previous: 1001)
        #expect(studio.arrive(piece) == [.digest(PieceIndex(0), bytes: Array(piece[..<16_384]))])
        #expect(studio.digested(0) == [.sign(first)])
        #expect(studio.publisher.published == PieceIndex(0))
        let record = first.signed(by: signature(1))
        #expect(
            studio.signed(1) == [.publish(record, pieces: PieceIndex(0)..<PieceIndex(1))])
        #expect(studio.publisher.published == PieceIndex(1))
        #expect(studio.publisher.previous == digest(1001))
        let rest = Array(piece[16_384...])
        let next = media(90, from: 88)
        let cut = studio.arrive(next)
        #expect(cut == [.digest(PieceIndex(1), bytes: rest + next[..<(16_384 - rest.count)])])
        // Its first byte came with the chunk before.
        #expect(studio.digested(1) == [.sign(second)])
    }

    @Test("has one record signed at a time; what becomes ready meanwhile goes into the next")
    func oneAtATime() throws {
        var studio = try Studio()
        #expect(studio.arrive(media(88 * 4)).count == 4)
        let first = try studio.draft(0, delays: [0], wall: 0, previous: 0)
        let second = try studio.draft(1, delays: [0, 0, 0], wall: 0, previous: 1001)
        #expect(studio.digested(0) == [.sign(first)])
        #expect(studio.digested(1) == [])
        #expect(studio.digested(2) == [])
        #expect(studio.digested(3) == [])
        #expect(
            studio.signed(1) == [
                .publish(
                    first.signed(by: signature(1)), pieces: PieceIndex(0)..<PieceIndex(1)),
                .sign(second),
            ])
    }

    @Test("takes digests in any order, and records pieces in order")
    func digestsOutOfOrder() throws {
        var studio = try Studio()
        _ = studio.arrive(media(88 * 3))
        #expect(studio.digested(2) == [])
        #expect(studio.digested(1) == [])
        let all = try studio.draft(0, delays: [0, 0, 0], wall: 0, previous: 0)
        #expect(studio.digested(0) == [.sign(all)])
    }

    @Test("covers in a record what came within 100 ms, at most 16 pieces")
    func grouping() throws {
        var studio = try Studio()
        var cut: [Publisher.Output] = []
        for _ in 0..<6 {
            cut += studio.arrive(media(88))
            studio.now = studio.now + .milliseconds(30)
        }
        // The 160 bytes that each chunk leaves over open the next piece; hence 0, 0, 30 and so on.
        for number in (1..<6).reversed() { #expect(studio.digested(UInt32(number)) == []) }
        let first = try studio.draft(0, delays: [0, 0, 30, 60, 90], wall: 0, previous: 0)
        #expect(studio.digested(0) == [.sign(first)])
        let second = try studio.draft(5, delays: [0], wall: 120, previous: 1001)
        #expect(studio.signed(1).last == .sign(second))
    }

    @Test("states no negative times when the wall clock is set back")
    func clockSetBack() throws {
        var studio = try Studio()
        let late = WallTime(microseconds: 5_000_000)
        let early = WallTime(microseconds: 1_000_000)
        _ = studio.handle(.bytesArrived(media(88), marks: [], wall: late))
        _ = studio.handle(.bytesArrived(media(88 * 2), marks: [], wall: early))
        for number in [1, 2, 0] as [UInt32] { studio.outputs += studio.digested(number) }
        guard case .sign(let draft)? = studio.outputs.last else {
            Issue.record("nothing to sign")
            return
        }
        #expect(draft.wallTime == late)
        #expect(draft.entries.map(\.delay) == [0, 0, 0])
    }

    @Test("ignores answers to what it did not ask for")
    func unasked() throws {
        var studio = try Studio()
        #expect(studio.digested(0) == [])
        #expect(studio.signed(1) == [])
        #expect(studio.handle(.deadlineReached) == [])
        _ = studio.arrive(piece)
        #expect(studio.digested(1) == [])
        #expect(studio.digested(.max) == [])
        #expect(studio.digested(0).count == 1)
        #expect(studio.digested(0) == [])
    }

    @Test("cuts a burst of 20 MB into its pieces and records sixteen of them at a time")
    func burst() throws {
        var studio = try Studio()
        let burst = media(110_000)
        let asked = studio.arrive(burst)
        #expect(asked.count == burst.count / 16_384)
        studio.settle(asked)
        #expect(studio.stream() == Array(burst[..<(asked.count * 16_384)]))
        #expect(studio.records.map(\.pieces.count).max() == 16)
        #expect(studio.records.map(\.pieces.count).reduce(0, +) == asked.count)
    }
}

@Suite("A broadcast that ends")
struct EndTests {
    @Test("fills its last piece and says so in that piece's record")
    func partial() throws {
        var studio = try Studio()
        #expect(studio.arrive(media(3)) == [])
        let asked = studio.handle(.inputEnded)
        #expect(asked.count == 1)
        studio.settle(asked)
        #expect(studio.pieces[PieceIndex(0)]?.count == 16_384)
        #expect(mediaPackets(of: studio.stream()) == media(3))
        #expect(studio.records.map(\.isEnd) == [true])
        #expect(studio.isFinished)
        #expect(studio.publisher.nextDeadline == .never)
    }

    @Test("with nothing left to record says so in a record without pieces")
    func empty() throws {
        var studio = try Studio()
        let fill = studio.arrive(media(3)) + studio.wait(250)
        studio.settle(fill)
        studio.settle(studio.handle(.inputEnded))
        #expect(studio.records.map(\.isEnd) == [false, true])
        #expect(studio.records.last?.pieces == PieceIndex(1)..<PieceIndex(1))
        #expect(studio.records.last?.previous == digest(1001))
        #expect(studio.isFinished)
    }

    @Test("while its last piece is being signed says so in one more record")
    func inFlight() throws {
        var studio = try Studio()
        _ = studio.arrive(media(3))
        _ = studio.wait(250)
        #expect(studio.digested(0).count == 1)
        #expect(studio.handle(.inputEnded) == [])
        let outputs = studio.signed(1)
        #expect(outputs.count == 2)
        studio.settle(outputs)
        #expect(studio.records.map(\.isEnd) == [false, true])
        #expect(studio.isFinished)
    }

    @Test("before it has begun is an end record alone")
    func nothing() throws {
        var studio = try Studio(first: 7)
        studio.settle(studio.handle(.inputEnded))
        #expect(studio.records.map(\.pieces) == [PieceIndex(7)..<PieceIndex(7)])
        #expect(studio.isFinished)
    }

    @Test("with a backlog says so in the last of its records only, and takes nothing any more")
    func backlog() throws {
        var studio = try Studio()
        let asked = studio.arrive(media(88 * 40)) + studio.handle(.inputEnded)
        #expect(studio.arrive(media(88)) == [])
        studio.settle(asked)
        #expect(studio.records.map(\.isEnd).filter { $0 }.count == 1)
        #expect(studio.records.last?.isEnd == true)
        #expect(mediaPackets(of: studio.stream()) == media(88 * 40))
        #expect(studio.arrive(media(88)) == [])
        #expect(studio.handle(.inputEnded) == [])
        #expect(studio.signed(9) == [])
    }

    @Test("comes by itself when the numbers are used up")
    func exhausted() throws {
        var studio = try Studio(first: .max - 2)
        studio.settle(studio.arrive(media(88 * 5)))
        #expect(studio.pieces.count == 2)
        #expect(studio.records.last?.isEnd == true)
        #expect(studio.isFinished)
        var last = try Studio(first: .max)
        last.settle(last.arrive(media(88)))
        #expect(last.pieces.isEmpty)
        #expect(last.isFinished)
    }
}
