// The address of a tracker as a torrent gives it: what is fit to be asked, and by which protocol.
// Resolves no name and opens nothing.

/// The URL of a tracker that is safe to put into a request and a log.
struct TrackerURL: Hashable, Sendable {
    /// How a tracker is spoken to.
    enum Scheme: Hashable, Sendable {
        /// HTTP without encryption (BEP 3).
        case http
        /// HTTP over TLS.
        case https
        /// The UDP tracker protocol (BEP 15).
        case udp
    }

    /// The longest URL that is looked at, in bytes: what browsers and servers agree on.
    static let longest = 2048

    /// How this tracker is spoken to.
    let scheme: Scheme
    /// The URL without a fragment.
    let text: String

    /// The URL `text`, or nil where it is not an http, https or udp URL of printable ASCII.
    ///
    /// Whatever is not printable ASCII could end the request line, and is no part of a URL anyway
    /// (RFC 3986, 2).
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        let whole = text.prefix { $0 != "#" }
        guard let colon = whole.firstIndex(of: ":"), whole[colon...].hasPrefix("://") else {
            return nil
        }
        switch whole[..<colon].lowercased() {
        case "http": scheme = .http
        case "https": scheme = .https
        case "udp": scheme = .udp
        default: return nil
        }
        let host = whole[colon...].dropFirst(3).prefix { $0 != "/" && $0 != "?" }
        guard !host.isEmpty else { return nil }
        self.text = String(whole)
    }

    /// Where a tracker by UDP is, and what of its URL it is told, or nil where no port is named.
    var datagram: (address: UDPTrackerAddress, urlData: [UInt8])? {
        guard scheme == .udp, let start = text.firstRange(of: "://")?.upperBound else { return nil }
        let authority = text[start...].prefix { $0 != "/" && $0 != "?" }
        guard let address = UDPTrackerAddress(authority) else { return nil }
        return (address, Array(text[authority.endIndex...].utf8))
    }

    /// Where a tracker by HTTP is scraped (BEP 48), or nil where it cannot be.
    ///
    /// By convention the last part of its path begins with `announce`, for which `scrape` stands.
    var scrapePage: TrackerURL? {
        let path = text.prefix { $0 != "?" }
        guard scheme != .udp, let slash = path.lastIndex(of: "/"),
            path[slash...].hasPrefix("/announce")
        else { return nil }
        return TrackerURL(text[...slash] + "scrape" + text[slash...].dropFirst(9))
    }

    /// The URL with `query` added to whatever query it has.
    func appending(query: String) -> String {
        guard text.contains("?") else { return "\(text)?\(query)" }
        return text.hasSuffix("?") || text.hasSuffix("&")
            ? "\(text)\(query)" : "\(text)&\(query)"
    }
}

/// Where a tracker by UDP is (BEP 15).
package struct UDPTrackerAddress: Hashable, Sendable {
    /// A name or a numeric address without brackets.
    package let host: String
    /// The port, never 0.
    package let port: UInt16

    /// The address written as `HOST:PORT`, or nil; the protocol has no usual port.
    init?(_ authority: Substring) {
        guard let colon = authority.lastIndex(of: ":") else { return nil }
        let digits = authority[authority.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits),
            port != 0
        else { return nil }
        var host = authority[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.utf8.count <= 253, !host.contains("@") else { return nil }
        self.host = String(host)
        self.port = port
    }
}
