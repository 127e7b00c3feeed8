// The entry to reading bencode: limits, strictness, and the three ways of asking.
// Every input is hostile: nothing is allocated by a claimed length, nothing recurses.

/// How much a document may ask of the decoder.
package struct BencodeLimits: Hashable, Sendable {
    /// Lists and dictionaries inside each other; real files need 6, libtorrent allows 100.
    package var depth = 64
    /// Values and keys together; a torrent of 100,000 files has some 400,000.
    package var tokens = 500_000
    /// Bytes of the whole input; libtorrent's bound for a torrent file.
    package var bytes = 10_000_000

    /// The default limits, which fit a torrent file from anywhere.
    package init() {}

    /// The given limits.
    package init(depth: Int, tokens: Int, bytes: Int) {
        (self.depth, self.tokens, self.bytes) = (depth, tokens, bytes)
    }
}

/// What is forgiven.
///
/// Malformed numbers are refused by both: a second way to write a number is a second info-hash.
package enum BencodeStrictness: Hashable, Sendable {
    /// Only canonical bencode: keys sorted and unique, nothing after the value.
    case strict
    /// Also what other programs wrote: keys in any order, of a repeated key the first counts,
    /// bytes after the value are ignored. A second top-level `info` is refused all the same.
    case lenient
}

/// A decoded value together with where its top-level values stood in the input.
package struct BencodeDocument: Sendable {
    /// The decoded value.
    package let value: BencodeValue
    let ranges: [(key: [UInt8], range: Range<Int>)]

    /// The bytes of the input that encode the value of the top-level key `key`.
    ///
    /// The SHA-1 of the range of `info` is the info-hash, also where the input is not canonical.
    package func range(of key: String) -> Range<Int>? {
        ranges.first { $0.key.elementsEqual(key.utf8) }?.range
    }
}

/// A decoder of bencode (BEP 3).
package struct BencodeDecoder: Hashable, Sendable {
    /// What is forgiven.
    package var strictness: BencodeStrictness
    /// How much an input may ask for.
    package var limits: BencodeLimits

    /// A decoder that forgives what `strictness` says.
    package init(_ strictness: BencodeStrictness, limits: BencodeLimits = BencodeLimits()) {
        self.strictness = strictness
        self.limits = limits
    }

    /// Decodes all of `bytes` as one value.
    package func decode(_ bytes: Span<UInt8>) throws(BencodeError) -> BencodeValue {
        try decodeDocument(bytes).value
    }

    /// Decodes all of `bytes` as one value and remembers where its top-level values stand.
    package func decodeDocument(_ bytes: Span<UInt8>) throws(BencodeError) -> BencodeDocument {
        var parser = BencodeParser(strictness: strictness, limits: limits)
        let value = try parser.parse(bytes)
        guard strictness == .lenient || parser.offset == bytes.count else {
            throw .trailingBytes(at: parser.offset)
        }
        return BencodeDocument(value: value, ranges: parser.ranges)
    }

    /// Decodes one value from the front of `bytes` and says how many bytes it took.
    ///
    /// For messages that carry something else behind their dictionary, such as ut_metadata
    /// (BEP 9); what follows the value is the caller's in both modes.
    package func decodePrefix(
        _ bytes: Span<UInt8>
    ) throws(BencodeError) -> (value: BencodeValue, byteCount: Int) {
        var parser = BencodeParser(strictness: strictness, limits: limits)
        let value = try parser.parse(bytes)
        return (value, parser.offset)
    }
}
