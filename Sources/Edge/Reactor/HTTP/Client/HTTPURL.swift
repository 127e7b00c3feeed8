// An http or https URL (RFC 3986) as a client needs it: whom to connect to and what to ask for.
// Nothing is encoded or decoded: what stands behind the authority is sent as it was given.

/// What is wrong with a URL.
package enum HTTPURLFault: Error, Hashable, Sendable {
    /// Neither `http` nor `https`; holds the scheme.
    case unsupportedScheme(String)
    /// Not a URL with a host, or one with bytes that no URL has.
    case malformed
}

/// An http or https URL taken apart.
package struct HTTPURL: Hashable, Sendable {
    /// Whether the scheme is `https`.
    package let isSecure: Bool
    /// The host without brackets: a name or a numeric address.
    package let host: String
    /// The port; where none is written 80, and 443 for https.
    package let port: UInt16
    /// The authority as written, for the Host field.
    package let authority: String
    /// Path and query as written, without a fragment; begins with `/`.
    package let target: String

    /// Longer than any announce or redirect in use; what proxies commonly take.
    private static let maxLength = 8192

    /// Takes `text` apart.
    ///
    /// - Parameter text: an absolute URL; user information is refused.
    /// - Throws: the fault.
    package init(_ text: String) throws(HTTPURLFault) {
        guard text.utf8.count <= Self.maxLength,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let separator = Self.find("://", in: text)
        else { throw .malformed }
        let scheme = text[..<separator].lowercased()
        guard scheme == "http" || scheme == "https" else { throw .unsupportedScheme(scheme) }
        isSecure = scheme == "https"
        let rest = text[text.index(separator, offsetBy: 3)...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let (host, port) = Self.split(authority, usualPort: isSecure ? 443 : 80) else {
            throw .malformed
        }
        (self.host, self.port) = (host, port)
        self.authority = String(authority)
        let target = String(rest.dropFirst(authority.count))
        self.target = target.hasPrefix("/") ? target : "/" + target
    }

    /// The URL that a Location field means (RFC 9110, 10.2.2), which may be relative.
    package func resolving(_ location: String) throws(HTTPURLFault) -> HTTPURL {
        let beforeQuery = location.prefix { $0 != "?" && $0 != "#" }
        if Self.find("://", in: String(beforeQuery)) != nil { return try HTTPURL(location) }
        let scheme = isSecure ? "https" : "http"
        if location.hasPrefix("//") { return try HTTPURL("\(scheme):\(location)") }
        let root = "\(scheme)://\(authority)"
        if location.hasPrefix("/") { return try HTTPURL(root + location) }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("?") { return try HTTPURL("\(root)\(path)\(location)") }
        let directory = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return try HTTPURL("\(root)\(directory)\(location)")
    }

    private static func find(_ needle: String, in text: String) -> String.Index? {
        var start = text.startIndex
        while let colon = text[start...].firstIndex(of: ":") {
            if text[colon...].hasPrefix(needle) { return colon }
            start = text.index(after: colon)
        }
        return nil
    }

    private static func split(
        _ authority: Substring, usualPort: UInt16
    ) -> (String, UInt16)? {
        var host = authority
        var port = usualPort
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = digits.isEmpty ? usualPort : UInt16(digits), number != 0
            else { return nil }
            (host, port) = (authority[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), IPAddressText.isIPv6(host) else { return nil }
        } else {
            guard host.utf8.count <= 253, host.utf8.allSatisfy(isHostByte) else { return nil }
        }
        return host.isEmpty ? nil : (String(host), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// The bytes that a numeric IPv6 address may consist of.
private enum IPAddressText {
    static func isIPv6(_ text: Substring) -> Bool {
        text.utf8.count <= 45 && text.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
}
