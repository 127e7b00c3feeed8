// A torrent that is being made: what its maker wants, and the hashes as they come. Hashes nothing
// and reads no disk. The same draft always gives the same bytes.

import Bencode
package import Pieces
package import Primitives

/// The versions of the format that a torrent follows.
package enum TorrentVersions: Hashable, Sendable {
    /// BEP 3 alone, which every program knows.
    case v1
    /// BEP 52 alone.
    case v2
    /// Both at once.
    case hybrid

    /// Whether BEP 3 is among them.
    package var hasV1: Bool { self != .v2 }
    /// Whether BEP 52 is among them.
    package var hasV2: Bool { self != .v1 }
}

/// A torrent before it is written.
package struct TorrentDraft: Sendable {
    /// A file of the torrent.
    package struct File: Hashable, Sendable {
        /// Its path below the folder, a name a part; for a single file its name.
        package let path: [String]
        /// Its length in bytes.
        package let length: Int64
        /// The root of its Merkle tree (BEP 52); nil for an empty file.
        package var root: SHA256Digest?
        /// The hashes of its pieces, where it has more than one (BEP 52).
        package var layer: [SHA256Digest] = []

        /// A file whose hashes are still to come.
        package init(path: [String], length: Int64) { (self.path, self.length) = (path, length) }
    }

    /// The name of the file or of the folder.
    package let name: String
    /// Whether the files lie in a folder of that name.
    package let isFolder: Bool
    /// The files in the order in which pieces run through them.
    package private(set) var files: [File]
    /// What lies under the pieces of version 1: the files, in a hybrid with padding between them.
    package let layout: FileLayout
    /// The number of the file under each file of `layout`; nil for padding.
    package let sources: [Int?]
    /// The versions that are written.
    package let versions: TorrentVersions
    /// SHA-1 digests of the pieces of `layout`, 20 bytes each; for version 1.
    package var pieces: [UInt8] = []
    /// Whether only the trackers may say who takes part (BEP 27).
    package var isPrivate = false
    /// Tracker URLs in tiers (BEP 12).
    package var trackers: [[String]] = []
    /// Web seeds (BEP 19).
    package var webSeeds: [String] = []
    /// What its maker says of it.
    package var comment: String?
    /// The program that made it.
    package var createdBy: String?
    /// When it was made, in seconds since the Unix epoch.
    package var creationDate: Int64?

    /// A draft of `files`, or nil.
    ///
    /// The files are put into the order of a file tree (BEP 52). Nil where two have one path or
    /// one is a folder of another, where a path is empty, or where lengths do not add up to a
    /// torrent of that piece length, which for version 2 must be a power of two from 16 KiB.
    package init?(
        name: String, isFolder: Bool, files: [File], pieceLength: Int, versions: TorrentVersions
    ) {
        let sorted = files.sorted { Self.precedes($0.path, $1.path) }
        guard isFolder || (files.count == 1 && files[0].path == [name]),
            sorted.allSatisfy({ !$0.path.isEmpty && !$0.path.contains("") }),
            zip(sorted, sorted.dropFirst()).allSatisfy({ !Self.contains($0.path, $1.path) }),
            !versions.hasV2
                || (pieceLength >= MerkleTree.leafLength && pieceLength.nonzeroBitCount == 1)
        else { return nil }
        var (parts, sources): ([FileLayout.File], [Int?]) = ([], [])
        for (i, file) in sorted.enumerated() {
            parts.append(.init(length: file.length))
            sources.append(i)
            // Behind every file, also the last: as libtorrent, so that the hashes are the same.
            let open = pieceLength > 0 ? file.length % Int64(pieceLength) : 0
            guard versions == .hybrid, isFolder, open > 0 else { continue }
            parts.append(.init(length: Int64(pieceLength) - open, isPadding: true))
            sources.append(nil)
        }
        let alignment: FileLayout.Alignment = versions.hasV1 ? .none : .pieces
        guard
            let layout = FileLayout(files: parts, pieceLength: pieceLength, alignment: alignment),
            layout.contentLength > 0
        else { return nil }
        (self.name, self.isFolder, self.files, self.versions) = (name, isFolder, sorted, versions)
        (self.layout, self.sources) = (layout, sources)
    }

    /// The order of a file tree: by the bytes of the first name that differs.
    private static func precedes(_ a: [String], _ b: [String]) -> Bool {
        for (x, y) in zip(a, b) where !x.utf8.elementsEqual(y.utf8) {
            return x.utf8.lexicographicallyPrecedes(y.utf8)
        }
        return a.count < b.count
    }

    /// Whether `path` is `folder` or lies in it; by bytes, as on disk.
    private static func contains(_ folder: [String], _ path: [String]) -> Bool {
        path.starts(with: folder) { $0.utf8.elementsEqual($1.utf8) }
    }

    /// Gives file number `index` the root of its tree and the hashes of its pieces (BEP 52).
    package mutating func setTree(
        _ index: Int, root: SHA256Digest?, layer: [SHA256Digest]
    ) {
        files[index].root = root
        files[index].layer = files[index].length > Int64(layout.pieceLength) ? layer : []
    }

    /// The bencoded `info`, whose hash names the torrent.
    package var infoBytes: [UInt8] { info.encoded }

    /// The torrent file.
    package func encoded() -> [UInt8] {
        var file: BencodeDictionary = ["info": .dictionary(info)]
        let tiers = trackers.filter { !$0.isEmpty }
        if let first = tiers.first?.first { file["announce"] = .string(first) }
        if tiers.count > 1 || (tiers.first?.count ?? 0) > 1 {
            file["announce-list"] = .list(tiers.map { .list($0.map(BencodeValue.string)) })
        }
        if let comment { file["comment"] = .string(comment) }
        if let createdBy { file["created by"] = .string(createdBy) }
        if let creationDate { file["creation date"] = .integer(creationDate) }
        if webSeeds.count == 1 { file["url-list"] = .string(webSeeds[0]) }
        if webSeeds.count > 1 { file["url-list"] = .list(webSeeds.map(BencodeValue.string)) }
        if versions.hasV2 { file["piece layers"] = .dictionary(layers) }
        return file.encoded
    }

    private var info: BencodeDictionary {
        var info: BencodeDictionary = [
            "name": .string(name), "piece length": .integer(Int64(layout.pieceLength)),
        ]
        if isPrivate { info["private"] = 1 }
        if versions.hasV1 {
            info["pieces"] = .bytes(pieces)
            if isFolder {
                info["files"] = .list(list)
            } else {
                info["length"] = .integer(files[0].length)
            }
        }
        if versions.hasV2 {
            info["meta version"] = 2
            info["file tree"] = .dictionary(tree)
        }
        return info
    }

    /// The files as BEP 3 lists them, with padding (BEP 47).
    private var list: [BencodeValue] {
        zip(layout.files, sources).map { part, source in
            guard let source else {
                let length = "\(part.length)"
                return [
                    "attr": "p", "length": .integer(part.length),
                    "path": [".pad", .string(length)],
                ]
            }
            let path = files[source].path.map(BencodeValue.string)
            return ["length": .integer(part.length), "path": .list(path)]
        }
    }

    /// The files as BEP 52 has them, folder by folder.
    private var tree: BencodeDictionary {
        // Folders that are still open, from the uppermost, with their names.
        var open: [(name: String, entries: BencodeDictionary)] = [("", BencodeDictionary())]
        for file in files {
            let folders = file.path.dropLast()
            let common = zip(open.dropFirst(), folders).prefix {
                $0.name.utf8.elementsEqual($1.utf8)
            }.count
            while open.count > common + 1 { Self.close(&open) }
            for name in folders.dropFirst(common) { open.append((name, BencodeDictionary())) }
            var leaf: BencodeDictionary = ["length": .integer(file.length)]
            if let root = file.root { leaf["pieces root"] = .bytes(root.value.bytes) }
            open[open.count - 1].entries[file.path[file.path.count - 1]] = ["": .dictionary(leaf)]
        }
        while open.count > 1 { Self.close(&open) }
        return open[0].entries
    }

    private static func close(_ open: inout [(name: String, entries: BencodeDictionary)]) {
        let (name, entries) = open.removeLast()
        open[open.count - 1].entries[name] = .dictionary(entries)
    }

    private var layers: BencodeDictionary {
        var layers = BencodeDictionary()
        for file in files {
            guard let root = file.root, !file.layer.isEmpty else { continue }
            layers[root.value.bytes] = .bytes(file.layer.flatMap(\.value.bytes))
        }
        return layers
    }
}

extension TorrentDraft {
    /// The most pieces that a torrent is cut into where its maker does not say: libtorrent and
    /// others come to between one and two thousand, which keeps the file below some 100 KB.
    package static let usualPieces: Int64 = 2048

    /// The usual piece length for `length` bytes: the least power of two from 16 KiB to 16 MiB
    /// that gives no more pieces than that.
    package static func pieceLength(for length: Int64) -> Int {
        var unit = 16_384
        while unit < 16_777_216, length / Int64(unit) >= usualPieces { unit *= 2 }
        return unit
    }
}
