// What can be written on standard error and standard output, and the writing itself.

import Glibc

/// What standard error can show.
package struct Terminal: Hashable, Sendable {
    /// Whether a person reads along.
    package var isInteractive = false
    /// Whether a line can be drawn over (not with TERM=dumb).
    package var canRedraw = false
    /// Whether colours are wanted (NO_COLOR, no-color.org).
    package var hasColor = false
    /// Whether the locale takes more than ASCII.
    package var isUnicode = false

    /// A terminal that can do nothing.
    package init() {}

    /// What standard error can show in `environment`, where it is a terminal or not.
    package init(_ environment: Environment, isTerminal: Bool) {
        isInteractive = isTerminal
        let kind = environment["TERM"] ?? ""
        canRedraw = isTerminal && kind != "dumb" && !kind.isEmpty
        let unwanted = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        hasColor = canRedraw && !unwanted
        let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
        let name = locale.lowercased()
        isUnicode = name.hasSuffix("utf-8") || name.hasSuffix("utf8")
    }

    /// What standard error of this process can show.
    package static var standardError: Terminal {
        Terminal(.ofProcess, isTerminal: isatty(STDERR_FILENO) == 1)
    }

    /// The columns of the terminal on standard error now; 80 where it does not say.
    package static var width: Int {
        // The four 16-bit fields of struct winsize: rows, columns, and two measures in pixels.
        var size: [UInt16] = [0, 0, 0, 0]
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size[1] > 0 else { return 80 }
        return Int(size[1])
    }

    /// Whether standard output is a terminal.
    package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether standard input is a terminal.
    package static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }
}
