// Finds in the muxer's output the places that matter: where a player can start, and when it is.
// Reads only what our own muxer wrote (ISO/IEC 13818-1, 2.4.3), but never past the end.

/// A reader of transport stream packets.
struct MarkScanner {
    /// The length of a transport stream packet in bytes.
    static let packetLength = 188

    /// The PID of the video, or nil for audio alone.
    let videoPID: Int?
    /// The PID on which the PMT comes.
    let tablePID: Int

    /// The marks of `bytes`, which are whole packets.
    func marks(in bytes: [UInt8]) -> [TSMark] {
        var marks: [TSMark] = []
        var table: Int?
        var timed = false
        for offset in stride(from: 0, to: bytes.count - 187, by: Self.packetLength) {
            let pid = Int(bytes[offset + 1] & 0x1f) << 8 | Int(bytes[offset + 2])
            if pid == 0 {
                table = offset
            } else if pid != tablePID {
                if let place = table, isEntry(bytes, offset, pid) {
                    marks.append(TSMark(offset: place, kind: .randomAccess))
                }
                table = nil
            }
            if !timed, let pts = presentationTime(bytes, offset) {
                timed = true
                marks.append(TSMark(offset: offset, kind: .timestamp(pts90k: pts)))
            }
        }
        return marks
    }

    /// Whether decoding can begin with this packet.
    private func isEntry(_ bytes: [UInt8], _ offset: Int, _ pid: Int) -> Bool {
        guard let videoPID else { return presentationTime(bytes, offset) != nil }
        let starts = bytes[offset + 1] & 0x40 != 0
        let adapts = bytes[offset + 3] & 0x20 != 0 && bytes[offset + 4] > 0
        return pid == videoPID && starts && adapts && bytes[offset + 5] & 0x40 != 0
    }

    /// The PTS of the PES header in this packet, if one begins here.
    private func presentationTime(_ bytes: [UInt8], _ offset: Int) -> UInt64? {
        let flags = bytes[offset + 3]
        guard bytes[offset + 1] & 0x40 != 0, flags & 0x10 != 0 else { return nil }
        let at = offset + 4 + (flags & 0x20 != 0 ? 1 + Int(bytes[offset + 4]) : 0)
        guard at + 14 <= offset + Self.packetLength else { return nil }
        guard bytes[at] == 0, bytes[at + 1] == 0, bytes[at + 2] == 1 else { return nil }
        guard bytes[at + 7] & 0x80 != 0 else { return nil }
        let high = UInt64(bytes[at + 9] >> 1 & 7) << 30
        let middle = UInt64(bytes[at + 10]) << 22 | UInt64(bytes[at + 11] >> 1) << 15
        return high | middle | UInt64(bytes[at + 12]) << 7 | UInt64(bytes[at + 13] >> 1)
    }
}
