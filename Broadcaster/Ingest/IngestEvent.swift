// What a session tells its owner. Values only; who delivers them is IngestSession.

/// What happened to an input.
package enum IngestEvent: Hashable, Sendable {
    /// The input is known; comes once, before the first chunk.
    case opened(StreamInfo)
    /// The stream goes on by these bytes.
    case chunk(TSChunk)
    /// A URL is lost or not there yet, and why; the session keeps trying.
    case interrupted(String)
    /// The input is back; its timestamps go on where they stopped.
    case resumed
    /// The input came to its end; nothing follows.
    case ended
    /// The input cannot be broadcast; nothing follows.
    case failed(IngestFault)
}

/// A stretch of the transport stream: whole packets, as one packet of the input produced them.
package struct TSChunk: Hashable, Sendable {
    /// Whole packets of 188 bytes, never empty.
    package var bytes: [UInt8]
    /// What is at which offset of `bytes`.
    package var marks: [TSMark]

    /// The chunk of `bytes` with its `marks`.
    package init(bytes: [UInt8], marks: [TSMark]) {
        self.bytes = bytes
        self.marks = marks
    }
}

/// A place in a chunk that matters to whoever cuts or times the stream.
package struct TSMark: Hashable, Sendable {
    /// What is there.
    package enum Kind: Hashable, Sendable {
        /// A PAT, its PMT, and then a video key frame (or, without video, an audio frame): a
        /// player that starts here can decode.
        case randomAccess
        /// The first PES header of the chunk, with its PTS in units of 1/90000 s, modulo 2^33.
        case timestamp(pts90k: UInt64)
    }

    /// Bytes from the start of the chunk; a multiple of 188.
    package var offset: Int
    /// What is there.
    package var kind: Kind

    /// The mark `kind` at `offset`.
    package init(offset: Int, kind: Kind) {
        self.offset = offset
        self.kind = kind
    }
}
