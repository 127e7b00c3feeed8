// System calls on sockets, each with its error number taken at once.

import CLibevent
import Glibc
import Primitives

/// A socket's descriptor; knows nothing of events and does not close itself.
struct Socket {
    /// The descriptor.
    let descriptor: Int32

    /// The socket behind `descriptor`.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A new stream socket that does not block.
    init(streamFor address: IPAddress) throws(ReactorFault) {
        try self.init(SOCK_STREAM, for: address)
    }

    /// A new datagram socket that does not block.
    init(datagramsFor address: IPAddress) throws(ReactorFault) {
        try self.init(SOCK_DGRAM, for: address)
    }

    private init(_ kind: __socket_type, for address: IPAddress) throws(ReactorFault) {
        let type = Int32(kind.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let made = socket(address.family, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard made >= 0 else { throw ReactorFault(errno: errno) }
        descriptor = made
    }

    /// Sets an option and answers whether the kernel took it.
    @discardableResult
    func set(_ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
            == 0
    }

    /// Sets an option of TCP.
    @discardableResult
    func setTCP(_ option: Int32, _ value: Int32) -> Bool {
        set(Int32(IPPROTO_TCP), option, value)
    }

    /// Binds to `endpoint`.
    func bind(to endpoint: Endpoint) throws(ReactorFault) {
        let failure = SocketAddress(endpoint).withPointer {
            Glibc.bind(descriptor, $0, $1) == 0 ? 0 : errno
        }
        guard failure == 0 else { throw ReactorFault(errno: failure) }
    }

    /// Binds to a port that this program listens on, at any address.
    func bind(sharing port: UInt16, with remote: IPAddress) throws(ReactorFault) {
        set(SOL_SOCKET, SO_REUSEADDR, 1)
        set(SOL_SOCKET, SO_REUSEPORT, 1)
        switch remote {
        case .v4: try bind(to: Endpoint(address: .v4(0), port: port))
        case .v6: try bind(to: Endpoint(address: .v6(0, 0), port: port))
        }
    }

    /// Begins to connect to `endpoint`.
    func connect(to endpoint: Endpoint) throws(ReactorFault) {
        let failure = SocketAddress(endpoint).withPointer {
            Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno
        }
        guard failure == 0 || failure == EINPROGRESS else { throw ReactorFault(errno: failure) }
    }

    /// Begins to listen.
    func listen(backlog: Int32) throws(ReactorFault) {
        guard Glibc.listen(descriptor, backlog) == 0 else { throw ReactorFault(errno: errno) }
    }

    /// The error that the kernel keeps for the socket, which is thereby cleared.
    var pendingFault: ReactorFault? {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            return ReactorFault(errno: errno)
        }
        return code == 0 ? nil : ReactorFault(errno: code)
    }

    /// The socket's own end.
    var local: Endpoint? {
        var address = SocketAddress()
        let result = address.fill { getsockname(descriptor, $0, $1) }
        return result == 0 ? address.endpoint : nil
    }

    /// Closes the descriptor.
    func close() { _ = Glibc.close(descriptor) }
}
