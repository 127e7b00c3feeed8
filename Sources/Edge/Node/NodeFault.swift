// What ends a node, in a person's words: what, why, and what to do about it.
// The command line turns the kind into an exit code.

/// What kind of fault ended a node, as in sysexits(3).
package enum FaultKind: Hashable, Sendable {
    /// Bad data: exit 65.
    case data
    /// The input is not there: exit 66.
    case noInput
    /// A service is not available, such as a port: exit 69.
    case unavailable
    /// Our own mistake: exit 70.
    case software
    /// A file cannot be created: exit 73.
    case cannotCreate
    /// Reading or writing failed: exit 74.
    case inputOutput
    /// Try again later: exit 75.
    case temporary
    /// Permission denied: exit 77.
    case permission
}

/// What ended a node.
package struct NodeFault: Error, Hashable, Sendable {
    /// What kind of fault it is.
    package var kind: FaultKind
    /// What could not be done, such as `cannot read film.txt`.
    package var what: String
    /// Why.
    package var why: String
    /// What to do about it, if there is something.
    package var hint: String?

    /// A fault in a person's words.
    package init(_ kind: FaultKind, what: String, why: String, hint: String? = nil) {
        self.kind = kind
        self.what = what
        self.why = why
        self.hint = hint
    }
}
