// The request target of HTTP (RFC 9112, 3.2) taken apart, byte by byte: an info-hash in a query is
// twenty arbitrary bytes and no text.

/// One item of a query, percent-decoded.
package struct HTTPQueryItem: Hashable, Sendable {
    /// The name.
    package var name: [UInt8]
    /// The value, any bytes; empty where the item has no `=`.
    package var value: [UInt8]

    /// The item `name=value`.
    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// A request target's path and query.
package struct HTTPTarget: Hashable, Sendable {
    /// The path, percent-decoded, with what is not UTF-8 replaced; at least `/`.
    package let path: String
    /// The query's items in order.
    package let query: [HTTPQueryItem]

    /// Takes a target apart that is in origin form (`/path?query`) or absolute form.
    package init(_ target: [UInt8]) {
        let whole = Self.afterAuthority(target)
        let visible = whole.prefix { $0 != UInt8(ascii: "#") }
        let path = visible.prefix { $0 != UInt8(ascii: "?") }
        let decoded = percentDecoded(path)
        self.path = decoded.isEmpty ? "/" : String(decoding: decoded, as: UTF8.self)
        query = Self.items(visible.dropFirst(path.count + 1))
    }

    private static func afterAuthority(_ target: [UInt8]) -> ArraySlice<UInt8> {
        guard target.first != UInt8(ascii: "/"),
            let colon = target.firstIndex(of: UInt8(ascii: ":")),
            target[colon...].starts(with: Array("://".utf8))
        else { return target[...] }
        let ends = Array("/?#".utf8)
        return target[(colon + 3)...].drop { !ends.contains($0) }
    }

    private static func items(_ query: ArraySlice<UInt8>) -> [HTTPQueryItem] {
        query.split(separator: UInt8(ascii: "&")).map { item in
            let name = item.prefix { $0 != UInt8(ascii: "=") }
            return HTTPQueryItem(
                name: percentDecoded(name, plusIsSpace: true),
                value: percentDecoded(item.dropFirst(name.count + 1), plusIsSpace: true))
        }
    }
}

/// The bytes with each `%` and two hexadecimal digits made one byte.
///
/// A `%` without them stays. In a query, forms write a blank as `+` (WHATWG URL, 5.1).
package func percentDecoded(
    _ text: ArraySlice<UInt8>, plusIsSpace: Bool = false
) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    var i = text.startIndex
    while i < text.endIndex {
        if text[i] == UInt8(ascii: "%"), i + 2 < text.endIndex,
            let high = hexValue(text[i + 1]), let low = hexValue(text[i + 2])
        {
            out.append(high << 4 | low)
            i += 3
        } else {
            let isSpace = plusIsSpace && text[i] == UInt8(ascii: "+")
            out.append(isSpace ? UInt8(ascii: " ") : text[i])
            i += 1
        }
    }
    return out
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
