// What the program says to the shell when it ends, as in sysexits(3).

package import Node

/// An exit code that scripts can act on.
package enum ExitStatus: Int32, Hashable, Sendable, CaseIterable {
    /// Done, or stopped on request.
    case success = 0
    /// The command line was wrong.
    case usage = 64
    /// The data was wrong: a damaged or forged channel file, an input that is no media.
    case data = 65
    /// The input is not there.
    case noInput = 66
    /// Something that is needed is not available, such as a port or a server.
    case unavailable = 69
    /// Our own mistake.
    case software = 70
    /// A file cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed, as on a full disk.
    case inputOutput = 74
    /// It may work later.
    case temporary = 75
    /// Permission denied.
    case permission = 77
    /// The configuration is wrong.
    case configuration = 78

    /// The exit code of what ended a node.
    package init(_ kind: FaultKind) {
        self =
            switch kind {
            case .data: .data
            case .noInput: .noInput
            case .unavailable: .unavailable
            case .software: .software
            case .cannotCreate: .cannotCreate
            case .inputOutput: .inputOutput
            case .temporary: .temporary
            case .permission: .permission
            }
    }
}
