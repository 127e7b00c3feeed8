import Pieces
import Primitives
import Testing

@testable import Wire

@Suite("A hostile stream")
struct HostileFrameTests {
    // W1: nothing is awaited or allocated for a claim.
    @Test("is refused by its length prefix alone")
    func oversized() {
        #expect(read("ffffffff") == "✗ oversized(4294967295)")
        #expect(read("80000000") == "✗ oversized(2147483648)")
        #expect(read("01000000") == "✗ oversized(16777216)")
        #expect(read("00040002") == "✗ oversized(262146)")
        #expect(read("00040001") == "...5")
        #expect(read("00020002", limits: WireLimits(pieceCount: 9)) == "✗ oversized(131074)")
        #expect(read("474554202f") == "✗ oversized(1195725856)")
    }

    @Test("is refused by length and number before its body is there")
    func oversizedOfItsKind() {
        #expect(read("0000400a 07") == "✗ length(id: 7, 16394)")
        #expect(read("00004009 07") == "...16397")
        #expect(read("00020002 14") == "✗ length(id: 20, 131074)")
        #expect(read("00020001 14") == "...131077")
        #expect(read("00008002 63") == "✗ length(id: 99, 32770)")
        #expect(read("00008001 63") == "...32773")
        #expect(read("00000001 05", limits: .live) == "bitfield ")
        #expect(read("00000002 05", limits: .live) == "✗ length(id: 5, 2)")
    }

    // W2: every fixed length, one byte more and one byte less.
    @Test("may not lie about a fixed length", arguments: known)
    func fixedLengths(_ message: Message, _ picture: String) {
        let stream = bytes(picture)
        guard let id = stream.dropFirst(4).first else { return }
        let length = UInt32(stream.count - 4)
        for wrong in [length - 1, length + 1, length + 7] {
            switch message {
            case .bitfield, .extended, .unknown: continue
            default: break
            }
            guard wrong > 0 else { continue }
            var claim: [UInt8] = []
            claim.append(bigEndian: wrong)
            #expect(read(claim + [id]) == "✗ length(id: \(id), \(wrong))")
        }
    }

    @Test("may not lie about the lengths of the others")
    func otherLengths() {
        #expect(read("00000008 07") == "✗ length(id: 7, 8)")
        #expect(read("00000009 07 00000000 00000000") == "✗ length(id: 7, 9)")
        #expect(read("00000001 14") == "✗ length(id: 20, 1)")
        let nine = WireLimits(pieceCount: 9)
        #expect(read("00000002 05 ff", limits: nine) == "✗ length(id: 5, 2)")
        #expect(read("00000003 05 ff80", limits: nine) == "bitfield ff80")
        #expect(read("00000004 05 ff8000", limits: nine) == "✗ length(id: 5, 4)")
    }

    // W3: indices, spare bits, and what may be said only once.
    @Test(
        "may not name a piece beyond the torrent",
        arguments: known.filter { ["04", "06", "08", "0d", "10", "11"].contains(kind($0.1)) })
    func outOfRange(_ message: Message, _ picture: String) {
        var stream = bytes(picture)
        for (index, taken) in [(UInt32(8), true), (9, false), (0x8000_0000, false), (.max, false)] {
            stream.replaceSubrange(5..<9, with: bigEndian(index))
            let told = read(stream, limits: WireLimits(pieceCount: 9))
            #expect(told.hasPrefix("✗ index(id: \(stream[4]), #\(index))") == !taken, "\(told)")
        }
        #expect(read(stream).hasPrefix("✗ index"), "-1 is no piece in an endless torrent either")
    }

    @Test("may not send a block of a piece beyond the torrent")
    func pieceOutOfRange() {
        let stream = "0000000a 07 00000009 00000000 ff"
        #expect(read(stream, limits: WireLimits(pieceCount: 10)) == "piece #9+0/1 ff")
        #expect(read(stream, limits: WireLimits(pieceCount: 9)) == "✗ index(id: 7, #9)")
    }

    @Test("may not set a spare bit")
    func spareBits() {
        let nine = WireLimits(pieceCount: 9)
        for bit in 0..<7 {
            let last = hex([0x80 | 1 << UInt8(bit)])
            #expect(read("00000003 05 ff\(last)", limits: nine) == "✗ spareBits")
        }
        let eight = WireLimits(pieceCount: 8)
        #expect(read("00000002 05 ff", limits: eight) == "bitfield ff")
        #expect(read("00000001 05", limits: WireLimits(pieceCount: 0)) == "bitfield ")
        #expect(!nine.allowsBitfield([0xff]) && nine.allowsBitfield([0xff, 0x80]))
    }

    @Test("may say only once, and at the beginning, what it has")
    func lateAvailability() {
        #expect(read("00000001 0e 00000001 0f") == "have all | ✗ lateAvailability(id: 15)")
        #expect(read("00000001 0f 00000001 0e") == "have none | ✗ lateAvailability(id: 14)")
        #expect(read("00000001 0e 00000002 05") == "have all | ✗ lateAvailability(id: 5)")
        #expect(read("00000002 05 80 00000002 05") == "bitfield 80 | ✗ lateAvailability(id: 5)")
        #expect(read("00000005 04 00000001 00000002 05") == "have #1 | ✗ lateAvailability(id: 5)")
        #expect(
            read("00000004 14 00 6465  00000001 02  00000001 0e")
                == "extended 0 6465 | interested | have all",
            "clients do send their extension handshake first")
    }

    @Test(
        "may not use an extension that was not agreed on",
        arguments: known.filter { ["0d", "0e", "0f", "10", "11", "14"].contains(kind($0.1)) })
    func notNegotiated(_ message: Message, _ picture: String) {
        let id = bytes(picture)[4]
        #expect(read(picture, features: []) == "✗ notNegotiated(id: \(id))")
        let other: ReservedBits = id == 20 ? .fast : .extensionProtocol
        #expect(read(picture, features: other) == "✗ notNegotiated(id: \(id))")
        #expect(!read(picture, features: id == 20 ? .extensionProtocol : .fast).contains("✗"))
    }

    @Test("is dead after a fault: it stays refused, and nothing moves")
    func dead() {
        var decoder = FrameDecoder(limits: WireLimits(), features: [])
        let stream = bytes("00000001 00  00000002 00 00  00000001 01")
        var offset = 0
        _ = try? decoder.next(in: stream.span, from: &offset)
        for _ in 0..<3 {
            #expect(throws: WireFault.length(id: 0, 2)) {
                try decoder.next(in: stream.span, from: &offset)
            }
            #expect(offset == 5)
        }
    }
}

private func kind(_ picture: String) -> String {
    String(picture.dropFirst(9).prefix(2))
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
    var out: [UInt8] = []
    out.append(bigEndian: value)
    return out
}
