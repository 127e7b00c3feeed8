// A UDP socket on the loop: datagrams in and out, without blocking. Knows nothing of what they say;
// what cannot be sent at once is lost, as datagrams may be.

import CLibevent
import Glibc
package import Primitives

/// A bound UDP socket of one IP version, which closes when it is let go.
@Loop
package final class UDPSocket: EventOwner {
    /// What is called for each datagram, with the address that it claims to come from.
    package typealias Handler = @Loop (_ bytes: [UInt8], _ from: Endpoint) -> Void

    /// The port that it is bound to.
    package let port: UInt16
    /// The address of this machine to which the datagram came that the handler has at the moment.
    package private(set) var reached: IPAddress?

    /// The descriptor while the socket is open.
    var descriptor: Int32? { socket?.descriptor }
    private let family: Int32
    private var socket: Socket?
    private var event: EventHandle?
    private var buffer: [UInt8]
    private let handler: Handler

    /// How many datagrams to take in one turn, so that others get theirs.
    private static let datagramsPerTurn = 64

    /// Binds to an address and port; port 0 lets the kernel choose.
    ///
    /// A socket of IPv6 takes IPv6 only, also where its address is unspecified.
    ///
    /// - Parameters:
    ///   - endpoint: the address and port.
    ///   - isShared: whether others may bind to the same port, as multicast groups need.
    ///   - largest: the bytes of the longest datagram that is taken; longer ones are passed over.
    ///   - handler: called for each datagram.
    /// - Throws: the fault, such as `.addressInUse` or `.permissionDenied`.
    package init(
        on endpoint: Endpoint, isShared: Bool = false, largest: Int = 2048,
        handler: @escaping Handler
    ) throws(ReactorFault) {
        let socket = try Self.bound(to: endpoint, isShared: isShared)
        self.socket = socket
        self.handler = handler
        family = endpoint.address.family
        buffer = [UInt8](repeating: 0, count: largest)
        port = socket.local?.port ?? endpoint.port
        event = EventHandle(socket.descriptor, EV_READ | EV_PERSIST, owner: self)
        event?.add()
    }

    isolated deinit { close() }

    /// Receives and sends no more.
    package func close() {
        event?.free()
        event = nil
        socket?.close()
        socket = nil
    }

    private static func bound(
        to endpoint: Endpoint, isShared: Bool
    ) throws(ReactorFault) -> Socket {
        let socket = try Socket(datagramsFor: endpoint.address)
        do throws(ReactorFault) {
            if isShared { socket.set(SOL_SOCKET, SO_REUSEADDR, 1) }
            switch endpoint.address {
            case .v4: socket.set(Int32(IPPROTO_IP), IP_PKTINFO, 1)
            case .v6:
                socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
                socket.set(Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1)
            }
            try socket.bind(to: endpoint)
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    /// Sends a datagram; one for which the kernel has no room is lost.
    ///
    /// - Parameters:
    ///   - bytes: what it says.
    ///   - endpoint: where it goes.
    ///   - local: the address of this machine that it comes from, or nil to leave it to the kernel.
    ///     An answer must come from where the question went, or nobody takes it for one.
    /// - Throws: the fault, such as `.unreachable` where there is no way to the address.
    package func send(
        _ bytes: [UInt8], to endpoint: Endpoint, from local: IPAddress? = nil
    ) throws(ReactorFault) {
        guard let socket, endpoint.address.family == family else { throw .unreachable }
        let local = local.flatMap { $0.family == family ? $0.bytes : nil } ?? []
        let failure = SocketAddress(endpoint).withPointer { address, length in
            let sent =
                local.isEmpty
                ? sendto(socket.descriptor, bytes, bytes.count, 0, address, length)
                : reactor_send(
                    socket.descriptor, bytes, bytes.count, address, length, local,
                    Int32(local.count))
            return sent >= 0 ? 0 : errno
        }
        switch failure {
        case 0, EAGAIN, ENOBUFS, ENOMEM, EINTR: return
        default: throw ReactorFault(errno: failure)
        }
    }

    func eventFired(_ what: Int32, on descriptor: Int32) {
        for _ in 0..<Self.datagramsPerTurn {
            guard socket != nil, receiveOne(on: descriptor) else { return }
        }
    }

    /// Takes one datagram and answers whether there may be more.
    private func receiveOne(on descriptor: Int32) -> Bool {
        var address = SocketAddress()
        var local = [UInt8](repeating: 0, count: 16)
        var localLength: Int32 = 0
        // The kernel says how long the datagram was, not how much there was room for.
        let (count, failure) = address.fill { sender, length in
            let count = reactor_receive(
                descriptor, &buffer, buffer.count, sender, length, &local, &localLength)
            return (count, errno)
        }
        // What ICMP says of an earlier datagram comes as an error too: go on with the next.
        guard count >= 0 else { return failure != EAGAIN }
        guard count <= buffer.count, let remote = address.endpoint else { return true }
        reached = IPAddress(bytes: Array(local[..<Int(localLength)]))
        handler(Array(buffer[..<count]), remote)
        reached = nil
        return true
    }
}
