// A request as the server hands it to its handler: a plain value.

import CLibevent
package import Primitives

/// A method that the server takes.
package enum HTTPMethod: Hashable, Sendable {
    /// GET
    case get
    /// HEAD: as GET, and the answer's body is left out by the responder.
    case head
}

/// A request to the server, which has no body.
package struct HTTPRequest: Hashable, Sendable {
    /// The method.
    package let method: HTTPMethod
    /// The request target as it came, percent-encoded, with what is not UTF-8 replaced.
    package let target: String
    /// The path, percent-decoded.
    package let path: String
    /// The query's items in order, as bytes.
    package let query: [HTTPQueryItem]
    /// The header fields.
    package let headers: HTTPHeaders
    /// Who asks.
    package let remote: Endpoint
    /// Whether the message is of HTTP/1.1; else it is of HTTP/1.0.
    package let isHTTP11: Bool

    /// The first value of the query's item `name`.
    package func query(_ name: String) -> [UInt8]? {
        query.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// The request that libevent has parsed.
    init(
        _ method: HTTPMethod, _ request: UnsafeMutablePointer<evhttp_request>, from remote: Endpoint
    ) {
        let uri = String(cString: request.pointee.uri)
        let bytes = UnsafeBufferPointer(start: request.pointee.uri, count: strlen(request))
        let parts = HTTPTarget(bytes.map { UInt8(bitPattern: $0) })
        self.method = method
        target = uri
        path = parts.path
        query = parts.query
        headers = HTTPHeaders(evhttp_request_get_input_headers(request))
        self.remote = remote
        isHTTP11 = request.pointee.minor >= 1
    }
}

private func strlen(_ request: UnsafeMutablePointer<evhttp_request>) -> Int {
    var length = 0
    while request.pointee.uri[length] != 0 { length += 1 }
    return length
}
