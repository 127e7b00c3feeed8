// What a few seconds of an input show: its key frames above all. Counts only; InputProbe reads.

package import Ingest
package import Primitives

/// What was seen of an input so far.
package struct ProbeTally: Hashable, Sendable {
    /// How much media is looked at: enough for two of the longest sensible key frame intervals.
    package static let enough = Interval.seconds(10)
    /// From which interval of key frames on viewers wait too long for their first picture.
    package static let longInterval = Interval.seconds(4)

    /// The input, once it is known.
    package private(set) var info: StreamInfo?
    /// Bytes of the transport stream.
    package private(set) var bytes = 0
    /// The longest time between two key frames, where there were two.
    package private(set) var keyInterval: Interval?
    /// How much media was seen.
    package private(set) var span = Interval.zero
    private var first: UInt64?
    private var lastKey: UInt64?

    /// Nothing seen yet.
    package init() {}

    /// Whether enough was seen.
    package var isEnough: Bool { info != nil && span >= Self.enough }

    /// Counts an event of the session.
    package mutating func take(_ event: IngestEvent) {
        switch event {
        case .opened(let info): self.info = info
        case .chunk(let chunk): take(chunk)
        case .interrupted, .resumed, .ended, .failed: break
        }
    }

    private mutating func take(_ chunk: TSChunk) {
        bytes += chunk.bytes.count
        var pts: UInt64?
        var isKey = false
        for mark in chunk.marks {
            switch mark.kind {
            case .randomAccess: isKey = true
            case .timestamp(let pts90k): pts = pts ?? pts90k
            }
        }
        guard let pts else { return }
        if let first {
            span = max(span, Self.time(from: first, to: pts))
        } else {
            first = pts
        }
        guard isKey else { return }
        if let lastKey {
            keyInterval = max(keyInterval ?? .zero, Self.time(from: lastKey, to: pts))
        }
        lastKey = pts
    }

    /// The time between two timestamps of 33 bits; none where the second is before the first.
    private static func time(from start: UInt64, to end: UInt64) -> Interval {
        let ticks = (end &- start) & 0x1_ffff_ffff
        guard ticks < 1 << 32 else { return .zero }
        return .microseconds(Int64(ticks) * 100 / 9)
    }
}

extension ProbeTally {
    /// What a broadcaster should know, a sentence each.
    package var warnings: [String] {
        guard let info else { return [] }
        var out: [String] = []
        if let keyInterval, keyInterval > Self.longInterval {
            out.append(
                "a key frame only every \(keyInterval.text): viewers wait as long for their first "
                    + "picture; encode with one every 2 s")
        } else if keyInterval == nil, info.hasVideo, span > Self.longInterval {
            out.append(
                "one key frame in \(span.text): viewers wait long for their first picture; "
                    + "encode with one every 2 s")
        }
        if !info.hasVideo { out.append("there is no video: this will be a radio channel") }
        for stream in info.streams {
            if stream.channels > 2 {
                out.append("\(stream.channels) audio channels: browsers may play none of them")
            }
            if ["hevc", "mpeg2video", "ac3", "eac3"].contains(stream.codec) {
                out.append("\(stream.codec): mpv and VLC play it, most browsers do not")
            }
        }
        return out
    }
}
