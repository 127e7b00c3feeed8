// What goes into the engine of an ordinary torrent and what comes out of it. Values only.

package import Pieces
package import Primitives
package import Wire

/// What is known of a peer of a torrent once its handshake has come.
package struct TorrentIntroduction: Hashable, Sendable {
    /// Where it is: its own port where this node dialled it, any other where it came by itself.
    package var endpoint: Endpoint
    /// Its name.
    package var id: PeerID
    /// Whether this node opened the connection.
    package var outgoing: Bool
    /// What both ends can do.
    package var features: ReservedBits
    /// Whether it is no peer but a web server that has the files (BEP 19).
    package var isWebSeed = false

    /// A peer as its handshake shows it.
    package init(endpoint: Endpoint, id: PeerID, outgoing: Bool, features: ReservedBits) {
        (self.endpoint, self.id) = (endpoint, id)
        (self.outgoing, self.features) = (outgoing, features)
    }

    /// A web seed: nobody dials it, tells of it, or hears anything but requests and cancels.
    package static let webSeed: Self = {
        var it = Self(
            endpoint: Endpoint(address: .v4(0), port: 0), id: PeerID(Bytes20()), outgoing: false,
            features: [])
        it.isWebSeed = true
        return it
    }()
}

/// Somebody who reads a part of the torrent in order; never used again.
package struct ReaderID: Hashable, Sendable {
    /// The number of the reader.
    package let value: UInt64
    /// Reader number `value`.
    package init(_ value: UInt64) { self.value = value }
}

/// Bytes of a torrent, counted over all its pieces laid end to end in their full length.
package typealias TorrentRange = Range<Int64>

/// Bytes that a reader will want, though it has not asked for them yet.
package struct Prefetch: Hashable, Sendable {
    /// The bytes.
    package var range: TorrentRange
    /// How soon.
    package var within: Interval

    /// The bytes `range`, to be there `within` so long.
    package init(_ range: TorrentRange, within: Interval) {
        (self.range, self.within) = (range, within)
    }
}

/// What came of a request for the leaves of a piece.
package enum LeafAnswer: Hashable, Sendable {
    /// They are there, and lead to the hash of the piece.
    case right
    /// They do not: whoever sent them is not to be believed.
    case wrong
    /// The peer does not have them, or does not send them.
    case refused
    /// There are none: the piece is a single block. Nobody was asked.
    case none
}

/// What has happened.
package enum TorrentInput: Equatable, Sendable {
    /// A connection that this node opened is there; the handshake goes out, and what is said now
    /// goes along with it. `peerJoined` or `dialFailed` follow.
    indirect case connected(PeerHandle, Endpoint, roundTrip: Interval)
    /// The handshakes with a peer have passed.
    indirect case peerJoined(PeerHandle, TorrentIntroduction)
    /// A peer's connection is gone.
    case peerLeft(PeerHandle)
    /// A peer's extension handshake came (BEP 10).
    indirect case extensionsReceived(PeerHandle, ExtensionHandshake)
    /// A message came; not `piece`, nor the extended ones that have inputs of their own. Of all other
    /// extended ones no more is judged here than how many there are.
    case messageReceived(PeerHandle, Message)
    /// A message of the peer exchange came (BEP 11).
    indirect case exchangeReceived(PeerHandle, PeerExchangeMessage)
    /// A block came; the driver holds its payload until it has carried out the outputs.
    case blockReceived(PeerHandle, Block)
    /// Blocks came together; as `blockReceived` of each in turn, but what is asked for next is asked
    /// for once.
    case blocksReceived(PeerHandle, [Block])
    /// So many bytes of blocks still wait for a peer's connection to take them.
    case drained(PeerHandle, queued: Int)
    /// The round trip to a peer, as its connection measures it.
    case delayObserved(PeerHandle, Interval)
    /// A piece is right; where it was wrong before, a short digest of each of its blocks.
    indirect case pieceVerified(PieceIndex, blocks: [UInt64])
    /// A piece is wrong; a short digest of each of its blocks.
    indirect case pieceRefused(PieceIndex, blocks: [UInt64])
    /// What a peer answered that was asked for the leaves of a piece.
    indirect case leavesAnswered(PeerHandle, PieceIndex, LeafAnswer)
    /// Each block of a piece was held against its leaf: these are wrong.
    indirect case blocksJudged(PieceIndex, wrong: [Int])
    /// Whether more can be taken in: the disk works and keeps up.
    case roomChanged(Bool)
    /// Somebody reads, from the first of these bytes on and as far as it likes.
    indirect case readerOpened(ReaderID, TorrentRange)
    /// A reader has everything before this byte, and waits for what is not there or does not.
    case readerMoved(ReaderID, to: Int64, isWaiting: Bool)
    /// A reader has what it wants, or is gone.
    case readerClosed(ReaderID)
    /// What readers of these bytes, those of one file, take a second, on average.
    indirect case bitrateLearned(ByteRate, of: TorrentRange)
    /// A web seed did not bring what it was asked for; whether it never will.
    case webSeedFailed(PeerHandle, isFinal: Bool)
    /// Bytes that a reader will want soon; in the place of those named before.
    indirect case prefetchWanted([Prefetch])
    /// Uploads are to keep to another rate from now on, or to none.
    case upLimitChanged(ByteRate?)
    /// What comes is to keep to another rate from now on, or to none.
    case downLimitChanged(ByteRate?)
    /// Addresses of possible peers.
    case discovered([Endpoint])
    /// A connection attempt came to nothing.
    case dialFailed(Endpoint)
    /// A deadline has come.
    case woken
}

/// What is to be done.
package enum TorrentOutput: Equatable, Sendable {
    /// Send a message.
    case send(PeerHandle, Message)
    /// Send our extension handshake (BEP 10).
    case greet(PeerHandle)
    /// Tell of peers (BEP 11).
    indirect case sendExchange(PeerHandle, PeerExchangeMessage)
    /// Send a block with its payload, or REJECT where it cannot be read.
    case sendBlock(PeerHandle, Block)
    /// Close a peer's connection; no `peerLeft` is expected for it.
    indirect case close(PeerHandle, CloseReason)
    /// Open a connection.
    case dial(Endpoint)
    /// Keep the payload of the block that has just come.
    case accept(Block)
    /// Ask a peer for the leaves of a piece (BEP 52); `leavesAnswered` follows, or the peer leaves.
    case askLeaves(PeerHandle, PieceIndex)
    /// Hold each block of a piece that was wrong against its leaf; `blocksJudged` follows.
    case sift(PieceIndex)
    /// Forget the blocks of a piece that was wrong, and its leaves.
    case drop(PieceIndex)
    /// More peers would help.
    case wantPeers
    /// The last piece is there that was chosen; and again, later, where that was not all, the last.
    case completed
}
