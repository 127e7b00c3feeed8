// The clock of a transport stream (ISO/IEC 13818-1, 2.4.2.1): the time between two places of a
// file, by the program clock references of the first packets that carry one. Repairs nothing.

enum TransportClock {
    /// A clock reference: the byte where its packet begins, and the time in ticks of 90 kHz.
    struct Reading: Equatable {
        let at: Int64
        let ticks: UInt64
    }

    /// The clock of one packet identifier over a stretch of the file.
    struct Stretch: Equatable {
        let identifier: UInt16
        var first: Reading
        var last: Reading

        /// Seconds from the first reading to the last.
        var seconds: Double { TransportClock.seconds(from: first, to: last) }
        var bytes: Int64 { last.at - first.at }
    }

    /// Packets as they are; with a time stamp before each (M2TS); with parity behind each (DVB).
    private static let strides = [188, 192, 204]
    private static let sync: UInt8 = 0x47
    /// Packets in a row that must begin with the sync byte.
    private static let row = 4
    /// The clock has 33 bits.
    private static let wrap: UInt64 = 1 << 33
    /// The longest time between two readings in a row: the standard says 100 ms.
    private static let gap = 5.0
    /// Seconds of a beginning that tell enough, and that tell anything; and its longest, in bytes.
    private static let enough = 1.0
    private static let least = 0.2
    private static let longest: Int64 = 1_048_576
    /// The whole film may have this much more or less of a bitrate than its beginning.
    private static let likeness = 16.0

    static func time(_ file: FileParts) -> PlayingTime {
        let heads = file.parts.filter { $0.offset == 0 }
        guard let head = heads.max(by: { $0.bytes.count < $1.bytes.count }) else {
            return .unknown
        }
        let begin = stretch(head, identifier: nil)
        let further = further(than: head, of: file.length, begin?.seconds ?? 0)
        guard let begin else { return further.map { .look($0) } ?? .unknown }
        let start = file.length - min(file.length, PlayingRate.stretch)
        guard start >= Int64(head.bytes.count) else { return local(begin, further) }
        guard let behind = file.parts.first(where: { $0.offset == start }) else {
            return local(begin, further ?? start..<file.length)
        }
        guard let end = stretch(behind, identifier: begin.identifier) else {
            return local(begin, further)
        }
        let whole = Stretch(identifier: begin.identifier, first: begin.first, last: end.last)
        return isLike(whole, begin)
            ? .lasts(whole.seconds, bytes: whole.bytes, look: nil) : local(begin, further)
    }

    /// A longer beginning, where what is known of it is too short in time to tell: a picture that
    /// stands alone has one reading and may have 100 KB.
    private static func further(
        than head: FilePart, of length: Int64, _ seconds: Double
    ) -> Range<Int64>? {
        let known = Int64(head.bytes.count)
        guard seconds < enough, known < min(length, longest) else { return nil }
        return 0..<min(length, longest, max(PlayingRate.stretch, known * 4))
    }

    private static func local(_ stretch: Stretch, _ look: Range<Int64>?) -> PlayingTime {
        guard stretch.seconds >= least else { return look.map { .look($0) } ?? .unknown }
        return .lasts(stretch.seconds, bytes: stretch.bytes, look: look)
    }

    /// Whether a clock that was set anew in between is out of the question.
    private static func isLike(_ whole: Stretch, _ begin: Stretch) -> Bool {
        guard whole.seconds > 0, whole.bytes > 0 else { return false }
        guard begin.seconds > 0 else { return true }
        let (all, some) = (
            Double(whole.bytes) / whole.seconds, Double(begin.bytes) / begin.seconds
        )
        return all < some * likeness && some < all * likeness
    }

    static func seconds(from first: Reading, to last: Reading) -> Double {
        Double((last.ticks &- first.ticks) & (wrap - 1)) / 90_000
    }

    /// The clock in a part of a file: that of `identifier`, or else the first that there is.
    static func stretch(_ part: FilePart, identifier: UInt16?) -> Stretch? {
        guard let (start, stride) = packets(part.bytes) else { return nil }
        var found: Stretch?
        var at = start
        while at + 188 <= part.bytes.count {
            defer { at += stride }
            guard part.bytes[at] == sync, let ticks = reference(part.bytes, at) else { continue }
            let pid = UInt16(part.bytes[at + 1] & 0x1F) << 8 | UInt16(part.bytes[at + 2])
            guard pid == identifier ?? found?.identifier ?? pid else { continue }
            let reading = Reading(at: part.offset + Int64(at), ticks: ticks)
            if let known = found, seconds(from: known.last, to: reading) < gap {
                found?.last = reading
            } else {
                // The first, or a clock that was set anew.
                found = Stretch(identifier: pid, first: reading, last: reading)
            }
        }
        return found
    }

    /// Where packets begin, and how far they are apart.
    private static func packets(_ bytes: [UInt8]) -> (start: Int, stride: Int)? {
        for stride in strides {
            for start in 0..<stride where start + (row - 1) * stride < bytes.count {
                let isRow = (0..<row).allSatisfy { bytes[start + $0 * stride] == sync }
                if isRow { return (start, stride) }
            }
        }
        return nil
    }

    /// The clock reference of the packet at `at`, in ticks of 90 kHz.
    private static func reference(_ bytes: [UInt8], _ at: Int) -> UInt64? {
        guard bytes[at + 3] & 0x20 != 0, bytes[at + 4] >= 7, bytes[at + 5] & 0x10 != 0
        else { return nil }
        let high = bytes[at + 6..<at + 10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return high << 1 | UInt64(bytes[at + 10] >> 7)
    }
}
