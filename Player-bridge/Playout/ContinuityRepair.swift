// Makes a transport stream whole again after missing packets: each PID is silent until its next
// section or PES packet begins, and what follows the gap is marked as discontinuous
// (ISO/IEC 13818-1, 2.4.3.4). Whole packets in, whole packets out; chunks are not its matter.

/// The PIDs that have gone on since a gap.
struct ContinuityRepair: Sendable {
    /// A bit for each of the 8192 PIDs.
    private var resumed = [UInt64](repeating: 0, count: 8192 / 64)

    /// Appends what may be passed on of the packets in `range` of `bytes`.
    mutating func append(_ bytes: [UInt8], _ range: Range<Int>, to out: inout [UInt8]) {
        var offset = range.lowerBound
        while offset <= range.upperBound - TransportPacket.length {
            if let packet = TransportPacket(bytes, at: offset) {
                pass(packet, bytes[offset..<offset + TransportPacket.length], to: &out)
            }
            offset += TransportPacket.length
        }
    }

    /// The packet that must go in front of the one at `offset`, which then counts as resumed.
    ///
    /// For the first packet of a chunk that others begin with: to them nothing is discontinuous.
    mutating func marker(for bytes: [UInt8], at offset: Int) -> [UInt8] {
        guard let packet = TransportPacket(bytes, at: offset), needsMark(packet),
            packet.startsUnit, packet.hasPayload, !packet.hasFlags
        else { return [] }
        resume(packet.pid)
        return TransportPacket.discontinuity(pid: packet.pid, before: packet.counter)
    }

    private mutating func pass(
        _ packet: TransportPacket, _ bytes: ArraySlice<UInt8>, to out: inout [UInt8]
    ) {
        guard needsMark(packet) else {
            out.append(contentsOf: bytes)
            return
        }
        // Without payload the counter stands still, and a clock reference is welcome at once.
        guard packet.hasPayload ? packet.startsUnit : packet.hasFlags else { return }
        if packet.hasPayload { resume(packet.pid) }
        if packet.hasFlags {
            out.append(contentsOf: bytes)
            out[out.count - TransportPacket.length + 5] |= TransportPacket.discontinuityFlag
        } else {
            out += TransportPacket.discontinuity(pid: packet.pid, before: packet.counter)
            out.append(contentsOf: bytes)
        }
    }

    private func needsMark(_ packet: TransportPacket) -> Bool {
        packet.pid != TransportPacket.nullPID
            && resumed[packet.pid >> 6] & 1 << UInt64(packet.pid & 63) == 0
    }

    private mutating func resume(_ pid: Int) { resumed[pid >> 6] |= 1 << UInt64(pid & 63) }
}
