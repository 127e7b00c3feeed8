// Text that strangers wrote, made fit for a terminal and a log: no control character of it reaches
// either. Judges nothing else about it.

/// The text of `bytes` with every control, format and separator character written as `\u{…}`.
///
/// Format characters are among them because they turn the direction of what follows. Broken UTF-8
/// becomes U+FFFD. At most `limit` bytes are read; an ellipsis stands for the rest.
package func escapedText(_ bytes: some Collection<UInt8>, limit: Int = 256) -> String {
    var out = ""
    for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
        if isPlain(scalar) {
            out.unicodeScalars.append(scalar)
        } else {
            out += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
    return bytes.count > limit ? out + "…" : out
}

private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: false
    default: true
    }
}
