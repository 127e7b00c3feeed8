// The rules about imports: downwards only, nothing of the world in the core, one owner for each C
// module. The law itself is the table scripts/allowed-imports.

/// The table of who may import whom.
struct ImportTable: Sendable {
    /// A target and what it may import.
    struct Row: Sendable {
        let target: String
        let shelf: String
        let folder: String
        let imports: [String]
        let line: Int
    }

    /// Where the table stands.
    static let path = "scripts/allowed-imports"
    /// The modules that nothing in the core may import, whatever the table says.
    static let world: Set = [
        "Foundation", "FoundationEssentials", "FoundationInternationalization",
        "FoundationNetworking", "Glibc", "Dispatch", "Synchronization", "Logging",
        "ArgumentParser",
    ]

    /// The rows from top to bottom.
    let rows: [Row]

    /// The table written in `text`.
    init(_ text: String) {
        rows = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .compactMap { number, line in
                let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
                guard words.count >= 3 else { return nil }
                return Row(
                    target: words[0], shelf: words[1], folder: words[2],
                    imports: Array(words.dropFirst(3)), line: number + 1)
            }
    }

    /// What is wrong with the table itself.
    func violations() -> [Violation] {
        var found: [Violation] = []
        var above: [String: String] = [:]
        var owners: [String: String] = [:]
        let targets = Set(rows.map(\.target))
        for row in rows {
            for module in row.imports {
                let complain = { (advice: String) in
                    found.append(Violation(path: Self.path, line: row.line, advice: advice))
                }
                if targets.contains(module), above[module] == nil {
                    complain("\(row.target) imports \(module) upwards; move the row or the code")
                }
                if row.shelf == "core", above[module] != "core" {
                    complain("\(row.target) is core and may import core modules only")
                }
                if above[module] == "c", let owner = owners.updateValue(row.target, forKey: module)
                {
                    complain("\(module) belongs to \(owner); ask \(owner) for what you need")
                }
            }
            above[row.target] = row.shelf
        }
        return found
    }

    /// The row of the target that `path` belongs to.
    func row(of path: String) -> Row? { rows.first { path.hasPrefix($0.folder + "/") } }
}

/// The modules that Swift source imports, with their lines.
func imports(in source: String) -> [(module: String, line: Int)] {
    let text = SwiftText(source)
    let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    return text.lines.indices.compactMap { line in
        let words = String(decoding: text.lines[line], as: UTF8.self).split {
            $0 == " " || $0 == "\t" || $0 == ";"
        }
        guard let place = words.firstIndex(of: "import"),
            words[..<place].allSatisfy({ isImportModifier($0) }),
            let name = words[(place + 1)...].first(where: { !kinds.contains(String($0)) })
        else { return nil }
        return (String(name.prefix { $0 != "." }), line + 1)
    }
}

private func isImportModifier(_ word: Substring) -> Bool {
    word.hasPrefix("@")
        || ["public", "package", "internal", "fileprivate", "private"].contains(word)
}

/// The imports in `file` that the table does not allow.
func importViolations(_ file: SourceFile, _ table: ImportTable) -> [Violation] {
    guard file.isSwift, !file.isTest, file.path != "Package.swift" else { return [] }
    guard let row = table.row(of: file.path) else {
        let advice = "belongs to no target; give its folder a row in \(ImportTable.path)"
        return [Violation(path: file.path, line: 1, advice: advice)]
    }
    return imports(in: file.text).compactMap { module, line in
        let complain = { (advice: String) in
            Violation(path: file.path, line: line, advice: "\(row.target) \(advice)")
        }
        if row.shelf == "core", ImportTable.world.contains(module) {
            return complain(
                "is core and may not import \(module); move what needs it to an edge target")
        }
        guard row.imports.contains(module) || module == "Swift" else {
            return complain(
                "may not import \(module); go through a target below it, or argue for a change of "
                    + ImportTable.path)
        }
        return nil
    }
}
