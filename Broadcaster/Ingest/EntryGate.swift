// Keeps back what a receiver could not decode: the video before its first key frame, and the
// audio before about that moment. Also measures, on the way, how many bits a second flow.
import Primitives

/// The gate at the start of an input, or of a pass through it.
struct EntryGate {
    /// How much audio is kept for a key frame that follows it in the input: 256 frames, 5 s.
    private static let heldAudio = 256
    /// Audio this long before the key frame is let in: 100 ms, the length of an audio PES.
    private static let lead: Int64 = 9000
    /// Where packets have no times, this many without a key frame are enough: 10 min of video.
    private static let packets = 15_000

    private let searches: Bool
    private let limit: Int64
    private var isOpen: Bool
    private var entry: Int64?
    private var held: [Packet] = []
    private var first: Int64?
    private var seen = 0

    /// A gate that waits for a key frame if `hasVideo`, for at most `limit` (1/90000 s) of media.
    init(hasVideo: Bool, limit: Int64) {
        searches = hasVideo
        isOpen = !hasVideo
        self.limit = limit
    }

    /// Whether no key frame is waited for, because there is no video.
    var isForAudio: Bool { !searches }

    /// Whether a receiver can start with what has been let in.
    var hasOpened: Bool { isOpen }

    /// Takes a packet and gives those that may pass now.
    mutating func admit(_ packet: Packet) throws(IngestFault) -> [Packet] {
        if isOpen { return isTooEarly(packet) ? [] : [packet] }
        if packet.isVideo, packet.isKey {
            isOpen = true
            entry = packet.times.dts ?? packet.times.pts
            defer { held = [] }
            return [packet] + held.filter { !isTooEarly($0) }
        }
        try count(packet)
        if !packet.isVideo {
            if held.count == Self.heldAudio { held.removeFirst() }
            held.append(packet)
        }
        return []
    }

    private mutating func count(_ packet: Packet) throws(IngestFault) {
        seen += 1
        if let time = packet.times.dts ?? packet.times.pts {
            first = first ?? time
            if let first, time - first > limit { throw .noKeyFrames }
        }
        if seen > Self.packets { throw .noKeyFrames }
    }

    /// Whether an audio packet belongs before the key frame, in the first seconds after it.
    private func isTooEarly(_ packet: Packet) -> Bool {
        guard searches, !packet.isVideo, let entry else { return false }
        guard let time = packet.times.dts ?? packet.times.pts else { return false }
        // What is far off is across a jump or a wrap of the clock, and not early.
        return (Self.lead..<Self.lead + 900_000).contains(entry - time)
    }
}

/// A measure of the bit rate from the first packets of a live input.
struct RateEstimate {
    /// A transport stream's own share, of what its elementary streams carry.
    private static let overhead = 1.04
    /// The customary length of a GOP, over which a lone key frame is spread: 2 s.
    private static let customaryGOP = 2.0

    private var first: Int64?
    private var last: Int64 = 0
    private var keyFrames = 0
    private var keyBytes = 0
    private var otherBytes = 0

    /// Counts a packet.
    mutating func add(_ packet: Packet) {
        if packet.isVideo, packet.isKey {
            keyFrames += 1
            keyBytes += packet.size
        } else {
            otherBytes += packet.size
        }
        guard let time = packet.times.dts ?? packet.times.pts else { return }
        first = first ?? time
        last = max(last, time + packet.times.duration)
    }

    /// The media that has been counted, in 1/90000 s.
    var span: Int64 { first.map { max(0, last - $0) } ?? 0 }

    /// Bits a second, or 0 where nothing could be measured.
    var bitsPerSecond: Double {
        let seconds = Double(span) / 90_000
        guard seconds >= 0.1 else { return 0 }
        // One key frame in a short span would count for many times its share.
        let keySpan = keyFrames > 1 ? seconds : max(seconds, Self.customaryGOP)
        let rate = Double(otherBytes) / seconds + Double(keyBytes) / keySpan
        return rate * 8 * Self.overhead
    }
}
