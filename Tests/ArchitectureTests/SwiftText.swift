// Swift source with its comments and the text of its strings blanked out, so that rules about code
// see code only. Code inside string interpolations stays. Knows no regex literals.

/// Swift code without comments and string text; every line stays where it is.
struct SwiftText {
    /// The code, line by line.
    let lines: [[UInt8]]

    private enum Mode {
        case code(parentheses: Int)
        case lineComment
        case blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    init(_ source: String) {
        var scanner = Scanner(source: Array(source.utf8))
        lines = scanner.scan().split(separator: newline, omittingEmptySubsequences: false).map(
            Array.init)
    }

    private struct Scanner {
        let source: [UInt8]
        var place = 0
        var out: [UInt8] = []
        var modes: [Mode] = [.code(parentheses: 0)]

        mutating func scan() -> [UInt8] {
            while place < source.count {
                switch modes[modes.count - 1] {
                case .code(let parentheses): code(parentheses)
                case .lineComment:
                    if source[place] == newline { modes.removeLast() }
                    blank(1)
                case .blockComment(let depth): blockComment(depth)
                case .string(let hashes, let isMultiline): string(hashes, isMultiline)
                }
            }
            return out
        }

        private mutating func code(_ parentheses: Int) {
            if sees("//") {
                modes.append(.lineComment)
            } else if sees("/*") {
                modes.append(.blockComment(depth: 1))
                blank(2)
            } else if let string = opensString() {
                blank(string.count)
                modes.append(.string(hashes: string.hashes, isMultiline: string.isMultiline))
            } else {
                let (opening, closing) = (UInt8(ascii: "("), UInt8(ascii: ")"))
                let depth =
                    parentheses + (source[place] == opening ? 1 : 0)
                    - (source[place] == closing ? 1 : 0)
                out.append(source[place])
                place += 1
                modes[modes.count - 1] = .code(parentheses: depth)
                if depth < 0, modes.count > 1 { modes.removeLast() }
            }
        }

        private mutating func blockComment(_ depth: Int) {
            if sees("*/") {
                modes[modes.count - 1] = .blockComment(depth: depth - 1)
                if depth == 1 { modes.removeLast() }
                blank(2)
            } else if sees("/*") {
                modes[modes.count - 1] = .blockComment(depth: depth + 1)
                blank(2)
            } else {
                blank(1)
            }
        }

        private mutating func string(_ hashes: Int, _ isMultiline: Bool) {
            let marks = String(repeating: "#", count: hashes)
            let closing = (isMultiline ? "\"\"\"" : "\"") + marks
            if sees("\\\(marks)(") {
                blank(1 + hashes)
                out.append(UInt8(ascii: "("))
                place += 1
                modes.append(.code(parentheses: 0))
            } else if sees("\\\(marks)") {
                blank(2 + hashes)
            } else if sees(closing) || (!isMultiline && source[place] == newline) {
                modes.removeLast()
                blank(source[place] == newline ? 1 : closing.count)
            } else {
                blank(1)
            }
        }

        private func opensString() -> (count: Int, hashes: Int, isMultiline: Bool)? {
            var hashes = 0
            while place + hashes < source.count, source[place + hashes] == UInt8(ascii: "#") {
                hashes += 1
            }
            guard sees("\"", after: hashes) else { return nil }
            let isMultiline = sees("\"\"\"", after: hashes)
            return (hashes + (isMultiline ? 3 : 1), hashes, isMultiline)
        }

        private func sees(_ text: String, after offset: Int = 0) -> Bool {
            source[min(place + offset, source.count)...].starts(with: text.utf8)
        }

        private mutating func blank(_ count: Int) {
            for character in source[place..<min(place + count, source.count)] {
                out.append(character == newline ? newline : UInt8(ascii: " "))
            }
            place += count
        }
    }
}

/// The places in `text` where `word` stands alone: no letter, digit or underscore beside it.
///
/// A side of the word that is itself a sign, such as the dot of `.shuffle()`, stands anywhere.
func places(of word: String, in text: [UInt8]) -> [Int] {
    let word = Array(word.utf8)
    guard let first = word.first, let last = word.last else { return [] }
    var found: [Int] = []
    var rest = text[...]
    while let place = rest.firstIndex(of: first) {
        rest = text[(place + 1)...]
        let end = place + word.count
        guard text[place...].starts(with: word) else { continue }
        let standsAlone =
            (place == 0 || !isWord(first) || !isWord(text[place - 1]))
            && (end == text.count || !isWord(last) || !isWord(text[end]))
        if standsAlone { found.append(place) }
    }
    return found
}

/// Whether the byte can be part of a name; so can all of a character beyond ASCII.
func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
        true
    default: false
    }
}

/// The end of a line.
let newline = UInt8(ascii: "\n")
