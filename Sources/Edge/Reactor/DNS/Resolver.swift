// Host names to addresses, without blocking the loop: evdns with the system's name servers and
// hosts file. Keeps no cache; the name servers are read once, at the first question.

import CLibevent
import Glibc
package import Primitives

/// Why a name could not be resolved.
package enum ResolverFault: Error, Hashable, Sendable {
    /// The name does not exist or has no address.
    case notFound
    /// No name server answered in time.
    case timedOut
    /// Any other failure, as a number of getaddrinfo (EAI_…).
    case failed(Int32)
}

extension ResolverFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound: "its name is not known"
        case .timedOut: "no name server answered in time"
        case .failed(let code): "its name cannot be resolved (\(code))"
        }
    }
}

/// Resolves host names.
@Loop
package enum Resolver {
    /// How long a question may take: the four tries of common resolvers.
    package nonisolated static let defaultTimeout = Interval.seconds(10)

    /// Asks for the addresses of a host.
    ///
    /// - Parameters:
    ///   - host: a name, or a numeric address, which is answered before this returns.
    ///   - port: the port of the endpoints.
    ///   - timeout: how long it may take.
    ///   - completion: called once with at least one endpoint in the system's order, or a fault.
    /// - Returns: the question, by which to cancel it; it goes on when it is let go.
    @discardableResult
    package static func resolve(
        _ host: String, port: UInt16, timeout: Interval = defaultTimeout,
        completion: @escaping @Loop (Result<[Endpoint], ResolverFault>) -> Void
    ) -> Resolution {
        let resolution = Resolution(completion)
        if let address = IPAddress(numeric: host) {
            resolution.finish(.success([Endpoint(address: address, port: port)]))
        } else {
            resolution.ask(host, port: port, timeout: timeout)
        }
        return resolution
    }

    fileprivate static let base: OpaquePointer? = {
        let flags = EVDNS_BASE_INITIALIZE_NAMESERVERS
        // Without a readable resolv.conf the hosts file still helps.
        if let base = evdns_base_new(Loop.base, flags) { return base }
        let base = evdns_base_new(Loop.base, 0)
        evdns_base_load_hosts(base, "/etc/hosts")
        return base
    }()
}

/// One question to the resolver.
@Loop
package final class Resolution {
    private var completion: (@Loop (Result<[Endpoint], ResolverFault>) -> Void)?
    private var query: OpaquePointer?
    private var deadline: LoopTimer?

    init(_ completion: @escaping @Loop (Result<[Endpoint], ResolverFault>) -> Void) {
        self.completion = completion
    }

    /// Gives up; the completion is not called any more.
    package func cancel() {
        completion = nil
        deadline = nil
        guard let query else { return }
        self.query = nil
        evdns_getaddrinfo_cancel(query)
    }

    fileprivate func ask(_ host: String, port: UInt16, timeout: Interval) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_protocol = Int32(IPPROTO_TCP)
        hints.ai_flags = AI_ADDRCONFIG
        let timer = LoopTimer { [weak self] in self?.timedOut() }
        timer.schedule(at: Loop.now + timeout)
        deadline = timer
        // libevent calls back exactly once, also after a cancellation; until then it holds us.
        let made = evdns_getaddrinfo(
            Resolver.base, host, "\(port)", &hints,
            { result, list, context in
                guard let context else { return }
                let resolution = Unmanaged<Resolution>.fromOpaque(context).takeRetainedValue()
                let endpoints = endpoints(of: list)
                if let list { evutil_freeaddrinfo(list) }
                Loop.assumeIsolated { resolution.answered(result, endpoints) }
            }, Unmanaged.passRetained(self).toOpaque())
        if completion != nil { query = made }
    }

    private func answered(_ result: Int32, _ endpoints: [Endpoint]) {
        query = nil
        switch result {
        case 0 where !endpoints.isEmpty: finish(.success(endpoints))
        case 0, EAI_NONAME, EVUTIL_EAI_NODATA: finish(.failure(.notFound))
        case EAI_AGAIN: finish(.failure(.timedOut))
        default: finish(.failure(.failed(result)))
        }
    }

    private func timedOut() {
        let completion = completion
        cancel()
        completion?(.failure(.timedOut))
    }

    fileprivate func finish(_ result: Result<[Endpoint], ResolverFault>) {
        let completion = completion
        self.completion = nil
        deadline = nil
        completion?(result)
    }
}

private func endpoints(of list: UnsafeMutablePointer<addrinfo>?) -> [Endpoint] {
    var out: [Endpoint] = []
    var next = list
    while let entry = next {
        let address = SocketAddress(
            entry.pointee.ai_addr, length: Int(entry.pointee.ai_addrlen))
        if let endpoint = address?.endpoint, !out.contains(endpoint) { out.append(endpoint) }
        next = entry.pointee.ai_next
    }
    return out
}
