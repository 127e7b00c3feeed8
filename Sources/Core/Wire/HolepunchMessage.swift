// What is said where two nodes cannot call each other and a third knows both: the payload of a
// `ut_holepunch` message (BEP 55) to and from bytes. Who asks whom, and whom to believe, is the
// swarm's concern.

package import Primitives

/// Why two nodes are not introduced (BEP 55, `err_code`).
package struct HolepunchError: Error, RawRepresentable, Hashable, Sendable {
    /// The number on the wire; others than those below are kept.
    package let rawValue: UInt32
    /// The error with a number.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The endpoint can be nobody's.
    package static let noSuchPeer = Self(rawValue: 1)
    /// The relaying node has no connection to it.
    package static let notConnected = Self(rawValue: 2)
    /// The one that is meant does not speak the extension.
    package static let noSupport = Self(rawValue: 3)
    /// The endpoint is the relaying node's own.
    package static let noSelf = Self(rawValue: 4)
}

/// Why a payload is no message of BEP 55: the connection must be closed.
package enum HolepunchFault: Error, Hashable {
    /// It ended before the message did.
    case truncated
    /// Bytes were left when the message had ended.
    case trailing
    /// The address is of a kind that BEP 55 does not name.
    case addressType(UInt8)
}

/// A message of the rendezvous between two nodes that cannot call each other (BEP 55).
package enum HolepunchMessage: Hashable, Sendable {
    /// Type 0: introduce the sender to the node at the endpoint, which it dials from a port of its
    /// own just for that: the node is to dial back there. 0, as of those who do not say, stands
    /// for the port that it listens on. It travels where BEP 55 has an error's number, which it
    /// sets to 0 here.
    case rendezvous(Endpoint, from: UInt16 = 0)
    /// Type 1: connect to the endpoint now, as its node does to the receiver.
    case connect(Endpoint)
    /// Type 2: the rendezvous with the endpoint does not come about.
    case error(Endpoint, HolepunchError)
    /// A type that is not known here: to be ignored. Its fields are left out.
    case unknown(type: UInt8)

    /// The message as an extended message, under the id that the receiver gave `ut_holepunch`.
    package func message(id: UInt8) -> Message { .extended(id: id, payload: encoded) }

    /// The payload of an extended message: 12 bytes, 24 with an IPv6 address.
    package var encoded: [UInt8] {
        switch self {
        case .rendezvous(let endpoint, let port): Self.bytes(0, endpoint, UInt32(port))
        case .connect(let endpoint): Self.bytes(1, endpoint, 0)
        case .error(let endpoint, let error): Self.bytes(2, endpoint, error.rawValue)
        case .unknown(let type): [type]
        }
    }

    private static func bytes(_ type: UInt8, _ endpoint: Endpoint, _ code: UInt32) -> [UInt8] {
        let address = endpoint.address.bytes
        var out: [UInt8] = [type, address.count == 4 ? 0 : 1]
        out += address
        out.append(bigEndian: endpoint.port)
        out.append(bigEndian: code)
        return out
    }

    /// The message in `payload`.
    ///
    /// Whether a node can be at its endpoint is not looked at: the answer of a relay names it. The
    /// error code may be missing where it means nothing: libtorrent leaves it out.
    package static func decode(_ payload: Span<UInt8>) throws(HolepunchFault) -> Self {
        var reader = HolepunchReader()
        let type = try reader.read(UInt8.self, in: payload)
        guard type <= 2 else { return .unknown(type: type) }
        let endpoint = try reader.endpoint(in: payload)
        let hasCode = type == 2 || reader.remaining(in: payload) > 0
        let code = hasCode ? try reader.read(UInt32.self, in: payload) : 0
        guard reader.remaining(in: payload) == 0 else { throw .trailing }
        switch type {
        case 0: return .rendezvous(endpoint, from: UInt16(exactly: code) ?? 0)
        case 1: return .connect(endpoint)
        default: return .error(endpoint, HolepunchError(rawValue: code))
        }
    }
}

/// A cursor whose errors are this file's.
private struct HolepunchReader {
    private var cursor = ByteCursor()

    func remaining(in payload: Span<UInt8>) -> Int { cursor.remaining(in: payload) }

    mutating func read<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type, in payload: Span<UInt8>
    ) throws(HolepunchFault) -> T {
        do { return try cursor.read(type, in: payload) } catch { throw .truncated }
    }

    /// The kind of an address, the address and a port.
    mutating func endpoint(in payload: Span<UInt8>) throws(HolepunchFault) -> Endpoint {
        let kind = try read(UInt8.self, in: payload)
        guard kind <= 1 else { throw .addressType(kind) }
        let range: Range<Int>
        do { range = try cursor.take(kind == 0 ? 4 : 16, in: payload) } catch { throw .truncated }
        guard let address = IPAddress(bytes: payload.array(range)) else { throw .truncated }
        return Endpoint(address: address, port: try read(UInt16.self, in: payload))
    }
}
