// The name of a channel, which comes from strangers and goes to terminals, pages and URLs.
// Refuses what could deceive there; escaping for HTML and the like is for those who write it.

/// A name that is fit to be shown: 1 to 255 bytes, no control or bidirectional characters.
package struct ChannelName: Hashable, Sendable {
    /// The longest name in bytes of UTF-8: what file systems take.
    package static let maximumLength = 255

    /// The name as text.
    package let text: String

    /// The name `text`, or nil where it is empty, too long or holds a deceiving character.
    package init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count),
            !text.unicodeScalars.contains(where: deceives)
        else { return nil }
        self.text = text
    }

    /// The name closest to `text` that is fit: deceiving characters become U+FFFD, what is too
    /// long is cut, and nothing at all becomes "channel".
    package init(sanitizing text: String) {
        var clean = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            let fit = deceives(scalar) ? "\u{FFFD}" : scalar
            length += UTF8.width(fit)
            guard length <= Self.maximumLength else { break }
            clean.append(fit)
        }
        self.text = clean.isEmpty ? "channel" : String(clean)
    }

    /// The name as one safe part of a URL's path: NAME in `/live/NAME.ts`.
    ///
    /// Letters, digits, `.`, `_` and `-` of ASCII stay, a run of others becomes one `-`. Never
    /// empty, never with a dot in front. Two names may have the same slug.
    package var slug: String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            if isURLSafe(byte) {
                out.append(byte)
            } else if out.last != UInt8(ascii: "-") {
                out.append(UInt8(ascii: "-"))
            }
        }
        let dash = UInt8(ascii: "-")
        let core = out.drop { $0 == dash || $0 == UInt8(ascii: ".") }
        let end = core.lastIndex { $0 != dash }.map { $0 + 1 } ?? core.startIndex
        let kept = core[core.startIndex..<end]
        return kept.isEmpty ? "channel" : String(decoding: kept, as: UTF8.self)
    }
}

extension ChannelName: CustomStringConvertible {
    package var description: String { text }
}

/// Whether a character makes a terminal or a reader take the text for something else.
func deceives(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1f, 0x7f...0x9f: true  // C0, DEL, C1
    case 0x061c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true  // bidirectional (UAX 9)
    case 0x2028, 0x2029: true  // line and paragraph separators
    case 0x200b, 0x2060, 0xfeff: true  // no width at all; joiners stay, scripts need them
    case 0xfff9...0xfffb, 0xe0000...0xe007f: true  // interlinear annotation, tags
    default: false
    }
}

private func isURLSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}
