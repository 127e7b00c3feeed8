// What a node needs to know of its machine: names, seeds, addresses.

import Crypto
import Glibc
import Pieces
import Primitives

/// A seed for the core's generators.
func randomSeed() -> UInt64 { secureRandom(8).reduce(0) { $0 << 8 | UInt64($1) } }

/// A name for this node: client and version as in BEP 20, then random bytes.
func newPeerID() -> PeerID {
    let bytes = Array("-PV0100-".utf8) + secureRandom(12)
    return PeerID(Bytes20(bytes) ?? Bytes20())
}

/// The number of pieces that `span` of a stream may have: at most 16 a second, and
/// no more than `bytes` hold.
///
/// But 64 always: with fewer nothing could be passed on.
func windowPieces(
    _ span: Interval, _ geometry: PieceGeometry, bytes: Int = 48 << 20
) -> Int {
    max(64, min(Int(span.seconds * 16), bytes / geometry.pieceLength))
}

/// The descriptors that this process may have, after raising its own bound to what it is allowed.
///
/// Shells and service managers give 1024 and allow far more, for the sake of select(2).
func descriptorLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    var raised = limit
    raised.rlim_cur = min(limit.rlim_max, 65_536)
    if raised.rlim_cur > limit.rlim_cur,
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
    {
        limit = raised
    }
    return Int(clamping: limit.rlim_cur)
}

/// The IPv4 address of this machine on its default route, or of its first other interface.
///
/// Asks the kernel which address it would use; sends nothing.
func defaultRouteAddress() -> IPAddress? {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var remote = sockaddr_in()
    remote.sin_family = sa_family_t(AF_INET)
    remote.sin_port = UInt16(9).bigEndian
    remote.sin_addr.s_addr = UInt32(0xc000_0201).bigEndian  // 192.0.2.1, RFC 5737
    var local = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let size = length
    let connected = withUnsafePointer(to: &remote) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard connected == 0 else { return nil }
    let named = withUnsafeMutablePointer(to: &local) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getsockname(descriptor, $0, &length)
        }
    }
    let word = UInt32(bigEndian: local.sin_addr.s_addr)
    return named == 0 && word != 0 ? .v4(word) : nil
}
