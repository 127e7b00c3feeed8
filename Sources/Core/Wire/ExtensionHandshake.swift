// What two nodes tell each other first when both speak the extension protocol (BEP 10), and the
// names of the extensions that are spoken here. Bytes: see ExtensionHandshake+Coding.
package import Primitives

/// An extension that is spoken here, by its name in the dictionary `m` (BEP 10).
package enum Extension: String, CaseIterable, Hashable, Sendable {
    /// A piece that a node no longer has (BEP 54).
    case dontHave = "lt_donthave"
    /// Peer exchange (BEP 11).
    case peerExchange = "ut_pex"
    /// The metadata of a magnet link (BEP 9).
    case metadata = "ut_metadata"
    /// Introductions between nodes that cannot call each other (BEP 55).
    case holepunch = "ut_holepunch"
    /// Live channels: `LiveMessage`.
    case live = "p2ptv_live"
}

/// The numbers that one side wants its extended messages to have (BEP 10).
package struct ExtensionIDs: Hashable, Sendable {
    private var ids: [Extension: UInt8] = [:]

    /// No extension yet.
    package init() {}

    /// The number to send messages of `name` under, or nil while they are not wanted.
    package subscript(name: Extension) -> UInt8? { ids[name] }

    /// The extension that has the number `id`, if one has: of two with one number, neither.
    package func name(of id: UInt8) -> Extension? {
        let names = ids.filter { $0.value == id }.keys
        return names.count == 1 ? names.first : nil
    }

    /// Takes over what a handshake says: those that it does not name stay, 0 switches off.
    package mutating func apply(_ changes: [Extension: UInt8]) {
        for (name, id) in changes { ids[name] = id == 0 ? nil : id }
    }
}

/// What a node of a live channel holds and offers: the key `live` of the extension handshake.
package struct LiveOffer: Hashable, Sendable {
    /// The version of the live extension that is written and understood here.
    package static let version: Int64 = 1

    /// The pieces that the sender holds; nil while it holds nothing.
    package var window: PieceMap?
    /// How many pieces back from the live edge the sender keeps.
    package var keep: UInt32
    /// A REQUEST for a piece up to so many pieces ahead of the sender's newest is kept and served
    /// when the piece is there; 0 for none.
    package var ahead: UInt32
    /// Whether the sender is the source.
    package var isSource: Bool

    /// An offer with these fields.
    package init(window: PieceMap?, keep: UInt32, ahead: UInt32, isSource: Bool) {
        self.window = window
        self.keep = keep
        self.ahead = ahead
        self.isSource = isSource
    }
}

/// The handshake of the extension protocol (BEP 10).
///
/// Each field may be missing. It may be sent again, and then says what has changed.
package struct ExtensionHandshake: Hashable, Sendable {
    /// The key `m`: numbers of extended messages to the sender; 0 switches an extension off.
    package var ids: [Extension: UInt8] = [:]
    /// The key `p`: the TCP port on which the sender listens.
    package var listenPort: UInt16?
    /// The key `v`: the sender's name and version, without control characters.
    package var client: String?
    /// The key `reqq`: how many requests the sender keeps without dropping any.
    package var requestQueue: Int?
    /// The key `yourip`: the address that the sender sees the receiver under.
    package var yourAddress: IPAddress?
    /// The key `metadata_size`: the bytes of the `info` dictionary (BEP 9).
    package var metadataSize: Int?
    /// The key `live`: what the sender holds of a live channel.
    package var live: LiveOffer?

    /// A handshake that says nothing.
    package init() {}
}
