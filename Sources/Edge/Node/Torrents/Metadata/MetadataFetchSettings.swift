// What fetching the metadata of a magnet link is asked to do, and what it tells. Values only.

package import Metainfo
package import Primitives

/// What fetching the metadata of a magnet link is asked to do.
package struct MetadataFetchSettings: Sendable {
    /// The link.
    package var link: MagnetLink
    /// What the link is to, where that is known but for the hashes of its pieces (BEP 52).
    package var torrent: TorrentFile?
    /// The folder that metadata is kept in between runs; nil keeps none.
    package var folder: String?
    /// Peers to connect to besides those of the link and its trackers.
    package var peers: [Endpoint] = []
    /// The ports to try for peers, in order.
    package var peerPorts: ClosedRange<UInt16> = 6881...6999
    /// When to give up; nil goes on for ever.
    package var timeout: Interval?
    /// Connections at once, with those that are being opened: some of the first peers answer
    /// within a second, and the rest costs them nothing.
    package var connections = 30
    /// Addresses that are remembered: more than a tracker names at once.
    package var addresses = 1_000
    /// The time for connecting and both handshakes, as a peer that is far away and busy may need.
    package var greetingTime = Interval.seconds(10)
    /// How long a peer is kept that has no metadata, or gives none of it, while others wait for its
    /// place.
    package var idleTime = Interval.seconds(20)
    /// How long an address rests before it is tried again; as many times longer as it failed.
    package var pause = Interval.seconds(10)
    /// The longest such rest.
    package var longestPause = Interval.seconds(300)
    /// Messages that nobody asked for, after which a peer is left.
    package var patience = 32

    /// Fetching the metadata of `link`.
    package init(_ link: MagnetLink) { self.link = link }

    /// Fetching the hashes that `torrent` lacks.
    package init(hashesOf torrent: TorrentFile) {
        link = MagnetLink(torrent)
        self.torrent = torrent
    }
}

/// A torrent whose metadata was found.
package struct FoundTorrent: Sendable {
    /// The torrent, with the trackers and web seeds of its link.
    package var torrent: TorrentFile
    /// Addresses of its swarm, first those of peers that answered.
    package var peers: [Endpoint] = []
    /// Whether trackers are being told that the search has ended: they should not be told anything
    /// else by this machine for the next two seconds, or they may mix the two up.
    package var isLeaving = false

    /// A torrent of which no more is known.
    package init(_ torrent: TorrentFile) { self.torrent = torrent }
}

/// What fetching metadata tells.
package enum MetadataFetchEvent: Sendable {
    /// A tracker answered or failed, in a person's words.
    case tracker(String)
    /// The metadata is there: its hash is right.
    indirect case completed(FoundTorrent)
    /// The metadata is there, and no torrent can be made of it.
    case refused(TorrentFileError)
    /// It cannot go on, or the time is over.
    case failed(NodeFault)
}

/// Where fetching metadata is, in numbers for people.
package struct MetadataFetchStatus: Hashable, Sendable {
    /// The name in the link; from a stranger, escape it.
    package var name = ""
    /// Addresses of peers that are known.
    package var known = 0
    /// Peers that are connected and have said what they are.
    package var peers = 0
    /// Those that claim to have the metadata.
    package var holders = 0
    /// How much of it has come; nil while nobody claims to have any.
    package var progress: MetadataProgress?
    /// How many hashes of pieces have come; nil while they are not fetched.
    package var hashes: HashProgress?

    /// Nothing yet.
    package init() {}
}
