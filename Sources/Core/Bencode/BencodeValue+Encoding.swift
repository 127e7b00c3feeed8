// Writing bencode. What comes out is canonical: sorted keys, shortest numbers (BEP 3).

extension BencodeValue {
    /// The value in bencode.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        encode(into: &out)
        return out
    }

    /// Appends the value in bencode to `out`.
    package func encode(into out: inout [UInt8]) {
        switch self {
        case .integer(let value):
            out.append(UInt8(ascii: "i"))
            out.append(contentsOf: String(value).utf8)
            out.append(UInt8(ascii: "e"))
        case .bytes(let value):
            encodeBytes(value, into: &out)
        case .list(let values):
            out.append(UInt8(ascii: "l"))
            for value in values { value.encode(into: &out) }
            out.append(UInt8(ascii: "e"))
        case .dictionary(let dictionary):
            dictionary.encode(into: &out)
        }
    }
}

extension BencodeDictionary {
    /// The dictionary in bencode.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        encode(into: &out)
        return out
    }

    /// Appends the dictionary in bencode to `out`.
    package func encode(into out: inout [UInt8]) {
        out.append(UInt8(ascii: "d"))
        for entry in entries {
            encodeBytes(entry.key, into: &out)
            entry.value.encode(into: &out)
        }
        out.append(UInt8(ascii: "e"))
    }
}

private func encodeBytes(_ bytes: [UInt8], into out: inout [UInt8]) {
    out.append(contentsOf: String(bytes.count).utf8)
    out.append(UInt8(ascii: ":"))
    out.append(contentsOf: bytes)
}
