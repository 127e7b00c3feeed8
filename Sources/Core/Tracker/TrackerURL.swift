// The address of a tracker as a torrent gives it: what is fit to be asked, and by which protocol.
// Resolves no name and opens nothing.

/// The URL of a tracker that is safe to put into a request and a log.
struct TrackerURL: Hashable, Sendable {
    /// How a tracker is spoken to.
    enum Scheme: Hashable, Sendable {
        /// HTTP without encryption (BEP 3): the one that is driven.
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

    /// The URL with `query` added to whatever query it has.
    func appending(query: String) -> String {
        guard text.contains("?") else { return "\(text)?\(query)" }
        return text.hasSuffix("?") || text.hasSuffix("&")
            ? "\(text)\(query)" : "\(text)&\(query)"
    }
}
