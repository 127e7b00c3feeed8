// Where a URL may lead: strangers must not make this node knock where they cannot knock themselves.

package import Primitives

extension HTTPURL {
    /// The endpoints of its host that may be asked.
    ///
    /// - Parameters:
    ///   - endpoints: where the host is.
    ///   - reach: the reach of the server that redirected here, or `.machine`; nothing of a narrower
    ///     one is asked.
    ///   - isStrangers: whether a stranger wrote the URL.
    ///   - isOfFile: whether that is of a file, so that it leads into private networks without a query.
    /// - Returns: some of the endpoints, in their order, at least one.
    /// - Throws: `.badRedirect` or `.privateService` where none is left.
    package func allowed(
        among endpoints: [Endpoint], reach: AddressScope, isStrangers: Bool,
        isOfFile: Bool = false
    ) throws(HTTPClientFault) -> [Endpoint] {
        let reached = endpoints.filter { $0.address.scope >= reach }
        guard !reached.isEmpty else { throw .badRedirect }
        guard isStrangers, !looksLikeTracker else { return reached }
        let isPlain = isOfFile && !target.contains("?")
        let open = reached.filter {
            $0.address.scope == .world || isPlain && !$0.address.isLinkLocal
        }
        guard !open.isEmpty else { throw .privateService }
        return open
    }

    /// Whether the last part of the path begins as those of trackers do (BEP 48).
    private var looksLikeTracker: Bool {
        let path = target.prefix { $0 != "?" }
        let last = path[(path.lastIndex(of: "/") ?? path.startIndex)...]
        return last.hasPrefix("/announce") || last.hasPrefix("/scrape")
    }
}
