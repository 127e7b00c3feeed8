// The four kinds of value that bencode knows (BEP 3), as plain values.
// Knows nothing of what a key means, nor of limits: those are the decoder's.

/// A bencoded value (BEP 3, "bencoding").
///
/// Destruction, comparison and encoding recurse: a decoded value is never deeper than the
/// decoder's limit.
package enum BencodeValue: Hashable, Sendable {
    /// An integer; those outside 64 bits are refused by the decoder.
    case integer(Int64)
    /// A byte string: text or not.
    case bytes([UInt8])
    /// Values in order.
    case list([BencodeValue])
    /// Values by key.
    case dictionary(BencodeDictionary)

    /// The byte string that holds `text` in UTF-8.
    package static func string(_ text: String) -> Self { .bytes(Array(text.utf8)) }

    /// The integer, or nil for another kind of value.
    package var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The byte string, or nil for another kind of value.
    package var bytes: [UInt8]? {
        guard case .bytes(let value) = self else { return nil }
        return value
    }

    /// The byte string as text, or nil for another kind of value or invalid UTF-8.
    package var string: String? {
        guard case .bytes(let value) = self else { return nil }
        return String(validating: value, as: UTF8.self)
    }

    /// The list, or nil for another kind of value.
    package var list: [BencodeValue]? {
        guard case .list(let value) = self else { return nil }
        return value
    }

    /// The dictionary, or nil for another kind of value.
    package var dictionary: BencodeDictionary? {
        guard case .dictionary(let value) = self else { return nil }
        return value
    }

    /// The value under `key` where this is a dictionary that has it.
    package subscript(key: String) -> BencodeValue? { dictionary?[key] }
}

extension BencodeValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(stringLiteral value: String) { self = .string(value) }
}

extension BencodeValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    package init(arrayLiteral elements: BencodeValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, BencodeValue)...) {
        self = .dictionary(BencodeDictionary(elements))
    }
}
