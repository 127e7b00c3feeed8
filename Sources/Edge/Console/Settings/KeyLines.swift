// On which line of a TOML file a key stands, which the parser does not tell. Approximate on
// purpose: it serves messages only, and takes what looks like a key inside a text of several
// lines for one.

/// The lines of the keys of a TOML file.
struct KeyLines {
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var section = ""
        var tables: [String: Int] = [:]
        let all = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in all.enumerated() {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.first == "[" {
                var name = Self.plain(trimmed.prefix { $0 != "]" }.drop { $0 == "[" })
                if trimmed.hasPrefix("[[") {
                    // The tables of an array are told apart as `viewers[0]`, `viewers[1]`.
                    note(name, index + 1)
                    let number = tables[name, default: 0]
                    tables[name] = number + 1
                    name += "[\(number)]"
                }
                note(name, index + 1)
                section = name + "."
            } else if trimmed.first != "#", trimmed.contains("=") {
                note(section + Self.plain(trimmed.prefix { $0 != "=" }), index + 1)
            }
        }
    }

    /// The line of the key at `path`, or of the section that it is in; 1 where it is not found.
    func line(of path: String) -> Int {
        if let line = lines[path] { return line }
        guard let dot = path.lastIndex(of: ".") else { return 1 }
        return line(of: String(path[..<dot]))
    }

    private mutating func note(_ path: String, _ line: Int) {
        // The first counts: `a.b.c = 1` also says where `a.b` and `a` are.
        var path = path[...]
        while lines[String(path)] == nil {
            lines[String(path)] = line
            guard let dot = path.lastIndex(of: ".") else { return }
            path = path[..<dot]
        }
    }

    private static func plain(_ text: Substring) -> String {
        String(text.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" })
    }
}
