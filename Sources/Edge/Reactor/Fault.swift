// What can go wrong with sockets, as values that a caller can act on.

import CLibevent
import Glibc

/// Why a socket operation failed.
package enum ReactorFault: Error, Hashable, Sendable {
    /// The address and port are taken by another socket (EADDRINUSE).
    case addressInUse
    /// The address is not one of this machine's (EADDRNOTAVAIL).
    case addressUnavailable
    /// The machine has no addresses of this family, as without IPv6 (EAFNOSUPPORT).
    case familyUnsupported
    /// The text is not a numeric IPv4 or IPv6 address.
    case notAnAddress(String)
    /// Not allowed, as for a port below 1024 (EACCES, EPERM).
    case permissionDenied
    /// Nobody listens there (ECONNREFUSED).
    case refused
    /// No route to the host or its network (EHOSTUNREACH, ENETUNREACH, ENETDOWN).
    case unreachable
    /// No answer in time (ETIMEDOUT, or a deadline of ours).
    case timedOut
    /// The other side gave the connection up (ECONNRESET, EPIPE, ECONNABORTED).
    case reset
    /// The process or the system has no descriptor left (EMFILE, ENFILE).
    case tooManyDescriptors
    /// Any other error number.
    case system(Int32)

    /// The fault that the error number `code` stands for.
    package init(errno code: Int32) {
        self =
            switch code {
            case EADDRINUSE: .addressInUse
            case EADDRNOTAVAIL: .addressUnavailable
            case EAFNOSUPPORT: .familyUnsupported
            case EACCES, EPERM: .permissionDenied
            case ECONNREFUSED: .refused
            case EHOSTUNREACH, ENETUNREACH, ENETDOWN: .unreachable
            case ETIMEDOUT: .timedOut
            case ECONNRESET, EPIPE, ECONNABORTED: .reset
            case EMFILE, ENFILE: .tooManyDescriptors
            default: .system(code)
            }
    }
}

extension ReactorFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .addressInUse: "the address is already in use"
        case .addressUnavailable: "the address does not belong to this machine"
        case .familyUnsupported: "the machine has no addresses of this family"
        case .notAnAddress(let text): "not a numeric IP address: \(text)"
        case .permissionDenied: "permission denied"
        case .refused: "connection refused"
        case .unreachable: "no route to the host"
        case .timedOut: "timed out"
        case .reset: "connection reset by the other side"
        case .tooManyDescriptors: "too many open files"
        case .system(let code): String(cString: strerror(code))
        }
    }
}
