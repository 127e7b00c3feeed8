// A TCP connection on the loop: its state, its events and its end.
// Reading is in TCPConnection+Reading, writing in TCPConnection+Writing. Knows no protocol.
//
//     accepted ──start──▶ open ──close, end, error──▶ closed
//     connecting ──────────┘ │                           ▲
//         └───────error, deadline, close─────────────────┘

import CLibevent
package import Primitives

/// What happened to a connection.
package enum TCPEvent: Hashable, Sendable {
    /// A connection that was begun here stands.
    case connected
    /// There are more bytes in `input`.
    case received
    /// The out-queue has fallen to the low mark after having been above it.
    case writable
    /// The connection is over; nothing comes after it.
    case closed(TCPCloseReason)
}

/// Why a connection is over.
package enum TCPCloseReason: Hashable, Sendable {
    /// The other side ended its stream.
    case endOfStream
    /// It failed.
    case failed(ReactorFault)
}

/// A TCP connection, owned by whoever holds it: it closes when it is let go.
///
/// The owner gets its handler called on the loop with `.connected` (outgoing connections only),
/// any number of `.received` and `.writable`, and `.closed` exactly once, unless it calls `close()`
/// itself, after which it hears nothing more. An end of the other side's stream counts as the end
/// of the connection. While reading is paused and nothing is queued, the end is not noticed.
@Loop
package final class TCPConnection: EventOwner {
    /// What the owner is called with.
    package typealias Handler = @Loop (TCPConnection, TCPEvent) -> Void

    enum State: Equatable {
        /// Taken from a listener, not read from yet.
        case accepted
        /// The handshake is under way; ends with the socket's first event or the deadline.
        case connecting
        /// Failed before it began; said at the end of the turn.
        case failed(ReactorFault)
        case open
        case closed
    }

    /// The other end.
    package let remote: Endpoint
    /// Bytes that have come and are not consumed; nothing is added while the owner looks.
    package internal(set) var input = ReceiveBuffer()
    /// The tunables; those of the socket are taken at the beginning only.
    package var settings: TCPSettings

    var state: State
    var socket: Socket?
    var handler: Handler?
    var output = SendQueue()
    var readEvent: EventHandle?
    var writeEvent: EventHandle?
    var isReadingPaused = false
    /// Asked when there is something to read; answers whether it has read it, by `read`.
    package var reader: (@Loop (TCPConnection) -> Bool)?
    /// What the last `read` of a reader found, where it was no bytes.
    var unfinished: ReadResult?
    var isFlushPending = false
    /// Whether the out-queue has been above the low mark since `.writable` was last said.
    var wasAboveLowWater = false
    private var deadline: LoopTimer?

    private init(_ state: State, _ socket: Socket?, remote: Endpoint, settings: TCPSettings) {
        self.state = state
        self.socket = socket
        self.remote = remote
        self.settings = settings
        guard let socket else { return }
        settings.apply(to: socket)
        readEvent = EventHandle(socket.descriptor, EV_READ | EV_PERSIST, owner: self)
        writeEvent = EventHandle(socket.descriptor, EV_WRITE | EV_PERSIST, owner: self)
    }

    /// A connection that a listener has accepted.
    convenience init(accepted socket: Socket, remote: Endpoint, settings: TCPSettings) {
        self.init(.accepted, socket, remote: remote, settings: settings)
    }

    isolated deinit { release() }

    /// Begins to connect; every failure comes later, as `.closed`.
    ///
    /// - Parameters:
    ///   - remote: where to.
    ///   - local: the address and port to bind first, port 0 for any; nil leaves it to the kernel.
    ///   - shared: the port of a listener that shares it, to begin at; where that cannot be, because
    ///     another connection between the two ports is or lately was there, at any port.
    ///   - timeout: how long the handshake may take.
    ///   - settings: the tunables.
    ///   - handler: called with what happens.
    /// - Returns: the connection, which the caller holds for as long as it wants it.
    package static func connect(
        to remote: Endpoint, from local: Endpoint? = nil, sharing shared: UInt16? = nil,
        timeout: Interval, settings: TCPSettings = TCPSettings(), handler: @escaping Handler
    ) -> TCPConnection {
        do throws(ReactorFault) {
            let socket = try connecting(to: remote, from: local, sharing: shared)
            let connection = TCPConnection(
                .connecting, socket, remote: remote, settings: settings)
            connection.handler = handler
            connection.give(timeout)
            return connection
        } catch {
            let connection = TCPConnection(
                .failed(error), nil, remote: remote, settings: settings)
            connection.handler = handler
            Loop.atEndOfTurn(connection)
            return connection
        }
    }

    /// A socket whose handshake is under way.
    private static func connecting(
        to remote: Endpoint, from local: Endpoint?, sharing shared: UInt16?
    ) throws(ReactorFault) -> Socket {
        if let shared, let socket = try? connecting(to: remote, sharing: shared) { return socket }
        let socket = try Socket(streamFor: remote.address)
        do throws(ReactorFault) {
            if let local { try socket.bind(to: local) }
            try socket.connect(to: remote)
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    /// The same from a port that this program listens on.
    private static func connecting(
        to remote: Endpoint, sharing port: UInt16
    ) throws(ReactorFault) -> Socket {
        let socket = try Socket(streamFor: remote.address)
        do throws(ReactorFault) {
            try socket.bind(sharing: port, with: remote.address)
            try socket.connect(to: remote)
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    /// The handshake may take so long.
    private func give(_ timeout: Interval) {
        writeEvent?.add()
        let timer = LoopTimer { [weak self] in self?.end(.failed(.timedOut)) }
        timer.schedule(at: Loop.now + timeout)
        deadline = timer
    }

    /// Begins to read from an accepted connection, which does nothing before.
    package func start(_ handler: @escaping Handler) {
        guard state == .accepted else { return }
        self.handler = handler
        state = .open
        updateReading()
        if output.count > 0 { scheduleFlush() }
    }

    /// Whether the connection stands.
    package var isOpen: Bool { state == .open }

    /// The end on this machine; the unspecified address once the connection is over.
    package var local: Endpoint {
        socket?.local ?? Endpoint(address: .v4(0), port: 0)
    }

    /// What the kernel knows of the connection; nil once it is over.
    package func kernelStatus() -> TCPStatus? {
        socket.flatMap { TCPStatus(of: $0.descriptor) }
    }

    /// Closes the connection after a last attempt to hand over what is queued.
    ///
    /// The handler is not called any more.
    package func close() {
        if state == .open, let socket { _ = output.write(to: socket.descriptor) }
        release()
    }

    // MARK: Events

    func eventFired(_ what: Int32, on descriptor: Int32) {
        switch state {
        case .connecting: finishConnecting()
        case .open where what & EV_WRITE != 0: flush()
        case .open: readOnce()
        case .accepted, .failed, .closed: break
        }
    }

    private func finishConnecting() {
        deadline?.cancel()
        deadline = nil
        if let fault = socket?.pendingFault { return end(.failed(fault)) }
        state = .open
        writeEvent?.remove()
        updateReading()
        if output.count > 0 { scheduleFlush() }
        handler?(self, .connected)
    }

    /// Ends the connection and tells the owner.
    func end(_ reason: TCPCloseReason) {
        guard state != .closed else { return }
        let handler = handler
        release()
        handler?(self, .closed(reason))
    }

    private func release() {
        state = .closed
        deadline?.cancel()
        deadline = nil
        readEvent?.free()
        writeEvent?.free()
        (readEvent, writeEvent) = (nil, nil)
        socket?.close()
        socket = nil
        handler = nil
        reader = nil
        output.removeAll()
    }
}
