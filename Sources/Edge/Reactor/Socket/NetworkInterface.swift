// The network interfaces of this machine, as far as multicast needs them. A snapshot: they come and
// go, so ask again.

import CLibevent
import Glibc
package import Primitives

/// A network interface that is up.
package struct NetworkInterface: Hashable, Sendable {
    /// Its number (if_nametoindex).
    package let index: UInt32
    /// Its first IPv4 address, if it has one.
    package internal(set) var v4: IPAddress?
    /// Whether it has an IPv6 address.
    package internal(set) var hasV6 = false
    /// Whether it leads to this machine itself only.
    package let isLoopback: Bool

    /// The interfaces that are up, those that can multicast and the loopback one.
    package static var all: [NetworkInterface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [NetworkInterface] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            let flags = Int32(bitPattern: entry.ifa_flags)
            let isLoopback = flags & Int32(IFF_LOOPBACK) != 0
            guard flags & Int32(IFF_UP) != 0,
                isLoopback || flags & Int32(IFF_MULTICAST) != 0,
                let address = address(entry.ifa_addr)
            else { continue }
            let index = if_nametoindex(entry.ifa_name)
            if !found.contains(where: { $0.index == index }) {
                found.append(NetworkInterface(index: index, isLoopback: isLoopback))
            }
            guard let place = found.firstIndex(where: { $0.index == index }) else { continue }
            switch address {
            case .v4: found[place].v4 = found[place].v4 ?? address
            case .v6: found[place].hasV6 = true
            }
        }
        return found
    }

    private static func address(_ pointer: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
        guard let pointer else { return nil }
        let length: Int
        switch Int32(pointer.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        return SocketAddress(pointer, length: length)?.endpoint?.address
    }
}
