// Where a channel file may be written: what is there is looked at first, because a name that was
// mistyped, or taken from the input, must not cost anybody a film.

import Glibc
import Metainfo

/// Looks at the place of a channel file.
package enum OutputPlace {
    /// Refuses a place where a channel file cannot or should not be written.
    ///
    /// - Throws: a complaint with exit 64, 73 or 77.
    package static func check(_ path: String) throws(Complaint) {
        let what = "cannot write \(path)"
        guard path != "-", !path.isEmpty else {
            throw Complaint(
                .usage, what: what, why: "the channel file cannot go to standard output",
                hint: "name a file with -o FILE")
        }
        var isFolder = false
        guard let isFile = isRegular(path, &isFolder) else { return try checkFolder(path, what) }
        guard isFile else {
            throw Complaint(
                .cannotCreate, what: what, why: isFolder ? "it is a folder" : "it is no plain file",
                hint: "name a file with -o FILE")
        }
        try checkContent(path, what)
    }

    private static func checkFolder(_ path: String, _ what: String) throws(Complaint) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var isFolder = false
        guard !folder.isEmpty, isRegular(folder, &isFolder) == nil || !isFolder else { return }
        throw Complaint(
            .cannotCreate, what: what, why: "there is no folder \(folder)",
            hint: "make it with: mkdir -p \(shellQuoted(folder))")
    }

    private static func checkContent(_ path: String, _ what: String) throws(Complaint) {
        let bytes = try smallFile(path, limit: ChannelReader.limit)
        do throws(ChannelFileError) {
            _ = try ChannelFile.parse(bytes)
        } catch .empty {
            return
        } catch .notATorrent {
            throw taken(what, "there is another file of that name")
        } catch .ordinaryTorrent {
            throw taken(what, "there is an ordinary torrent of that name")
        } catch {
            return
        }
    }

    private static func taken(_ what: String, _ why: String) -> Complaint {
        Complaint(.cannotCreate, what: what, why: why, hint: "name another file with -o FILE")
    }

    /// Whether `path` is a plain file; nil where there is nothing.
    private static func isRegular(_ path: String, _ isFolder: inout Bool) -> Bool? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        return status.st_mode & S_IFMT == S_IFREG
    }
}
