// One pass over bencoded bytes with a stack of its own in place of recursion.
// Each list or dictionary that is still open is a frame; a value that is complete goes into the
// topmost frame, and the value that finds no frame open is the result.

import Primitives

/// A list or dictionary whose end has not come yet.
private struct BencodeFrame {
    let isDictionary: Bool
    /// The values of a list.
    var values: [BencodeValue] = []
    /// The entries of a dictionary, in the order of the input.
    var entries: [BencodeDictionary.Entry] = []
    /// The key whose value comes next.
    var key: [UInt8]?
    /// Whether each key came after its predecessor; only then are they unique too.
    var isSorted = true

    /// The finished value; of a repeated key the first counts.
    consuming func value() -> BencodeValue {
        guard isDictionary else { return .list(values) }
        guard !isSorted else { return .dictionary(BencodeDictionary(sorted: entries)) }
        let inOrder = entries.indices.sorted { a, b in
            let (x, y) = (entries[a].key, entries[b].key)
            return x == y ? a < b : x.lexicographicallyPrecedes(y)
        }
        var unique: [BencodeDictionary.Entry] = []
        unique.reserveCapacity(entries.count)
        for at in inOrder where unique.last?.key != entries[at].key { unique.append(entries[at]) }
        return .dictionary(BencodeDictionary(sorted: unique))
    }
}

/// The state of one pass.
struct BencodeParser {
    let strictness: BencodeStrictness
    let limits: BencodeLimits
    /// How many bytes have been read.
    private(set) var offset = 0
    /// Where the values of the outermost dictionary stand, in the order of the input.
    private(set) var ranges: [(key: [UInt8], range: Range<Int>)] = []
    private var frames: [BencodeFrame] = []
    private var tokens = 0
    /// Where the value begins whose key was read last in the outermost dictionary.
    private var valueStart = 0

    init(strictness: BencodeStrictness, limits: BencodeLimits) {
        self.strictness = strictness
        self.limits = limits
    }

    /// Reads one value from the front.
    mutating func parse(_ bytes: Span<UInt8>) throws(BencodeError) -> BencodeValue {
        guard bytes.count <= limits.bytes else { throw .tooLarge }
        while true {
            guard let value = try step(bytes) else { continue }
            guard !frames.isEmpty else { return value }
            put(value)
        }
    }

    /// Reads one token; answers the value that it completes, if any.
    private mutating func step(_ bytes: Span<UInt8>) throws(BencodeError) -> BencodeValue? {
        let byte = try peek(bytes)
        if byte == UInt8(ascii: "e") { return try close() }
        tokens += 1
        guard tokens <= limits.tokens else { throw .tooManyTokens(at: offset) }
        if awaitsKey {
            try readKey(bytes)
            return nil
        }
        switch byte {
        case UInt8(ascii: "i"):
            return .integer(try readInteger(bytes))
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .bytes(try readString(bytes))
        case UInt8(ascii: "l"), UInt8(ascii: "d"):
            guard frames.count < limits.depth else { throw .tooDeep(at: offset) }
            frames.append(BencodeFrame(isDictionary: byte == UInt8(ascii: "d")))
            offset += 1
            return nil
        default:
            throw .unexpectedByte(at: offset)
        }
    }

    private var awaitsKey: Bool {
        guard let top = frames.indices.last else { return false }
        return frames[top].isDictionary && frames[top].key == nil
    }

    private mutating func close() throws(BencodeError) -> BencodeValue {
        guard let frame = frames.popLast() else { throw .unexpectedByte(at: offset) }
        guard frame.key == nil else { throw .missingValue(at: offset) }
        offset += 1
        return frame.value()
    }

    /// Puts a complete value into the topmost frame.
    private mutating func put(_ value: BencodeValue) {
        let top = frames.count - 1
        guard frames[top].isDictionary else {
            frames[top].values.append(value)
            return
        }
        guard let key = frames[top].key else { return }
        frames[top].key = nil
        frames[top].entries.append(BencodeDictionary.Entry(key: key, value: value))
        if top == 0 { ranges.append((key, valueStart..<offset)) }
    }

    private mutating func readKey(_ bytes: Span<UInt8>) throws(BencodeError) {
        let start = offset
        guard isDigit(try peek(bytes)) else { throw .badKey(at: start) }
        let key = try readString(bytes)
        let top = frames.count - 1
        if let last = frames[top].entries.last?.key, !last.lexicographicallyPrecedes(key) {
            guard strictness == .lenient else {
                throw last == key ? .duplicateKey(at: start) : .unsortedKey(at: start)
            }
            frames[top].isSorted = false
        }
        if top == 0 {
            // Two programs that pick different ones would disagree about the swarm.
            if key.elementsEqual("info".utf8), ranges.contains(where: { $0.key == key }) {
                throw .duplicateKey(at: start)
            }
            valueStart = offset
        }
        frames[top].key = key
    }

    private mutating func readInteger(_ bytes: Span<UInt8>) throws(BencodeError) -> Int64 {
        let start = offset
        offset += 1
        let isNegative = try peek(bytes) == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        let digits = offset
        var value: Int64 = 0
        while isDigit(try peek(bytes)) {
            let digit = Int64(bytes[offset] - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards below zero, because the lowest Int64 has no positive twin.
            let (sum, overrun) = product.addingReportingOverflow(isNegative ? -digit : digit)
            guard !overflow, !overrun else { throw .badInteger(at: start) }
            value = sum
            offset += 1
        }
        let count = offset - digits
        let leadsWithZero = count > 0 && bytes[digits] == UInt8(ascii: "0")
        guard bytes[offset] == UInt8(ascii: "e"), count > 0,
            !leadsWithZero || (count == 1 && !isNegative)
        else { throw .badInteger(at: start) }
        offset += 1
        return value
    }

    private mutating func readString(_ bytes: Span<UInt8>) throws(BencodeError) -> [UInt8] {
        let start = offset
        var length = 0
        while isDigit(try peek(bytes)) {
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let digit = Int(bytes[offset] - UInt8(ascii: "0"))
            let (sum, overrun) = product.addingReportingOverflow(digit)
            guard !overflow, !overrun, !(offset > start && length == 0) else {
                throw .badLength(at: start)
            }
            length = sum
            offset += 1
        }
        guard bytes[offset] == UInt8(ascii: ":") else { throw .badLength(at: start) }
        offset += 1
        guard length <= bytes.count - offset else { throw .truncated }
        defer { offset += length }
        return bytes.array(offset..<offset + length)
    }

    private func peek(_ bytes: Span<UInt8>) throws(BencodeError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        return bytes[offset]
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
