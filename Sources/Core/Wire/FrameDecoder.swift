// Bytes to messages. Reads what lies in a connection's receive buffer and copies no payload of a
// PIECE. Keeps no bytes: only the limits, and whether the peer may still say what it has.

/// A message, and where its payload lies if it is a PIECE.
package struct Frame: Hashable, Sendable {
    /// The message.
    package let message: Message
    /// For a `piece`, where the bytes of the block lie in the span that was read; otherwise nil.
    package let payload: Range<Int>?

    /// A frame; `payload` is nil unless the message is a `piece`.
    package init(message: Message, payload: Range<Int>?) {
        self.message = message
        self.payload = payload
    }
}

/// The reader of one direction of a connection, after the handshake.
///
/// Call `next` until it answers nil, then drop from the buffer what lies before the offset,
/// receive until at least `neededBytes` lie from there on, and go on. After a fault the
/// connection is dead: the stream has no other point at which a message is known to begin.
package struct FrameDecoder: Sendable {
    /// What the peer may send; set `pieceCount` when the metadata of a magnet link is there.
    package var limits: WireLimits
    /// What both handshakes state: messages of BEP 6 and BEP 10 are taken only then.
    package let features: ReservedBits
    /// How many bytes from the offset on the next message takes, as far as is known: at least 4,
    /// and never more than the limits allow.
    package private(set) var neededBytes = prefixLength

    private var mayTellAvailability = true
    private static let prefixLength = 4

    /// A decoder for a connection on which both sides offer `features`.
    package init(limits: WireLimits, features: ReservedBits) {
        self.limits = limits
        self.features = features
    }

    /// The message at `offset` in `bytes`, or nil when more bytes are needed.
    ///
    /// Moves `offset` behind the message that it answers, and leaves it alone otherwise.
    package mutating func next(
        in bytes: Span<UInt8>, from offset: inout Int
    ) throws(WireFault) -> Frame? {
        let available = bytes.count - offset
        guard let length = try messageLength(in: bytes, at: offset),
            Self.prefixLength + length <= available
        else { return nil }
        let start = offset + Self.prefixLength
        let frame = try parse(bytes, start..<start + length)
        note(frame.message)
        offset = start + length
        neededBytes = Self.prefixLength
        return frame
    }

    /// The length prefix at `offset`, judged; nil while it or the message's number is missing.
    private mutating func messageLength(
        in bytes: Span<UInt8>, at offset: Int
    ) throws(WireFault) -> Int? {
        let available = bytes.count - offset
        neededBytes = Self.prefixLength
        guard available >= Self.prefixLength else { return nil }
        let claim = bytes.word(at: offset)
        guard claim > 0 else { return 0 }
        guard claim <= UInt32(clamping: limits.largest) else { throw .oversized(claim) }
        neededBytes = Self.prefixLength + 1
        guard available > Self.prefixLength else { return nil }
        try judge(bytes[offset + Self.prefixLength], claim)
        neededBytes = Self.prefixLength + Int(claim)
        return Int(claim)
    }

    /// Refuses a message for its number and its length, before its body is there.
    private func judge(_ id: UInt8, _ length: UInt32) throws(WireFault) {
        guard limits.lengths(of: id).contains(Int(length)), limits.isWhole(id, Int(length)) else {
            throw .length(id: id, length)
        }
        switch MessageID(rawValue: id) {
        case .suggest, .reject, .allowedFast:
            guard features.contains(.fast) else { throw .notNegotiated(id: id) }
        case .haveAll, .haveNone:
            guard features.contains(.fast) else { throw .notNegotiated(id: id) }
            guard mayTellAvailability else { throw .lateAvailability(id: id) }
        case .bitfield:
            guard mayTellAvailability || limits.takesLateBitfields else {
                throw .lateAvailability(id: id)
            }
        case .extended:
            guard features.contains(.extensionProtocol) else { throw .notNegotiated(id: id) }
        default: break
        }
    }

    /// BEP 6: what a peer has to begin with is said once, and before any HAVE.
    private mutating func note(_ message: Message) {
        switch message {
        case .have, .bitfield, .haveAll, .haveNone: mayTellAvailability = false
        default: break
        }
    }
}
