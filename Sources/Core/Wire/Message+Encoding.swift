// Messages to bytes: a length prefix of four bytes, the message's number, its fields (BEP 3).
package import Pieces
import Primitives

extension Message {
    /// The bytes that stand before the payload of a PIECE: length prefix, number, index, begin.
    package static let pieceHeaderLength = 13

    /// Appends the message as it goes over the wire.
    ///
    /// Of a `piece` it appends the header only: `block.length` bytes of payload must follow.
    package func encode(into out: inout [UInt8]) {
        switch self {
        case .keepAlive: out.append(bigEndian: UInt32(0))
        case .choke: append(.choke, to: &out)
        case .unchoke: append(.unchoke, to: &out)
        case .interested: append(.interested, to: &out)
        case .notInterested: append(.notInterested, to: &out)
        case .have(let piece): append(.have, piece, to: &out)
        case .bitfield(let bits): append(.bitfield, [], bits, to: &out)
        case .request(let block): append(.request, block, to: &out)
        case .piece(let block): Self.encodePieceHeader(block, into: &out)
        case .cancel(let block): append(.cancel, block, to: &out)
        case .suggest(let piece): append(.suggest, piece, to: &out)
        case .haveAll: append(.haveAll, to: &out)
        case .haveNone: append(.haveNone, to: &out)
        case .reject(let block): append(.reject, block, to: &out)
        case .allowedFast(let piece): append(.allowedFast, piece, to: &out)
        case .extended(let id, let payload): append(.extended, [id], payload, to: &out)
        case .hashRequest(let request): append(.hashRequest, request, [], to: &out)
        case .hashes(let request, let hashes): append(.hashes, request, hashes, to: &out)
        case .hashReject(let request): append(.hashReject, request, [], to: &out)
        case .unknown(let id):
            out.append(bigEndian: UInt32(1))
            out.append(id)
        }
    }

    /// Appends the 13 bytes that go before the payload of `block`.
    package static func encodePieceHeader(_ block: Block, into out: inout [UInt8]) {
        precondition(block.length <= UInt32.max - 9, "A block fits into a frame")
        out.append(bigEndian: block.length + 9)
        out.append(MessageID.piece.rawValue)
        out.append(bigEndian: block.piece.value)
        out.append(bigEndian: block.offset)
    }

    /// The block whose header of 13 bytes is at `offset`; nil where there is none of a PIECE.
    package static func pieceHeader(in bytes: Span<UInt8>, at offset: Int) -> Block? {
        guard offset >= 0, bytes.count - offset >= pieceHeaderLength,
            bytes[offset + 4] == MessageID.piece.rawValue, bytes.word(at: offset) >= 9
        else { return nil }
        return Block(
            piece: PieceIndex(bytes.word(at: offset + 5)), offset: bytes.word(at: offset + 9),
            length: bytes.word(at: offset) - 9)
    }

    private func append(_ id: MessageID, to out: inout [UInt8]) {
        out.append(bigEndian: UInt32(1))
        out.append(id.rawValue)
    }

    private func append(_ id: MessageID, _ piece: PieceIndex, to out: inout [UInt8]) {
        out.append(bigEndian: UInt32(5))
        out.append(id.rawValue)
        out.append(bigEndian: piece.value)
    }

    private func append(_ id: MessageID, _ block: Block, to out: inout [UInt8]) {
        out.append(bigEndian: UInt32(13))
        out.append(id.rawValue)
        out.append(bigEndian: block.piece.value)
        out.append(bigEndian: block.offset)
        out.append(bigEndian: block.length)
    }

    private func append(
        _ id: MessageID, _ request: HashRequest, _ hashes: [SHA256Digest], to out: inout [UInt8]
    ) {
        out.append(bigEndian: UInt32(1 + HashRequest.length + hashes.count * 32))
        out.append(id.rawValue)
        request.encode(into: &out)
        for hash in hashes { hash.value.append(to: &out) }
    }

    private func append(
        _ id: MessageID, _ head: [UInt8], _ payload: [UInt8], to out: inout [UInt8]
    ) {
        out.append(bigEndian: UInt32(1 + head.count + payload.count))
        out.append(id.rawValue)
        out.append(contentsOf: head)
        out.append(contentsOf: payload)
    }
}
