// Endpoints as the operating system's sockaddr and back, and numeric addresses as text.

import CLibevent
import Glibc
package import Primitives

/// A sockaddr of either family.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// An address to be filled in.
    init() {}

    /// The address of `endpoint`.
    init(_ endpoint: Endpoint) {
        switch endpoint.address {
        case .v4(let word):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = endpoint.port.bigEndian
            address.sin_addr.s_addr = word.bigEndian
            fill(with: address)
        case .v6(let high, let low):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = endpoint.port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            fill(with: address)
        }
    }

    /// The address at `pointer`, of which `length` bytes are there.
    init?(_ pointer: UnsafePointer<sockaddr>?, length: Int) {
        guard let pointer, length <= MemoryLayout<sockaddr_storage>.size else { return nil }
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: length))
        }
        self.length = socklen_t(length)
    }

    private mutating func fill<Address>(with address: Address) {
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: Address.self) }
        length = socklen_t(MemoryLayout<Address>.size)
    }

    /// Calls `body` with the address and its length.
    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Calls `body` with room for an address, which it fills in.
    mutating func fill<R>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> R
    ) -> R {
        var filled = socklen_t(MemoryLayout<sockaddr_storage>.size)
        defer { length = filled }
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &filled) }
        }
    }

    /// The endpoint; nil where the family is neither IPv4 nor IPv6.
    var endpoint: Endpoint? {
        withUnsafeBytes(of: storage) { raw in
            let (offset, count) = storage.ss_family == sa_family_t(AF_INET) ? (4, 4) : (8, 16)
            guard [sa_family_t(AF_INET), sa_family_t(AF_INET6)].contains(storage.ss_family),
                let address = IPAddress(bytes: [UInt8](raw[offset..<offset + count]))
            else { return nil }
            let port = UInt16(bigEndian: raw.load(fromByteOffset: 2, as: UInt16.self))
            return Endpoint(address: address, port: port)
        }
    }
}

extension IPAddress {
    /// The address written as numeric IPv4 or IPv6 text, brackets allowed, or nil.
    package init?(numeric text: String) {
        var text = text
        if text.first == "[", text.last == "]" { text = String(text.dropFirst().dropLast()) }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(bytes: Array(bytes[..<4]))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(bytes: bytes)
        } else {
            return nil
        }
    }

    /// AF_INET or AF_INET6.
    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }
}
