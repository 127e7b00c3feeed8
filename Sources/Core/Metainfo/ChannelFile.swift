// The file that names a channel: BEP 3 and BEP 12 outside, an `info` with `live` inside, signed
// by the channel's own key. Pure values: hashing, signing and verifying are the caller's.
//
//     announce, announce-list, created by, creation date, live peers, live signature
//     info ─┬─ live ── container, epoch, public key, version
//           ├─ name
//           └─ piece length

package import Pieces
package import Primitives

/// Eight random bytes that name one numbering of a channel's pieces.
package struct ChannelEpoch: Hashable, Sendable {
    /// The bytes, most significant first.
    package let value: UInt64
    /// The epoch named by `value`.
    package init(_ value: UInt64) { self.value = value }
}

/// What a channel file says, without its signature.
package struct ChannelFile: Hashable, Sendable {
    /// The version of the format that is written and read.
    package static let version: Int64 = 1
    /// The form of the stream, the only one there is: an MPEG transport stream.
    package static let container = "mpegts"
    /// The most trackers that are kept; more are a way to make us knock on strangers' doors.
    package static let maximumTrackers = 100
    /// The longest tracker URL in bytes that is kept: what HTTP servers commonly take.
    package static let maximumTrackerLength = 2048
    /// The most endpoints that are kept out of `live peers`: a source has a few addresses.
    package static let maximumPeers = 32

    /// The name that people see.
    package var name: ChannelName
    /// The key that signs the channel's records and this file.
    package var publicKey: PublicKey
    /// The numbering of the pieces.
    package var epoch: ChannelEpoch
    /// How the stream is cut.
    package var geometry: PieceGeometry
    /// Whether only the trackers may say who takes part (BEP 27).
    package var isPrivate = false
    /// Tracker URLs in tiers (BEP 12): http, https and udp; see `isTracker`.
    package var trackers: [[String]] = []
    /// Endpoints where the source was: hints only, the source is known by its key.
    package var peers: [Endpoint] = []
    /// When the file was made, in seconds since the Unix epoch.
    package var creationDate: Int64?
    /// The program that made the file; fit to be shown as a channel's name is.
    package var createdBy: String?

    /// A file without trackers, peers, date and maker.
    package init(
        name: ChannelName, publicKey: PublicKey, epoch: ChannelEpoch, geometry: PieceGeometry
    ) {
        self.name = name
        self.publicKey = publicKey
        self.epoch = epoch
        self.geometry = geometry
    }
}

/// A channel file that was read, with what is needed to check who vouches for it.
///
/// The bytes come from the input, so that fields which this program does not know count too.
package struct ParsedChannelFile: Hashable, Sendable {
    /// What the file says; to be believed once the signature is verified.
    package let file: ChannelFile
    /// The bytes of `info` as they stand in the file: their SHA-1 is the info-hash.
    package let infoBytes: [UInt8]
    /// The signature in the file.
    package let signature: Signature
    /// What the signature must cover, by the key `file.publicKey`.
    package let signedMessage: [UInt8]
}
