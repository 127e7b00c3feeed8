// Bytes in the query of a URL (RFC 3986): to percent-escapes and back. An info-hash is raw bytes,
// so nothing here passes through text. Knows no parameter by name.

import Primitives

/// The bytes with all but the unreserved characters of RFC 3986, 2.3 escaped.
package func percentEncoded(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 3)
    for byte in bytes {
        if isUnreserved(byte) {
            out.append(byte)
        } else {
            out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// The bytes that a percent-encoded string stands for, or nil where an escape is broken.
///
/// A plus sign is a plus sign: that it means a blank is a rule of forms, not of RFC 3986.
package func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            out.append(byte)
            continue
        }
        guard rest.count >= 2,
            let value = unhex(String(decoding: rest.prefix(2), as: UTF8.self))
        else { return nil }
        out += value
        rest = rest.dropFirst(2)
    }
    return out
}

/// The items of a query string, or nil where it is longer than 8 KiB or an escape is broken.
///
/// 8 KiB hold the largest sensible query, a scrape of 74 hashes of 60 characters each. An item
/// without a sign of equality has an empty value.
package func queryItems(_ query: String) -> [(name: String, value: [UInt8])]? {
    guard query.utf8.count <= 8192 else { return nil }
    var items: [(name: String, value: [UInt8])] = []
    for item in Array(query.utf8).split(separator: UInt8(ascii: "&")) {
        let mark = item.firstIndex(of: UInt8(ascii: "=")) ?? item.endIndex
        guard let name = percentDecoded(item[..<mark]),
            let value = percentDecoded(item[mark...].dropFirst())
        else { return nil }
        items.append((String(decoding: name, as: UTF8.self), value))
    }
    return items
}

private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        true
    default: false
    }
}
