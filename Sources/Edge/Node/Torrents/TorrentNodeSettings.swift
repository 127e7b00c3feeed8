// What watching a torrent is asked to do, and what it tells of itself. Values only.

package import Metainfo
package import Primitives
package import Swarm

/// What watching a torrent is asked to do.
package struct TorrentWatchSettings: Sendable {
    /// The torrent.
    package var torrent: TorrentFile
    /// Where its content lies.
    package var place: ContentPlace
    /// The file to play; nil takes the largest that players play, of those that were chosen.
    package var file: Int?
    /// The files to load, by their numbers, to which the one that is played is added; nil is all.
    ///
    /// Others are read on demand.
    package var chosen: Set<Int>?
    /// The port of the loopback endpoint.
    package var httpPort: UInt16 = 7780
    /// Where else the file goes.
    package var output = WatchOutput.none
    /// The ports to try for peers, in order.
    package var peerPorts: ClosedRange<UInt16> = 6881...6999
    /// Peers to connect to besides those of the trackers.
    package var peers: [Endpoint] = []
    /// Whether its trackers are being told that the search for it has ended (`FoundTorrent`).
    package var isLeaving = false
    /// The most that is uploaded, or nil.
    package var upLimit: ByteRate?
    /// The most that comes, or nil.
    package var downLimit: ByteRate?

    /// Watching `torrent`, whose content is at `place`.
    package init(torrent: TorrentFile, place: ContentPlace) {
        (self.torrent, self.place) = (torrent, place)
    }
}

/// What watching a torrent tells while it runs.
package enum TorrentWatchEvent: Sendable {
    /// Players can connect to this address.
    case serving(url: String)
    /// What lies in the folder is being checked: so many pieces of so many.
    case checking(done: Int, total: Int)
    /// The first bytes have gone to a player, so long after the start.
    case playing(after: Interval)
    /// The last piece that was chosen is there, so long after the start.
    case completed(after: Interval)
    /// A tracker answered or failed, in a person's words.
    case tracker(String)
    /// The disk takes nothing more; it is tried again.
    case paused(NodeFault)
    /// The output has everything.
    case written
    /// The reader of standard output is gone.
    case readerGone
    /// It cannot go on.
    case failed(NodeFault)
}

/// Where watching a torrent is.
package enum TorrentWatchState: String, Hashable, Sendable {
    /// What lies in the folder is being checked.
    case checking
    /// No peer yet.
    case connecting
    /// Pieces come.
    case loading
    /// A player waits for a piece.
    case waiting
    /// All is there, and others are given of it.
    case seeding
}

/// A torrent's swarm, in numbers for people.
package struct TorrentStatus: Sendable {
    /// Where it is.
    package var state = TorrentWatchState.checking
    /// The torrent's name.
    package var name = ""
    /// The part of the pieces that is right, from 0 to 1; of the check while it lasts.
    package var part = 0.0
    /// The peers.
    package var peers: [TorrentNeighbour] = []
    /// Web seeds that can be asked, and bytes of blocks that came of them.
    package var webSeeds = 0
    package var webBytes = 0
    /// What flows now.
    package var down = ByteRate.zero
    package var up = ByteRate.zero
    /// Bytes of blocks in all; and those that came twice, unasked or wrong.
    package var downloaded = 0
    package var uploaded = 0
    package var wasted = 0
    /// Seconds of the film that lie ready ahead of the player; nil where nobody reads.
    package var buffer: Interval?
    /// Why a player waits.
    package var cause: WaitingCause?
    /// How often and how long players waited after their first byte.
    package var waits = 0
    package var waited = Interval.zero
    /// Players that read now.
    package var readers = 0
    /// Pieces that came wrong.
    package var poisoned = 0

    /// A torrent that has just begun.
    package init() {}
}
