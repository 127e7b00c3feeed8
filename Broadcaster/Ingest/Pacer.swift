// When a packet of a file is due, as if it were live. Keeps no clock and does not sleep.
import Primitives

/// The relation between media time and real time.
struct Pacer {
    private let ahead: Interval
    private let behind: Interval
    private var anchor: (media: Int64, real: Instant)?

    /// A pacer that lets packets through `ahead` early and gives up catching up after `behind`.
    init(ahead: Interval, behind: Interval) {
        self.ahead = ahead
        self.behind = behind
    }

    /// When the packet with this DTS (1/90000 s) may go, which may be in the past.
    mutating func due(_ dts: Int64, at now: Instant) -> Instant {
        guard let anchor else {
            self.anchor = (dts, now)
            return now
        }
        let moment = anchor.real + .microseconds((dts - anchor.media) * 100 / 9)
        if now - moment > behind { self.anchor = (dts, now) }
        return moment - ahead
    }
}
