// One GET on one connection to one address, by evhttp.
// The connection is freed at the end of a turn, never inside one of libevent's callbacks: several
// of them go on using it.

import CLibevent
import Primitives

/// A single request and its response.
@Loop
final class HTTPExchange: TurnEndObserver {
    enum Outcome {
        case response(HTTPResponse)
        /// The address did not take the connection; nothing was sent.
        case notConnected
        case failed(HTTPClientFault)
    }

    private let url: HTTPURL
    private let limits: HTTPClientLimits
    private let headers: HTTPHeaders
    private var evcon: OpaquePointer?
    /// The TLS of the connection, which goes with it.
    private var session: TLSSession?
    /// What the body is given to as it comes, where it is not to be kept.
    var receiver: HTTPClient.Receiver?
    private var completion: (@Loop (Outcome) -> Void)?
    private var fault: HTTPClientFault?
    private var headerBlocks = 0
    /// Whether the connection stood before it ended.
    private var wasConnected = false

    /// Interim responses (1xx) that are taken before the one that counts; each may bring fields.
    private static let maxHeaderBlocks = 4
    /// What may be buffered beyond the largest body: framing, and what one more read brings.
    private static let framingSlack = 65_536

    init(
        _ url: HTTPURL, at endpoint: Endpoint, from local: IPAddress?, limits: HTTPClientLimits,
        headers: HTTPHeaders, trust: TLSTrust
    ) {
        self.url = url
        self.limits = limits
        self.headers = headers
        if url.isSecure {
            session = TLSSession(with: url.host, trusting: trust)
            guard session != nil else { return }
        }
        // Without a bufferevent of ours it makes one for TCP.
        evcon = evhttp_connection_base_bufferevent_new(
            Loop.base, nil, session?.bufferevent, "\(endpoint.address)", endpoint.port)
        // Called at the end of a connection only if it had stood.
        evhttp_connection_set_closecb(
            evcon,
            { _, context in
                let exchange = HTTPExchange.from(context)
                Loop.assumeIsolated { exchange?.wasConnected = true }
            }, Unmanaged.passUnretained(self).toOpaque())
        if let local { evhttp_connection_set_local_address(evcon, "\(local)") }
        evhttp_connection_set_max_headers_size(evcon, limits.headerBytes)
        evhttp_connection_set_max_body_size(evcon, limits.bodyBytes)
        var timeout = timeval(limits.perOperation)
        evhttp_connection_set_timeout_tv(evcon, &timeout)
        boundInput()
    }

    /// A line without an end would be buffered for as long as it comes, or be looked at again and
    /// again once a watermark stops it.
    private func boundInput() {
        let bufferevent = evhttp_connection_get_bufferevent(evcon)
        bufferevent_setwatermark(bufferevent, Int16(EV_READ), 0, inputLimit)
        evbuffer_add_cb(
            bufferevent_get_input(bufferevent),
            { buffer, _, context in
                let length = evbuffer_get_length(buffer)
                HTTPExchange.from(context)?.inputChanged(length)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private var inputLimit: Int { max(limits.bodyBytes, limits.headerBytes) + Self.framingSlack }

    private nonisolated func inputChanged(_ length: Int) {
        Loop.assumeIsolated {
            if length >= inputLimit { finish(.failed(.tooLarge)) }
        }
    }

    func begin(_ completion: @escaping @Loop (Outcome) -> Void) {
        self.completion = completion
        guard evcon != nil else { return finish(.failed(.tls("it cannot be set up here"))) }
        guard let request = makeRequest() else { return finish(.failed(.protocolViolation)) }
        let output = evhttp_request_get_output_headers(request)
        evhttp_add_header(output, "Host", url.authority)
        evhttp_add_header(output, "Connection", "close")
        // Bodies are short or films: neither gains by being packed.
        evhttp_add_header(output, "Accept-Encoding", "identity")
        headers.append(to: output)
        guard evhttp_make_request(evcon, request, EVHTTP_REQ_GET, url.target) != 0 else { return }
        // Nothing has taken the request over: the local address could not be bound.
        evhttp_request_free(request)
        finish(.notConnected)
    }

    private func makeRequest() -> UnsafeMutablePointer<evhttp_request>? {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let request = evhttp_request_new(
            { request, context in HTTPExchange.from(context)?.completed(request) }, context)
        evhttp_request_set_error_cb(request) { error, context in
            HTTPExchange.from(context)?.failed(error)
        }
        evhttp_request_set_header_cb(request) { _, context in
            HTTPExchange.from(context)?.headerEnded() ?? -1
        }
        if receiver != nil {
            evhttp_request_set_chunked_cb(request) { request, context in
                HTTPExchange.from(context)?.received(request)
            }
        }
        return request
    }

    private nonisolated static func from(_ context: UnsafeMutableRawPointer?) -> HTTPExchange? {
        context.map { Unmanaged<HTTPExchange>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Gives up; the completion is not called any more.
    func cancel() {
        completion = nil
        receiver = nil
        retire()
    }

    // MARK: From libevent

    private nonisolated func headerEnded() -> Int32 {
        Loop.assumeIsolated {
            headerBlocks += 1
            guard headerBlocks > Self.maxHeaderBlocks else { return 0 }
            fault = .protocolViolation
            return -1
        }
    }

    /// A part of the body is there; libevent drops it afterwards.
    private nonisolated func received(_ request: UnsafeMutablePointer<evhttp_request>?) {
        nonisolated(unsafe) let request = request
        Loop.assumeIsolated {
            guard let request, completion != nil else { return }
            receiver?(
                Int(evhttp_request_get_response_code(request)),
                HTTPHeaders(evhttp_request_get_input_headers(request)),
                contents(of: evhttp_request_get_input_buffer(request)))
        }
    }

    private nonisolated func failed(_ error: evhttp_request_error) {
        Loop.assumeIsolated {
            guard fault == nil else { return }
            fault =
                switch error {
                case EVREQ_HTTP_TIMEOUT: .timeout
                case EVREQ_HTTP_DATA_TOO_LONG: .tooLarge
                case EVREQ_HTTP_EOF: .truncated
                default: .protocolViolation
                }
        }
    }

    private nonisolated func completed(_ request: UnsafeMutablePointer<evhttp_request>?) {
        nonisolated(unsafe) let request = request
        Loop.assumeIsolated {
            // No request: it failed on the way. One without a status: it was never sent.
            guard let request else {
                let tlsFault = session?.fault
                guard wasConnected else {
                    return finish(tlsFault.map { .failed($0) } ?? .notConnected)
                }
                // An end without TLS's own word that it is one could be anybody's doing.
                if fault == nil, tlsFault != nil { fault = .truncated }
                return finish(.failed(fault ?? .protocolViolation))
            }
            let status = Int(evhttp_request_get_response_code(request))
            guard status != 0 else { return finish(.notConnected) }
            finish(
                .response(
                    HTTPResponse(
                        status: status,
                        headers: HTTPHeaders(evhttp_request_get_input_headers(request)),
                        body: contents(of: evhttp_request_get_input_buffer(request)))))
        }
    }

    private func finish(_ outcome: Outcome) {
        let completion = completion
        self.completion = nil
        retire()
        completion?(outcome)
    }

    private func retire() {
        // The list of observers holds us until the connection is freed.
        if evcon != nil { Loop.atEndOfTurn(self) }
    }

    func turnEnded() {
        guard let evcon else { return }
        self.evcon = nil
        session = nil
        evhttp_connection_free(evcon)
    }
}
