// Where bytes of files go that nobody has chosen: pieces run over the borders of files, and players
// may read any file. They are kept in sparse files of a folder apart, at the places that they have
// in their files; a file that is chosen later is moved to where it belongs, with all that has come
// of it. A file that is there under its own name stays there.

import Glibc
import Pieces

/// Which files of a torrent are wanted, and where bytes of the others are kept.
package struct FileChoice: Hashable, Sendable {
    /// The files that are wanted, by their numbers; nil where all are.
    package let files: Set<Int>?
    /// The folder below that of the content that has, by their numbers, those of which something
    /// came though they are not.
    package let apart: String

    /// The choice of `files`, and `apart` for others.
    package init(_ files: Set<Int>?, apart: String) { (self.files, self.apart) = (files, apart) }
}

extension TorrentFiles {
    /// Where each file is; what was chosen since it came is moved to its path out of `paths`.
    static func places(
        _ paths: [[String]], _ layout: FileLayout, _ choice: FileChoice?,
        below root: borrowing Descriptor
    ) throws(StorageError) -> [[String]] {
        guard let choice else { return paths }
        let hasOthers = try isThere([choice.apart, "."], below: root)
        guard hasOthers || choice.files != nil else { return paths }
        var out = paths
        for (number, file) in layout.files.enumerated() where file.length > 0 && !file.isPadding {
            let apart = [choice.apart, "\(number)"]
            let isChosen = choice.files?.contains(number) ?? true
            if isChosen {
                guard hasOthers, try isThere(apart, below: root) else { continue }
            }
            guard try !isThere(paths[number], below: root) else { continue }
            if isChosen, try move(apart, to: paths[number], below: root) { continue }
            out[number] = apart
        }
        let raw = root.raw
        // Goes once it is empty, and only then.
        if hasOthers { unlinkat(raw, choice.apart, AT_REMOVEDIR) }
        return out
    }

    /// Whether anything is at `path`, even what will not be opened.
    private static func isThere(
        _ path: [String], below root: borrowing Descriptor
    ) throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try find(path, below: root, forWriting: false)
            return true
        } catch .system(_, _, ENOENT) {
            return false
        } catch .notOurs {
            return true
        } catch .notAFolder {
            return true
        }
    }

    /// Moves a file; false where the disk or the folder cannot be written to.
    private static func move(
        _ old: [String], to new: [String], below root: borrowing Descriptor
    ) throws(StorageError) -> Bool {
        do throws(StorageError) {
            var from = try Descriptor(copyOf: root)
            var to = try Descriptor(copyOf: root)
            for part in old.dropLast() { from = try step(part, from: from, making: false) }
            for part in new.dropLast() { to = try step(part, from: to, making: true) }
            let (source, target) = (from.raw, to.raw)
            try systemCall("rename", to.path) {
                renameat(source, old.last ?? "", target, new.last ?? "")
            }
            return true
        } catch .readOnly {
            return false
        } catch .notPermitted {
            return false
        }
    }
}
