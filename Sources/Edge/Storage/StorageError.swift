// What can go wrong with files, told so that a person can act on it. Knows the error numbers of
// the system; nothing here touches a file.

import Glibc

/// Why something could not be kept or read; each case names the path that it is about.
package enum StorageError: Error, Equatable {
    /// The path, or a part of it, is something else than a folder.
    case notAFolder(path: String)
    /// The path is a folder, where a file was to be written.
    case isAFolder(path: String)
    /// The system does not permit it (EACCES, EPERM).
    case notPermitted(path: String)
    /// The file system is mounted read-only.
    case readOnly(path: String)
    /// Another process uses the folder; `pid` is what it says of itself, where it does.
    case inUse(path: String, pid: Int32?)
    /// There is no room: disk, quota or limit on a file's size.
    case diskFull(path: String)
    /// The file is there already and must not be replaced.
    case exists(path: String)
    /// The file is there but not what was once written.
    case corrupt(path: String, StateFault)
    /// The key file can be read by others: `mode` is its permission bits.
    case keyExposed(path: String, mode: UInt32)
    /// A symbolic link, a device or a pipe stands where a file of a torrent belongs: nothing is
    /// read or written through it.
    case notOurs(path: String)
    /// A file of a torrent ends before bytes that were kept in it: somebody has changed it.
    case tooShort(path: String)
    /// A name that would lead out of the folder, or that two files share.
    case badName(path: String)
    /// Any other refusal of the system.
    case system(path: String, operation: String, errno: Int32)

    /// What the error number `code` of `operation` on `path` means.
    init(_ code: Int32, _ operation: String, _ path: String) {
        self =
            switch code {
            case ENOTDIR: .notAFolder(path: path)
            case EISDIR: .isAFolder(path: path)
            case EACCES, EPERM: .notPermitted(path: path)
            case EROFS: .readOnly(path: path)
            case ENOSPC, EDQUOT, EFBIG: .diskFull(path: path)
            case EEXIST: .exists(path: path)
            default: .system(path: path, operation: operation, errno: code)
            }
    }
}

/// What is wrong with the content of a file.
package enum StateFault: Error, Equatable {
    /// It ends too early.
    case truncated
    /// It is longer than any that is written.
    case tooLong
    /// It does not begin as a state file does.
    case foreign
    /// Its checksum does not fit: it was altered or half written.
    case checksum
    /// It was written by a later version of the program.
    case version(UInt32)
    /// A field holds what it cannot hold.
    case field
    /// It is no regular file.
    case notAFile
}
