// The few fields of an MPEG-TS packet that matter where a stream is joined or resumed
// (ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.4). Reads headers only; content is anybody's.

/// The header of one transport stream packet within a longer run of bytes.
struct TransportPacket: Equatable {
    /// The length of a packet in bytes.
    static let length = 188
    /// The first byte of every packet.
    static let syncByte: UInt8 = 0x47
    /// The PID of null packets, whose counter means nothing.
    static let nullPID = 0x1fff
    /// The bit of discontinuity_indicator in the first byte of adaptation field flags.
    static let discontinuityFlag: UInt8 = 0x80

    /// The packet identifier, 13 bits.
    let pid: Int
    /// Whether a section or a PES packet begins in it.
    let startsUnit: Bool
    /// Whether it carries payload, and so counts.
    let hasPayload: Bool
    /// Whether it has adaptation field flags, in which a discontinuity can be marked.
    let hasFlags: Bool
    /// The continuity counter, 4 bits.
    let counter: UInt8

    /// The header of the 188 bytes at `offset`, or nil where no packet is there.
    init?(_ bytes: borrowing [UInt8], at offset: Int) {
        guard offset >= 0, offset <= bytes.count - Self.length, bytes[offset] == Self.syncByte
        else { return nil }
        pid = Int(bytes[offset + 1] & 0x1f) << 8 | Int(bytes[offset + 2])
        startsUnit = bytes[offset + 1] & 0x40 != 0
        hasPayload = bytes[offset + 3] & 0x10 != 0
        let length = bytes[offset + 4]
        hasFlags = bytes[offset + 3] & 0x20 != 0 && length > 0 && length <= 183
        counter = bytes[offset + 3] & 0x0f
    }

    /// A packet that only says that the counter of `pid` is discontinuous before `counter`.
    static func discontinuity(pid: Int, before counter: UInt8) -> [UInt8] {
        var packet = [UInt8](repeating: 0xff, count: length)
        packet[0] = syncByte
        packet[1] = UInt8(truncatingIfNeeded: pid >> 8) & 0x1f
        packet[2] = UInt8(truncatingIfNeeded: pid)
        // Adaptation field only: the counter does not advance with such a packet.
        packet[3] = 0x20 | (counter &- 1) & 0x0f
        packet[4] = UInt8(length - 5)
        packet[5] = discontinuityFlag
        return packet
    }
}
