// One line that says how a node is doing, fitted to the width of the terminal: what matters least
// goes first. A value; Display draws it.

import Node
import Primitives

/// A line made of parts that can be left out.
package struct StatusLine: Hashable, Sendable {
    /// A stretch of the line.
    package struct Part: Hashable, Sendable {
        /// What it says.
        var text: String
        /// The order in which parts are kept: 0 stays longest.
        var rank: Int
        /// The colour.
        var ink: Ink?
        /// What stands between it and the part before.
        var gap = "  "
    }

    private var parts: [Part] = []
    /// Whether arrows and the like may be written.
    private let isUnicode: Bool

    /// A line without parts.
    package init(isUnicode: Bool) { self.isUnicode = isUnicode }

    mutating func add(_ text: String, rank: Int, ink: Ink? = nil, gap: String = "  ") {
        parts.append(Part(text: text, rank: rank, ink: ink, gap: gap))
    }

    mutating func addDown(_ swarm: SwarmStatus, rank: Int) {
        add((isUnicode ? "▼ " : "down ") + swarm.down.text, rank: rank)
        add("(\(count(swarm.peers.count, "peer")))", rank: rank + 1, gap: " ")
    }

    mutating func addUp(_ swarm: SwarmStatus, rank: Int) {
        add((isUnicode ? "▲ " : "up ") + swarm.up.text, rank: rank)
    }

    /// The line in at most `width` columns.
    package func fitted(to width: Int, color: Bool = false) -> String {
        // As many parts as fit, in the order of their ranks: a part is never shown while one that
        // matters more is missing.
        var last = parts.map(\.rank).max() ?? 0
        var shown = parts
        while last > 0, columns(Self.plain(shown)) > width {
            last -= 1
            shown = parts.filter { $0.rank <= last }
        }
        let plain = Self.plain(shown)
        guard columns(plain) <= width else { return Console.fitted(plain, columns: width) }
        return Self.join(shown) { part in part.ink?.paint(part.text, color) ?? part.text }
    }

    private static func plain(_ parts: [Part]) -> String { join(parts, \.text) }

    private static func join(_ parts: [Part], _ text: (Part) -> String) -> String {
        parts.enumerated().map { ($0.offset == 0 ? "" : $0.element.gap) + text($0.element) }
            .joined()
    }
}

/// The number with its noun: `1 peer`, `2 peers`.
package func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
}

/// The name cut to what leaves room for the rest of a line.
func shortName(_ name: String) -> String { fitted(escaped(name), columns: 20) }
