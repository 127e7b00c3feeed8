// Text that strangers wrote, made fit for a terminal; its width there; and words for a shell.

/// The text with everything that could steer a terminal or deceive a reader made visible.
///
/// Control characters become `\u{1B}` and the like, bidirectional and invisible ones too.
package func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: deceives) else { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        if deceives(scalar) {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            out.append(contentsOf: "\\u{\(digits)}".unicodeScalars)
        } else {
            out.append(scalar)
        }
    }
    return String(out)
}

/// Whether a character makes a terminal or a reader take the text for something else.
private func deceives(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        return true
    case .format:
        // Joiners shape words in scripts of South Asia and in Persian, and do no harm.
        return scalar.value != 0x200c && scalar.value != 0x200d
    default:
        return false
    }
}

/// The columns that `text` takes on a terminal, close enough to fit a line.
package func columns(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width($1) }
}

private func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // East Asian wide and fullwidth blocks, and pictographs (UAX 11).
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
        0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f,
        0x1f900...0x1f9ff, 0x20000...0x3fffd:
        return 2
    default: return 1
    }
}

/// The text cut to `limit` columns, with `…` where something is missing.
package func fitted(_ text: String, columns limit: Int) -> String {
    guard columns(text) > limit else { return text }
    guard limit > 0 else { return "" }
    var out = ""
    var used = 0
    for character in text {
        let next = columns(String(character))
        guard used + next < limit else { break }
        out.append(character)
        used += next
    }
    return out + "…"
}

/// The word as a POSIX shell takes it literally.
package func shellQuoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "="),
            UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "@"):
            true
        default: byte >= 0x80
        }
    }
    guard !plain || word.isEmpty else { return word }
    let parts = word.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: "'\\''") + "'"
}
