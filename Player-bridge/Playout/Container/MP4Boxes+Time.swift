// The time that an MP4 file lasts: the movie header in its index (ISO/IEC 14496-12, 8.2.2).

extension MP4Boxes {
    private static let mvhd: UInt64 = 0x6D76_6864
    /// Bytes of an index that are looked at: the movie header is its first box, of 120 bytes.
    private static let looked: Int64 = 512
    /// How many boxes of the index are looked at.
    private static let limit = 8

    static func time(_ file: FileParts) -> PlayingTime {
        guard case .at(let index) = index(file) else { return place(file) }
        let seen = StartPlan.part(from: index.lowerBound, to: index.upperBound, atMost: looked)
        // A large size is for an index of more than 4 GiB, which is not believed in.
        var at = index.lowerBound + 8
        for _ in 0..<limit where seen.upperBound - at >= 40 {
            guard let word = file.number(at: at, count: 8) else { break }
            if word & 0xFFFF_FFFF == mvhd { return header(file, at, seen) }
            guard word >> 32 >= 8, let next = file.end(of: at, size: word >> 32)
            else { return .unknown }
            at = next
        }
        return isKnown(file, seen) ? .unknown : .look(seen)
    }

    /// Where the index begins, that tells more; how long it is, is said there.
    private static func place(_ file: FileParts) -> PlayingTime {
        guard case .beginsAt(let start, let look) = index(file) else { return .unknown }
        let range = StartPlan.part(from: start, to: file.length, atMost: max(look, looked))
        return isKnown(file, range) ? .unknown : .look(range)
    }

    private static func isKnown(_ file: FileParts, _ range: Range<Int64>) -> Bool {
        file.bytes(at: range.lowerBound, count: range.count) != nil
    }

    private static func header(
        _ file: FileParts, _ at: Int64, _ look: Range<Int64>
    ) -> PlayingTime {
        // Version 1 has times of 64 bits.
        let isLong = file.number(at: at + 8, count: 1) == 1
        guard let scale = file.number(at: at + (isLong ? 28 : 20), count: 4),
            let units = file.number(at: at + (isLong ? 32 : 24), count: isLong ? 8 : 4)
        else { return isKnown(file, look) ? .unknown : .look(look) }
        // All ones say that it is not known; zero, that the film is in fragments.
        guard scale > 0, units > 0, units < (isLong ? .max : 0xFFFF_FFFF) else { return .unknown }
        return .whole(Double(units) / Double(scale), file.length)
    }
}
