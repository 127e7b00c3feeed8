// How many bytes of a file are played in a second, by what it says of its own length in time. A
// pure function of the parts that are known; files lie, so what cannot be is not believed.

package import Primitives

/// What a file's content says of its bitrate.
///
/// The average over the whole file, as its header has the time (ISO/IEC 14496-12 `mvhd`, RFC 9559
/// `Duration`, the main header of AVI), or the clock of a transport stream between two places
/// (ISO/IEC 13818-1 PCR).
package struct PlayingRate: Equatable, Sendable {
    /// Bytes a second, or nil where nothing is known yet or the file does not say.
    package let rate: ByteRate?
    /// Bytes that would tell, or tell better: call again once they are known as one part.
    ///
    /// Nil after a bounded number of calls, whatever the file says.
    package let look: Range<Int64>?

    /// How much of the end of a transport stream is looked at, and of its beginning at first.
    static let stretch: Int64 = 131_072
    /// The slowest and the fastest that is believed: speech at 4 kbit/s, and 1 Gbit/s.
    private static let believed = 500.0...125_000_000.0
    /// The shortest and the longest time that is believed: 100 ms, and 30 days.
    private static let times = 0.1...2_592_000.0

    /// The rate of a file of `length` bytes.
    ///
    /// - Parameters:
    ///   - length: the length of the file.
    ///   - kind: what its name says that it is; its first bytes count more.
    ///   - known: parts of it that are known.
    package init(length: Int64, kind: ContainerKind, known: [FilePart]) {
        guard length > 0 else {
            (rate, look) = (nil, nil)
            return
        }
        let file = FileParts(parts: known, length: length)
        let first = known.first { $0.offset == 0 && !$0.bytes.isEmpty }?.bytes
        let seen = first.flatMap { ContainerKind(firstBytes: $0.span) }
        guard first != nil else {
            (rate, look) = (nil, 0..<min(length, Self.stretch))
            return
        }
        let time: PlayingTime =
            switch seen ?? kind {
            case .mp4: MP4Boxes.time(file)
            case .matroska: MatroskaElements.time(file)
            case .avi: AVIChunks.time(file)
            case .transportStream: TransportClock.time(file)
            case .other: .unknown
            }
        switch time {
        case .unknown: (rate, look) = (nil, nil)
        case .look(let range): (rate, look) = (nil, range)
        case .lasts(let seconds, let bytes, let range):
            rate = Self.rate(seconds, bytes)
            look = range
        }
    }

    private static func rate(_ seconds: Double, _ bytes: Int64) -> ByteRate? {
        guard times.contains(seconds) else { return nil }
        let rate = Double(bytes) / seconds
        return believed.contains(rate) ? ByteRate(bytesPerSecond: rate) : nil
    }
}

/// What is known of the time that a file lasts.
enum PlayingTime: Equatable {
    /// Nothing, and there is nothing more to find.
    case unknown
    /// Nothing; these bytes would tell.
    case look(Range<Int64>)
    /// So many bytes last so many seconds; these bytes, if any, would tell better.
    case lasts(Double, bytes: Int64, look: Range<Int64>?)

    /// A whole file of `length` bytes lasts `seconds`.
    static func whole(_ seconds: Double, _ length: Int64) -> Self {
        seconds > 0 ? .lasts(seconds, bytes: length, look: nil) : .unknown
    }
}
