// Live messages to and from bytes, in network byte order. Every byte of a message of a known
// type must mean something: a message that is too short or too long is a fault.
import Pieces
import Primitives

extension LiveMessage {
    /// The message as an extended message, under the id that the receiver gave `p2ptv_live`.
    package func message(id: UInt8) -> Message { .extended(id: id, payload: encoded) }

    /// The payload of an extended message; the fields must be in their ranges.
    package var encoded: [UInt8] {
        var out: [UInt8] = [type]
        switch self {
        case .records(let records): encode(records, into: &out)
        case .have(let map):
            precondition((1...Self.maximumBitmap).contains(map.bitmap.count))
            out.append(bigEndian: map.first.value)
            out.append(contentsOf: map.bitmap)
        case .status(let status): encode(status, into: &out)
        case .wantRecords(let from, let count):
            precondition(count > 0)
            out.append(bigEndian: from?.value ?? noPiece)
            out.append(count)
        case .forget(let piece): out.append(bigEndian: piece.value)
        case .unknown: break
        }
        return out
    }

    /// The message in `payload`.
    package static func decode(_ payload: Span<UInt8>) throws(LiveFault) -> Self {
        var reader = LiveReader()
        let type = try reader.read(UInt8.self, in: payload)
        let message: Self
        switch type {
        case 0: message = .records(try decodeRecords(&reader, payload))
        case 1: return .have(try decodeHave(&reader, payload))
        case 2: message = .status(try decodeStatus(&reader, payload))
        case 3:
            let from = try reader.piece(in: payload)
            let count = try reader.read(UInt8.self, in: payload)
            guard count > 0 else { throw .range(type: type) }
            message = .wantRecords(from: from, count: count)
        case 4: message = .forget(before: PieceIndex(try reader.read(UInt32.self, in: payload)))
        default: return .unknown(type: type)
        }
        guard reader.remaining(in: payload) == 0 else { throw .trailing }
        return message
    }

    private var type: UInt8 {
        switch self {
        case .records: 0
        case .have: 1
        case .status: 2
        case .wantRecords: 3
        case .forget: 4
        case .unknown(let type): type
        }
    }

    private func encode(_ records: [[UInt8]], into out: inout [UInt8]) {
        precondition((1...Self.maximumRecords).contains(records.count))
        out.append(UInt8(records.count))
        for record in records {
            precondition((1...Int(UInt16.max)).contains(record.count))
            out.append(bigEndian: UInt16(record.count))
            out.append(contentsOf: record)
        }
    }

    private func encode(_ status: LiveStatus, into out: inout [UInt8]) {
        precondition((1...Self.maximumStripes).contains(status.depths.count))
        out.append(status.flags.rawValue & 0x0f | status.wait << 4)
        out.append(UInt8(status.depths.count))
        out.append(contentsOf: status.depths)
        out.append(bigEndian: status.newest?.value ?? noPiece)
        out.append(bigEndian: status.inner)
    }

    private static func decodeRecords(
        _ reader: inout LiveReader, _ payload: Span<UInt8>
    ) throws(LiveFault) -> [[UInt8]] {
        let count = Int(try reader.read(UInt8.self, in: payload))
        guard (1...maximumRecords).contains(count) else { throw .range(type: 0) }
        var records: [[UInt8]] = []
        for _ in 0..<count {
            let length = Int(try reader.read(UInt16.self, in: payload))
            guard length > 0 else { throw .range(type: 0) }
            records.append(try reader.bytes(length, in: payload))
        }
        return records
    }

    private static func decodeHave(
        _ reader: inout LiveReader, _ payload: Span<UInt8>
    ) throws(LiveFault) -> PieceMap {
        let first = PieceIndex(try reader.read(UInt32.self, in: payload))
        let length = reader.remaining(in: payload)
        guard length > 0 else { throw .truncated }
        guard length <= maximumBitmap else { throw .trailing }
        let bitmap = try reader.bytes(length, in: payload)
        guard let map = PieceMap(first: first, bitmap: bitmap) else { throw .range(type: 1) }
        return map
    }

    private static func decodeStatus(
        _ reader: inout LiveReader, _ payload: Span<UInt8>
    ) throws(LiveFault) -> LiveStatus {
        let flags = try reader.read(UInt8.self, in: payload)
        let stripes = Int(try reader.read(UInt8.self, in: payload))
        guard (1...maximumStripes).contains(stripes) else { throw .range(type: 2) }
        return LiveStatus(
            flags: LiveStatus.Flags(rawValue: flags & 0x0f), wait: flags >> 4,
            depths: try reader.bytes(stripes, in: payload),
            newest: try reader.piece(in: payload),
            inner: try reader.read(UInt32.self, in: payload))
    }
}

/// The piece number that means "no piece" or "the newest".
private let noPiece = UInt32.max

/// A cursor whose one failure is `truncated`.
private struct LiveReader {
    private var cursor = ByteCursor()

    func remaining(in payload: Span<UInt8>) -> Int { cursor.remaining(in: payload) }

    mutating func read<T: FixedWidthInteger & UnsignedInteger>(
        _: T.Type, in payload: Span<UInt8>
    ) throws(LiveFault) -> T {
        do { return try cursor.read(T.self, in: payload) } catch { throw .truncated }
    }

    mutating func bytes(_ count: Int, in payload: Span<UInt8>) throws(LiveFault) -> [UInt8] {
        do { return payload.array(try cursor.take(count, in: payload)) } catch { throw .truncated }
    }

    mutating func piece(in payload: Span<UInt8>) throws(LiveFault) -> PieceIndex? {
        let number = try read(UInt32.self, in: payload)
        return number == noPiece ? nil : PieceIndex(number)
    }
}
