// The Range header field (RFC 9110, 14) as a pure function: which bytes of a file an answer holds.
// Knows nothing of conditions; those come first, in FileConditions.

/// Which part of a file a request asks for.
///
/// One range is answered as it is; several that can be satisfied are answered by the whole file,
/// as RFC 9110, 14.2, allows: no player asks for them, and each client must take a 200.
package enum ByteRange: Equatable, Sendable {
    /// All of it (200): no range was asked for, or one that must be ignored.
    case whole
    /// These bytes (206), never none.
    case part(Range<Int64>)
    /// Nothing that is there (416).
    case unsatisfiable

    /// What the `fields` of a GET ask for of a file of `length` bytes.
    package init(_ fields: [String], length: Int64) {
        // No Content-Range can name a part of nothing.
        guard length > 0, fields.count == 1, let field = fields.first,
            let asked = Self.asked(field, length: length)
        else {
            self = .whole
            return
        }
        let satisfiable = asked.filter { !$0.isEmpty }
        guard let first = satisfiable.first else {
            self = .unsatisfiable
            return
        }
        self = satisfiable.count == 1 ? .part(first) : .whole
    }

    /// The ranges of a field, those that cannot be satisfied empty; nil where it is malformed.
    private static func asked(_ field: String, length: Int64) -> [Range<Int64>]? {
        guard let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes"
        else { return nil }
        var out: [Range<Int64>] = []
        for item in field[field.index(after: equals)...].split(separator: ",") {
            let spec = trimmed(item)
            // Empty elements of a list are to be passed over (RFC 9110, 5.6.1).
            if spec.isEmpty { continue }
            guard let range = range(spec, length: length) else { return nil }
            out.append(range)
        }
        return out.isEmpty ? nil : out
    }

    private static func range(_ spec: Substring, length: Int64) -> Range<Int64>? {
        guard let dash = spec.utf8.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        let (left, right) = (spec[..<dash], spec[spec.utf8.index(after: dash)...])
        if left.isEmpty {
            guard let count = number(right) else { return nil }
            return max(0, length - min(count, length))..<length
        }
        guard let first = number(left) else { return nil }
        guard !right.isEmpty else { return min(first, length)..<length }
        guard let last = number(right), last >= first else { return nil }
        return min(first, length)..<min(max(last, last &+ 1), length)
    }

    /// A number of decimal digits only; what is too large for 63 bits is the largest of these.
    private static func number(_ digits: Substring) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits.utf8 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            value = over || overflow ? .max : sum
        }
        return value
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
