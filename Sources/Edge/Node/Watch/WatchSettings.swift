// What a viewer is asked to do, and what it tells of itself. Values only.

package import Metainfo
package import Primitives

/// Where the stream goes besides the loopback endpoint.
package enum WatchOutput: Hashable, Sendable {
    /// Nowhere: players connect to the endpoint.
    case none
    /// Standard output.
    case standardOutput
    /// A file, which is created or overwritten.
    case file(String)
}

/// What a viewer is asked to do.
package struct WatchSettings: Sendable {
    /// The channel.
    package var channel: ParsedChannelFile
    /// The port of the loopback endpoint.
    package var httpPort: UInt16 = 7780
    /// Where else the stream goes.
    package var output = WatchOutput.none
    /// The ports to try for peers, in order.
    package var peerPorts: ClosedRange<UInt16> = 6881...6999
    /// Peers to connect to besides those of the tracker.
    package var peers: [Endpoint] = []
    /// The most that is uploaded, or nil.
    package var upLimit: ByteRate?
    /// How far behind the source to give pieces up; nil adapts.
    package var delay: Interval?
    /// How long pieces are kept and offered.
    package var window = Interval.seconds(60)

    /// A viewer of `channel`.
    package init(channel: ParsedChannelFile) { self.channel = channel }
}

/// What a viewer tells while it runs.
package enum WatchEvent: Sendable {
    /// Players can connect to this address.
    case serving(url: String)
    /// The first bytes have gone to the player's feed, so long after the start.
    case playing(after: Interval)
    /// Nothing is left to play.
    case stalled
    /// It goes on after standing still so long.
    case resumed(after: Interval)
    /// Pieces were given up.
    case skipped(pieces: Int)
    /// A tracker answered or failed, in a person's words.
    case tracker(String)
    /// The channel's key is misused: two signed records contradict each other.
    case contradiction(piece: UInt32)
    /// The broadcast is over and everything has been passed on.
    case ended
    /// The reader of standard output is gone.
    case readerGone
    /// It cannot go on.
    case failed(NodeFault)
}

/// Where a viewer is.
package enum WatchState: String, Hashable, Sendable {
    /// No neighbour yet.
    case connecting
    /// Neighbours, but no place in the stream.
    case tuning
    /// The stream flows.
    case playing
    /// It stands still.
    case stalled
    /// The broadcast is over.
    case ended
}

/// How a viewer is doing.
package struct WatchStatus: Sendable {
    /// Where it is.
    package var state = WatchState.connecting
    /// The channel's name.
    package var name = ""
    /// How far behind the source the newest byte is that players can read, by the source's clock
    /// (so it is only as right as this machine's clock); nil before the first.
    package var lag: Interval?
    /// How far behind the newest known piece the player's next one is.
    package var buffer = Interval.zero
    /// The swarm.
    package var swarm = SwarmStatus()
    /// How often and how long it stood still.
    package var stalls = 0
    package var stalled = Interval.zero
    /// Pieces given up.
    package var skipped = 0
    /// Players on the endpoint.
    package var players = 0
    /// Since when nothing new has come from the source, if that is long.
    package var silence: Interval?
}
