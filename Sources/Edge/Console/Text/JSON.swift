// A value of JSON (RFC 8259) and its text, for one object a line. Writes only; keeps the order of
// the keys, so that `schema` comes first.

/// A value of JSON.
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([Member])

    /// A name and its value.
    package struct Member: Hashable, Sendable {
        var name: String
        var value: JSON
    }

    /// The value on one line.
    package var encoded: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .number(let value): value.isFinite ? "\(value)" : "null"
        case .text(let value): Self.quoted(value)
        case .list(let values): "[" + values.map(\.encoded).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.map { Self.quoted($0.name) + ":" + $0.value.encoded }
                .joined(separator: ",") + "}"
        }
    }

    /// In quotes; everything beyond printable ASCII that could steer a terminal is escaped.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            default:
                if escaped(String(scalar)) == String(scalar) {
                    out.unicodeScalars.append(scalar)
                } else {
                    for unit in UTF16.encode(scalar).map({ Array($0) }) ?? [] {
                        let digits = String(unit, radix: 16)
                        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                }
            }
        }
        return out + "\""
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0, value: $1) })
    }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .list(elements) }

    /// The text, or null.
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    /// The number, or null.
    package init(_ number: Double?) { self = number.map { .number($0) } ?? .null }
}
