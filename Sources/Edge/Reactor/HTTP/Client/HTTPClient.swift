// The HTTP client's contract: what one asks for and what comes back.
// The work is in HTTPClientRequest (resolving, redirects, the deadline) and HTTPExchange (one
// request on one connection).

package import Primitives

/// What a server may do to us.
package struct HTTPClientLimits: Hashable, Sendable {
    /// How long all of it may take: resolving, connecting, redirects, the body.
    ///
    /// libtorrent gives a tracker 30 s.
    package var total = Interval.seconds(30)
    /// How long connecting, or a silence in between, may take.
    package var perOperation = Interval.seconds(10)
    /// Bytes of a body, also of what comes of one that is packed; a tracker's answer with the most
    /// peers is below 100 KiB.
    package var bodyBytes = 1 << 20
    /// Bytes of status line and header fields.
    package var headerBytes = 65_536
    /// How many redirects are followed: never from https to http, nor from the Internet into a
    /// private network or this machine, where strangers have nothing to ask for.
    package var redirects = 5
    /// Whether a stranger wrote the URL: then only what looks like a tracker is asked for in private
    /// networks and on this machine, lest it be a router's or a printer's page that does things.
    package var isStrangers = false
    /// Whether a stranger's URL may lead into private networks too where it has no query, as those of
    /// files have none that does things; to link-local addresses not even then.
    package var isOfFile = false

    /// The defaults.
    package init() {}
}

/// Why there is no response.
///
/// A status that means failure is a response.
package enum HTTPClientFault: Error, Hashable, Sendable {
    /// Not a URL that can be asked for.
    case malformedURL
    /// Neither http nor https; holds the scheme.
    case unsupportedScheme(String)
    /// The host's name could not be resolved.
    case resolve(ResolverFault)
    /// None of the host's addresses took the connection.
    case connect
    /// The server did not prove to be who it should be, for this reason.
    case untrusted(String)
    /// There is no TLS with the server, for this reason.
    case tls(String)
    /// It took too long, all in all or a single step of it.
    case timeout
    /// The body exceeds its limit.
    case tooLarge
    /// The server is in a private network or on this machine, where strangers have nothing to ask
    /// for.
    case privateService
    /// More redirects than allowed, or one without a usable target.
    case badRedirect
    /// The server closed before the response was complete.
    case truncated
    /// What came is not HTTP, or its header exceeds its limit.
    case protocolViolation
    /// The body is packed in a way that was not asked for and is not known here; holds its name.
    case packed(String)
    /// The body is packed, and damaged or cut off.
    case damaged
}

extension HTTPClientFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL: "its URL is malformed"
        case .unsupportedScheme(let scheme): "\(scheme): is not supported"
        case .resolve(let fault): "\(fault)"
        case .connect: "it does not take connections"
        case .untrusted(let reason): "its certificate is not trusted: \(reason)"
        case .tls(let reason): "no TLS with it: \(reason)"
        case .timeout: "no answer in time"
        case .tooLarge: "its answer is too long"
        case .privateService: "it is in a private network and no tracker"
        case .badRedirect: "it redirects to nowhere useful"
        case .truncated: "it closed before the end of its answer"
        case .protocolViolation: "it does not speak HTTP"
        case .packed(let coding): "its answer is packed in a way that is not known here: \(coding)"
        case .damaged: "its answer is packed, and damaged or cut off"
        }
    }
}

/// What a server answered.
package struct HTTPResponse: Hashable, Sendable {
    /// The status code.
    package var status: Int
    /// The header fields.
    package var headers: HTTPHeaders
    /// The body.
    package var body: [UInt8]
}

/// The HTTP client.
@Loop
package enum HTTPClient {
    /// What is called with the outcome.
    package typealias Completion = @Loop (Result<HTTPResponse, HTTPClientFault>) -> Void
    /// What is called with each part of a body as it comes, and with the status and the fields.
    package typealias Receiver = @Loop (Int, HTTPHeaders, [UInt8]) -> Void

    /// Gets a URL.
    ///
    /// - Parameters:
    ///   - url: an absolute http or https URL, sent as it is given: binary parts are already
    ///     encoded.
    ///   - limits: what the server may do.
    ///   - headers: fields beside Host, Connection and Accept-Encoding.
    ///   - trust: whose word on who a server by https is counts.
    ///   - local: the address to connect from, which also decides the family; nil for any.
    ///   - receiver: what the body is given to as it comes, redirects aside; it is not kept then, nor
    ///     unpacked.
    ///   - completion: called once, later than this returns, unless cancelled.
    /// - Returns: the request, by which to cancel it; it goes on when it is let go.
    @discardableResult
    package static func get(
        _ url: String, limits: HTTPClientLimits = HTTPClientLimits(), headers: HTTPHeaders = [:],
        trusting trust: TLSTrust = .system, from local: IPAddress? = nil,
        receiver: Receiver? = nil, completion: @escaping Completion
    ) -> HTTPClientRequest {
        let request = HTTPClientRequest(
            url, limits: limits, headers: headers, trust: trust, local: local,
            receiver: receiver, completion: completion)
        request.begin()
        return request
    }
}
