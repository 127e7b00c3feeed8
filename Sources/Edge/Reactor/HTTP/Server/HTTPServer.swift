// The HTTP server: it listens, counts connections and hands requests to its handler.
// Parsing and framing are evhttp's; what evhttp lacks (total deadlines, counts, a pause when
// descriptors run out) is here and in HTTPServerConnection. Knows no paths.

import CLibevent
import Glibc
import Primitives

/// An HTTP/1.1 server for GET and HEAD, which closes with all its connections when it is let go.
@Loop
package final class HTTPServer: EventOwner {
    /// What is called with each request.
    package typealias Handler = @Loop (HTTPRequest, HTTPResponder) -> Void

    /// The port that is listened on.
    package let port: UInt16
    let limits: HTTPServerLimits

    private let handler: Handler
    private var http: OpaquePointer?
    private var listener: OpaquePointer?
    private var connections: [OpaquePointer: HTTPServerConnection] = [:]
    private var countByAddress: [IPAddress: Int] = [:]
    /// Bufferevents whose connections libevent is just making.
    private var newborn: [OpaquePointer] = []
    private lazy var adoption = EventHandle(-1, 0, owner: self)
    private lazy var rest = LoopTimer { [weak self] in
        if let listener = self?.listener { evconnlistener_enable(listener) }
    }

    /// How long to rest when there is no descriptor, instead of spinning.
    private static let restTime = Interval.milliseconds(100)

    /// Listens on a numeric address and a port; port 0 lets the kernel choose.
    ///
    /// - Parameters:
    ///   - address: IPv4 or IPv6 text such as `127.0.0.1`, `0.0.0.0` or `::`.
    ///   - port: the port.
    ///   - limits: what clients may do.
    ///   - handler: called with each request and its responder.
    /// - Throws: the fault, such as `.addressInUse` or `.notAnAddress`.
    package init(
        address: String, port: UInt16, limits: HTTPServerLimits = HTTPServerLimits(),
        handler: @escaping Handler
    ) throws(ReactorFault) {
        guard let ip = IPAddress(numeric: address) else {
            throw ReactorFault.notAnAddress(address)
        }
        let socket = try TCPListener.listen(on: Endpoint(address: ip, port: port))
        self.port = socket.local?.port ?? port
        self.limits = limits
        self.handler = handler
        configure(socket)
    }

    isolated deinit { close() }

    /// Listens no more and closes all connections at once.
    package func close() {
        guard let http else { return }
        self.http = nil
        listener = nil
        adoption.free()
        newborn = []
        evhttp_free(http)
    }

    /// How many connections there are.
    package var connectionCount: Int { connections.count }

    private func configure(_ socket: Socket) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        http = evhttp_new(Loop.base)
        evhttp_set_max_headers_size(http, limits.headerBytes)
        evhttp_set_max_body_size(http, HTTPServerLimits.discardedBody)
        evhttp_set_default_content_type(http, nil)
        // All of them, so that it is we who refuse: libevent would answer 501.
        evhttp_set_allowed_methods(http, .max)
        evhttp_set_bevcb(
            http,
            { base, context in
                let made = bufferevent_socket_new(base, -1, 0)
                HTTPServer.from(context) { $0.expect(made) }
                return made
            }, context)
        evhttp_set_gencb(
            http,
            { request, context in HTTPServer.from(context) { $0.received(request) } }, context)
        let options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC
        listener = evconnlistener_new(
            Loop.base, nil, nil, UInt32(options), 0, socket.descriptor)
        evconnlistener_set_error_cb(listener) { _, context in
            HTTPServer.from(context) { $0.pauseListening() }
        }
        evhttp_bind_listener(http, listener)
    }

    private nonisolated static func from(
        _ context: UnsafeMutableRawPointer?, _ body: @Loop (HTTPServer) -> Void
    ) {
        guard let context else { return }
        let object =
            Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
        Loop.assumeIsolated { body(object) }
    }

    private func pauseListening() {
        guard let listener else { return }
        evconnlistener_disable(listener)
        rest.schedule(at: Loop.now + Self.restTime)
    }

    // MARK: Connections

    /// Notes a bufferevent whose connection libevent makes after this.
    private func expect(_ bufferevent: OpaquePointer?) {
        guard let bufferevent else { return }
        newborn.append(bufferevent)
        // Still in this turn of the loop, before any event of the connection can end it.
        adoption.activate()
    }

    func eventFired(_ what: Int32, on descriptor: Int32) { adoptNewborn() }

    private func adoptNewborn() {
        let list = newborn
        newborn = []
        for bufferevent in list { adopt(bufferevent) }
    }

    private func adopt(_ bufferevent: OpaquePointer) {
        // evhttp passes the connection as the context of its callbacks.
        var context: UnsafeMutableRawPointer?
        bufferevent_getcb(bufferevent, nil, nil, nil, &context)
        guard let context else { return }
        let evcon = OpaquePointer(context)
        guard let remote = remote(of: evcon), connections.count < limits.maxConnections,
            countByAddress[remote.address, default: 0] < limits.maxConnectionsPerAddress
        else { return evhttp_connection_free(evcon) }
        countByAddress[remote.address, default: 0] += 1
        connections[evcon] = HTTPServerConnection(
            evcon, bufferevent, remote: remote, server: self)
    }

    private func remote(of evcon: OpaquePointer) -> Endpoint? {
        guard let address = evhttp_connection_get_addr(evcon) else { return nil }
        let isIPv6 = address.pointee.sa_family == sa_family_t(AF_INET6)
        let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        return SocketAddress(address, length: length)?.endpoint
    }

    func forget(_ connection: HTTPServerConnection, _ evcon: OpaquePointer) {
        connections[evcon] = nil
        let address = connection.remote.address
        let left = countByAddress[address, default: 0] - 1
        countByAddress[address] = left > 0 ? left : nil
    }

    private func received(_ request: UnsafeMutablePointer<evhttp_request>?) {
        guard let request, let evcon = evhttp_request_get_connection(request) else { return }
        adoptNewborn()
        // One that was refused is gone, and the request with it.
        connections[evcon]?.received(request, handler: handler)
    }
}
