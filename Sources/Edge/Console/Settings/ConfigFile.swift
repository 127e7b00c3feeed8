// The configuration file: TOML, in which every key must be known.
//
// A wrong key or value is told with its line, because whoever wrote the file is rarely there when
// the service starts.

import Glibc
import TOMLKit

/// What a configuration file says: texts that are still to be read as what they mean.
package struct ConfigFile: Hashable, Sendable {
    /// The values of a key and the line of it.
    package struct Entry: Hashable, Sendable {
        /// One value, or those of a list.
        package var texts: [String]
        /// The line in the file, from 1.
        package var line: Int
    }

    /// The version of the format that is read.
    package static let schema = 1
    /// The longest file that is read, in bytes.
    package static let limit = 1 << 20

    /// The file.
    package let path: String
    /// What it says, by path such as `peer.port`.
    package private(set) var entries: [String: Entry] = [:]

    /// Reads `text`, the content of the file at `path`.
    ///
    /// - Throws: a complaint with exit 78 and `file:line`.
    package init(_ text: String, path: String) throws(Complaint) {
        self.path = path
        let lines = KeyLines(text)
        let root = try TOMLTable.parse(
            text, path: path, .configuration, hint: "see `p2ptv config default` for an example")
        try take(root, under: "", lines)
    }

    /// Reads the file at `path`; nil where there is none.
    package static func read(_ path: String) throws(Complaint) -> ConfigFile? {
        guard access(path, F_OK) == 0 else { return nil }
        do throws(Complaint) {
            let bytes = try smallFile(path, limit: limit)
            return try ConfigFile(String(decoding: bytes, as: UTF8.self), path: path)
        } catch {
            throw Complaint(
                .configuration, what: error.what, why: error.why, hint: error.hint)
        }
    }

    private mutating func take(
        _ table: TOMLTable, under prefix: String, _ lines: KeyLines
    ) throws(Complaint) {
        for key in table.keys {
            guard let value = table[key] else { continue }
            let path = prefix + key
            let line = lines.line(of: path)
            if path == "schema" {
                try checkSchema(value, line)
            } else if let inner = value.table, Self.sections.contains(path) {
                try take(inner, under: path + ".", lines)
            } else if let name = Keys.all.first(where: { $0.name.path == path })?.name {
                entries[path] = Entry(texts: try texts(value, name, line), line: line)
            } else {
                throw unknown(path, line)
            }
        }
    }

    private static let sections = Set(
        Keys.all.map { String($0.name.path.prefix { $0 != "." }) })

    private func checkSchema(_ value: any TOMLValueConvertible, _ line: Int) throws(Complaint) {
        guard value.int == Self.schema else {
            throw Complaint(
                .configuration, what: "\(path):\(line)",
                why: "this program reads schema \(Self.schema) only", hint: "use a newer p2ptv")
        }
    }

    private func texts(
        _ value: any TOMLValueConvertible, _ name: SettingName, _ line: Int
    ) throws(Complaint) -> [String] {
        if name.isList, let list = value.array {
            var out: [String] = []
            for item in list {
                guard let text = Self.text(item) else { throw wrongType(name, line) }
                out.append(text)
            }
            return out
        }
        guard !name.isList, let text = Self.text(value) else { throw wrongType(name, line) }
        return [text]
    }

    private static func text(_ value: any TOMLValueConvertible) -> String? {
        switch value.type {
        case .string: value.string
        case .int: value.int.map { "\($0)" }
        case .double: value.double.map { "\($0)" }
        default: nil
        }
    }

    private func wrongType(_ name: SettingName, _ line: Int) -> Complaint {
        Complaint(
            .configuration, what: "\(path):\(line)",
            why: "'\(name.path)' takes "
                + (name.isList ? "a list of texts" : "one number or text in quotes"),
            hint: "see `p2ptv config default` for an example")
    }

    private func unknown(_ key: String, _ line: Int) -> Complaint {
        let known = Keys.all.map(\.name.path) + Self.sections.sorted() + ["schema"]
        let near = nearest(to: key, among: known)
        return Complaint(
            .configuration, what: "\(path):\(line)", why: "the key '\(key)' is not known",
            hint: near.map { "did you mean '\($0)'?" }
                ?? "`p2ptv config default` shows the keys there are")
    }
}
