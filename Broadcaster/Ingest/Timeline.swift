// Turns an input's timestamps into ones that a receiver never stumbles over: they begin near
// zero, never wrap, never jump, and rise for every stream. Pure arithmetic in units of 1/90000 s.
//
// Words: an epoch is a stretch of the input whose timestamps belong together, and is known by the
// offset from input time to output time. When a timestamp fits no epoch, a new one begins where
// the output stands. Streams cross a jump at different packets, so the epoch before the newest is
// kept and either is chosen by nearness; all streams share its offset and so stay in step.

/// The timestamps of a packet, in units of 1/90000 s.
struct PacketTimes: Hashable {
    var pts: Int64?
    var dts: Int64?
    /// 0 where unknown.
    var duration: Int64 = 0
    /// How much later than it is decoded the first picture is shown; matters where DTS is missing.
    var reorder: Int64 = 0
    /// The period after which the input's timestamps wrap, or nil where they do not.
    var wrap: Int64?
}

/// The map from an input's timestamps to the output's.
struct Timeline {
    private struct Epoch {
        var offset: Int64
        /// The last DTS of any stream in it, unwrapped, in input time.
        var reference: Int64
    }

    /// What one stream has put out.
    private struct Track {
        var last: Int64?
        var step: Int64
        /// Of the current pass through a looped file.
        var firstDTS: Int64?
        var lowestPTS: Int64 = .max
        var highestPTS: Int64 = .min

        var end: Int64 { (last ?? 0) + step }
        /// How long the pass must last for the next one not to overlap it.
        var length: Int64 {
            guard let firstDTS, let last else { return 0 }
            return max(last - firstDTS, highestPTS - lowestPTS) + step
        }
    }

    /// Where the output begins: late enough that what precedes the first packet stays positive.
    private static let start: Int64 = 90_000
    /// The step assumed where nothing is known: 25 frames a second.
    private static let customaryStep: Int64 = 3600

    /// How far a stream's own times may go back before that is a jump: 500 ms.
    private static let disorder: Int64 = 45_000

    private let jump: Int64
    private var begin = Self.start
    private var current: Epoch?
    private var previous: Epoch?
    private var tracks: [Track]
    /// The length of the finished pass, while the first packet of the next is awaited.
    private var seam: Int64?

    /// A timeline for `streams` streams, where a distance above `jump` is a jump.
    init(streams: Int, jump: Int64) {
        self.jump = jump
        tracks = Array(repeating: Track(step: Self.customaryStep), count: streams)
    }

    /// The input begins again from its start: the same packets come, later by the pass's length.
    mutating func beginPass() {
        seam = tracks.map(\.length).max()
        (current, previous) = (nil, nil)
    }

    /// The input was opened anew: its times have nothing to do with those before.
    mutating func beginAnew() { (current, previous) = (nil, nil) }

    /// From now on there are `streams` streams, which begin after everything that was put out.
    mutating func resize(streams: Int) {
        begin = nextStart
        tracks = Array(repeating: Track(step: Self.customaryStep), count: streams)
        seam = nil
    }

    /// The output's PTS and DTS for a packet of `stream`.
    mutating func map(_ times: PacketTimes, stream: Int) -> (pts: Int64, dts: Int64) {
        let placed = place(times, stream: stream)
        var track = tracks[stream]
        var (pts, dts) = (placed + displayDelay(times), placed)
        if times.dts == nil, times.pts != nil {
            dts = min(pts, track.last.map { $0 + track.step } ?? pts - times.reorder)
        }
        // The least change that keeps DTS rising and PTS not before it.
        let fixed = track.last.map { max(dts, $0 + 1) } ?? dts
        pts = max(pts, fixed)
        if times.duration > 0, times.duration <= jump {
            track.step = times.duration
        } else if let last = track.last, fixed - last > 1, fixed - last <= jump {
            track.step = fixed - last
        }
        track.last = fixed
        track.firstDTS = track.firstDTS ?? fixed
        track.lowestPTS = min(track.lowestPTS, pts)
        track.highestPTS = max(track.highestPTS, pts)
        tracks[stream] = track
        return (pts, fixed)
    }

    /// Output time of the packet's DTS, before it is made to rise.
    private mutating func place(_ times: PacketTimes, stream: Int) -> Int64 {
        guard let raw = times.dts ?? times.pts else {
            return tracks[stream].last == nil ? nextStart : tracks[stream].end
        }
        // Streams are interleaved unevenly, but one stream never goes back: that is a jump too.
        let floor = (tracks[stream].last ?? .min / 2) - Self.disorder
        if let dts = adopt(raw, wrap: times.wrap, floor: floor) { return dts }
        let start = seamStart(stream) ?? nextStart
        previous = current
        current = Epoch(offset: start &- raw, reference: raw)
        return start
    }

    /// Output time of `raw` in the epoch that it is near to, which becomes the current one; nil
    /// where there is none, or only one in which it would be before `floor`.
    private mutating func adopt(_ raw: Int64, wrap: Int64?, floor: Int64) -> Int64? {
        for (candidate, other) in [(current, previous), (previous, current)] {
            guard var epoch = candidate else { continue }
            let delta = difference(raw, epoch.reference, wrap: wrap)
            guard delta.magnitude <= jump.magnitude else { continue }
            epoch.reference &+= delta
            let dts = epoch.reference &+ epoch.offset
            guard dts >= floor else { continue }
            (current, previous) = (epoch, other)
            return dts
        }
        return nil
    }

    /// Where a new epoch begins: after everything that was put out.
    private var nextStart: Int64 {
        tracks.filter { $0.last != nil }.map(\.end).max() ?? begin
    }

    /// Where `stream` begins in the next pass through a looped file, if one is about to begin.
    private mutating func seamStart(_ stream: Int) -> Int64? {
        guard let length = seam else { return nil }
        seam = nil
        let begin = tracks[stream].firstDTS.map { $0 + length }
        for i in tracks.indices {
            tracks[i].firstDTS = nil
            (tracks[i].lowestPTS, tracks[i].highestPTS) = (.max, .min)
        }
        return begin
    }

    /// How long after its DTS a packet is shown; out of bounds counts as at once.
    private func displayDelay(_ times: PacketTimes) -> Int64 {
        guard let pts = times.pts, let dts = times.dts else { return 0 }
        let delay = difference(pts, dts, wrap: times.wrap)
        return (0...jump).contains(delay) ? delay : 0
    }

    /// `a - b`, the short way round where the clock wraps; saturates far out of range.
    private func difference(_ a: Int64, _ b: Int64, wrap: Int64?) -> Int64 {
        let (plain, overflow) = a.subtractingReportingOverflow(b)
        guard !overflow, plain != .min else { return .max }
        guard let wrap, wrap > 0 else { return plain }
        let rest = plain % wrap
        if rest > wrap / 2 { return rest - wrap }
        return rest < -(wrap / 2) ? rest + wrap : rest
    }
}
