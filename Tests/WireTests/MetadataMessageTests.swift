import Bencode
import Primitives
import Testing
import Wire

private func decode(_ payload: [UInt8]) throws(MetadataFault) -> MetadataMessage? {
    try MetadataMessage.decode(payload.span)
}

private func decode(_ text: String) throws(MetadataFault) -> MetadataMessage? {
    try decode(Array(text.utf8))
}

@Suite("A message about metadata (BEP 9)")
struct MetadataMessageTests {
    static let data = MetadataMessage.data(piece: 0, totalSize: 3425, bytes: Array("xxxxxxxx".utf8))

    @Test("has the bytes of the examples in BEP 9, and comes back as it was sent")
    func examples() throws {
        let examples: [(MetadataMessage, String)] = [
            (.request(piece: 0), "d8:msg_typei0e5:piecei0ee"),
            (Self.data, "d8:msg_typei1e5:piecei0e10:total_sizei3425eexxxxxxxx"),
            (.reject(piece: 7), "d8:msg_typei2e5:piecei7ee"),
        ]
        for (message, text) in examples {
            #expect(message.encoded == Array(text.utf8))
            #expect(try decode(text) == message)
        }
        #expect(
            MetadataMessage.request(piece: 0).message(id: 3)
                == .extended(id: 3, payload: Array("d8:msg_typei0e5:piecei0ee".utf8)))
    }

    @Test("of a later kind, or with keys of others, is no fault")
    func later() throws {
        #expect(try decode("d8:msg_typei3e5:piecei0ee") == nil)
        #expect(try decode("d8:msg_typei-1ee") == nil)
        #expect(try decode("d1:ai1e8:msg_typei0e5:piecei2e5:usersi7ee") == .request(piece: 2))
        // Some programs put their keys in another order.
        #expect(try decode("d5:piecei2e8:msg_typei2ee") == .reject(piece: 2))
    }

    @Test(
        "that is none is a fault (W9)",
        arguments: [
            "", "x", "i1e", "le", "de", "d8:msg_type1:0e", "d8:msg_typei0ee",
            "d8:msg_typei0e5:piecei-1ee", "d8:msg_typei0e5:piecei2147483648ee",
            "d8:msg_typei0e5:piece1:0e", "d8:msg_typei1e5:piecei0eexx",
            "d8:msg_typei1e5:piecei0e10:total_sizei0eexx",
            "d8:msg_typei1e5:piecei0e10:total_sizei9999999999eexx",
        ])
    func faults(text: String) {
        #expect(throws: MetadataFault.self) { try decode(text) }
    }

    @Test("cannot be longer than a piece and its dictionary")
    func length() throws {
        let whole = MetadataMessage.data(
            piece: 1, totalSize: 40_000, bytes: Array(repeating: 7, count: 16_384))
        #expect(try decode(whole.encoded) == whole)
        let long = Array(repeating: UInt8(ascii: "d"), count: MetadataMessage.longest + 1)
        #expect(throws: MetadataFault.oversized(long.count)) { try decode(long) }
        #expect(throws: MetadataFault.self) { try decode(Array(long.dropLast())) }
    }

    @Test("that is cut off or mutated traps nobody", arguments: 0..<4)
    func mutation(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = Self.data.encoded
        for count in 0..<bytes.count - 8 {
            #expect(throws: MetadataFault.self) { try decode(Array(bytes[..<count])) }
        }
        for _ in 0..<2000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                mutated[place] = UInt8.random(in: 0...255, using: &random)
            }
            if case .data(let piece, let size, _)? = try? decode(mutated) {
                #expect(piece >= 0 && size > 0)
            }
        }
    }
}
