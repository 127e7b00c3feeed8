// The chunks of an AVI file: a list of headers, a list with the media, and behind it the index.

enum AVIChunks {
    /// How many chunks are looked at: headers, filling, information, media, index.
    private static let limit = 64
    private static let header: Int64 = 8
    private static let idx1: UInt64 = 0x6964_7831

    static func index(_ file: FileParts) -> IndexPlace {
        // RIFF, its size, AVI: the chunks follow.
        var at: Int64 = 12
        for _ in 0..<limit {
            guard file.length - at >= header else { return .unknown(look: nil) }
            guard let name = file.number(at: at, count: 4),
                let size = file.littleEndian(at: at + 4, count: 4)
            else { return .beginsAt(at, look: header) }
            // Chunks begin at even places.
            guard let end = file.end(of: at + header, size: size) else {
                return .unknown(look: nil)
            }
            if name == idx1 { return StartPlan.index(from: at, to: end) }
            at = end < file.length ? end + end % 2 : end
        }
        return .unknown(look: nil)
    }

    // MARK: Time

    /// RIFF, its size, AVI; LIST, its size, hdrl: the main header is the first chunk there.
    private static let mainHeader: Int64 = 24
    private static let avih: UInt64 = 0x6176_6968

    /// The time that it lasts: so many frames of so many microseconds each.
    static func time(_ file: FileParts) -> PlayingTime {
        guard file.number(at: mainHeader, count: 4) == avih,
            let each = file.littleEndian(at: mainHeader + 8, count: 4),
            let frames = file.littleEndian(at: mainHeader + 24, count: 4)
        else { return .unknown }
        return .whole(Double(each) * Double(frames) / 1_000_000, file.length)
    }
}
