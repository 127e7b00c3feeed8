// Swift source with its comments and the text of its strings blanked out, so that rules about code
// see code only. Code inside string interpolations stays. Knows no regex literals.

/// Swift code without comments and string text; every line stays where it is.
struct SwiftText {
    /// The code, line by line.
    let lines: [[Character]]

    private enum Mode {
        case code(parentheses: Int)
        case lineComment
        case blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    init(_ source: String) {
        var scanner = Scanner(source: Array(source))
        lines = scanner.scan().split(separator: "\n", omittingEmptySubsequences: false).map(
            Array.init)
    }

    /// The line as text.
    subscript(line: Int) -> String { String(lines[line]) }

    private struct Scanner {
        let source: [Character]
        var place = 0
        var out: [Character] = []
        var modes: [Mode] = [.code(parentheses: 0)]

        mutating func scan() -> [Character] {
            while place < source.count {
                switch modes[modes.count - 1] {
                case .code(let parentheses): code(parentheses)
                case .lineComment:
                    if source[place] == "\n" { modes.removeLast() }
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
            } else if let opening = opensString() {
                blank(opening.count)
                modes.append(.string(hashes: opening.hashes, isMultiline: opening.isMultiline))
            } else {
                let depth =
                    parentheses + (source[place] == "(" ? 1 : 0) - (source[place] == ")" ? 1 : 0)
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
                out.append("(")
                place += 1
                modes.append(.code(parentheses: 0))
            } else if sees("\\\(marks)") {
                blank(2 + hashes)
            } else if sees(closing) || (!isMultiline && source[place] == "\n") {
                modes.removeLast()
                blank(source[place] == "\n" ? 1 : closing.count)
            } else {
                blank(1)
            }
        }

        private func opensString() -> (count: Int, hashes: Int, isMultiline: Bool)? {
            var hashes = 0
            while place + hashes < source.count, source[place + hashes] == "#" { hashes += 1 }
            guard sees("\"", after: hashes) else { return nil }
            let isMultiline = sees("\"\"\"", after: hashes)
            return (hashes + (isMultiline ? 3 : 1), hashes, isMultiline)
        }

        private func sees(_ text: String, after offset: Int = 0) -> Bool {
            source[min(place + offset, source.count)...].starts(with: text)
        }

        private mutating func blank(_ count: Int) {
            for character in source[place..<min(place + count, source.count)] {
                out.append(character == "\n" ? "\n" : " ")
            }
            place += count
        }
    }
}

/// The places in `text` where `word` stands alone: no letter, digit or underscore beside it.
///
/// A side of the word that is itself a sign, such as the dot of `.shuffle()`, stands anywhere.
func places(of word: String, in text: [Character]) -> [Int] {
    let word = Array(word)
    guard text.count >= word.count, let first = word.first, let last = word.last else { return [] }
    return (0...text.count - word.count).filter { place in
        let end = place + word.count
        return text[place..<end].elementsEqual(word)
            && (place == 0 || !isWord(first) || !isWord(text[place - 1]))
            && (end == text.count || !isWord(last) || !isWord(text[end]))
    }
}

private func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
}
