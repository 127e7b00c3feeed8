import Primitives
import Testing
import Wire

@Suite("A handshake")
struct HandshakeTests {
    private let infoHash = InfoHash(Bytes20((0..<20).map { UInt8(0x10 + $0) }) ?? Bytes20())
    private let peerID = PeerID(Bytes20(Array("-P20001-abcdefghijkl".utf8)) ?? Bytes20())

    private var wire: [UInt8] {
        bytes("13 426974546f7272656e742070726f746f636f6c 0000000000100004")
            + infoHash.value.bytes + peerID.value.bytes
    }

    @Test("is the 68 bytes of BEP 3, with the bits of BEP 6 and BEP 10")
    func encoded() {
        let handshake = Handshake(
            reserved: [.fast, .extensionProtocol], infoHash: infoHash, peerID: peerID)
        #expect(handshake.encoded == wire)
        #expect(handshake.encoded.count == Handshake.length)
    }

    @Test("comes back as it was sent, with the bits that nobody here knows")
    func roundTrip() throws {
        var generator = SeededRandom(seed: 3)
        for _ in 0..<100 {
            let reserved = ReservedBits(rawValue: generator.next())
            let sent = Handshake(reserved: reserved, infoHash: infoHash, peerID: peerID)
            let stream = sent.encoded
            let received = try Handshake.decode(stream.span)
            #expect(received == sent)
        }
    }

    @Test("names features by byte 5 & 0x10 and byte 7 & 0x04 alone")
    func features() throws {
        for bit in 0..<64 {
            var stream = wire
            for i in 20..<28 { stream[i] = 0 }
            stream[20 + bit / 8] = 0x80 >> UInt8(bit % 8)
            let reserved = try Handshake.decode(stream.span)?.reserved
            #expect(reserved?.contains(.extensionProtocol) == (bit == 5 * 8 + 3))
            #expect(reserved?.contains(.fast) == (bit == 7 * 8 + 5))
        }
    }

    @Test("is not there before its last byte, and its swarm is after 48")
    func incremental() throws {
        for count in 0..<68 {
            let stream = Array(wire.prefix(count))
            let handshake = try Handshake.decode(stream.span)
            let named = try Handshake.infoHash(in: stream.span)
            #expect(handshake == nil)
            #expect((named == infoHash) == (count >= 48))
        }
        let whole = wire + bytes("00000001 00")
        let handshake = try Handshake.decode(whole.span)
        #expect(handshake?.peerID == peerID)
    }

    @Test("is refused at its first wrong byte, wherever that is")
    func wrongByte() {
        for offset in 0..<20 {
            for length in [offset + 1, 68] {
                var stream = Array(wire.prefix(length))
                stream[offset] ^= 0x20
                #expect(throws: HandshakeFault.protocolName(offset: offset)) {
                    try Handshake.decode(stream.span)
                }
            }
        }
    }

    @Test(
        "is not what HTTP, TLS and others begin with",
        arguments: ["GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "\u{13}BitTorrent Protocol", "\0"])
    func strangers(_ first: String) {
        let stream = Array(first.utf8)
        #expect(throws: HandshakeFault.self) { try Handshake.decode(stream.span) }
    }
}
