// The payload of a `ut_metadata` message (BEP 9): a piece of the `info` dictionary is asked for, sent
// or refused. Whether anybody asked for it, and what is in it, is for `MetadataExchange` to judge.

package import Bencode
import Primitives

/// Why a payload is not a message of BEP 9: the connection must be closed.
package enum MetadataFault: Error, Hashable {
    /// It is longer than any such message: this many bytes.
    case oversized(Int)
    /// It does not begin with a dictionary.
    case bencode(BencodeError)
    /// The field of this name is missing or wrong.
    case field(String)
}

/// A message about the metadata of a torrent (BEP 9).
package enum MetadataMessage: Hashable, Sendable {
    /// The sender wants a piece.
    case request(piece: Int)
    /// The sender sends a piece of metadata that has `totalSize` bytes.
    case data(piece: Int, totalSize: Int, bytes: [UInt8])
    /// The sender does not send a piece.
    case reject(piece: Int)

    /// The bytes of all pieces but the last.
    package static let pieceLength = 16_384
    /// The longest payload: a piece, and more than any dictionary before it takes.
    package static let longest = 16_384 + 1024

    /// The payload.
    package var encoded: [UInt8] {
        switch self {
        case .request(let piece): return Self.dictionary(0, piece).encoded
        case .reject(let piece): return Self.dictionary(2, piece).encoded
        case .data(let piece, let totalSize, let bytes):
            var fields = Self.dictionary(1, piece).dictionary ?? BencodeDictionary()
            fields["total_size"] = .integer(Int64(totalSize))
            return BencodeValue.dictionary(fields).encoded + bytes
        }
    }

    /// The message under the number that the receiver has given the extension (BEP 10).
    package func message(id: UInt8) -> Message { .extended(id: id, payload: encoded) }

    private static func dictionary(_ kind: Int64, _ piece: Int) -> BencodeValue {
        ["msg_type": .integer(kind), "piece": .integer(Int64(piece))]
    }

    /// The message in `payload`, or nil where it is of a kind that is not known here (BEP 9).
    package static func decode(_ payload: Span<UInt8>) throws(MetadataFault) -> Self? {
        guard payload.count <= longest else { throw .oversized(payload.count) }
        let limits = BencodeLimits(depth: 4, tokens: 64, bytes: longest)
        let fields: BencodeValue
        let count: Int
        do throws(BencodeError) {
            (fields, count) = try BencodeDecoder(.lenient, limits: limits).decodePrefix(payload)
        } catch {
            throw .bencode(error)
        }
        guard let kind = fields["msg_type"]?.integer else { throw .field("msg_type") }
        guard (0...2).contains(kind) else { return nil }
        // What no Int32 holds is no piece either, but this keeps all arithmetic on it safe.
        guard let piece = fields["piece"]?.integer, let piece = Int32(exactly: piece), piece >= 0
        else { throw .field("piece") }
        switch kind {
        case 0: return .request(piece: Int(piece))
        case 2: return .reject(piece: Int(piece))
        default:
            guard let size = fields["total_size"]?.integer, let size = Int32(exactly: size),
                size > 0
            else { throw .field("total_size") }
            let bytes = payload.array(count..<payload.count)
            return .data(piece: Int(piece), totalSize: Int(size), bytes: bytes)
        }
    }
}
