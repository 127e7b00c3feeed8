// The files of this project as the rules read them. Follows no symbolic link and enters no hidden
// folder but the one of the continuous integration: what else is hidden is built or private.

import FoundationEssentials

/// A file of the project.
struct SourceFile: Sendable {
    /// Its path from the project's folder.
    let path: String
    /// Its whole text.
    let text: String

    /// Whether it is Swift.
    var isSwift: Bool { path.hasSuffix(".swift") }
    /// Whether it belongs to the tests.
    var isTest: Bool { path.hasPrefix("Tests/") }
}

/// The files of the project.
enum SourceTree {
    /// The project's folder.
    static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(3).joined(separator: "/")

    /// Every text file of at most 1 MiB: what is longer was not written by hand.
    static func files() throws -> [SourceFile] { try files(in: "") }

    /// The text of one file.
    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    private static func files(in folder: String) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")
            .sorted()
        where !name.hasPrefix(".") || name == ".ci" {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")
            switch attributes[.type] as? FileAttributeType {
            case .typeDirectory: files += try self.files(in: path)
            case .typeRegular:
                guard let size = attributes[.size] as? Int, size <= 1 << 20,
                    !name.hasSuffix(".log"), let text = try? text(path)
                else { continue }
                files.append(SourceFile(path: path, text: text))
            default: continue
            }
        }
        return files
    }
}

/// A breach of a rule of the house.
struct Violation: Hashable, CustomStringConvertible {
    /// The file's path from the project's folder.
    let path: String
    /// The line, from 1.
    let line: Int
    /// What is wrong, and what to do.
    let advice: String

    var description: String { "\(path):\(line): \(advice)" }
}
