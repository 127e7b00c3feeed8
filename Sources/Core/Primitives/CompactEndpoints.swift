// Endpoints as trackers and peers write them in lists: 6 bytes each (BEP 23) or 18 (BEP 7), the
// address and then the port. One that cannot be a peer is dropped alone; the rest stands.

extension Endpoint {
    /// Whether a peer can be there: port 0 and addresses that are no single host's are not.
    package var canBePeer: Bool { port != 0 && address.isUnicast }

    /// The endpoint as 4 or 16 bytes of address and 2 of port.
    package var compact: [UInt8] {
        var out = address.bytes
        out.append(bigEndian: port)
        return out
    }
}

/// The endpoints in a compact list of addresses of `width` bytes (4 or 16), in their order.
///
/// Nil stands where no peer can be. Bytes at the end that make no whole endpoint are dropped.
package func compactEndpoints(_ bytes: [UInt8], width: Int) -> [Endpoint?] {
    let size = width + 2
    return (0..<bytes.count / size).map { number in
        let entry = Array(bytes[number * size..<(number + 1) * size])
        guard let address = IPAddress(bytes: Array(entry[..<width])) else { return nil }
        let port = UInt16(entry[width]) << 8 | UInt16(entry[width + 1])
        let endpoint = Endpoint(address: address, port: port)
        return endpoint.canBePeer ? endpoint : nil
    }
}
