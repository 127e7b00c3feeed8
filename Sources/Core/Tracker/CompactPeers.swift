// Lists of peers as trackers write them: compact strings of 6 bytes a peer (BEP 23) and of 18
// (BEP 7). A peer that cannot be one is dropped alone; the rest of the list stands.

package import Primitives

extension Endpoint {
    /// Whether a peer can be there: port 0 and addresses that are no single host's are not.
    package var canBePeer: Bool { port != 0 && address.isUnicast }
}

/// The peers in a compact list of addresses of `width` bytes (4 or 16), at most `limit`.
///
/// Bytes at the end that make no whole peer are dropped as well.
package func compactPeers(_ bytes: [UInt8], width: Int, limit: Int) -> [Endpoint] {
    var peers: [Endpoint] = []
    var cursor = ByteCursor()
    let span = bytes.span
    while peers.count < limit {
        guard let place = try? cursor.take(width, in: span),
            let port = try? cursor.read(UInt16.self, in: span)
        else { break }
        guard let address = IPAddress(bytes: span.array(place)) else { continue }
        let peer = Endpoint(address: address, port: port)
        if peer.canBePeer { peers.append(peer) }
    }
    return peers
}

extension [UInt8] {
    /// Appends `peer` as 4 or 16 bytes of address and 2 of port.
    mutating func append(compact peer: Endpoint) {
        self += peer.address.bytes
        append(bigEndian: peer.port)
    }
}
