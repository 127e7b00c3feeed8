import Metainfo
import Pieces
import Primitives
import Testing

@testable import Publish

@Suite("Cutting and filling")
struct CuttingTests {
    @Test("does not depend on how the stream is chopped into chunks")
    func everyBoundary() throws {
        let stream = media(300)
        let marks = [
            StreamMark.timestamp(offset: 0, ticks: 90_000), .randomAccess(offset: 188 * 80),
            .randomAccess(offset: 188 * 87), .timestamp(offset: 188 * 90, ticks: 180_000),
            .randomAccess(offset: 188 * 88),
        ].sorted { $0.offset < $1.offset }
        var expected: [LiveRecord] = []
        for packets in Array(1...100) + [299, 300] {
            var studio = try Studio()
            var start = 0
            var asked: [Publisher.Output] = []
            while start < stream.count {
                let end = min(stream.count, start + packets * 188)
                let inside = marks.compactMap { mark -> StreamMark? in
                    guard (start..<end).contains(mark.offset) else { return nil }
                    switch mark {
                    case .randomAccess(let offset): return .randomAccess(offset: offset - start)
                    case .timestamp(let offset, let ticks):
                        return .timestamp(offset: offset - start, ticks: ticks)
                    }
                }
                let chunk = Array(stream[start..<end])
                asked += studio.handle(
                    .bytesArrived(chunk, marks: inside, wall: studio.wall))
                start = end
            }
            studio.settle(asked + studio.handle(.inputEnded))
            #expect(mediaPackets(of: studio.stream()) == stream)
            if expected.isEmpty { expected = studio.records }
            #expect(studio.records == expected)
        }
        let entries = expected.flatMap(\.entries)
        #expect(entries.map(\.randomAccessOffsets) == [[15_040, 16_356], [160], [], []])
        #expect(entries.map { $0.timestamp?.ticks } == [90_000, 180_000, nil, nil])
    }

    @Test("puts a random access point on a piece boundary into the piece that it begins")
    func pointOnBoundary() throws {
        var studio = try Studio()
        // 4096 packets are 47 pieces: the first place where both begin together.
        let asked = studio.arrive(
            media(4200), .randomAccess(offset: 188 * 4095), .randomAccess(offset: 188 * 4096))
        studio.settle(asked + studio.handle(.inputEnded))
        let points = studio.records.flatMap(\.entries).enumerated().flatMap { piece, entry in
            entry.randomAccessOffsets.map { [piece, Int($0)] }
        }
        #expect(points == [[46, 16_384 - 188], [47, 0]])
    }

    @Test("records at most fifteen points a piece, rising, and ignores marks outside the chunk")
    func strangeMarks() throws {
        var studio = try Studio()
        let marks =
            [.randomAccess(offset: -5), .randomAccess(offset: 0), .randomAccess(offset: 0)]
            + (1..<40).map { StreamMark.randomAccess(offset: $0 * 188) }
            + [.randomAccess(offset: .max), .timestamp(offset: .max, ticks: 0)]
        let asked = studio.handle(.bytesArrived(media(50), marks: marks, wall: studio.wall))
        studio.settle(asked + studio.handle(.inputEnded))
        let offsets = studio.records.first?.entries.first?.randomAccessOffsets
        #expect(offsets == (0..<15).map { UInt32($0 * 188) })
    }

    @Test("keeps 33 bits of a time stamp")
    func wideTimestamp() throws {
        var studio = try Studio()
        let asked = studio.arrive(media(1), .timestamp(offset: 0, ticks: 1 << 33 | 77))
        studio.settle(asked + studio.handle(.inputEnded))
        #expect(studio.records.first?.entries.first?.timestamp?.ticks == 77)
    }

    @Test("fills a piece 250 ms after its first media, with null packets that run into the next")
    func filling() throws {
        var studio = try Studio()
        #expect(studio.publisher.nextDeadline == .never)
        studio.now = .zero + .milliseconds(40)
        #expect(studio.arrive(media(3)) == [])
        let deadline = Deadline(at: .zero + .milliseconds(290), reason: "fill")
        #expect(studio.publisher.nextDeadline == deadline)
        _ = studio.arrive(media(3, from: 3))
        #expect(studio.publisher.nextDeadline == deadline)
        studio.now = .zero + .milliseconds(289)
        #expect(studio.handle(.deadlineReached) == [])
        studio.now = .zero + .milliseconds(290)
        let expected = media(6) + TransportPacket.nulls(16_384 - 6 * 188, from: 0)
        #expect(studio.handle(.deadlineReached) == [.digest(PieceIndex(0), bytes: expected)])
        _ = studio.arrive(media(88, from: 6))
        // 16384 = 87 × 188 + 28: the rest of the null packet is 160 bytes.
        let next = try #require(studio.pieces[PieceIndex(1)])
        #expect(next[..<160] == TransportPacket.null[28...])
        #expect(Array(next[160...]) == Array(media(88, from: 6)[..<(16_384 - 160)]))
    }

    @Test("makes no pieces while the input stands still")
    func silence() throws {
        var studio = try Studio()
        _ = studio.arrive(media(1))
        #expect(studio.wait(250).count == 1)
        #expect(studio.publisher.nextDeadline == .never)
        #expect(studio.wait(3_600_000) == [])
        #expect(studio.handle(.deadlineReached) == [])
        _ = studio.arrive(media(1, from: 1))
        #expect(studio.publisher.nextDeadline.at == studio.now + .milliseconds(250))
    }

    @Test("begins the clock anew for the media that a full piece leaves over")
    func restOfAChunk() throws {
        var studio = try Studio()
        _ = studio.arrive(media(80))
        studio.now = .zero + .milliseconds(100)
        #expect(studio.arrive(media(20, from: 80)).count == 1)
        #expect(studio.publisher.nextDeadline.at == .zero + .milliseconds(350))
    }

    @Test("fills first when bytes come after the deadline, so that they are not held back")
    func lateBytes() throws {
        var studio = try Studio()
        _ = studio.arrive(media(1))
        studio.now = .zero + .milliseconds(400)
        #expect(studio.arrive(media(1, from: 1)).count == 1)
        #expect(studio.publisher.nextDeadline.at == .zero + .milliseconds(650))
    }

    @Test("starts packets at multiples of 188 of the whole stream, whatever comes when")
    func alignment() throws {
        var random = SeededRandom(seed: 188)
        for length in [16_384, 32_768, 65_536] {
            var studio = try Studio(pieceLength: length)
            var sent = 0
            for _ in 0..<200 {
                let count = Int.random(in: 0..<200, using: &random)
                studio.settle(studio.arrive(media(count, from: sent)))
                sent += count
                studio.settle(studio.wait(Int64.random(in: 0..<400, using: &random)))
            }
            studio.settle(studio.handle(.inputEnded))
            #expect(mediaPackets(of: studio.stream()) == media(sent))
            let next = studio.records.reduce(PieceIndex(0)) { next, record in
                #expect(record.pieces.lowerBound == next)
                return record.pieces.upperBound
            }
            #expect(Int(next.value) == studio.pieces.count)
        }
    }

    @Test("goes on across restarts as one stream of packets")
    func restarts() throws {
        var stream: [UInt8] = []
        var next: UInt32 = 0
        var previous = digest(0)
        for run in 0..<60 {
            var studio = try Studio(first: next, previous: previous)
            studio.settle(studio.arrive(media(5, from: run * 5)))
            studio.settle(studio.handle(.inputEnded))
            #expect(studio.records.first?.previous == previous)
            stream += studio.stream(from: next)
            next = studio.publisher.published.value
            previous = studio.publisher.previous
        }
        #expect(next == 60)
        #expect(mediaPackets(of: stream) == media(300))
    }

    @Test("begins at any piece with the rest of a null packet", arguments: 1..<48 as Range<UInt32>)
    func restartAnywhere(first: UInt32) throws {
        var studio = try Studio(first: first)
        #expect(studio.publisher.nextDeadline == .never)
        studio.settle(studio.arrive(media(2), .randomAccess(offset: 188)))
        studio.settle(studio.handle(.inputEnded))
        let piece = try #require(studio.pieces[PieceIndex(first)])
        let lead = (188 - Int(first) * 16_384 % 188) % 188
        #expect(Array(piece[..<lead]) == Array(TransportPacket.null.suffix(lead)))
        #expect(mediaPackets(of: Array(piece[lead...])) == media(2))
        let entry = studio.records.first?.entries.first
        #expect(entry?.randomAccessOffsets == [UInt32(lead + 188)])
    }
}
