// What a relay is asked to do, and what it tells of itself. Values only.

package import Metainfo
package import Primitives

/// An ordinary torrent that a relay seeds.
package struct RelayedTorrent: Sendable {
    /// The torrent.
    package var torrent: TorrentFile
    /// Where its content lies; what is missing of it is loaded.
    package var place: ContentPlace
    /// The files to load, by their numbers; nil is all.
    package var chosen: Set<Int>?
    /// Peers that are known of it.
    package var peers: [Endpoint] = []
    /// Whether its trackers are being told that the search for it has ended (`FoundTorrent`).
    package var isLeaving = false

    /// The torrent whose content is at `place`.
    package init(_ torrent: TorrentFile, at place: ContentPlace) {
        (self.torrent, self.place) = (torrent, place)
    }
}

/// What a relay is asked to do.
package struct RelaySettings: Sendable {
    /// The channels; of those that are named twice the first counts.
    package var channels: [ParsedChannelFile]
    /// The ordinary torrents; of those that are named twice the first counts.
    package var torrents: [RelayedTorrent] = []
    /// The ports to try for peers, in order; all channels share one.
    package var peerPorts: ClosedRange<UInt16> = 6881...6999
    /// Peers to connect to besides those of the trackers, in every channel.
    package var peers: [Endpoint] = []
    /// The most that is uploaded for all channels together, or nil.
    package var upLimit: ByteRate?
    /// The most that comes of all torrents together, or nil; channels have the rate of their stream.
    package var downLimit: ByteRate?
    /// How long pieces are kept and offered: three times as long as by a viewer, for those who
    /// play far behind the source or come back from an outage.
    package var window = Interval.seconds(180)
    /// The bytes of pieces that are kept, for all channels together: a quarter of the memory of a
    /// small rented server.
    package var memory = 256 << 20

    /// A relay of `channels`.
    package init(channels: [ParsedChannelFile]) { self.channels = channels }
}

/// The name of a channel in reports.
package struct ChannelLabel: Hashable, Sendable {
    /// The name that people see.
    package var name: String
    /// The info-hash in hexadecimal digits, which tells channels of the same name apart.
    package var infoHash: String

    /// A channel called `name`.
    package init(name: String, infoHash: String) {
        self.name = name
        self.infoHash = infoHash
    }
}

/// What a relay tells while it runs.
package enum RelayEvent: Sendable {
    /// Peers can connect to this port.
    case listening(port: UInt16)
    /// Something happened in a channel.
    case channel(ChannelLabel, RelayNews)
    /// Something happened to an ordinary torrent.
    case torrent(ChannelLabel, TorrentNews)
    /// It cannot go on.
    case failed(NodeFault)
}

/// What happened in a channel that is relayed.
package enum RelayNews: Hashable, Sendable {
    /// The stream flows, so long after the start or after it last did.
    case carrying(after: Interval)
    /// Nothing has come for a while; the relay waits for it.
    case silent
    /// The broadcast is over; the relay waits for the next one.
    case ended
    /// A tracker answered or failed, in a person's words.
    case tracker(String)
    /// The channel's key is misused: two signed records contradict each other.
    case contradiction(piece: UInt32)
}

/// What happened to an ordinary torrent that is seeded.
package enum TorrentNews: Hashable, Sendable {
    /// Its content is being checked: so many pieces of so many.
    case checking(done: Int, total: Int)
    /// Some of it is there, the rest is loaded.
    case loading(have: Int, of: Int)
    /// All of it is there that was chosen.
    case seeding
    /// A tracker answered or failed, in a person's words.
    case tracker(String)
    /// It cannot go on, or its disk takes nothing more.
    case failed(NodeFault)
}

/// How far a relay is in a channel.
package enum RelayState: String, Hashable, Sendable {
    /// Nothing has come yet.
    case connecting
    /// The stream flows.
    case carrying
    /// The stream flowed and does not now.
    case silent
    /// The broadcast is over.
    case ended
}

/// How a relay is doing in a channel.
package struct RelayedChannel: Sendable {
    /// The channel.
    package var label: ChannelLabel
    /// How far it is.
    package var state = RelayState.connecting
    /// Since when nothing new has come, if that is long.
    package var silence: Interval?
    /// The channel's share of the upload limit, or nil where there is none.
    package var share: ByteRate?
    /// The swarm.
    package var swarm = SwarmStatus()

    /// A channel in which nothing has happened.
    package init(label: ChannelLabel) { self.label = label }
}

/// How a relay is doing.
package struct RelayStatus: Sendable {
    /// Its channels, in the order in which they were named.
    package var channels: [RelayedChannel] = []
    /// Its ordinary torrents, in the order in which they were named.
    package var torrents: [TorrentStatus] = []

    /// A relay of no channels.
    package init() {}

    /// Neighbours in all swarms.
    package var peers: Int { sum(\.peers.count, \.peers.count) }
    /// What flows now, in all swarms.
    package var down: ByteRate { rate(\.down, \.down) }
    package var up: ByteRate { rate(\.up, \.up) }
    /// Payload bytes, in all swarms.
    package var downloaded: Int { sum(\.downloaded, \.downloaded) }
    package var uploaded: Int { sum(\.uploaded, \.uploaded) }

    private func sum(
        _ channel: KeyPath<SwarmStatus, Int>, _ torrent: KeyPath<TorrentStatus, Int>
    ) -> Int {
        channels.reduce(0) { $0 + $1.swarm[keyPath: channel] }
            + torrents.reduce(0) { $0 + $1[keyPath: torrent] }
    }

    private func rate(
        _ channel: KeyPath<SwarmStatus, ByteRate>, _ torrent: KeyPath<TorrentStatus, ByteRate>
    ) -> ByteRate {
        ByteRate(
            bytesPerSecond: channels.reduce(0) {
                $0 + $1.swarm[keyPath: channel].bytesPerSecond
            } + torrents.reduce(0) { $0 + $1[keyPath: torrent].bytesPerSecond })
    }
}

/// How many bytes were sent for each that came; nil before anything came.
package func carriedRatio(_ uploaded: Int, _ downloaded: Int) -> Double? {
    downloaded > 0 ? Double(uploaded) / Double(downloaded) : nil
}
