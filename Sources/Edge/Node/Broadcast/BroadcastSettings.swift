// What a broadcast is asked to do, and what it tells of itself. Values only.

package import Ingest
package import Primitives

/// What a broadcast is asked to do.
package struct BroadcastSettings: Sendable {
    /// The input and its pace.
    package var input: IngestOptions
    /// The channel's name; nil goes on with the name in the state folder, or else takes `live`.
    package var name: String
    /// Where the channel file is written.
    package var output: String
    /// The folder of the key and the numbering.
    package var stateFolder: String
    /// Trackers, each a tier of its own; empty starts the embedded one.
    package var trackers: [String] = []
    /// The port of the embedded tracker.
    package var trackerPort: UInt16 = 6969
    /// The ports to try for peers, in order.
    package var peerPorts: ClosedRange<UInt16> = 6881...6999
    /// The address under which others reach this machine; nil: the one of its default route.
    package var publicAddress: IPAddress?
    /// Whether only the trackers may say who takes part (BEP 27); a channel that was private stays it.
    package var isPrivate = false
    /// The most that is uploaded, or nil.
    package var upLimit: ByteRate?
    /// How long pieces are kept and offered.
    package var window = Interval.seconds(60)

    /// A broadcast of `input` under `name`.
    package init(input: IngestOptions, name: String, output: String, stateFolder: String) {
        self.input = input
        self.name = name
        self.output = output
        self.stateFolder = stateFolder
    }
}

/// What a broadcast tells while it runs.
package enum BroadcastEvent: Sendable {
    /// The channel file is written; peers can connect.
    case onAir(BroadcastOnAir)
    /// The input is lost, and why; the channel goes on without.
    case inputLost(String)
    /// The input is back.
    case inputBack
    /// A tracker answered or failed, in a person's words.
    case tracker(String)
    /// The broadcast is over: every viewer can know it.
    case ended
    /// It cannot go on.
    case failed(NodeFault)
}

/// What a person needs to know when a channel goes on the air.
package struct BroadcastOnAir: Sendable {
    /// The channel file.
    package var file: String
    /// The swarm, in hexadecimal digits.
    package var infoHash: String
    /// The channel's key, in hexadecimal digits.
    package var publicKey: String
    /// The input's streams.
    package var stream: StreamInfo
    /// Piece length in bytes.
    package var pieceLength: Int
    /// The first piece of this run; above 0 where a channel goes on.
    package var firstPiece: UInt32
    /// The port that peers connect to.
    package var peerPort: UInt16
    /// The trackers that viewers ask.
    package var trackers: [String]
}

/// How a broadcast is doing.
package struct BroadcastStatus: Sendable {
    /// Pieces published in this run.
    package var pieces = 0
    /// Bytes of the stream in this run.
    package var streamBytes = 0
    /// The stream's rate.
    package var bitrate = ByteRate.zero
    /// Whether the input is delivering.
    package var hasInput = false
    /// The swarm.
    package var swarm = SwarmStatus()
    /// Payload bytes sent over bytes of the stream: 1.0 is the least that reaches anybody.
    package var copies: Double {
        streamBytes > 0 ? Double(swarm.uploaded) / Double(streamBytes) : 0
    }
}
