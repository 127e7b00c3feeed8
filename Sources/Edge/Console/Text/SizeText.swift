// Sizes as people write them. A bare number is refused, as with rates.

/// What `text` says in bytes: a number and a unit of bytes, such as `256MiB`, `1.5 GB` or `900kB`;
/// nil for anything else.
package func parseSize(_ text: String) -> Int? {
    let trimmed = text.filter { $0 != " " }
    let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = trimmed[digits.endIndex...].lowercased()
    guard let number = Double(digits), number.isFinite, let factor = factors[unit],
        number * factor < 1e15
    else { return nil }
    return Int(number * factor)
}

/// Bytes in the units, in lower case.
private let factors: [String: Double] = [
    "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824,
]
