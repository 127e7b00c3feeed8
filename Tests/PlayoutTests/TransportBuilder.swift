// A small television station: PAT, PMT, a picture and a sound PID with counters and PES starts,
// as bytes and as the pieces that they are cut into; and a checker of continuity.

import Pieces
import Playout
import Primitives

/// Builds a transport stream packet by packet.
struct TransportBuilder {
    static let table = 0, map = 0x100, picture = 0x101, sound = 0x102, clock = 0x1f0
    private(set) var bytes: [UInt8] = []
    /// The positions of the PATs in front of key frames.
    private(set) var accessPoints: [Int] = []
    private var counters: [Int: UInt8] = [:]
    private var random: SeededRandom

    init(seed: UInt64 = 1) { random = SeededRandom(seed: seed) }

    mutating func packet(pid: Int, start: Bool, field: Bool = false, payload: Bool = true) {
        let last = counters[pid] ?? 15
        let counter = payload && pid != 0x1fff ? (last + 1) & 15 : last
        counters[pid] = counter
        var packet: [UInt8] = [
            0x47, (start ? 0x40 : 0) | UInt8(pid >> 8), UInt8(pid & 0xff),
            (field ? 0x20 : 0) | (payload ? 0x10 : 0) | counter,
        ]
        if field { packet += payload ? [7, 0x10, 0, 0, 0, 0, 0, 0] : [183, 0x10] }
        while packet.count < 188 { packet.append(UInt8.random(in: 0...255, using: &random)) }
        bytes += packet
    }

    /// A frame of `packets` packets with sound and a clock in between.
    mutating func frame(key: Bool, packets: Int) {
        if key {
            accessPoints.append(bytes.count)
            packet(pid: Self.table, start: true)
            packet(pid: Self.map, start: true)
        }
        for number in 0..<packets {
            packet(pid: Self.picture, start: number == 0, field: number == 0)
            if number % 5 == 0 { packet(pid: Self.sound, start: number == 0) }
            if number % 7 == 3 {
                packet(pid: Self.clock, start: false, field: true, payload: false)
            }
            if number % 11 == 5 { packet(pid: 0x1fff, start: false) }
        }
    }

    /// A stream of at least `count` pieces, with a key frame every `distance` frames.
    static func stream(
        pieces count: Int, distance: Int = 12, packets: Int = 15, length: Int = 16384,
        seed: UInt64 = 1
    ) -> Stream {
        var builder = Self(seed: seed)
        var frame = 0
        while builder.bytes.count < count * length {
            builder.frame(key: frame % distance == 0, packets: packets)
            frame += 1
        }
        return Stream(
            bytes: Array(builder.bytes[..<(count * length)]), length: length,
            accessPoints: builder.accessPoints)
    }
}

/// A stream and the pieces that it is cut into.
struct Stream {
    var bytes: [UInt8]
    var length: Int
    var accessPoints: [Int]

    var count: Int { bytes.count / length }
    func piece(_ n: Int) -> [UInt8] { Array(bytes[(n * length)..<((n + 1) * length)]) }
    func offsets(_ n: Int) -> [Int] {
        accessPoints.filter { $0 / length == n }.map { $0 - n * length }
    }

    /// What the assembler makes of the pieces, of which those in `gaps` are skipped.
    func assembled(
        from first: Int = 0, offset: Int = 0, gaps: [Range<Int>] = [],
        lasting: Interval = .milliseconds(100), end: Bool = true
    ) -> [TransportChunk] {
        var chunks: [TransportChunk] = []
        guard let geometry = PieceGeometry(pieceLength: length) else { return [] }
        var assembler = TransportAssembler(geometry: geometry)
        assembler.start(at: p(UInt32(first)), offset: offset, into: &chunks)
        var n = first
        while n < count {
            if let gap = gaps.first(where: { $0.contains(n) }) {
                let range = p(UInt32(n))..<p(UInt32(gap.upperBound))
                assembler.skipped(range, lasting: lasting, into: &chunks)
                n = gap.upperBound
            } else {
                assembler.append(
                    p(UInt32(n)), piece(n), randomAccess: offsets(n), into: &chunks)
                n += 1
            }
        }
        if end { assembler.end(into: &chunks) }
        return chunks
    }
}

/// Follows the continuity counters of every PID (ISO/IEC 13818-1, 2.4.3.3 and 2.4.3.4).
struct ContinuityChecker {
    private(set) var faults: [String] = []
    private(set) var marks = 0
    private var last: [Int: UInt8] = [:]

    static func faults(_ bytes: [UInt8]) -> [String] {
        var checker = Self()
        checker.take(bytes)
        return checker.faults
    }

    mutating func take(_ bytes: [UInt8]) {
        if bytes.count % 188 != 0 { faults.append("\(bytes.count) bytes are no packets") }
        for at in stride(from: 0, to: bytes.count - 187, by: 188) {
            take(Array(bytes[at..<at + 188]), at)
        }
    }

    private mutating func take(_ packet: [UInt8], _ at: Int) {
        let pid = Int(packet[1] & 0x1f) << 8 | Int(packet[2])
        guard packet[0] == 0x47 else { return faults.append("no sync at \(at)") }
        guard pid != 0x1fff else { return }
        let counter = packet[3] & 15
        let marked = packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x80 != 0
        if marked { marks += 1 }
        if let last = last[pid], !marked {
            let due = packet[3] & 0x10 != 0 ? (last + 1) & 15 : last
            if counter != due { faults.append("PID \(pid): \(counter), not \(due), at \(at)") }
        }
        last[pid] = counter
    }
}

/// The PIDs of the packets.
func pids(_ bytes: [UInt8]) -> [Int] {
    stride(from: 0, to: bytes.count, by: 188).map {
        Int(bytes[$0 + 1] & 0x1f) << 8 | Int(bytes[$0 + 2])
    }
}
