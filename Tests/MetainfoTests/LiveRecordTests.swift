import Metainfo
import Pieces
import Primitives
import Testing

@Suite("A live record")
struct LiveRecordTests {
    @Test("is these bytes")
    func knownAnswer() throws {
        let record = try Sample.record(first: 0x0102_0304, offsets: [[0, 188, 16383], []])
        let expected =
            "0100" + "01020304" + "02" + run("aa", 32) + "0006000000000001"
            + run("11", 20) + run("22", 32) + "00000000" + "0000000000015f90"
            + "03" + "000000" + "0000bc" + "003fff"
            + run("11", 20) + run("22", 32) + "000186a0" + run("ff", 8) + "00"
        #expect(hex(record.bytes) == expected + run("55", 64))
        let infoHash = InfoHash(try #require(Bytes20([UInt8](repeating: 0x77, count: 20))))
        let message = hex(Array("p2ptv live record 1\0".utf8)) + run("77", 20) + expected
        #expect(hex(record.signedMessage(infoHash: infoHash)) == message)
        #expect(hex(record.signature.value.bytes) == run("55", 64))
    }

    @Test("comes back as it was, also at the end and at its largest")
    func roundTrip() throws {
        let largest = [[UInt32]](repeating: Array(0..<15), count: 16)
        for record in [
            try Sample.record(first: 0, offsets: [[]]),
            try Sample.record(first: 7, offsets: [[5], [], [6, 7]], isEnd: true),
            try Sample.record(first: 9, offsets: [], isEnd: true),
            try Sample.record(first: .max - 16, offsets: largest),
        ] {
            let again = try decode(record.bytes)
            #expect(again == record)
            #expect(again.pieces == record.pieces)
            #expect(again.entries == record.entries)
            #expect(again.isEnd == record.isEnd && again.previous == record.previous)
            #expect(again.wallTime == record.wallTime)
        }
        let size = try Sample.record(first: 0, offsets: largest).bytes.count
        #expect(size == RecordDraft.maximumEncodedLength && size == 1871)
    }

    @Test("answers for its own pieces only")
    func entries() throws {
        let record = try Sample.record(first: 10, offsets: [[], [3]])
        #expect(record.entry(of: PieceIndex(11))?.randomAccessOffsets == [3])
        #expect(record.entry(of: PieceIndex(9)) == nil && record.entry(of: PieceIndex(12)) == nil)
        #expect(record.wallTime(of: PieceIndex(11)) == record.wallTime + .milliseconds(100))
        #expect(record.entries.map(\.timestamp?.ticks) == [90_000, nil])
    }

    @Test("is refused when cut off at any byte or followed by one")
    func truncation() throws {
        let whole = try Sample.record(first: 1, offsets: [[0, 188], [], [16383]]).bytes
        for length in whole.indices { #expect(failure(Array(whole[..<length])) == .truncated) }
        #expect(failure(whole + [0]) == .trailingBytes)
    }

    @Test(
        "is refused for each field that is out of its bounds",
        arguments: [
            (0, [0], .unsupportedVersion(0)), (0, [2], .unsupportedVersion(2)),
            (1, [2], .unknownFlags(2)), (1, [0x81], .unknownFlags(0x81)),
            (6, [0], .badCount(0)), (6, [17], .badCount(17)), (6, [255], .badCount(255)),
            (2, [0xff, 0xff, 0xff, 0xff], .numberingExhausted),
            (103, [0, 0, 0, 2, 0, 0, 0, 0], .badTimestamp),
            (103, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], .badTimestamp),
            (111, [16], .tooManyRandomAccessPoints(16)),
            (111, [255], .tooManyRandomAccessPoints(255)),
            (112, [0, 0x40, 0], .badRandomAccessOffset(16384)),
            (115, [0, 0, 10], .badRandomAccessOffset(10)),
            (115, [0, 0, 9], .badRandomAccessOffset(9)),
        ] as [(Int, [UInt8], RecordError)])
    func fields(at: Int, new: [UInt8], error: RecordError) throws {
        var bytes = try Sample.record(first: 1, offsets: [[10, 11]]).bytes
        bytes.replaceSubrange(at..<at + new.count, with: new)
        #expect(failure(bytes) == error)
    }

    @Test("ends at the last number there is, and goes no further")
    func numbering() throws {
        let last = try Sample.record(first: .max - 1, offsets: [[]])
        #expect(last.pieces == PieceIndex(.max - 1)..<PieceIndex(.max))
        #expect(throws: RecordError.numberingExhausted) {
            try Sample.record(first: .max, offsets: [[]])
        }
        #expect(throws: RecordError.numberingExhausted) {
            try Sample.record(first: .max - 1, offsets: [[], []])
        }
        #expect(try Sample.record(first: .max, offsets: [], isEnd: true).pieces.isEmpty)
    }

    @Test("is not drafted out of what could not be read back")
    func drafts() {
        #expect(throws: RecordError.badCount(0)) { try Sample.record(first: 0, offsets: []) }
        #expect(throws: RecordError.badCount(17)) {
            try Sample.record(first: 0, offsets: [[UInt32]](repeating: [], count: 17))
        }
        #expect(throws: RecordError.tooManyRandomAccessPoints(16)) {
            try Sample.record(first: 0, offsets: [Array(0..<16)])
        }
        #expect(throws: RecordError.badRandomAccessOffset(16384)) {
            try Sample.record(first: 0, offsets: [[16384]])
        }
        #expect(throws: RecordError.badRandomAccessOffset(3)) {
            try Sample.record(first: 0, offsets: [[3, 3]])
        }
    }

    @Test("after mutation is refused or is written back as the same bytes")
    func mutation() throws {
        var random = SeededRandom(seed: 5)
        let whole = try Sample.record(first: 1, offsets: [[0, 188], [], [16383]]).bytes
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = whole
            let at = Int.random(in: 0..<bytes.count, using: &random)
            bytes[at] = UInt8.random(in: 0...255, using: &random)
            guard let record = try? decode(bytes) else { continue }
            accepted += 1
            #expect(record.bytes == bytes)
            let draft = try RecordDraft(
                first: record.pieces.lowerBound, previous: record.previous,
                wallTime: record.wallTime, entries: record.entries, isEnd: record.isEnd,
                geometry: Sample.geometry())
            #expect(draft.signed(by: record.signature).bytes == bytes)
        }
        #expect(accepted > 1000)
    }

    @Test("measures stream time the short way round its 33 bits")
    func timestamps() throws {
        let last = try #require(StreamTimestamp(ticks: 1 << 33 - 1))
        let zero = try #require(StreamTimestamp(ticks: 0))
        #expect(last.distance(to: zero) == 1 && zero.distance(to: last) == -1)
        #expect(zero.distance(to: zero) == 0)
        #expect(StreamTimestamp(ticks: 1 << 33) == nil)
    }
}

private func run(_ byte: String, _ count: Int) -> String { String(repeating: byte, count: count) }

private func decode(_ bytes: [UInt8]) throws -> LiveRecord {
    try LiveRecord.decode(bytes.span, geometry: Sample.geometry())
}

private func failure(_ bytes: [UInt8]) -> RecordError? {
    do {
        _ = try decode(bytes)
        return nil
    } catch {
        return error as? RecordError
    }
}

private enum Sample {
    static func geometry() throws -> PieceGeometry {
        try #require(PieceGeometry(pieceLength: 16384))
    }

    /// A record of one piece for each list of offsets, 100 ms apart; only the first has a time.
    @discardableResult static func record(
        first: UInt32, offsets: [[UInt32]], isEnd: Bool = false
    ) throws -> LiveRecord {
        let sha1 = SHA1Digest(try #require(Bytes20([UInt8](repeating: 0x11, count: 20))))
        let root = SHA256Digest(try #require(Bytes32([UInt8](repeating: 0x22, count: 32))))
        let previous = SHA256Digest(try #require(Bytes32([UInt8](repeating: 0xaa, count: 32))))
        let entries = offsets.enumerated().map { i, offsets in
            PieceEntry(
                sha1: sha1, merkleRoot: root, delay: UInt32(i) * 100_000,
                timestamp: i == 0 ? StreamTimestamp(ticks: 90_000) : nil,
                randomAccessOffsets: offsets)
        }
        let draft = try RecordDraft(
            first: PieceIndex(first), previous: previous,
            wallTime: WallTime(microseconds: 0x0006_0000_0000_0001), entries: entries,
            isEnd: isEnd, geometry: geometry())
        let signature = try #require(Bytes64([UInt8](repeating: 0x55, count: 64)))
        return draft.signed(by: Signature(signature))
    }
}
