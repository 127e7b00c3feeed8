// Addresses as text, as people and trackers (BEP 3, lists of dictionaries) write them. Names that
// would need DNS are no addresses here: whoever resolves what strangers name can be led anywhere.

/// The IPv4 or IPv6 address (RFC 4291, 2.2) that `text` stands for, or nil.
package func ipAddress(_ text: [UInt8]) -> IPAddress? {
    guard text.count <= 45 else { return nil }
    if !text.contains(UInt8(ascii: ":")) {
        return IPAddress(dotted: String(decoding: text, as: UTF8.self))
    }
    let halves = splitAtDoubleColon(text)
    guard let head = halves.first, var bytes = groups(head, mayEndDotted: halves.count == 1)
    else { return nil }
    if halves.count == 2 {
        guard let tail = groups(halves[1], mayEndDotted: true), bytes.count + tail.count <= 14
        else { return nil }
        bytes += [UInt8](repeating: 0, count: 16 - bytes.count - tail.count) + tail
    }
    return bytes.count == 16 ? IPAddress(bytes: bytes) : nil
}

/// One part where `text` has no `::`, two where it has one, none where it has several.
private func splitAtDoubleColon(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
    let colon = UInt8(ascii: ":")
    let places = text.indices.dropLast().filter { text[$0] == colon && text[$0 + 1] == colon }
    guard let place = places.first else { return [text[...]] }
    return places.count == 1 ? [text[..<place], text[(place + 2)...]] : []
}

/// The bytes of groups of hexadecimal digits between colons; an address may end in an IPv4 one.
private func groups(_ text: ArraySlice<UInt8>, mayEndDotted: Bool) -> [UInt8]? {
    guard !text.isEmpty else { return [] }
    var bytes: [UInt8] = []
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for (place, part) in parts.enumerated() {
        let group = String(decoding: part, as: UTF8.self)
        if mayEndDotted, place == parts.count - 1, let dotted = IPAddress(dotted: group) {
            bytes += dotted.bytes
        } else {
            guard (1...4).contains(part.count), group.first != "+",
                let value = UInt16(group, radix: 16)
            else { return nil }
            bytes.append(bigEndian: value)
        }
    }
    return bytes
}
