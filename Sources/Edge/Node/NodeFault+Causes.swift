// What the layers below report, in a person's words and with a hint.

import Ingest
import Primitives
import Reactor
import Storage

extension NodeFault {
    /// What became of an input.
    init(_ fault: IngestFault) {
        let kind: FaultKind =
            switch fault {
            case .notFound, .isDirectory, .protocolUnknown: .noInput
            case .permission: .permission
            case .empty, .notMedia, .noKeyFrames, .noStreams, .codecNotCarried: .data
            case .readFailed: .inputOutput
            }
        self.init(kind, what: "cannot broadcast the input", why: "\(fault)", hint: fault.hint)
    }

    /// What became of a port.
    init(_ fault: ReactorFault, port: UInt16, option: String) {
        switch fault {
        case .addressInUse:
            self.init(
                .unavailable, what: "cannot listen on port \(port)", why: "it is in use",
                hint: "choose another with \(option) PORT, or end the program that uses it")
        case .permissionDenied:
            self.init(
                .permission, what: "cannot listen on port \(port)", why: "permission denied",
                hint: "choose a port above 1023 with \(option) PORT")
        default:
            self.init(
                .unavailable, what: "cannot listen on port \(port)", why: fault.description,
                hint: "choose another with \(option) PORT")
        }
    }

    /// What became of a file or a folder.
    init(_ error: StorageError) {
        switch error {
        case .notAFolder(let path):
            self.init(
                .cannotCreate, what: "cannot use \(path)", why: "it is not a folder",
                hint: "name another folder with --state-dir")
        case .isAFolder(let path):
            self.init(
                .cannotCreate, what: "cannot write \(path)", why: "it is a folder",
                hint: "name a file with --output")
        case .notPermitted(let path):
            self.init(
                .permission, what: "cannot use \(path)", why: "permission denied",
                hint: "check who owns it, or name another place")
        case .readOnly(let path):
            self.init(
                .cannotCreate, what: "cannot write \(path)",
                why: "the file system is read-only", hint: "name another place")
        case .inUse(let path, let pid):
            let who = pid.map { "process \($0)" } ?? "another process"
            self.init(
                .temporary, what: "cannot use \(path)", why: "\(who) broadcasts from it",
                hint: "stop that broadcast, or name another folder with --state-dir")
        case .diskFull(let path):
            self.init(
                .inputOutput, what: "cannot write \(path)", why: "the disk is full",
                hint: "make room, or name another place")
        case .exists(let path):
            self.init(.cannotCreate, what: "cannot create \(path)", why: "it exists already")
        case .corrupt(let path, let fault):
            self.init(
                .data, what: "cannot go on from \(path)", why: "it is damaged (\(fault))",
                hint: "move it away to begin a new numbering, or restore it from a backup")
        case .keyExposed(let path, let mode):
            self.init(
                .permission, what: "will not use the key \(path)",
                why: "others can read it (mode \(String(mode, radix: 8)))",
                hint: "chmod 600 \(path)")
        case .notOurs(let path):
            self.init(
                .cannotCreate, what: "cannot use \(path)", why: "it is a link, a device or a pipe",
                hint: "move it away, or name another folder")
        case .tooShort(let path):
            self.init(
                .data, what: "cannot read \(path)", why: "another program has made it shorter",
                hint: "start again, so that it is checked")
        case .badName(let path):
            self.init(.data, what: "cannot keep the files", why: "\(path) is no name for a file")
        case .system(let path, let operation, let code):
            self.init(
                .inputOutput, what: "cannot use \(path)",
                why: "\(operation) failed (error \(code))")
        }
    }
}
