// Error numbers of the system for the few files that the command line itself opens.

import Glibc

extension Complaint {
    /// Why the file at `path` could not be read, by the error number `code`.
    package static func cannotRead(_ path: String, errno code: Int32) -> Complaint {
        let what = "cannot read \(path)"
        return switch code {
        case ENOENT, ENOTDIR:
            Complaint(
                .noInput, what: what, why: "there is no such file",
                hint: "check the spelling, or list the folder with: ls")
        case EISDIR:
            Complaint(
                .noInput, what: what, why: "it is a folder", hint: "name one file in it")
        case EACCES, EPERM:
            Complaint(
                .permission, what: what, why: "permission denied",
                hint: "check who may read it with: ls -l \(shellQuoted(path))")
        default:
            Complaint(.inputOutput, what: what, why: systemText(code))
        }
    }
}

/// What the system says of the error number `code`.
func systemText(_ code: Int32) -> String { String(cString: strerror(code)) }
