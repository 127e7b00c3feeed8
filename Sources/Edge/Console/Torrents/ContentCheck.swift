// Compares what lies on disk with a torrent, piece by piece, and says which files are not whole.
// Changes nothing.

import Crypto
import Glibc
package import Metainfo
package import Pieces
import Primitives

/// What became of the files of a torrent.
package struct ContentCheck: Sendable {
    /// What is wrong with a file.
    package enum Flaw: Hashable, Sendable {
        /// It is not there, or is no file.
        case missing
        /// It cannot be read.
        case unreadable(String)
        /// It has another length than the torrent says.
        case length(Int64)
        /// It has the right length but not the right bytes.
        case content
    }

    /// A file that is not as the torrent says.
    package struct Broken: Hashable, Sendable {
        /// Its number in the torrent.
        package let file: Int
        /// What is wrong.
        package let flaw: Flaw
        /// Its pieces that are not good, in order; of a file that is too long there may be none.
        package let pieces: [PieceIndex]
    }

    /// The torrent.
    package let torrent: TorrentFile
    /// The files that are not whole.
    package let broken: [Broken]
    /// How many pieces are good.
    package let goodPieces: Int

    /// Whether all is there and good.
    package var isGood: Bool { broken.isEmpty && goodPieces == torrent.layout.pieceCount }

    /// What to say where anything is not good, with exit 65.
    package var complaint: Complaint? {
        guard !isGood else { return nil }
        let bad = torrent.layout.pieceCount - goodPieces
        return Complaint(
            .data, what: "\(torrent.name) is not whole",
            why: bad == 0
                ? "\(broken.count) files are longer than they should be or missing"
                : "\(bad) of \(torrent.layout.pieceCount) pieces are missing or bad",
            hint: "get the files named above again, and verify again")
    }

    /// The folder below which the files of `torrent` are looked for when a person names `path`:
    /// that folder, or the one above where the content itself is named.
    ///
    /// - Throws: a complaint with exit 66.
    package static func base(of torrent: TorrentFile, at path: String) throws(Complaint) -> String {
        if exists("\(path)/\(torrent.name)") { return path }
        guard exists(path) else { throw .cannotRead(path, errno: ENOENT) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let trimmed = path.hasSuffix("/") ? parts.dropLast() : parts[...]
        guard trimmed.last.map({ $0.utf8.elementsEqual(torrent.name.utf8) }) ?? false else {
            throw Complaint(
                .noInput, what: "cannot verify \(torrent.name)", why: "it is not in \(path)",
                hint: "name the folder that it was downloaded to")
        }
        let above = trimmed.dropLast().joined(separator: "/")
        return above.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : above
    }

    /// Reads the files of `torrent` below `folder`.
    package init(_ torrent: TorrentFile, in folder: String, _ terminal: Terminal) async {
        let places = torrent.files.map { file in
            file.kind == .regular ? "\(folder)/" + file.path.joined(separator: "/") : nil
        }
        let scan = PieceScan(
            torrent.layout, places: places, sha1: !torrent.pieces.isEmpty, roots: torrent.isV2)
        let progress = ScanProgress(total: torrent.layout.contentLength, terminal)
        let findings = await scan.run(progress, isFatal: false)
        progress.end()
        let good = Self.good(torrent, findings)
        self.torrent = torrent
        goodPieces = good.count { $0 }
        broken = torrent.files.indices.compactMap { file in
            guard let place = places[file] else { return nil }
            let pieces = (torrent.layout.pieceRange(file: file) ?? PieceIndex(0)..<PieceIndex(0))
                .filter { !good[Int($0.value)] }
            let flaw = Self.flaw(place, torrent.files[file].length, isGood: pieces.isEmpty)
            return flaw.map { Broken(file: file, flaw: $0, pieces: pieces) }
        }
    }

    /// Whether each piece is good.
    private static func good(_ torrent: TorrentFile, _ findings: [PieceFinding]) -> [Bool] {
        var good = findings.enumerated().map { number, finding in
            guard finding.fault == nil,
                let digest = torrent.digest(ofPiece: PieceIndex(UInt32(number)))
            else { return false }
            if let sha1 = digest.sha1, sha1 != finding.sha1 { return false }
            if let root = digest.root, root != finding.root { return false }
            return true
        }
        guard !torrent.hasLayers else { return good }
        // Without its layer a file is good as a whole or not at all.
        for (number, file) in torrent.files.enumerated() {
            guard let root = file.root, torrent.layers[root] == nil,
                let range = torrent.layout.pieceRange(file: number), range.count > 1
            else { continue }
            let layer = range.compactMap { findings[Int($0.value)].root }
            let found =
                layer.count == range.count
                ? TorrentMaker.fileRoot(
                    layer, length: file.length, pieceLength: torrent.layout.pieceLength)
                : nil
            for piece in range { good[Int(piece.value)] = found == root }
        }
        return good
    }

    private static func flaw(_ place: String, _ length: Int64, isGood: Bool) -> Flaw? {
        var status = stat()
        guard stat(place, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(systemText(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return .missing }
        guard Int64(status.st_size) == length else { return .length(Int64(status.st_size)) }
        guard !isGood else { return nil }
        return access(place, R_OK) == 0 ? .content : .unreadable(systemText(errno))
    }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }
}
