// The port of the loopback endpoint: the one that was asked for, or the first that is free.

import Glibc

/// Looks for a free port.
package enum FreePort {
    /// The usual port, which no other program of this kind takes.
    private static let usual: UInt16 = 7780
    /// How many ports are tried after the usual one: as many viewers as one person runs.
    private static let others: UInt16 = 10

    /// The port that was asked for, whether free or not, or else the first free from 7780 on.
    ///
    /// Where none is free it is 7780 again, so that the node says what is wrong.
    package static func endpoint(_ asked: UInt16?) -> UInt16 {
        asked ?? (usual...usual + others).first(where: isFree) ?? usual
    }

    /// Whether nobody listens on the port of the loopback address; somebody may the moment after.
    static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0
            }
        }
    }
}
