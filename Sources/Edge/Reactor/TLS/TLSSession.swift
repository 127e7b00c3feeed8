// The client's side of a TLS connection (RFC 8446) on the loop: made ready for libevent, which carries
// it out, and asked what became of it. The server must prove to be who it was called for.

import CLibevent
import Glibc
import Primitives

/// Whose word on who a server is counts.
package enum TLSTrust: Hashable, Sendable {
    /// The authorities of the system; the variable SSL_CERT_FILE names others.
    case system
    /// The authorities in a file in PEM.
    case file(String)
}

/// A session with one server.
///
/// Its bufferevent belongs to the connection that it is given to; the session must not be asked
/// after that is freed.
@Loop
final class TLSSession {
    /// What a connection reads and writes by.
    let bufferevent: OpaquePointer
    private let session: OpaquePointer

    /// A session with `host`, a name or a numeric address; nil where the authorities cannot be read.
    init?(with host: String, trusting trust: TLSTrust) {
        let isAddress: Int32 = IPAddress(numeric: host) == nil ? 0 : 1
        guard let context = Self.context(trust),
            let session = reactor_tls_session(context, host, isAddress)
        else { return nil }
        let made = bufferevent_openssl_socket_new(
            Loop.base, -1, session, BUFFEREVENT_SSL_CONNECTING,
            Int32(BEV_OPT_CLOSE_ON_FREE.rawValue))
        guard let made else {
            SSL_free(session)
            return nil
        }
        (self.session, bufferevent) = (session, made)
    }

    /// Why there is no connection, if TLS is the reason.
    var fault: HTTPClientFault? {
        let verdict = SSL_get_verify_result(session)
        guard verdict == X509_V_OK else {
            let reason = X509_verify_cert_error_string(verdict).map { String(cString: $0) }
            return .untrusted(reason ?? "error \(verdict)")
        }
        let error = bufferevent_get_openssl_error(bufferevent)
        guard error != 0 else { return nil }
        let reason = ERR_reason_error_string(error).map { String(cString: $0) }
        return .tls(reason ?? "error \(error)")
    }

    /// What was read of authorities; the system's once and for all.
    private static var contexts: [TLSTrust: OpaquePointer] = [:]

    private static func context(_ trust: TLSTrust) -> OpaquePointer? {
        if let known = contexts[trust] { return known }
        let made =
            switch trust {
            case .system: reactor_tls_context(nil)
            case .file(let path): reactor_tls_context(path)
            }
        contexts[trust] = made
        return made
    }
}
