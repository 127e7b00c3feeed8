import Bencode
import Crypto
import Metainfo
import Pieces
import Primitives

/// Torrents made by hand for tests: dictionaries to be spoilt, and drafts with true hashes.
enum Torrent {
    /// A torrent of version 1 with one file of 425 bytes.
    static func single() -> BencodeDictionary {
        ["info": ["length": 425, "name": "temp", "piece length": 16384, "pieces": hashes(1)]]
    }

    /// A torrent of version 1 with files at these paths, of 100 bytes each.
    static func folder(_ paths: [[BencodeValue]]) -> BencodeDictionary {
        let files = paths.map { path -> BencodeValue in ["length": 100, "path": .list(path)] }
        return [
            "info": [
                "files": .list(files), "name": "temp", "piece length": 16384,
                "pieces": hashes((paths.count * 100 + 16383) / 16384),
            ]
        ]
    }

    static func hashes(_ count: Int) -> BencodeValue {
        .bytes((0..<count * 20).map { UInt8(truncatingIfNeeded: $0) })
    }

    /// Bytes without a pattern.
    static func content(_ length: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// A torrent of files with this content, hashed as BEP 3 and BEP 52 say, block by block.
    static func draft(
        _ contents: [(path: [String], bytes: [UInt8])], versions: TorrentVersions,
        pieceLength: Int = 32768, name: String? = nil
    ) -> TorrentDraft? {
        let files = contents.map { TorrentDraft.File(path: $0.path, length: Int64($0.bytes.count)) }
        guard
            var draft = TorrentDraft(
                name: name ?? contents[0].path[0], isFolder: name != nil, files: files,
                pieceLength: pieceLength, versions: versions)
        else { return nil }
        let ordered = draft.files.map { file in contents.first { $0.path == file.path }?.bytes ?? []
        }
        for (i, bytes) in ordered.enumerated() where versions.hasV2 && !bytes.isEmpty {
            let leaves = Digests.leaves(of: bytes.span)
            let whole = MerkleTree(
                leaves, height: MerkleTree.height(leafCount: leaves.count), using: Digests.self)
            let layer = stride(from: 0, to: bytes.count, by: pieceLength).map { start in
                let piece = Array(bytes[start..<min(start + pieceLength, bytes.count)])
                return Digests.merkleRoot(
                    of: piece.span, height: (pieceLength / 16384).trailingZeroBitCount)
            }
            draft.setTree(i, root: whole?.root, layer: layer)
        }
        guard versions.hasV1 else { return draft }
        var stream: [UInt8] = []
        for (part, source) in zip(draft.layout.files, draft.sources) {
            stream += source.map { ordered[$0] } ?? [UInt8](repeating: 0, count: Int(part.length))
        }
        for start in stride(from: 0, to: stream.count, by: pieceLength) {
            let piece = Array(stream[start..<min(start + pieceLength, stream.count)])
            Digests.sha1(piece).value.append(to: &draft.pieces)
        }
        return draft
    }

    static func parse(_ root: BencodeDictionary) throws(TorrentFileError) -> TorrentFile {
        try TorrentFile.parse(root.encoded, using: Digests.self)
    }

    /// Why the torrent is refused after `change`; nil where it is taken.
    static func failure(
        _ root: BencodeDictionary = single(), _ change: (inout BencodeDictionary) -> Void
    ) -> TorrentFileError? {
        var root = root
        change(&root)
        return failure(root.encoded)
    }

    static func failure(_ bytes: [UInt8]) -> TorrentFileError? {
        do throws(TorrentFileError) {
            _ = try TorrentFile.parse(bytes, using: Digests.self)
            return nil
        } catch {
            return error
        }
    }

    /// The paths of the regular files, and of others in brackets.
    static func paths(_ torrent: TorrentFile) -> [String] {
        torrent.files.map { file in
            let path = file.path.joined(separator: "/")
            return file.kind == .regular ? path : "(\(path))"
        }
    }
}

extension BencodeDictionary {
    /// Changes the dictionary under `key`.
    mutating func change(_ key: String, _ body: (inout BencodeDictionary) -> Void) {
        var inner = self[key]?.dictionary ?? BencodeDictionary()
        body(&inner)
        self[key] = .dictionary(inner)
    }
}
