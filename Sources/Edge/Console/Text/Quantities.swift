// Numbers, lengths of time and sizes as people read them.

package import Primitives

/// The number with one digit after the point.
package func decimal(_ number: Double) -> String { decimal(number, digits: 1) }

/// The number with `digits` digits after the point; `-` where it is no number.
package func decimal(_ number: Double, digits: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "-" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let whole = Int((abs(number) * Double(scale)).rounded())
    let fraction = String(whole % scale)
    let zeros = String(repeating: "0", count: max(0, digits - fraction.count))
    let sign = number < 0 && whole > 0 ? "-" : ""
    return sign + "\(whole / scale)" + (digits > 0 ? "." + zeros + fraction : "")
}

extension Interval {
    /// The length for people: `0.9 s`, `75 s`, `12 min 5 s`, `3 h 20 min`.
    package var text: String {
        let total = Int(seconds.rounded())
        return switch seconds {
        case ..<9.95: "\(decimal(seconds)) s"
        case ..<119.5: "\(total) s"
        case ..<3599.5: "\(total / 60) min \(total % 60) s"
        default: "\(total / 3600) h \(total % 3600 / 60) min"
        }
    }
}

/// The number of bytes for people, in binary units: `16 KiB`, `1.5 MiB`.
package func sizeText(_ bytes: Int) -> String {
    switch bytes {
    case ..<1024: "\(bytes) B"
    case ..<1_048_576: binary(bytes, 1024) + " KiB"
    case ..<1_073_741_824: binary(bytes, 1_048_576) + " MiB"
    default: binary(bytes, 1_073_741_824) + " GiB"
    }
}

private func binary(_ bytes: Int, _ unit: Int) -> String {
    bytes % unit == 0 ? "\(bytes / unit)" : decimal(Double(bytes) / Double(unit))
}

/// The length of time that `text` says in seconds: `2`, `0.5`, `2s`; nil for anything else.
package func parseSeconds(_ text: String) -> Interval? {
    let digits = text.hasSuffix("s") ? text.dropLast() : Substring(text)
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
        let seconds = Double(digits), seconds.isFinite
    else { return nil }
    return .seconds(seconds)
}
