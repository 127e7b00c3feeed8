// The environment variables of the process, and the folders that follow from them.

import Glibc

/// Environment variables.
package struct Environment: Hashable, Sendable {
    private var values: [String: String]

    /// The variables `values`.
    package init(_ values: [String: String]) { self.values = values }

    /// The variable `name`; one that is empty counts as missing.
    package subscript(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The names of the variables that begin with `prefix`, in order.
    package func names(prefix: String) -> [String] {
        values.keys.filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// Those of this process.
    package static var ofProcess: Environment {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let name = text.prefix { $0 != "=" }
            if name.count < text.count {
                values[String(name)] = String(text.dropFirst(name.count + 1))
            }
            next += 1
        }
        return Environment(values)
    }
}

extension Environment {
    /// The folder of a program's state: that of the systemd unit, or as in the XDG specification.
    ///
    /// Nil where neither is known. Relative paths are ignored, as that specification asks.
    package var stateFolder: String? {
        // Several folders of one unit are separated by colons; the first is the unit's own.
        if let unit = absolute("STATE_DIRECTORY")?.split(separator: ":").first {
            return String(unit)
        }
        if let state = absolute("XDG_STATE_HOME") { return state + "/p2ptv" }
        return absolute("HOME").map { $0 + "/.local/state/p2ptv" }
    }

    /// Where the configuration is looked for, the first that is there counts.
    package var configurationFiles: [String] {
        let own =
            absolute("XDG_CONFIG_HOME").map { $0 + "/p2ptv/p2ptv.toml" }
            ?? absolute("HOME").map { $0 + "/.config/p2ptv/p2ptv.toml" }
        return [own, "/etc/p2ptv/p2ptv.toml"].compactMap(\.self)
    }

    /// The file named `program` in one of the folders of PATH, where it can be run.
    package func find(_ program: String) -> String? {
        (self["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 }
    }

    /// Whether there is a desktop that a player can open its window on.
    package var hasDisplay: Bool { self["DISPLAY"] != nil || self["WAYLAND_DISPLAY"] != nil }

    private func absolute(_ name: String) -> String? {
        self[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}

/// The name of a file for a channel: the name itself, but never a path, hidden or an option.
package func fileName(for channel: String) -> String {
    var name = ""
    for character in channel {
        // 200 bytes leave room for an extension within the 255 that file systems take.
        guard name.utf8.count + character.utf8.count <= 200 else { break }
        name.append(character == "/" || character == "\0" ? "-" : character)
    }
    guard let first = name.first else { return "channel" }
    return first == "." || first == "-" ? "_" + name : name
}
