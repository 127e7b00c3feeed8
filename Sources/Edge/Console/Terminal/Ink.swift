// The few colours of the terminal that are used, as SGR sequences (ECMA-48).

/// A way to write a word on a terminal.
package enum Ink: String, Sendable {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case bold = "1"

    /// The text in this colour, or as it is where there is `color` for it.
    package func paint(_ text: String, _ color: Bool) -> String {
        color ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }
}
