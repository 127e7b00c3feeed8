import Pieces
import Primitives
import Testing
import Wire

/// One of every live message, with its bytes.
let knownLive: [(LiveMessage, String)] = [
    (.records([[1, 2, 3]]), "00 01 0003 010203"),
    (.records([[1], [2, 3]]), "00 02 0001 01 0002 0203"),
    (map(0x1_0000, [0xa0]), "01 00010000 a0"),
    (map(7, [0x00, 0x01]), "01 00000007 0001"),
    (
        .status(
            LiveStatus(
                flags: .takesStandingRequests, depths: [0, 3, LiveStatus.notFed],
                newest: PieceIndex(0x01020304), inner: 0x8000_0005)),
        "02 01 03 0003ff 01020304 80000005"
    ),
    (
        .status(
            LiveStatus(
                flags: .takesStandingRequests, wait: 6, depths: [1], newest: nil, inner: 1)),
        "02 61 01 01 ffffffff 00000001"
    ),
    (
        .status(LiveStatus(flags: [], depths: [255], newest: nil, inner: 0)),
        "02 00 01 ff ffffffff 00000000"
    ),
    (.wantRecords(from: PieceIndex(256), count: 16), "03 00000100 10"),
    (.wantRecords(from: nil, count: 255), "03 ffffffff ff"),
    (.forget(before: PieceIndex(99)), "04 00000063"),
    (.unknown(type: 200), "c8"),
]

private func map(_ first: UInt32, _ bitmap: [UInt8]) -> LiveMessage {
    PieceMap(first: PieceIndex(first), bitmap: bitmap).map { .have($0) } ?? .unknown(type: 1)
}

private func decode(_ payload: [UInt8]) throws(LiveFault) -> LiveMessage {
    try LiveMessage.decode(payload.span)
}

@Suite("A live message")
struct LiveMessageTests {
    @Test("is these bytes", arguments: knownLive)
    func knownBytes(_ message: LiveMessage, _ picture: String) throws {
        #expect(message.encoded == bytes(picture))
        #expect(try decode(bytes(picture)) == message)
    }

    @Test("travels as an extended message")
    func extended() {
        let message = LiveMessage.forget(before: PieceIndex(99)).message(id: 4)
        #expect(encode(message) == bytes("00000007 14 04 04 00000063"))
    }

    @Test("is refused when it is cut anywhere, or goes on", arguments: knownLive)
    func wrongLength(_ message: LiveMessage, _ picture: String) throws {
        let whole = bytes(picture)
        #expect(throws: LiveFault.truncated) { try decode([]) }
        for count in 1..<max(whole.count, 1) {
            let cut = Array(whole.prefix(count))
            if case .have = message, count > 5 { continue }
            #expect(throws: LiveFault.truncated, "cut at \(count)") { try decode(cut) }
        }
        switch message {
        case .have, .unknown: break
        default: #expect(throws: LiveFault.trailing) { try decode(whole + [0]) }
        }
    }

    @Test(
        "is refused when a field is out of its range",
        arguments: [
            ("00 00", .range(type: 0)),
            ("00 41", .range(type: 0)),
            ("00 01 0000", .range(type: 0)),
            ("00 01 ffff 00", .truncated),
            ("01 00000000", .truncated),
            ("01 fffffffe 40", .range(type: 1)),
            ("01 ffffffff 80", .range(type: 1)),
            ("02 00 00 00000000 0000", .range(type: 2)),
            ("02 00 21", .range(type: 2)),
            ("03 00000000 00", .range(type: 3)),
        ] as [(String, LiveFault)])
    func ranges(_ picture: String, _ fault: LiveFault) {
        #expect(throws: fault) { try decode(bytes(picture)) }
    }

    @Test("has at most 64 bytes of bitmap")
    func bitmap() throws {
        let most = [1, 0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 64)
        #expect(try decode(most).encoded == most)
        #expect(throws: LiveFault.trailing) { try decode(most + [0]) }
    }

    @Test("of a type to come is ignored, whatever it holds")
    func unknown() throws {
        for type in UInt8(5)...255 {
            #expect(try decode([type, 1, 2, 3]) == .unknown(type: type))
        }
    }

    @Test("keeps the bits of a status that nobody knows yet")
    func flags() throws {
        let status = bytes("02 83 01 00 00000000 00000000")
        #expect(try decode(status).encoded == status)
    }

    @Test("holds as many records as fit, in order")
    func batches() {
        let small = (0..<130).map { [UInt8($0)] }
        let messages = LiveMessage.batches(of: small)
        #expect(messages.map { $0.encoded.count } == [2 + 64 * 3, 2 + 64 * 3, 2 + 2 * 3])
        let large = (0..<5).map { [UInt8](repeating: UInt8($0), count: 30) }
        let pairs = LiveMessage.batches(of: large, bytes: 66)
        #expect(
            pairs == [
                .records([large[0], large[1]]), .records([large[2], large[3]]),
                .records([large[4]]),
            ])
        #expect(LiveMessage.batches(of: large, bytes: 1).count == 5)
        #expect(LiveMessage.batches(of: []).isEmpty)
    }
}

@Suite("A piece map")
struct PieceMapTests {
    private func numbers(_ values: [UInt32]) -> [PieceIndex] { values.map { PieceIndex($0) } }

    @Test("marks from the high bit of the first byte on")
    func order() {
        let map = PieceMap(first: PieceIndex(100), bitmap: [0b1010_0000, 0b0000_0001])
        #expect(map?.pieces == numbers([100, 102, 115]))
    }

    @Test("ends before the piece that means none")
    func end() {
        let last = PieceIndex(UInt32.max - 1)
        #expect(PieceMap(first: last, bitmap: [0x80, 0])?.pieces == [last])
        #expect(PieceMap(first: last, bitmap: [0x40]) == nil)
        #expect(PieceMap(first: PieceIndex(.max), bitmap: [0x80]) == nil)
        #expect(PieceMap(first: PieceIndex(.max), bitmap: [])?.pieces == [])
    }

    @Test("is made of ascending pieces, as few maps as their gaps allow")
    func maps() {
        let pieces = numbers([3, 4, 10, 11, 600, 1200])
        let maps = PieceMap.maps(of: pieces, bytes: 64)
        #expect(
            maps == [
                PieceMap(first: PieceIndex(3), bitmap: [0b1100_0001, 0b1000_0000]),
                PieceMap(first: PieceIndex(600), bitmap: [0x80]),
                PieceMap(first: PieceIndex(1200), bitmap: [0x80]),
            ])
        #expect(PieceMap.maps(of: pieces, bytes: 4096).count == 1)
        #expect(PieceMap.maps(of: pieces, bytes: 1).flatMap(\.pieces) == pieces)
        #expect(PieceMap.maps(of: [], bytes: 64).isEmpty)
    }
}

@Suite("A don't-have notice (BEP 54)")
struct DontHaveTests {
    @Test("is four bytes, and nothing else")
    func bytesOfIt() {
        let notice = DontHave(piece: PieceIndex(0x0001_0203))
        #expect(notice.encoded == bytes("00010203"))
        let message = Message.extended(id: 9, payload: notice.encoded)
        #expect(encode(message) == bytes("00000006 14 09 00010203"))
        for count in 0...8 {
            let payload = Array(bytes("0001020304050607").prefix(count))
            let decoded = DontHave.decode(payload.span)
            #expect((decoded == notice) == (count == 4))
            #expect((decoded == nil) == (count != 4))
        }
    }
}
