// What is read and how: the source, its pace, and every limit with its unit and its reason.
// Holds no state and opens nothing.
package import Primitives

/// What a session reads and at which pace.
package struct IngestOptions: Sendable {
    /// Where the media comes from.
    package enum Source: Hashable, Sendable {
        /// A file, or a FIFO, by its path.
        case file(String)
        /// The standard input of the process.
        case standardInput
        /// An open file descriptor, which is read but not closed.
        case descriptor(Int32)
        /// Anything that libavformat reads by a URL.
        case url(String)
    }

    /// When packets are let through.
    package enum Pacing: Hashable, Sendable {
        /// By their timestamps against the monotonic clock, as a live input would deliver them.
        case realTime
        /// When they come: the input keeps its own time, or none.
        case asItComes
    }

    /// Where the media comes from.
    package var source: Source
    /// Whether a regular file begins again at its end; other sources ignore it.
    package var loop: Bool
    /// When packets are let through.
    package var pacing: Pacing
    /// The bounds of the session.
    package var limits: IngestLimits

    /// A session on `source`; without a `pacing`, files keep real time and live inputs their own.
    package init(
        source: Source, loop: Bool = false, pacing: Pacing? = nil,
        limits: IngestLimits = IngestLimits()
    ) {
        self.source = source
        self.loop = loop
        self.limits = limits
        if case .file = source {
            self.pacing = pacing ?? .realTime
        } else {
            self.pacing = pacing ?? .asItComes
        }
    }
}

/// The bounds of a session.
package struct IngestLimits: Sendable {
    /// How much media of a live input is analysed for its codecs at most: what is analysed is lag
    /// at the start, and codecs are repeated at every key frame.
    package var liveAnalysis: Interval = .milliseconds(700)
    /// How much media of a file is analysed at most: a file is read faster than real time.
    package var fileAnalysis: Interval = .milliseconds(5000)
    /// How many bytes are read to recognise a container: 3 s at 8 Mbit/s.
    package var probeBytes = 3 << 20
    /// How much media of a live input is measured for its bit rate before `.opened`.
    package var rateSpan: Interval = .milliseconds(300)
    /// How much media may pass without a key frame: GOPs of 10 s exist, 20 s is a fault.
    package var keyFrameSearch: Interval = .milliseconds(20_000)
    /// How far from its neighbours a timestamp counts as a jump rather than a gap.
    package var jump: Interval = .milliseconds(10_000)
    /// How far ahead of real time a paced packet is let through: half a piece at 10 a second.
    package var paceAhead: Interval = .milliseconds(40)
    /// How far behind real time a paced input may fall before it stops catching up.
    package var paceBehind: Interval = .milliseconds(1000)
    /// How far the PCR is behind the DTS; audio frames are collected for half of it.
    ///
    /// Shorter costs overhead (about 100 bytes for each audio PES), longer costs lag.
    package var muxDelay: Interval = .milliseconds(200)
    /// How often PAT and PMT come where no key frame brings them.
    package var tablePeriod: Interval = .milliseconds(500)
    /// How many bytes may wait for the consumer before reading pauses: 4 s at 8 Mbit/s.
    package var unconsumedBytes = 4 << 20
    /// How long a URL may deliver nothing before it is opened anew: HLS segments last 10 s.
    package var stall: Interval = .milliseconds(15_000)
    /// The first pause before a lost URL is opened anew; it doubles.
    package var firstBackOff: Interval = .milliseconds(1000)
    /// The longest pause before a lost URL is opened anew.
    package var longestBackOff: Interval = .milliseconds(30_000)
    /// How many broken packets in a row end a session: a damaged file goes on, garbage does not.
    package var brokenPackets = 200

    /// The defaults.
    package init() {}
}
