// A listening TCP socket. When the process has no descriptor left it rests for a moment instead
// of spinning: the waiting connection stays readable all the while.

import CLibevent
import Glibc
package import Primitives

/// A listener, which closes when it is let go.
@Loop
package final class TCPListener: EventOwner {
    /// What is called for each connection; it must call `start` and keep it, or it closes.
    package typealias Handler = @Loop (TCPConnection, Endpoint) -> Void

    /// The port that is listened on.
    package let port: UInt16

    private var socket: Socket?
    private var event: EventHandle?
    private let settings: TCPSettings
    private let handler: Handler
    private lazy var rest = LoopTimer { [weak self] in self?.event?.add() }

    /// Connections that the kernel keeps for us: a flash crowd between two turns of the loop.
    private static let backlog: Int32 = 512
    /// How long to rest when there is no descriptor.
    private static let restTime = Interval.milliseconds(100)
    /// How many to accept in one turn, so that others get theirs.
    private static let acceptsPerTurn = 64

    /// Listens on an address and port; port 0 lets the kernel choose.
    ///
    /// The unspecified IPv6 address takes IPv4 connections as well, whose remote endpoints are
    /// then IPv4. It stands for the unspecified IPv4 address where the machine has no IPv6.
    ///
    /// - Parameters:
    ///   - endpoint: the address and port.
    ///   - settings: the tunables of accepted connections.
    ///   - sharesPort: whether connections of this program may begin at the port as well
    ///     (`TCPConnection.connect`). Another program does not get it all the same.
    ///   - handler: called for each connection.
    /// - Throws: the fault, such as `.addressInUse` or `.permissionDenied`.
    package init(
        on endpoint: Endpoint, settings: TCPSettings = TCPSettings(), sharesPort: Bool = false,
        handler: @escaping Handler
    ) throws(ReactorFault) {
        let socket = try Self.listen(on: endpoint)
        // Only now: bound with it, two programs would share the port, and the callers as well.
        if sharesPort { socket.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        self.socket = socket
        self.settings = settings
        self.handler = handler
        port = socket.local?.port ?? endpoint.port
        event = EventHandle(socket.descriptor, EV_READ | EV_PERSIST, owner: self)
        event?.add()
    }

    isolated deinit { close() }

    /// Listens no more; connections that were accepted go on.
    package func close() {
        event?.free()
        event = nil
        socket?.close()
        socket = nil
    }

    /// A bound and listening socket.
    static func listen(on endpoint: Endpoint) throws(ReactorFault) -> Socket {
        do throws(ReactorFault) {
            return try bound(to: endpoint)
        } catch .familyUnsupported where endpoint.address == .v6(0, 0) {
            return try bound(to: Endpoint(address: .v4(0), port: endpoint.port))
        }
    }

    private static func bound(to endpoint: Endpoint) throws(ReactorFault) -> Socket {
        let socket = try Socket(streamFor: endpoint.address)
        do throws(ReactorFault) {
            socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
            if case .v6 = endpoint.address {
                let alone: Int32 = endpoint.address == .v6(0, 0) ? 0 : 1
                socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, alone)
            }
            try socket.bind(to: endpoint)
            try socket.listen(backlog: backlog)
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    func eventFired(_ what: Int32, on descriptor: Int32) {
        for _ in 0..<Self.acceptsPerTurn {
            guard socket != nil, acceptOne(on: descriptor) else { return }
        }
    }

    /// Accepts one connection and answers whether there may be more.
    private func acceptOne(on descriptor: Int32) -> Bool {
        var address = SocketAddress()
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let (made, failure) = address.fill { (accept4(descriptor, $0, $1, flags), errno) }
        guard made >= 0 else { return recover(from: failure) }
        let connected = Socket(made)
        guard let remote = address.endpoint else {
            connected.close()
            return true
        }
        handler(
            TCPConnection(accepted: connected, remote: remote, settings: settings), remote)
        return true
    }

    private func recover(from failure: Int32) -> Bool {
        switch failure {
        case EAGAIN: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            event?.remove()
            rest.schedule(at: Loop.now + Self.restTime)
            return false
        default:
            // The one connection failed before it was accepted (accept(2), "Error handling").
            return true
        }
    }
}
