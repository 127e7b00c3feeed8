// Which Host headers are ours. A page of the web may let its name resolve to 127.0.0.1 (DNS
// rebinding) and then read our answers as its own; its name is in the Host header, and refused.

/// The authorities (RFC 9110, 7.2) under which the gateway answers.
package struct HostPolicy: Sendable {
    /// The names that always mean this machine to itself.
    private static let own = ["127.0.0.1", "localhost", "[::1]"]

    private let names: Set<String>
    private let port: UInt16

    /// The loopback names and `extra` ones, each with `port` or without a port.
    package init(port: UInt16, extra: [String] = []) {
        names = Set((Self.own + extra).map { $0.lowercased() })
        self.port = port
    }

    /// Whether a request with exactly these Host headers is for us.
    package func accepts(_ hosts: [String]) -> Bool {
        guard hosts.count == 1, let host = hosts.first else { return false }
        return accepts(host)
    }

    /// Whether `host` is one of the names, with our port or without one.
    package func accepts(_ host: String) -> Bool {
        let host = host.lowercased()
        let suffix = ":\(port)"
        return names.contains(host)
            || (host.hasSuffix(suffix) && names.contains(String(host.dropLast(suffix.count))))
    }
}
