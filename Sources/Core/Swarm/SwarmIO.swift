// What goes into the engine and what comes out of it. Values only.

package import Metainfo
package import Pieces
package import Primitives
package import Wire

/// A neighbour, named by the driver: a small number, used again after `peerLeft`.
package struct PeerHandle: Hashable, Sendable, Comparable {
    /// The number.
    package let slot: Int
    /// Neighbour number `slot`.
    package init(_ slot: Int) { self.slot = slot }

    package static func < (a: Self, b: Self) -> Bool { a.slot < b.slot }
}

/// What is known of a neighbour once both handshakes have passed.
package struct Introduction: Hashable, Sendable {
    /// Where it is reached (its own port where it dialled us).
    package var endpoint: Endpoint
    /// Its name.
    package var id: PeerID
    /// Whether this node opened the connection.
    package var outgoing: Bool
    /// Whether it has got the engine's `opening` along with our handshake.
    package var isGreeted: Bool

    /// A neighbour as its handshake shows it.
    package init(endpoint: Endpoint, id: PeerID, outgoing: Bool, isGreeted: Bool = false) {
        self.endpoint = endpoint
        self.id = id
        self.outgoing = outgoing
        self.isGreeted = isGreeted
    }
}

/// What the kernel holds of a connection's upload.
package struct UplinkSample: Hashable, Sendable {
    /// Bytes handed to the connection and not yet acknowledged by the other end.
    package var unacknowledged: Int
    /// Of these, bytes that have not left this machine, or are to leave it again.
    package var unsent: Int
    /// Of these, bytes that have come behind a lost packet: selectively acknowledged (RFC 2018).
    package var held: Int
    /// The congestion window in bytes (RFC 5681): what TCP lets be under way.
    package var window: Int
    /// The smoothed round trip.
    package var roundTrip: Interval
    /// The least round trip seen.
    package var leastRoundTrip: Interval

    /// A reading of one connection, through which all may go where no `window` is given.
    package init(
        unacknowledged: Int, unsent: Int, held: Int = 0, window: Int = .max,
        roundTrip: Interval, leastRoundTrip: Interval
    ) {
        self.unacknowledged = unacknowledged
        self.unsent = unsent
        self.held = held
        self.window = window
        self.roundTrip = roundTrip
        self.leastRoundTrip = leastRoundTrip
    }
}

/// Why a neighbour is closed.
package enum CloseReason: Hashable, Sendable {
    /// It broke the protocol.
    case misbehaved(String)
    /// It sent a piece whose hash is wrong.
    case poisoned
    /// It sent a record whose signature is wrong.
    case forged
    /// It does not speak the live extension.
    case notLive
    /// Nothing was heard of it for too long.
    case silent
    /// A second connection to the same node.
    case duplicate
    /// It is this node itself.
    case ourselves
    /// It takes nothing before it has answered our handshake: it is dialled again.
    case abrupt
    /// There is no room.
    case full
}

/// What has happened.
///
/// What is seldom and big lies elsewhere: values of this type are copied a few times each.
package enum SwarmInput: Equatable, Sendable {
    /// The handshakes with a neighbour have passed.
    indirect case peerJoined(PeerHandle, Introduction)
    /// A neighbour's connection is gone.
    case peerLeft(PeerHandle)
    /// A neighbour's extension handshake came (BEP 10).
    indirect case extensionsReceived(PeerHandle, ExtensionHandshake)
    /// A message came; not `piece` and not `extended`, which have inputs of their own.
    case messageReceived(PeerHandle, Message)
    /// A message of the live extension came.
    case liveReceived(PeerHandle, LiveMessage)
    /// A message of the peer exchange came (BEP 11).
    indirect case exchangeReceived(PeerHandle, PeerExchangeMessage)
    /// A message about introductions came (BEP 55).
    indirect case holepunchReceived(PeerHandle, HolepunchMessage)
    /// A block came; the driver holds its payload until it has carried out the outputs.
    case blockReceived(PeerHandle, Block)
    /// A record's signature is right; the digest is of the whole record.
    indirect case recordVerified(PeerHandle?, LiveRecord, SHA256Digest)
    /// A record's signature is wrong, or it cannot be decoded.
    case recordRefused(PeerHandle)
    /// A piece's bytes match its record.
    case pieceVerified(PieceIndex)
    /// A piece's bytes do not match its record.
    case pieceRefused(PieceIndex)
    /// The source has published these pieces; the driver holds their bytes.
    indirect case published(LiveRecord, SHA256Digest, Range<PieceIndex>)
    /// The player's next piece and when it is due.
    case playPointMoved(PieceIndex, due: Instant)
    /// The player gave these pieces up.
    case skipped(Range<PieceIndex>)
    /// The viewer is too far behind: tune in anew at the live edge.
    case fellBehind
    /// A reading of a connection's upload.
    case uplinkObserved(PeerHandle, UplinkSample)
    /// Uploads are to keep to another rate from now on.
    case upLimitChanged(ByteRate)
    /// So many bytes of other messages than blocks have gone to neighbours, with the headers of
    /// their packets; asked for only where the engine `hasLimit`.
    case otherSent(Int)
    /// Addresses of possible neighbours.
    case discovered([Endpoint])
    /// A connection attempt came to nothing.
    case dialFailed(Endpoint)
    /// A deadline has come.
    case woken
}

/// What is to be done.
///
/// What is seldom and big lies elsewhere, as in `SwarmInput`.
package enum SwarmOutput: Equatable, Sendable {
    /// Send a message.
    case send(PeerHandle, Message)
    /// Send a message of the live extension.
    case sendLive(PeerHandle, LiveMessage)
    /// Tell of neighbours (BEP 11).
    indirect case sendExchange(PeerHandle, PeerExchangeMessage)
    /// Ask for an introduction, give one, or refuse it (BEP 55).
    indirect case sendHolepunch(PeerHandle, HolepunchMessage)
    /// Send our extension handshake.
    indirect case greet(PeerHandle, LiveOffer)
    /// Send a block with its payload.
    case sendBlock(PeerHandle, Block)
    /// Close a neighbour's connection; no `peerLeft` is expected for it.
    indirect case close(PeerHandle, CloseReason)
    /// Open a connection.
    case dial(Endpoint)
    /// Open a connection to who dials us at this moment, from the port that this node listens on
    /// where that can be.
    case dialBack(Endpoint)
    /// Check the signature of a record.
    case verifyRecord(PeerHandle, LiveRecord)
    /// Keep the payload of the block that has just come.
    case accept(Block)
    /// Check a whole piece against its record.
    indirect case verifyPiece(PieceIndex, PieceEntry)
    /// Throw the bytes of a piece away.
    case discard(PieceIndex)
    /// The player may have this piece.
    case deliver(PieceIndex, WallTime)
    /// A piece's time is known before its bytes.
    case timeKnown(PieceIndex, WallTime)
    /// Play from this random access point: the offset of its PAT in its piece.
    case tuneIn(PieceIndex, offset: Int)
    /// Nothing before this piece is needed any more.
    case forget(before: PieceIndex)
    /// The broadcast ends before this piece.
    case ended(PieceIndex)
    /// Two signed records say different things of one piece: the channel's key is misused.
    case contradiction(PieceIndex)
    /// More neighbours would help.
    case wantPeers
}
