// A little language for the wire: hexadecimal in, words out. `have #42 | ...9` is a HAVE, and
// then a message of which nine bytes are needed; `✗` is a fault.
import Pieces
import Primitives

@testable import Wire

/// The bytes that hexadecimal digits with blanks between them stand for.
func bytes(_ picture: String) -> [UInt8] { unhex(String(picture.filter { $0 != " " })) ?? [] }

/// Reads `stream` to its end or first fault and tells what was in it.
func read(
    _ stream: [UInt8], limits: WireLimits = WireLimits(),
    features: ReservedBits = [.fast, .extensionProtocol]
) -> String {
    var decoder = FrameDecoder(limits: limits, features: features)
    var offset = 0
    var words: [String] = []
    do {
        while let frame = try decoder.next(in: stream.span, from: &offset) {
            words.append(tell(frame, in: stream))
        }
        if offset < stream.count { words.append("...\(decoder.neededBytes)") }
    } catch {
        words.append("✗ \(error)")
    }
    return words.joined(separator: " | ")
}

/// Reads the picture of a stream.
func read(
    _ picture: String, limits: WireLimits = WireLimits(),
    features: ReservedBits = [.fast, .extensionProtocol]
) -> String {
    read(bytes(picture), limits: limits, features: features)
}

/// What is in a frame, in words; the payload of a PIECE in hexadecimal.
private func tell(_ frame: Frame, in stream: [UInt8]) -> String {
    switch frame.message {
    case .bitfield(let bits): "bitfield \(hex(bits))"
    case .extended(let id, let payload): "extended \(id) \(hex(payload))"
    case let message:
        frame.payload.map { "\(message) \(hex(Array(stream[$0])))" } ?? "\(message)"
    }
}

/// A message as it goes over the wire.
func encode(_ message: Message) -> [UInt8] {
    var out: [UInt8] = []
    message.encode(into: &out)
    return out
}

/// The block of 16 KiB, or of `length` bytes, at `offset` of piece `piece`.
func block(_ piece: UInt32, _ offset: UInt32, _ length: UInt32 = 16_384) -> Block {
    Block(piece: PieceIndex(piece), offset: offset, length: length)
}

/// Two hashes from layer 1, from number 6 on, and one uncle (BEP 52).
let hashRequest: HashRequest = {
    guard let range = MerkleRange(layer: 1, index: 6, count: 2, proofLayers: 1) else {
        fatalError("a hash request")
    }
    return HashRequest(root: SHA256Digest(Bytes32()), range)
}()

/// The fields of that request as they go over the wire.
private let hashFields =
    String(repeating: "00", count: 32) + " 00000001 00000006 00000002 00000001"

/// One of every kind of message, with the bytes that the BEPs give it.
let known: [(Message, String)] = [
    (.keepAlive, "00000000"),
    (.choke, "00000001 00"),
    (.unchoke, "00000001 01"),
    (.interested, "00000001 02"),
    (.notInterested, "00000001 03"),
    (.have(PieceIndex(42)), "00000005 04 0000002a"),
    (.bitfield([0xff, 0x80]), "00000003 05 ff80"),
    (.request(block(1, 16_384)), "0000000d 06 00000001 00004000 00004000"),
    (.cancel(block(1, 16_384)), "0000000d 08 00000001 00004000 00004000"),
    (.suggest(PieceIndex(3)), "00000005 0d 00000003"),
    (.haveAll, "00000001 0e"),
    (.haveNone, "00000001 0f"),
    (.reject(block(2, 0)), "0000000d 10 00000002 00000000 00004000"),
    (.allowedFast(PieceIndex(1059)), "00000005 11 00000423"),
    (.extended(id: 0, payload: Array("de".utf8)), "00000004 14 00 6465"),
    (.extended(id: 3, payload: [0, 0, 0, 7]), "00000006 14 03 00000007"),
    (.hashRequest(hashRequest), "00000031 15 \(hashFields)"),
    (
        .hashes(hashRequest, [SHA256Digest(Bytes32())]),
        "00000051 16 \(hashFields) \(String(repeating: "00", count: 32))"
    ),
    (.hashReject(hashRequest), "00000031 17 \(hashFields)"),
    (.unknown(id: 19), "00000001 13"),
]
