// The bodies of messages: the fields after the length prefix and the number (BEP 3, BEP 6, BEP 10, BEP 52).
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
        case .hashRequest: .hashRequest(try hashRequest(id, bytes, fields))
        case .hashReject: .hashReject(try hashRequest(id, bytes, fields))
        case .hashes: .hashes(try hashRequest(id, bytes, fields), hashes(bytes, fields))
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

    private func hashRequest(
        _ id: UInt8, _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> HashRequest {
        guard let request = HashRequest(bytes, at: fields.lowerBound) else {
            throw .length(id: id, UInt32(clamping: fields.count + 1))
        }
        return request
    }

    private func hashes(_ bytes: Span<UInt8>, _ fields: Range<Int>) -> [SHA256Digest] {
        let start = fields.lowerBound + HashRequest.length
        return stride(from: start, to: fields.upperBound, by: 32).compactMap { offset in
            Bytes32(bytes, at: offset).map { SHA256Digest($0) }
        }
    }

    private func bitfield(
        _ bytes: Span<UInt8>, _ fields: Range<Int>
    ) throws(WireFault) -> [UInt8] {
        let bits = bytes.array(fields)
        guard limits.allowsBitfield(bits) else { throw .spareBits }
        return bits
    }
}
