// The messages that follow the handshake, as values: BEP 3, BEP 6 (Fast), BEP 10 (extension
// protocol) and BEP 52 (hashes). What a message means for a peer's state is for Swarm to say.
package import Pieces
package import Primitives

/// The first byte of a message's body (BEP 3, BEP 6, BEP 10, BEP 52).
enum MessageID: UInt8 {
    case choke = 0
    case unchoke = 1
    case interested = 2
    case notInterested = 3
    case have = 4
    case bitfield = 5
    case request = 6
    case piece = 7
    case cancel = 8
    case suggest = 13
    case haveAll = 14
    case haveNone = 15
    case reject = 16
    case allowedFast = 17
    case extended = 20
    case hashRequest = 21
    case hashes = 22
    case hashReject = 23
}

/// One message between peers.
///
/// The payload of a PIECE is not carried here, so that it need not be copied: see `Frame`.
package enum Message: Hashable, Sendable {
    /// No message, only a sign of life (BEP 3).
    case keepAlive
    /// Requests will not be served (BEP 3); with Fast, pending ones are rejected one by one.
    case choke
    /// Requests will be served (BEP 3).
    case unchoke
    /// The sender wants pieces that the receiver has (BEP 3).
    case interested
    /// The sender wants none of the receiver's pieces (BEP 3).
    case notInterested
    /// The sender now has a piece (BEP 3).
    case have(PieceIndex)
    /// The pieces that the sender has, one bit each, high bit first, spare bits zero (BEP 3).
    case bitfield([UInt8])
    /// The sender wants a block (BEP 3).
    case request(Block)
    /// A block comes: its place and length, the bytes are beside the message (BEP 3).
    case piece(Block)
    /// The sender no longer wants a block (BEP 3).
    case cancel(Block)
    /// The sender would like this piece to be asked for (BEP 6).
    case suggest(PieceIndex)
    /// The sender has all pieces (BEP 6).
    case haveAll
    /// The sender has no piece (BEP 6).
    case haveNone
    /// A request will not be served (BEP 6).
    case reject(Block)
    /// The piece will be served even while choked (BEP 6).
    case allowedFast(PieceIndex)
    /// A message of an extension (BEP 10): 0 is its handshake, others as that handshake says.
    case extended(id: UInt8, payload: [UInt8])
    /// The sender wants hashes of a file's tree (BEP 52).
    indirect case hashRequest(HashRequest)
    /// Hashes come, with the uncles that prove them, from the lowest up (BEP 52).
    indirect case hashes(HashRequest, [SHA256Digest])
    /// A hash request will not be served (BEP 52).
    indirect case hashReject(HashRequest)
    /// A message of a BEP that is not spoken here: to be ignored. Its payload is left out.
    case unknown(id: UInt8)
}

extension Message: CustomStringConvertible {
    package var description: String {
        switch self {
        case .keepAlive: "keep-alive"
        case .choke: "choke"
        case .unchoke: "unchoke"
        case .interested: "interested"
        case .notInterested: "not interested"
        case .have(let piece): "have \(piece)"
        case .bitfield(let bits): "bitfield of \(bits.count)"
        case .request(let block): "request \(block)"
        case .piece(let block): "piece \(block)"
        case .cancel(let block): "cancel \(block)"
        case .suggest(let piece): "suggest \(piece)"
        case .haveAll: "have all"
        case .haveNone: "have none"
        case .reject(let block): "reject \(block)"
        case .allowedFast(let piece): "allowed fast \(piece)"
        case .extended(let id, let payload): "extended \(id) of \(payload.count)"
        case .hashRequest(let request): "hash request \(request)"
        case .hashes(let request, let hashes): "hashes \(request): \(hashes.count)"
        case .hashReject(let request): "hash reject \(request)"
        case .unknown(let id): "unknown \(id)"
        }
    }
}
