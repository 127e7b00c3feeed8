// Reading a torrent from a stranger: the bencode, then `info`, then what stands around it.
// Nothing recurses, nothing is allocated by a claim, and every number is checked before use.

import Bencode
import Pieces
package import Primitives

extension TorrentFile {
    /// Reads a torrent file.
    package static func parse<Hash: HashFunctions>(
        _ bytes: [UInt8], limits: TorrentLimits = TorrentLimits(), using hash: Hash.Type
    ) throws(TorrentFileError) -> TorrentFile {
        guard !bytes.isEmpty else { throw .empty }
        let document = try document(bytes, limits)
        guard let root = document.value.dictionary else { throw .notATorrent }
        guard let value = root["info"], let range = document.range(of: "info") else {
            throw root.isEmpty ? .notATorrent : .badField("info")
        }
        guard let info = value.dictionary else { throw .badField("info") }
        let raw = bytes.span.array(range)
        var torrent = try read(info, raw, limits, using: hash)
        try torrent.readLayers(root, using: hash)
        torrent.readAround(root, limits)
        return torrent
    }

    /// Reads an `info` that came from peers (BEP 9): nothing stands around it, and the piece
    /// layers of version 2 are not known yet.
    package static func parse<Hash: HashFunctions>(
        info bytes: [UInt8], limits: TorrentLimits = TorrentLimits(), using hash: Hash.Type
    ) throws(TorrentFileError) -> TorrentFile {
        guard !bytes.isEmpty else { throw .empty }
        let value: BencodeValue
        let count: Int
        do throws(BencodeError) {
            (value, count) = try BencodeDecoder(.lenient, limits: limits.bencode)
                .decodePrefix(bytes.span)
        } catch {
            throw error == .truncated ? .truncated : .malformed(error)
        }
        guard count == bytes.count else { throw .malformed(.trailingBytes(at: count)) }
        guard let info = value.dictionary else { throw .notATorrent }
        return try read(info, bytes, limits, using: hash)
    }

    /// Reads an `info` that came from peers, where it is the one that was asked for (BEP 9).
    package static func parse<Hash: HashFunctions>(
        info bytes: [UInt8], named name: InfoHashes, limits: TorrentLimits = TorrentLimits(),
        using hash: Hash.Type
    ) throws(TorrentFileError) -> TorrentFile {
        // Before anything is made of it: strangers may send what they like.
        if let v1 = name.v1, hash.sha1(bytes.span).value != v1.value { throw .wrongInfoHash }
        if let v2 = name.v2, hash.sha256(bytes.span) != v2 { throw .wrongInfoHash }
        return try parse(info: bytes, limits: limits, using: hash)
    }

    /// Decodes leniently: many programs wrote keys out of order, and the info-hash is that of the
    /// bytes as they stand.
    private static func document(
        _ bytes: [UInt8], _ limits: TorrentLimits
    ) throws(TorrentFileError) -> BencodeDocument {
        do throws(BencodeError) {
            return try BencodeDecoder(.lenient, limits: limits.bencode)
                .decodeDocument(bytes.span)
        } catch {
            let second = bytes.count > 1 ? bytes[1] : UInt8(ascii: "0")
            guard bytes[0] == UInt8(ascii: "d"),
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(second)
            else { throw .notATorrent }
            throw error == .truncated ? .truncated : .malformed(error)
        }
    }

    /// Reads `info`; the version first, because a newer one may mean all the rest otherwise.
    private static func read<Hash: HashFunctions>(
        _ info: BencodeDictionary, _ raw: [UInt8], _ limits: TorrentLimits, using hash: Hash.Type
    ) throws(TorrentFileError) -> TorrentFile {
        let bytes = info["name.utf-8"]?.string.map { Array($0.utf8) } ?? info["name"]?.bytes
        if info["live"]?.dictionary != nil {
            throw .liveChannel(name: String(decoding: bytes ?? [], as: UTF8.self))
        }
        let isV2 = try isVersion2(info, raw, limits)
        let isV1 = !isV2 || info["pieces"] != nil
        guard let bytes, !bytes.contains(0) else { throw .badField("name") }
        let pieceLength = try pieceLength(info, isV2: isV2, limits)
        let names = InfoHashes(
            v1: isV1 ? InfoHash(hash.sha1(raw.span).value) : nil,
            v2: isV2 ? hash.sha256(raw.span) : nil)
        var list =
            try isV1
            ? FileList.version1(info, name: bytes, limits: limits)
            : FileList.version2(info, limits: limits)
        if isV1, isV2 {
            list = try list.joined(
                with: FileList.version2(info, limits: limits), pieceLength: pieceLength)
        }
        guard let layout = list.layout(pieceLength: pieceLength, alignment: isV1 ? .none : .pieces)
        else { throw .badLength }
        guard layout.contentLength > 0 else { throw .noContent }
        guard layout.pieceCount <= limits.pieces else { throw .tooManyPieces(limit: limits.pieces) }
        let pieces = isV1 ? try hashes(info, layout) : []
        // In version 2 a single file is called as in the tree, and the name is a hint.
        let own = list.isFolder ? bytes : list.files[0].path[0]
        let name = safeName(own, names, limits)
        return TorrentFile(
            infoHashes: names, infoBytes: raw, name: name, isFolder: list.isFolder,
            files: try entries(list, in: name, limits), layout: layout,
            isPrivate: info["private"]?.integer == 1, pieces: pieces)
    }

    /// Whether the torrent follows BEP 52; if so its `info` must be canonical bencode, because
    /// two programs could else read two trees of files out of one info-hash.
    private static func isVersion2(
        _ info: BencodeDictionary, _ raw: [UInt8], _ limits: TorrentLimits
    ) throws(TorrentFileError) -> Bool {
        guard let value = info["meta version"] else { return false }
        guard let version = value.integer else { throw .badField("meta version") }
        guard version == 2 else { throw .unsupportedVersion(version) }
        do throws(BencodeError) {
            _ = try BencodeDecoder(.strict, limits: limits.bencode).decode(raw.span)
        } catch {
            throw .malformed(error)
        }
        return true
    }

    private static func pieceLength(
        _ info: BencodeDictionary, isV2: Bool, _ limits: TorrentLimits
    ) throws(TorrentFileError) -> Int {
        guard let length = info["piece length"]?.integer else { throw .badField("piece length") }
        guard length > 0, length <= Int64(limits.pieceLength),
            !isV2 || (length >= Int64(MerkleTree.leafLength) && length.nonzeroBitCount == 1)
        else { throw .badPieceLength(length) }
        return Int(length)
    }

    private static func hashes(
        _ info: BencodeDictionary, _ layout: FileLayout
    ) throws(TorrentFileError) -> [UInt8] {
        guard let pieces = info["pieces"]?.bytes, pieces.count % 20 == 0 else {
            throw .badField("pieces")
        }
        guard pieces.count / 20 == layout.pieceCount else {
            throw .wrongHashCount(hashes: pieces.count / 20, pieces: layout.pieceCount)
        }
        return pieces
    }

    /// The name of the torrent on disk; one that means a folder, or nothing, becomes its hash.
    private static func safeName(
        _ bytes: [UInt8], _ names: InfoHashes, _ limits: TorrentLimits
    ) -> String {
        let name = SafePath.name(bytes, limit: limits.nameLength)
        guard name == "_", bytes != Array("_".utf8) else { return name }
        return names.v1.map { "\($0)" } ?? names.v2.map { "\($0)" } ?? name
    }

    /// The files with paths that are safe and distinct.
    private static func entries(
        _ list: FileList, in name: String, _ limits: TorrentLimits
    ) throws(TorrentFileError) -> [Entry] {
        guard list.isFolder else { return [entry(list.files[0], [name])] }
        var paths = list.files.map { file in
            [name] + file.path.map { SafePath.name($0, limit: limits.nameLength) }
        }
        var register = PathRegister(limits)
        for (file, path) in zip(list.files, paths) where file.kind == .regular {
            register.enter(path)
        }
        for (i, file) in list.files.enumerated() where file.kind == .regular {
            try register.place(&paths[i])
        }
        return zip(list.files, paths).map { entry($0, $1) }
    }

    private static func entry(_ file: StatedFile, _ path: [String]) -> Entry {
        let isRenamed = !path.suffix(file.path.count).elementsEqual(file.path) { name, bytes in
            name.utf8.elementsEqual(bytes)
        }
        return Entry(
            kind: file.kind, path: path, isRenamed: isRenamed, length: file.length,
            isExecutable: file.isExecutable, root: file.root)
    }
}
