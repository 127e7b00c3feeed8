// One connection of the server: its deadlines, and the request that is being answered.
// Wraps an evhttp_connection, which libevent frees by itself at several places; the close callback
// is the one place where we learn of it. Who frees a request is libevent's rule: see `closed`.
//
//     waiting ──request──▶ answering ──start──▶ streaming
//        ▲                    │ send               │ end
//        └─────complete───── ending ◀──────────────┘        any ──closed──▶ gone

import CLibevent
import Glibc
import Primitives

@Loop
final class HTTPServerConnection: TurnEndObserver {
    private enum State {
        /// For a request; ends with the deadline.
        case waiting
        /// The handler has the request.
        case answering
        /// The handler has begun a body.
        case streaming
        /// libevent sends what is left.
        case ending
        case gone
    }

    let remote: Endpoint
    private let limits: HTTPServerLimits
    private weak var server: HTTPServer?
    private let evcon: OpaquePointer
    private let bufferevent: OpaquePointer
    private var state = State.waiting
    /// From the request until it is complete or the connection is gone.
    private var request: UnsafeMutablePointer<evhttp_request>?
    private var serial = 0
    private weak var responder: HTTPResponder?
    private var wasAboveLowWater = false
    /// Whether a request was refused, after which the connection ends.
    private var isLast = false
    private lazy var deadline = LoopTimer { [weak self] in self?.abort() }

    init(
        _ evcon: OpaquePointer, _ bufferevent: OpaquePointer, remote: Endpoint, server: HTTPServer
    ) {
        self.evcon = evcon
        self.bufferevent = bufferevent
        self.remote = remote
        self.server = server
        limits = server.limits
        evhttp_connection_set_closecb(
            evcon, { _, context in HTTPServerConnection.from(context) { $0.closed() } }, context)
        // Reading has the deadline; a read timeout would also end streams to silent clients.
        var stall = timeval(limits.stallTimeout)
        bufferevent_set_timeouts(bufferevent, nil, &stall)
        // While an answer is streamed libevent reads on, without any limit of its own.
        bufferevent_setwatermark(bufferevent, Int16(EV_READ), 0, inputLimit)
        bufferevent_set_max_single_write(bufferevent, Self.singleWrite)
        evbuffer_add_cb(
            bufferevent_get_input(bufferevent),
            { _, _, context in HTTPServerConnection.from(context) { $0.inputChanged() } }, context)
        Socket(bufferevent_getfd(bufferevent)).setTCP(TCP_NODELAY, 1)
        deadline.schedule(at: Loop.now + limits.headerDeadline)
    }

    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private nonisolated static func from(
        _ context: UnsafeMutableRawPointer?, _ body: @Loop (HTTPServerConnection) -> Void
    ) {
        guard let context else { return }
        let object =
            Unmanaged<HTTPServerConnection>.fromOpaque(context).takeUnretainedValue()
        Loop.assumeIsolated { body(object) }
    }

    /// Bytes that one system call offers to the kernel: libevent's own 16 KiB cost a file that is
    /// served from memory twice the processor time.
    private static let singleWrite = 262_144

    // MARK: Requests

    /// Bytes that are read ahead; no request needs as many.
    private var inputLimit: Int { limits.headerBytes + 2 * HTTPServerLimits.discardedBody }

    private var isInputFull: Bool {
        evbuffer_get_length(bufferevent_get_input(bufferevent)) >= inputLimit
    }

    private func inputChanged() {
        if state == .waiting, isInputFull { Loop.atEndOfTurn(self) }
    }

    func turnEnded() {
        // Full, and not a request yet, as a chunk's size that does not end: libevent would try
        // again and again to make sense of it.
        if state == .waiting, isInputFull { abort() }
    }

    func received(_ request: UnsafeMutablePointer<evhttp_request>, handler: HTTPServer.Handler) {
        deadline.cancel()
        serial += 1
        self.request = request
        state = .answering
        evhttp_request_set_on_complete_cb(
            request, { _, context in HTTPServerConnection.from(context) { $0.completed() } },
            context)
        guard request.pointee.major == 1, 0...1 ~= request.pointee.minor else {
            return refuse(505)
        }
        guard let method = method(of: request) else { return refuse(405, ["Allow": "GET, HEAD"]) }
        guard evbuffer_get_length(evhttp_request_get_input_buffer(request)) == 0 else {
            return refuse(413)
        }
        let responder = HTTPResponder(self, serial: serial)
        self.responder = responder
        handler(HTTPRequest(method, request, from: remote), responder)
    }

    private func method(of request: UnsafeMutablePointer<evhttp_request>) -> HTTPMethod? {
        switch evhttp_request_get_command(request) {
        case EVHTTP_REQ_GET: .get
        case EVHTTP_REQ_HEAD: .head
        default: nil
        }
    }

    private func refuse(_ status: Int, _ headers: HTTPHeaders = [:]) {
        var headers = headers
        headers["Connection"] = "close"
        isLast = true
        reply(status, headers, [])
    }

    private func completed() {
        request = nil
        state = .waiting
        wasAboveLowWater = false
        // After CONNECT libevent would keep the connection, whatever was promised.
        deadline.schedule(at: Loop.now + (isLast ? .zero : limits.idleTimeout))
    }

    private func closed() {
        guard state != .gone else { return }
        state = .gone
        deadline.cancel()
        // A request that was not answered completely has been detached from a connection that
        // failed, and is ours to free; in all other cases libevent frees it.
        if let request, evhttp_request_get_connection(request) == nil {
            evhttp_request_free(request)
        }
        request = nil
        server?.forget(self, evcon)
        responder?.connectionClosed()
    }

    /// Closes the connection, which ends in `closed`.
    func abort() {
        guard state != .gone else { return }
        evhttp_connection_free(evcon)
    }

    // MARK: From the responder

    func isAnswering(_ serial: Int) -> Bool {
        guard serial == self.serial else { return false }
        switch state {
        case .answering, .streaming: return true
        case .waiting, .ending, .gone: return false
        }
    }

    var isStreaming: Bool { state == .streaming }

    func abandoned(_ serial: Int) {
        if isAnswering(serial) { abort() }
    }

    func reply(_ status: Int, _ headers: HTTPHeaders, _ body: [UInt8]) {
        guard state == .answering, let request else { return }
        state = .ending
        let output = evhttp_request_get_output_headers(request)
        headers.append(to: output)
        let isHead = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD
        if isHead, headers["Content-Length"] == nil {
            evhttp_add_header(output, "Content-Length", "\(body.count)")
        }
        let buffer = evbuffer_new()
        defer { evbuffer_free(buffer) }
        if !isHead { append(body, to: buffer) }
        evhttp_send_reply(request, Int32(clamping: status), nil, buffer)
    }

    func startReply(_ status: Int, _ headers: HTTPHeaders) {
        guard state == .answering, let request else { return }
        state = .streaming
        headers.append(to: evhttp_request_get_output_headers(request))
        if request.pointee.minor == 0, headers["Content-Length"] == nil {
            // Or libevent would promise a body of length 0 and keep the connection.
            evhttp_remove_header(evhttp_request_get_input_headers(request), "Connection")
        }
        evhttp_send_reply_start(request, Int32(clamping: status), nil)
    }

    func write(_ bytes: [UInt8], lowWater: Int) {
        guard state == .streaming, !bytes.isEmpty else { return }
        let buffer = evbuffer_new()
        defer { evbuffer_free(buffer) }
        append(bytes, to: buffer)
        write(buffer, lowWater: lowWater)
    }

    func write(_ file: SharedFile, at offset: Int64, count: Int, lowWater: Int) {
        guard state == .streaming, offset >= 0, count > 0 else { return }
        let buffer = evbuffer_new()
        defer { evbuffer_free(buffer) }
        // A part that is left out would shift all that follows.
        guard append(file, at: offset, count: count, to: buffer) else { return abort() }
        write(buffer, lowWater: lowWater)
    }

    private func write(_ buffer: OpaquePointer?, lowWater: Int) {
        guard let request else { return }
        bufferevent_setwatermark(bufferevent, Int16(EV_WRITE), max(0, lowWater), 0)
        evhttp_send_reply_chunk_with_cb(
            request, buffer,
            { _, context in HTTPServerConnection.from(context) { $0.drained() } }, context)
        if pendingBytes > lowWater { wasAboveLowWater = true }
    }

    private func drained() {
        guard state == .streaming, wasAboveLowWater else { return }
        wasAboveLowWater = false
        responder?.drained()
    }

    var pendingBytes: Int {
        state == .gone ? 0 : evbuffer_get_length(bufferevent_get_output(bufferevent))
    }

    func endReply() {
        guard state == .streaming, let request else { return }
        state = .ending
        // libevent takes the low mark for the end: with any other, the rest would be cut off.
        bufferevent_setwatermark(bufferevent, Int16(EV_WRITE), 0, 0)
        evhttp_send_reply_end(request)
    }

    func setSendBuffer(_ bytes: Int) {
        Socket(bufferevent_getfd(bufferevent)).set(SOL_SOCKET, SO_SNDBUF, Int32(clamping: bytes))
    }
}

extension timeval {
    /// The length of time to the microsecond, at least one.
    init(_ interval: Interval) {
        let microseconds = max(1, interval.nanoseconds / 1000)
        self.init(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    }
}
