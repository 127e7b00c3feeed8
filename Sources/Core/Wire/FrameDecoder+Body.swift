// The bodies of messages: the fields after the length prefix and the number (BEP 3, BEP 6, BEP 10).
// Lengths have been judged before; here the fields' values are.
import Pieces
import Primitives

extension FrameDecoder {
    /// Reads the body of a message, whose length is one that its number may have.
    func parse(_ bytes: Span<UInt8>, _ body: Range<Int>) throws(WireFault) -> Frame {
        guard !body.isEmpty else { return Frame(message: .keepAlive, payload: nil) }
        let id = bytes[body.lowerBound]
        let fields = body.lowerBound + 1..<body.upperBound
        if id == MessageID.piece.rawValue { return try parsePiece(bytes, fields) }
        return Frame(message: try parseMessage(id, bytes, fields), payload: nil)
    }

    private func parsePiece(
        _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> Frame {
        let payload = fields.lowerBound + 8..<fields.upperBound
        let block = Block(
            piece: try piece(MessageID.piece.rawValue, bytes, fields),
            offset: bytes.word(at: fields.lowerBound + 4), length: UInt32(payload.count))
        return Frame(message: .piece(block), payload: payload)
    }

    private func parseMessage(
        _ id: UInt8, _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> Message {
        switch MessageID(rawValue: id) {
        case .choke: .choke
        case .unchoke: .unchoke
        case .interested: .interested
        case .notInterested: .notInterested
        case .have: .have(try piece(id, bytes, fields))
        case .bitfield: .bitfield(try bitfield(bytes, fields))
        case .request: .request(try block(id, bytes, fields))
        case .cancel: .cancel(try block(id, bytes, fields))
        case .suggest: .suggest(try piece(id, bytes, fields))
        case .haveAll: .haveAll
        case .haveNone: .haveNone
        case .reject: .reject(try block(id, bytes, fields))
        case .allowedFast: .allowedFast(try piece(id, bytes, fields))
        case .extended:
            .extended(
                id: bytes[fields.lowerBound],
                payload: bytes.array(fields.lowerBound + 1..<fields.upperBound))
        case .piece, nil: .unknown(id: id)
        }
    }

    private func piece(
        _ id: UInt8, _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> PieceIndex {
        let index = bytes.word(at: fields.lowerBound)
        guard index < limits.pieceCount ?? .max else { throw .index(id: id, PieceIndex(index)) }
        return PieceIndex(index)
    }

    private func block(
        _ id: UInt8, _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> Block {
        Block(
            piece: try piece(id, bytes, fields),
            offset: bytes.word(at: fields.lowerBound + 4),
            length: bytes.word(at: fields.lowerBound + 8))
    }

    private func bitfield(
        _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> [UInt8] {
        let bits = bytes.array(fields)
        guard limits.allowsBitfield(bits) else { throw .spareBits }
        return bits
    }
}
