// The boxes at the top of an MP4 file (ISO/IEC 14496-12, 4.2): from one to the next by their
// sizes, until the one with the index, `moov`.

enum MP4Boxes {
    /// How many boxes are looked at: files have fewer than ten before their index.
    private static let limit = 64
    /// The bytes of the longest beginning of a box: size, type, large size.
    private static let header: Int64 = 16

    private static let moov: UInt64 = 0x6D6F_6F76

    static func index(_ file: FileParts) -> IndexPlace {
        var at: Int64 = 0
        for _ in 0..<limit {
            guard file.length - at >= 8 else { return .unknown(look: nil) }
            guard let word = file.number(at: at, count: 8) else {
                // Where a box begins is known from the one before, and what it is not yet.
                return at == 0
                    ? .unknown(look: 0..<min(file.length, header)) : .beginsAt(at, look: header)
            }
            var (size, least) = (word >> 32, UInt64(8))
            if size == 1 {
                guard file.length - at >= header else { return .unknown(look: nil) }
                guard let large = file.number(at: at + 8, count: 8) else {
                    return .beginsAt(at, look: header)
                }
                (size, least) = (large, 16)
            } else if size == 0 {
                // To the end of the file.
                size = UInt64(file.length - at)
            }
            let isIndex = word & 0xFFFF_FFFF == moov
            guard size >= least, let end = file.end(of: at, size: size) else {
                return .unknown(look: nil)
            }
            if isIndex { return StartPlan.index(from: at, to: end) }
            at = end
        }
        return .unknown(look: nil)
    }
}
