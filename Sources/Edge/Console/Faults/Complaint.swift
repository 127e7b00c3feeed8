// What the program cannot do, told to a person: what, why, and one thing to do about it.
// Names in it may come from strangers; what is printed is escaped.

import Ingest
package import Node

/// An error as a person reads it, with its exit code.
package struct Complaint: Error, Hashable, Sendable {
    /// What the shell is told.
    package var status: ExitStatus
    /// What could not be done.
    package var what: String
    /// Why.
    package var why: String
    /// What to do about it, if there is something.
    package var hint: String?

    /// A complaint in a person's words.
    package init(_ status: ExitStatus, what: String, why: String, hint: String? = nil) {
        self.status = status
        self.what = what
        self.why = why
        self.hint = hint
    }

    /// What ended a node.
    package init(_ fault: NodeFault) {
        self.init(
            ExitStatus(fault.kind), what: fault.what, why: fault.why, hint: fault.hint)
    }

    /// The same, with the file in the place of INPUT in the commands of the hint.
    ///
    /// URLs stay out of it: they may hold passwords, and errors end up in logs.
    package func naming(_ input: InputChoice) -> Complaint {
        guard case .file(let path) = input.source, let hint,
            let range = hint.firstRange(of: "INPUT")
        else { return self }
        var named = self
        named.hint = hint[..<range.lowerBound] + shellQuoted(path) + hint[range.upperBound...]
        return named
    }

    /// The lines for standard error.
    ///
    ///     p2ptv: error: WHAT: WHY
    ///     hint: WHAT TO DO
    package func lines(color: Bool = false) -> String {
        let error = Ink.red.paint("error:", color)
        var out = "p2ptv: \(error) \(escaped(what)): \(escaped(why))\n"
        if let hint { out += "\(Ink.bold.paint("hint:", color)) \(escaped(hint))\n" }
        return out
    }
}
