// Ports of this machine: free ones for the programs under test, and ports that are taken.

import Glibc

/// Ports that nobody uses, none of them twice.
@MainActor
enum Ports {
    private static var given: Set<UInt16> = []

    /// A port that is free for TCP and UDP alike.
    ///
    /// From below the range that the kernel takes for outgoing connections, so that a program
    /// that is started again finds its port as it left it.
    static func free() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 20_000..<30_000)
            if !given.contains(port), let tcp = bound(port, SOCK_STREAM) {
                defer { close(tcp) }
                guard let udp = bound(port, SOCK_DGRAM) else { continue }
                close(udp)
                given.insert(port)
                return port
            }
        }
        throw Failure("no free port")
    }

    /// Whether this machine has the loopback address of IPv6.
    nonisolated static let hasIPv6: Bool = {
        let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        let length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        } == 0
    }()

    /// A port that somebody listens on until the descriptor is closed.
    static func taken() throws -> (port: UInt16, descriptor: Int32) {
        let port = try free()
        guard let descriptor = bound(port, SOCK_STREAM), listen(descriptor, 1) == 0 else {
            throw Failure("cannot listen on \(port)")
        }
        return (port, descriptor)
    }

    private static func bound(_ port: UInt16, _ kind: __socket_type) -> Int32? {
        let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return nil
    }
}
