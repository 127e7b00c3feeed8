// Key frames of H.264 that are not IDR pictures (open GOPs), out of MP4, Matroska or FLV: their
// parameter sets are in the container's header, and libavformat repeats them only in front of IDR
// pictures. Whoever tunes in at another key frame needs them there too.

/// The parameter sets of an `avcC` record (ISO/IEC 14496-15, 5.3.3.1), ready to be put in.
struct AVCParameterSets {
    /// The sets as they stand in a packet, each behind its length.
    let bytes: [UInt8]
    private let lengthBytes: Int

    /// The sets in `record`, or nil where it is not an `avcC` record or holds none.
    init?(record: [UInt8]) {
        guard record.count > 6, record[0] == 1 else { return nil }
        let width = Int(record[4] & 3) + 1
        var at = 5
        var bytes: [UInt8] = []
        for mask: UInt8 in [0x1f, 0xff] {
            guard at < record.count else { return nil }
            let count = record[at] & mask
            at += 1
            for _ in 0..<count {
                guard at + 2 <= record.count else { return nil }
                let length = Int(record[at]) << 8 | Int(record[at + 1])
                at += 2
                guard at + length <= record.count else { return nil }
                bytes += (0..<width).map { i in
                    UInt8(truncatingIfNeeded: length >> (8 * (width - 1 - i)))
                }
                bytes += record[at..<(at + length)]
                at += length
            }
        }
        guard !bytes.isEmpty else { return nil }
        (self.bytes, lengthBytes) = (bytes, width)
    }

    /// Where in `packet`, a key frame, the sets are missing; nil where they are not.
    func gap(in packet: some RandomAccessCollection<UInt8>) -> Int? {
        let units = Array(packet)
        var at = 0
        var gap = 0
        while at + lengthBytes < units.count {
            let length = units[at..<(at + lengthBytes)].reduce(0) { $0 << 8 | Int($1) }
            switch units[at + lengthBytes] & 0x1f {
            // An IDR picture gets its sets from libavformat; a set is there already.
            case 5, 7: return nil
            // A slice: what matters comes before it.
            case 1: return gap
            // The delimiter comes first (ISO/IEC 14496-10, 7.4.1.2.3).
            case 9: gap = at + lengthBytes + length
            default: break
            }
            at += lengthBytes + length
        }
        return nil
    }
}
