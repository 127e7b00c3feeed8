// Rates as people write and read them. A bare number is refused: torrent programs mean KiB a
// second by it, broadcasters kbit a second, and the two are a factor of eight apart.

package import Primitives

/// What is wrong with a rate that was written.
package enum RateFault: Error, Hashable, Sendable {
    /// There is a number but no unit.
    case noUnit(String)
    /// It is no number, or not above zero.
    case notANumber(String)
    /// The unit is not known.
    case unknownUnit(String)
}

extension RateFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noUnit(let text): "'\(text)' has no unit"
        case .notANumber(let text): "'\(text)' is not a rate above zero"
        case .unknownUnit(let unit): "'\(unit)' is not a unit of rate"
        }
    }

    /// What to write instead.
    package var hint: String {
        switch self {
        case .noUnit(let text): "write \(text)Mbit, \(text)kbit, \(text)MiB or \(text)kB (a second)"
        case .notANumber, .unknownUnit: "write 8Mbit, 500kbit, 1MiB or 2MB (a second)"
        }
    }
}

/// Factors to bytes a second of the units, in lower case and without `/s`.
///
/// Decimal and binary prefixes as in IEC 80000-13.
private let units: [(name: String, bytes: Double)] = [
    ("bit", 1.0 / 8), ("kbit", 1e3 / 8), ("mbit", 1e6 / 8), ("gbit", 1e9 / 8),
    ("kibit", 1024.0 / 8), ("mibit", 1_048_576.0 / 8), ("gibit", 1_073_741_824.0 / 8),
    ("b", 1), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
    ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824),
]

extension ByteRate {
    /// The rate that `text` says: a number and a unit, such as `8Mbit`, `500 kbit/s` or `1MiB`.
    ///
    /// Units with `bit` count bits, those with `B` bytes; case does not matter otherwise, except
    /// that a lone `b` after a prefix (`Mb`) is refused: half the world means bits by it.
    package static func parse(_ text: String) throws(RateFault) -> ByteRate {
        let trimmed = text.filter { $0 != " " }
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = trimmed[digits.endIndex...]
        guard let number = Double(digits), number > 0, number.isFinite else {
            throw .notANumber(text)
        }
        for tail in ["/s", "ps"] where unit.hasSuffix(tail) { unit = unit.dropLast(2) }
        guard !unit.isEmpty else { throw .noUnit(text) }
        guard unit.last != "b", let known = units.first(where: { $0.name == unit.lowercased() })
        else { throw .unknownUnit(String(unit)) }
        return ByteRate(bytesPerSecond: number * known.bytes)
    }

    /// The rate for people, in bits a second as broadcasters count: `1.6 Mbit/s`.
    package var text: String {
        switch bitsPerSecond {
        case ..<999.5: "\(Int(bitsPerSecond.rounded())) bit/s"
        case ..<999_500: "\(Int((bitsPerSecond / 1e3).rounded())) kbit/s"
        case ..<99_950_000: "\(decimal(bitsPerSecond / 1e6)) Mbit/s"
        case ..<999_500_000: "\(Int((bitsPerSecond / 1e6).rounded())) Mbit/s"
        default: "\(decimal(min(bitsPerSecond / 1e9, 1e6))) Gbit/s"
        }
    }
}
