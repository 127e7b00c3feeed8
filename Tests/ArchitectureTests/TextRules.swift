// The rules about text: no marks of unfinished work in what is written as code, and no path of
// anybody's machine in any file. The words are put together here so that the rules pass themselves.

/// What says of itself that it is not done.
private let unfinished = [
    "TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "not imple" + "mented",
    "unimple" + "mented", "place" + "holder",
]

/// Where machines keep what belongs to a person.
private let privateFolders = ["work", "root", "home"].map { "/\($0)/" }

/// The marks of unfinished work in a file of code.
func unfinishedViolations(_ file: SourceFile) -> [Violation] {
    let name = file.path.split(separator: "/").last ?? ""
    let isCode = file.isSwift || [".sh", ".py", ".js", ".h"].contains { name.hasSuffix($0) }
    guard isCode || !name.contains(".") else { return [] }
    return lines(of: file) { line in
        unfinished.first { !places(of: $0, in: line).isEmpty }
            .map { "“\($0)” marks unfinished work; finish it or open an issue" }
    }
}

/// The paths of a developer's machine in a file.
///
/// A path begins where nothing of a longer path or URL stands before it.
func machinePathViolations(_ file: SourceFile) -> [Violation] {
    lines(of: file) { line in
        privateFolders.first { folder in
            places(of: folder, in: line).contains { place in
                guard place > 0 else { return true }
                let before = line[place - 1]
                return !isWord(before) && !".-~*}/)$".utf8.contains(before)
            }
        }.map {
            "\($0) is a folder of one machine; use a path relative to the project or a variable"
        }
    }
}

private func lines(of file: SourceFile, _ advice: ([UInt8]) -> String?) -> [Violation] {
    Array(file.text.utf8).split(separator: newline, omittingEmptySubsequences: false).enumerated()
        .compactMap { number, line in
            advice(Array(line)).map { Violation(path: file.path, line: number + 1, advice: $0) }
        }
}
