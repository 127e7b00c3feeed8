import Bencode
import Primitives
import Testing

private func failure(
    _ bytes: [UInt8], _ strictness: BencodeStrictness = .strict,
    limits: BencodeLimits = BencodeLimits()
) -> BencodeError? {
    do {
        _ = try BencodeDecoder(strictness, limits: limits).decode(bytes.span)
        return nil
    } catch {
        return error
    }
}

private func failure(
    _ text: String, _ strictness: BencodeStrictness = .strict
) -> BencodeError? {
    failure(Array(text.utf8), strictness)
}

private func times(_ count: Int, _ text: String) -> String {
    String(repeating: text, count: count)
}

@Suite("Hostile bencode")
struct HostileBencodeTests {
    @Test("B1: nesting is refused past 64 levels, also unclosed and under an ignored key")
    func depth() {
        #expect(failure(times(64, "l") + times(64, "e")) == nil)
        #expect(failure(times(65, "l") + times(65, "e")) == .tooDeep(at: 64))
        #expect(failure(times(1_000_000, "l")) == .tooDeep(at: 64))
        #expect(failure(times(100_000, "d1:a")) == .tooDeep(at: 256))
        #expect(failure("d7:ignored" + times(100_000, "l")) == .tooDeep(at: 73))
    }

    @Test(
        "B2: an integer has one way to be written, and 64 bits",
        arguments: [
            "i9223372036854775808e", "i-9223372036854775809e", "i18446744073709551616e",
            "i" + times(1000, "9") + "e", "i-0e", "i00e", "i03e", "i-03e", "i+3e", "ie", "i-e",
            "i--3e", "i3.5e", "i 3e", "i3",
        ], [BencodeStrictness.strict, .lenient])
    func integers(text: String, strictness: BencodeStrictness) {
        #expect(failure(text, strictness) == (text == "i3" ? .truncated : .badInteger(at: 0)))
    }

    @Test(
        "B3: a string's length is checked before anything is allocated",
        arguments: [
            ("18446744073709551615:", .badLength(at: 0)), ("9223372036854775807:", .truncated),
            ("99999999:abc", .truncated), ("-1:a", .unexpectedByte(at: 0)),
            ("03:abc", .badLength(at: 0)), ("00:", .badLength(at: 0)), ("3abc", .badLength(at: 0)),
            (times(65_536, "1"), .badLength(at: 0)), ("4:abc", .truncated), ("3", .truncated),
            (":", .unexpectedByte(at: 0)), ("d-1:ai1ee", .badKey(at: 1)),
        ] as [(String, BencodeError)])
    func lengths(text: String, error: BencodeError) {
        #expect(failure(text) == error)
        #expect(failure(text, .lenient) == error)
    }

    @Test("B4: strict refuses keys that are unsorted, repeated or no strings")
    func keysStrict() {
        #expect(failure("d1:bi1e1:ai2ee") == .unsortedKey(at: 7))
        #expect(failure("d1:ai1e1:ai2ee") == .duplicateKey(at: 7))
        #expect(failure("di1ei2ee") == .badKey(at: 1))
        #expect(failure("dlei2ee") == .badKey(at: 1))
        #expect(failure("d1:ae") == .missingValue(at: 4))
        #expect(failure("ld1:bi1e1:ai2eee") == .unsortedKey(at: 8))
    }

    @Test("B4: lenient sorts, lets the first of two count, and refuses a second info")
    func keysLenient() throws {
        let bytes = Array("d1:bi1e1:ai2e1:bi3e1:ai4e4:infoi5ee".utf8)
        let document = try BencodeDecoder(.lenient).decodeDocument(bytes.span)
        #expect(document.value == ["a": 2, "b": 1, "info": 5])
        #expect(document.value.encoded == Array("d1:ai2e1:bi1e4:infoi5ee".utf8))
        #expect(document.range(of: "b") == 4..<7)
        #expect(failure("d4:infoi1e4:infoi1ee", .lenient) == .duplicateKey(at: 10))
        #expect(failure("d4:infoi1e1:ai1e4:infoi1ee", .lenient) == .duplicateKey(at: 16))
        #expect(failure("di1ei2ee", .lenient) == .badKey(at: 1))
    }

    @Test(
        "B5: a torrent cut off at any byte is refused",
        arguments: [BencodeStrictness.strict, .lenient])
    func truncation(strictness: BencodeStrictness) {
        let whole = sample.encoded
        #expect(failure(whole, strictness) == nil)
        for length in whole.indices {
            #expect(failure(Array(whole[..<length]), strictness) == .truncated)
        }
    }

    @Test("B6: more values than the limit are refused")
    func tokens() {
        var limits = BencodeLimits()
        #expect(failure("l" + times(600_000, "0:") + "e") == .tooManyTokens(at: 999_999))
        limits.tokens = 4
        #expect(failure(Array("li1ei2ei3ee".utf8), limits: limits) == nil)
        #expect(failure(Array("li1ei2ei3ei4ee".utf8), limits: limits) == .tooManyTokens(at: 10))
        #expect(failure(Array("d1:ai1e1:bi2ee".utf8), limits: limits) == .tooManyTokens(at: 10))
        limits.bytes = 3
        #expect(failure(Array("i12e".utf8), limits: limits) == .tooLarge)
    }

    @Test("B7: strict refuses what follows the value, lenient ignores it")
    func trailing() {
        #expect(failure("i1ei2e") == .trailingBytes(at: 3))
        #expect(failure("de\n") == .trailingBytes(at: 2))
        #expect(failure("de\n", .lenient) == nil)
        #expect(failure("e") == .unexpectedByte(at: 0))
        #expect(failure("lee") == .trailingBytes(at: 2))
        #expect(failure("") == .truncated)
        #expect(failure("x") == .unexpectedByte(at: 0))
    }

    @Test("B8: whatever is accepted strictly after mutation is written back as the same bytes")
    func mutation() throws {
        var random = SeededRandom(seed: 8)
        let whole = sample.encoded
        let alphabet = Array("0123456789ilde:-".utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                mutate(&bytes, alphabet, using: &random)
            }
            if let value = try? BencodeDecoder(.strict).decode(bytes.span) {
                accepted += 1
                #expect(value.encoded == bytes)
            }
            if let value = try? BencodeDecoder(.lenient).decode(bytes.span) {
                let again = value.encoded
                #expect(try BencodeDecoder(.strict).decode(again.span) == value)
            }
        }
        #expect(accepted > 100)
    }
}

private let sample: BencodeValue = [
    "announce": "http://tracker.example/announce", "creation date": 1_700_000_000,
    "info": ["length": 12, "name": "x", "piece length": 16384, "list": [1, [], [:], -5]],
]

private func mutate(
    _ bytes: inout [UInt8], _ alphabet: [UInt8], using random: inout SeededRandom
) {
    guard let at = bytes.indices.randomElement(using: &random) else { return }
    switch UInt8.random(in: 0..<4, using: &random) {
    case 0: bytes[at] = alphabet.randomElement(using: &random) ?? 0
    case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes.remove(at: at)
    default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: at)
    }
}
