// What is set, and where: `p2ptv config show`.

extension Settings {
    /// A line for each setting: its value, and in a comment where it comes from.
    package var report: String {
        Keys.all.map { name, _ in
            guard let (texts, origin) = find(name) else {
                return "# \(name.path): \(name.otherwise)\n"
            }
            let values = texts.map { JSON.text($0).encoded }
            let value = name.isList ? "[" + values.joined(separator: ", ") + "]" : values[0]
            return "\(name.path) = \(value)  # \(escaped(origin.text))\n"
        }.joined()
    }
}
