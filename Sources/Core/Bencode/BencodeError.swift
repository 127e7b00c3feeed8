// Why bytes are not the bencode that was asked for. The fault is always the sender's, and what
// dies is the one document or message.

/// Why bytes were refused as bencode; `at` counts bytes from the front.
package enum BencodeError: Error, Hashable {
    /// The bytes end in the middle of a value, or a string claims more than there is.
    case truncated
    /// There are more bytes than the limit allows.
    case tooLarge
    /// Lists and dictionaries are nested deeper than the limit allows.
    case tooDeep(at: Int)
    /// There are more values and keys than the limit allows.
    case tooManyTokens(at: Int)
    /// No value or end can begin with this byte.
    case unexpectedByte(at: Int)
    /// An integer that is empty, signed zero, has leading zeros or does not fit 64 bits.
    case badInteger(at: Int)
    /// A string length that has leading zeros, no colon, or does not fit 63 bits.
    case badLength(at: Int)
    /// A dictionary key that is not a string.
    case badKey(at: Int)
    /// A dictionary key without a value.
    case missingValue(at: Int)
    /// A key that should have come before its predecessor (strict only).
    case unsortedKey(at: Int)
    /// A key that was there already (strict, and a second top-level `info` always).
    case duplicateKey(at: Int)
    /// Bytes after the value (strict only).
    case trailingBytes(at: Int)
}

extension BencodeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "the data ends too early"
        case .tooLarge: "the data is too large"
        case .tooDeep(let at): "lists and dictionaries are nested too deep at byte \(at)"
        case .tooManyTokens(let at): "there are too many values at byte \(at)"
        case .unexpectedByte(let at): "no value can begin at byte \(at)"
        case .badInteger(let at): "the integer at byte \(at) is malformed or too big"
        case .badLength(let at): "the string length at byte \(at) is malformed"
        case .badKey(let at): "the dictionary key at byte \(at) is not a string"
        case .missingValue(let at): "a dictionary ends at byte \(at) with a key but no value"
        case .unsortedKey(let at): "the dictionary key at byte \(at) is out of order"
        case .duplicateKey(let at): "the dictionary key at byte \(at) is there twice"
        case .trailingBytes(let at): "there is something after the end at byte \(at)"
        }
    }
}
