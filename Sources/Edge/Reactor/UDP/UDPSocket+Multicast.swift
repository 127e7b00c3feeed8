// Multicast: hearing a group, and speaking to it through one interface.

import CLibevent
import Glibc
package import Primitives

extension UDPSocket {
    /// Hears what comes to `group` through `interface`, from now on.
    ///
    /// - Throws: the fault; `.addressInUse` where it hears it already.
    package func join(
        _ group: IPAddress, on interface: NetworkInterface
    ) throws(ReactorFault) {
        switch group {
        case .v4(let word):
            guard case .v4(let local)? = interface.v4 else { throw .addressUnavailable }
            var request = ip_mreq()
            request.imr_multiaddr.s_addr = word.bigEndian
            request.imr_interface.s_addr = local.bigEndian
            try set(Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, request)
        case .v6(let high, let low):
            var request = ipv6_mreq()
            withUnsafeMutableBytes(of: &request.ipv6mr_multiaddr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            request.ipv6mr_interface = interface.index
            try set(Int32(IPPROTO_IPV6), IPV6_ADD_MEMBERSHIP, request)
        }
    }

    /// Sends a datagram to a group through `interface`, at most `hops` routers far.
    ///
    /// - Throws: the fault, such as `.unreachable`.
    package func send(
        _ bytes: [UInt8], to group: Endpoint, through interface: NetworkInterface, hops: Int32
    ) throws(ReactorFault) {
        switch group.address {
        case .v4:
            guard case .v4(let local)? = interface.v4 else { throw .addressUnavailable }
            let address = in_addr(s_addr: local.bigEndian)
            try set(Int32(IPPROTO_IP), IP_MULTICAST_IF, address)
            try set(Int32(IPPROTO_IP), IP_MULTICAST_TTL, hops)
        case .v6:
            guard interface.hasV6 else { throw .addressUnavailable }
            try set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_IF, interface.index)
            try set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, hops)
        }
        try send(bytes, to: group)
    }

    /// Sets an option to a value of C, whose bytes it is.
    private func set<Value>(
        _ level: Int32, _ option: Int32, _ value: Value
    ) throws(ReactorFault) {
        guard let descriptor else { throw .unreachable }
        let failure = withUnsafeBytes(of: value) { bytes in
            setsockopt(descriptor, level, option, bytes.baseAddress, socklen_t(bytes.count)) == 0
                ? 0 : errno
        }
        guard failure == 0 else { throw ReactorFault(errno: failure) }
    }
}
