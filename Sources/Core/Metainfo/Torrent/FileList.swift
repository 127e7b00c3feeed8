// The files of a torrent as it states them, before their paths are made safe: the list of BEP 3
// and the tree of BEP 52, and whether the two of a hybrid say the same.

import Bencode
import Pieces
import Primitives

/// A file as a torrent states it.
struct StatedFile {
    /// The path below the torrent's folder, as bytes; for a single file its name.
    var path: [[UInt8]]
    var length: Int64
    var kind: TorrentFile.Entry.Kind
    var isExecutable: Bool
    var root: SHA256Digest?
}

/// The files of a torrent as it states them.
struct FileList {
    var files: [StatedFile]
    /// Whether they lie in a folder of the torrent's name.
    var isFolder: Bool

    /// The files by BEP 3: `files`, or `length` for a single one.
    static func version1(
        _ info: BencodeDictionary, name: [UInt8], limits: TorrentLimits
    ) throws(TorrentFileError) -> FileList {
        guard let value = info["files"] else {
            guard let length = info["length"]?.integer else { throw .badField("length") }
            guard length >= 0 else { throw .badLength }
            let file = StatedFile(
                path: [name], length: length, kind: .regular,
                isExecutable: has(UInt8(ascii: "x"), info))
            return FileList(files: [file], isFolder: false)
        }
        guard let list = value.list else { throw .badField("files") }
        guard !list.isEmpty else { throw .noContent }
        guard list.count <= limits.files else { throw .tooManyFiles }
        var (files, components): ([StatedFile], Int) = ([], 0)
        files.reserveCapacity(list.count)
        for item in list {
            guard let entry = item.dictionary else { throw .badField("files") }
            let file = try version1File(entry, limits)
            components += file.path.count
            guard components <= limits.pathComponents else { throw .tooManyFiles }
            files.append(file)
        }
        return FileList(files: files, isFolder: true)
    }

    private static func version1File(
        _ entry: BencodeDictionary, _ limits: TorrentLimits
    ) throws(TorrentFileError) -> StatedFile {
        let kind = kind(entry)
        // A link has no bytes, whatever it says (BEP 47).
        var length: Int64 = 0
        if kind != .symlink {
            guard let stated = entry["length"]?.integer, stated >= 0 else { throw .badLength }
            length = stated
        }
        var file = StatedFile(
            path: [], length: length, kind: kind, isExecutable: has(UInt8(ascii: "x"), entry))
        if kind == .padding, entry["path"] == nil {
            file.path = [Array(".pad".utf8), Array("\(length)".utf8)]
        } else {
            file.path = try path(entry)
        }
        guard file.path.count <= limits.pathDepth else { throw .badPath }
        return file
    }

    /// The path of a file: `path.utf-8`, which some programs wrote beside it, where it is text.
    private static func path(_ entry: BencodeDictionary) throws(TorrentFileError) -> [[UInt8]] {
        guard let list = entry["path"]?.list, !list.isEmpty else { throw .badPath }
        let path = list.compactMap(\.bytes)
        guard path.count == list.count, !path.contains(where: { $0.contains(0) }) else {
            throw .badPath
        }
        guard let texts = entry["path.utf-8"]?.list, texts.count == list.count,
            texts.allSatisfy({ $0.string?.utf8.contains(0) == false })
        else { return path }
        return texts.compactMap(\.bytes)
    }

    /// What a file is by its `attr` (BEP 47).
    private static func kind(_ entry: BencodeDictionary) -> TorrentFile.Entry.Kind {
        if has(UInt8(ascii: "p"), entry) { return .padding }
        return has(UInt8(ascii: "l"), entry) ? .symlink : .regular
    }

    private static func has(_ attribute: UInt8, _ entry: BencodeDictionary) -> Bool {
        entry["attr"]?.bytes?.contains(attribute) ?? false
    }
}

extension FileList {
    /// A folder of the tree that is being walked.
    private struct Folder {
        let entries: [BencodeDictionary.Entry]
        var next = 0
    }

    /// The files by BEP 52, in the order of the tree: `file tree`.
    static func version2(
        _ info: BencodeDictionary, limits: TorrentLimits
    ) throws(TorrentFileError) -> FileList {
        guard let tree = info["file tree"]?.dictionary else { throw .badField("file tree") }
        var (files, components): ([StatedFile], Int) = ([], 0)
        var (stack, path): ([Folder], [[UInt8]]) = ([Folder(entries: tree.entries)], [])
        while let top = stack.indices.last {
            guard stack[top].next < stack[top].entries.count else {
                stack.removeLast()
                _ = path.popLast()
                continue
            }
            let entry = stack[top].entries[stack[top].next]
            stack[top].next += 1
            // A name of no length describes the folder itself, which then is a file.
            guard !entry.key.isEmpty, let below = entry.value.dictionary else {
                throw .badFileTree
            }
            path.append(entry.key)
            guard path.count <= limits.pathDepth, !entry.key.contains(0) else { throw .badPath }
            guard let leaf = below[""] else {
                stack.append(Folder(entries: below.entries))
                continue
            }
            guard below.count == 1, let leaf = leaf.dictionary else { throw .badFileTree }
            components += path.count
            guard files.count < limits.files, components <= limits.pathComponents else {
                throw .tooManyFiles
            }
            files.append(try version2File(leaf, path))
            path.removeLast()
        }
        guard let first = files.first else { throw .noContent }
        return FileList(files: files, isFolder: files.count > 1 || first.path.count > 1)
    }

    private static func version2File(
        _ leaf: BencodeDictionary, _ path: [[UInt8]]
    ) throws(TorrentFileError) -> StatedFile {
        let kind = kind(leaf)
        // Files are aligned without padding; one that says otherwise would shift all others.
        guard kind != .padding else { throw .badFileTree }
        var file = StatedFile(
            path: path, length: 0, kind: kind, isExecutable: has(UInt8(ascii: "x"), leaf))
        guard let length = leaf["length"]?.integer, length >= 0 else {
            if kind == .symlink, leaf["length"] == nil { return file }
            throw .badLength
        }
        guard kind == .regular, length > 0 else { return file }
        file.length = length
        guard let root = leaf["pieces root"]?.bytes.flatMap({ Bytes32($0) }), root != Bytes32()
        else { throw .missingRoot(file: String(decoding: path.last ?? [], as: UTF8.self)) }
        file.root = SHA256Digest(root)
        return file
    }

    /// How the files lie under pieces.
    func layout(pieceLength: Int, alignment: FileLayout.Alignment) -> FileLayout? {
        FileLayout(
            files: files.map { FileLayout.File(length: $0.length, isPadding: $0.kind == .padding) },
            pieceLength: pieceLength, alignment: alignment)
    }

    /// The files of a hybrid: this list of BEP 3 with the roots out of `tree`.
    ///
    /// - Throws: `contradiction` where the two do not describe the same files under the same
    ///   pieces; a link counts as an empty file.
    func joined(with tree: FileList, pieceLength: Int) throws(TorrentFileError) -> FileList {
        guard let old = layout(pieceLength: pieceLength, alignment: .none),
            let new = tree.layout(pieceLength: pieceLength, alignment: .pieces)
        else { throw .badLength }
        var out = self
        var next = 0
        for (i, file) in files.enumerated() where file.kind != .padding {
            guard next < tree.files.count else { throw .contradiction }
            let twin = tree.files[next]
            guard file.path == twin.path, file.length == twin.length, file.kind == twin.kind,
                file.length == 0 || starts(old, i) == starts(new, next)
            else { throw .contradiction }
            out.files[i].root = twin.root
            next += 1
        }
        guard next == tree.files.count, old.pieceCount == new.pieceCount else {
            throw .contradiction
        }
        return out
    }

    /// The first byte of a file among the pieces: which, and where in it.
    private func starts(_ layout: FileLayout, _ file: Int) -> [Int]? {
        layout.place(file: file, offset: 0).map { [Int($0.piece.value), $0.offset] }
    }
}
