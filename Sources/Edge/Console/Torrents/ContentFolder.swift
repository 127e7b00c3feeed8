// What is to be put into a torrent: a file, or a folder with all that is in it. Looks at names and
// lengths; reads nothing.

import Glibc
import Metainfo

/// A file that is to be put into a torrent.
package struct ContentFile: Hashable, Sendable {
    /// Its path in the torrent: below the folder, or its name alone.
    package let path: [String]
    /// Where it lies.
    package let place: String
    /// Its length in bytes.
    package let length: Int64
}

/// A file, or a folder with its files, that becomes a torrent.
package struct ContentFolder: Sendable {
    /// What the torrent is to be called.
    package let name: String
    /// Whether it is a folder.
    package let isFolder: Bool
    /// The files, in no order.
    package private(set) var files: [ContentFile] = []
    /// What is neither file nor folder, such as a socket, and is left out.
    package private(set) var leftOut: [String] = []

    /// The deepest folder that is looked into: deeper ones no reader of ours takes.
    private static let maximumDepth = TorrentLimits().pathDepth - 1

    /// Looks at `path`; links are followed.
    ///
    /// - Throws: a complaint with exit 65 for names that cannot be kept, 66, 74 or 77.
    package init(_ path: String) throws(Complaint) {
        guard let resolved = realpath(path, nil) else {
            throw .cannotRead(path, errno: errno)
        }
        defer { free(resolved) }
        let whole = String(cString: resolved)
        let name = whole.split(separator: "/").last.map(String.init) ?? ""
        let status = try Self.status(path)
        self.name = name
        isFolder = Self.kind(status) == S_IFDIR
        try Self.check(name, path)
        guard isFolder else {
            guard Self.kind(status) == S_IFREG else {
                throw Complaint(
                    .noInput, what: "cannot make a torrent of \(path)",
                    why: "it is neither a file nor a folder", hint: "name a file or a folder")
            }
            files = [ContentFile(path: [name], place: path, length: Int64(status.st_size))]
            return
        }
        try walk(path, status)
    }

    /// A folder that is still to be looked into.
    private struct Pending {
        let path: [String]
        let place: String
        /// The folders above and the folder itself, to see where a link leads back.
        let trail: [[UInt64]]
    }

    private mutating func walk(_ top: String, _ status: stat) throws(Complaint) {
        var pending = [Pending(path: [], place: top, trail: [Self.identity(status)])]
        while let folder = pending.popLast() {
            for name in try Self.names(in: folder.place) {
                let place =
                    folder.place.hasSuffix("/") ? folder.place + name : "\(folder.place)/\(name)"
                try Self.check(name, place)
                let status = try Self.status(place)
                let path = folder.path + [name]
                switch Self.kind(status) {
                case S_IFREG:
                    files.append(
                        ContentFile(path: path, place: place, length: Int64(status.st_size)))
                case S_IFDIR:
                    let own = Self.identity(status)
                    guard !folder.trail.contains(own), path.count < Self.maximumDepth else {
                        leftOut.append(place)
                        continue
                    }
                    pending.append(
                        Pending(path: path, place: place, trail: folder.trail + [own]))
                default: leftOut.append(place)
                }
            }
        }
    }

    private static func kind(_ status: stat) -> mode_t { status.st_mode & S_IFMT }

    private static func identity(_ status: stat) -> [UInt64] {
        [UInt64(status.st_dev), UInt64(status.st_ino)]
    }

    private static func status(_ path: String) throws(Complaint) -> stat {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .cannotRead(path, errno: errno) }
        return status
    }

    /// Refuses a name that those who download the torrent could not keep.
    private static func check(_ name: String, _ place: String) throws(Complaint) {
        guard TorrentFile.keepsName(name) else {
            throw Complaint(
                .data, what: "cannot make a torrent of \(place)",
                why: "its name is not safe on other machines and would be changed there",
                hint: "rename it: no backslashes, control characters or invalid UTF-8, "
                    + "and at most 240 bytes")
        }
    }

    private static func names(in path: String) throws(Complaint) -> [String] {
        guard let folder = opendir(path) else { throw .cannotRead(path, errno: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            // What is no UTF-8 is repaired here, and `check` sees the character that says so.
            let name = String(decoding: bytes, as: UTF8.self)
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
