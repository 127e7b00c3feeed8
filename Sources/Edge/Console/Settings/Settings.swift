// Which value holds: the flag before the environment before the file before the default.

/// Where a value comes from.
package enum Origin: Hashable, Sendable {
    /// An option on the command line.
    case flag(String)
    /// A variable of the environment.
    case variable(String)
    /// A line of a file.
    case file(String, line: Int)

    /// The place for people.
    package var text: String {
        switch self {
        case .flag(let name), .variable(let name): name
        case .file(let path, let line): "\(path):\(line)"
        }
    }
}

/// What the environment and the file say.
package struct Settings: Sendable {
    /// The environment.
    package let environment: Environment
    /// The file, where there is one.
    package let file: ConfigFile?

    /// Settings of an environment and a file.
    package init(_ environment: Environment, file: ConfigFile?) {
        self.environment = environment
        self.file = file
    }

    /// Reads the file named by `flag`, or else by P2PTV_CONFIG, or else the first of the usual.
    ///
    /// - Throws: a complaint with exit 78: a file that is named must be there.
    package static func load(
        _ environment: Environment = .ofProcess, flag: String?
    ) throws(Complaint) -> Settings {
        if let path = flag ?? environment["P2PTV_CONFIG"] {
            guard let file = try ConfigFile.read(path) else {
                throw Complaint(
                    .configuration, what: "cannot read \(path)", why: "there is no such file",
                    hint: "make one with: p2ptv config default > \(shellQuoted(path))")
            }
            return Settings(environment, file: file)
        }
        for path in environment.configurationFiles {
            if let file = try ConfigFile.read(path) { return Settings(environment, file: file) }
        }
        return Settings(environment, file: nil)
    }

    /// The texts that are set under a name, and where; nil where the default holds.
    package func find(_ name: SettingName, flag: [String] = []) -> (texts: [String], Origin)? {
        if !flag.isEmpty { return (flag, .flag(name.flag)) }
        if let text = environment[name.variable] {
            let texts = name.isList ? text.split(separator: " ").map(String.init) : [text]
            return (texts, .variable(name.variable))
        }
        guard let file, let entry = file.entries[name.path] else { return nil }
        return (entry.texts, .file(file.path, line: entry.line))
    }

    /// The values of a setting; empty where the default holds.
    ///
    /// - Throws: a complaint with exit 64 for a flag and 78 for the rest.
    package func all<V>(_ key: SettingKey<V>, flag: [String] = []) throws(Complaint) -> [V] {
        guard let (texts, origin) = find(key.name, flag: flag) else { return [] }
        var out: [V] = []
        for text in texts {
            do throws(SettingFault) {
                out.append(try key.parse(text))
            } catch {
                throw Complaint(error, at: origin, key.name)
            }
        }
        return out
    }

    /// The value of a setting, or nil where the default holds.
    ///
    /// - Throws: a complaint with exit 64 for a flag and 78 for the rest.
    package func one<V>(_ key: SettingKey<V>, flag: String? = nil) throws(Complaint) -> V? {
        try all(key, flag: flag.map { [$0] } ?? []).last
    }

    /// The first value in environment and file that is wrong.
    package func firstFault() -> Complaint? {
        for (name, check) in Keys.all {
            guard let (texts, origin) = find(name) else { continue }
            for text in texts {
                if let fault = check(text) { return Complaint(fault, at: origin, name) }
            }
        }
        return nil
    }

    /// Variables that look like ours and are not, with what may be meant.
    package var strangeVariables: [(name: String, meant: String?)] {
        let known = Keys.all.map(\.name.variable) + ["P2PTV_CONFIG"]
        return environment.names(prefix: "P2PTV_").filter { !known.contains($0) }
            .map { ($0, nearest(to: $0, among: known)) }
    }
}

extension Complaint {
    /// A variable that looks like ours and is not.
    package static func strange(_ name: String, meant: String?) -> Complaint {
        Complaint(
            .configuration, what: name, why: "there is no such variable",
            hint: meant.map { "did you mean \($0)?" } ?? "`p2ptv config default` names them all")
    }

    /// A value of `name` that was refused.
    init(_ fault: SettingFault, at origin: Origin, _ name: SettingName) {
        switch origin {
        case .flag:
            self.init(.usage, what: origin.text, why: fault.why, hint: fault.hint)
        case .variable:
            self.init(.configuration, what: origin.text, why: fault.why, hint: fault.hint)
        case .file:
            self.init(
                .configuration, what: origin.text, why: "\(name.path): \(fault.why)",
                hint: fault.hint)
        }
    }
}
