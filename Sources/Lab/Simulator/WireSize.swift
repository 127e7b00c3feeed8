// What things weigh on a line. Messages that are frequent are weighed by their fields: to encode
// each one for its length took a tenth of a run.

import Pieces
import Wire

/// The sizes of things on the wire.
enum WireSize {
    /// TCP payload of a packet, and the headers of IP and TCP with timestamps.
    static let payload = 1448
    static let headers = 52

    /// The packets of `count` bytes of a flow.
    static func packets(_ count: Int) -> Int { (count + payload - 1) / payload }

    /// What `count` bytes of a flow are on a line.
    static func onLine(_ count: Int) -> Int { count + packets(count) * headers }

    /// The bytes of `cargo` in its flow.
    static func bytes(of cargo: Cargo) -> Int {
        switch cargo {
        case .block(let block, _): return Message.pieceHeaderLength + Int(block.length)
        case .message(.request), .message(.cancel), .message(.reject): return 17
        case .message(let message):
            var out: [UInt8] = []
            message.encode(into: &out)
            return out.count
        // Four bytes of length, the type of extended messages, the id (BEP 10).
        case .live(let message): return 6 + payloadBytes(of: message)
        case .greeting(let handshake): return 6 + handshake.encoded.count
        case .exchange(let message): return 6 + message.encoded.count
        case .holepunch(let message): return 6 + message.encoded.count
        }
    }

    private static func payloadBytes(of message: LiveMessage) -> Int {
        switch message {
        case .records(let records): records.reduce(2) { $0 + 2 + $1.count }
        case .have(let map): 5 + map.bitmap.count
        case .status(let status): 9 + status.depths.count
        default: message.encoded.count
        }
    }
}
