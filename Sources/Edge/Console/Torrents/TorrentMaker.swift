// Makes a torrent of what lies on disk: looks, cuts, hashes, and reads it back before anybody else
// does. The same content and wishes give the same bytes.

import Crypto
import Glibc
package import Metainfo
import Pieces
import Primitives

/// What a person wants of a new torrent.
package struct TorrentWishes: Sendable {
    /// The versions of the format.
    package var versions = TorrentVersions.v1
    /// The piece length in bytes; nil for the usual one.
    package var pieceLength: Int?
    /// Tracker URLs, each a tier of its own.
    package var trackers: [String] = []
    /// Web seeds.
    package var webSeeds: [String] = []
    /// What to say of it.
    package var comment: String?
    /// Whether only the trackers may say who takes part.
    package var isPrivate = false
    /// The program to name as its maker.
    package var createdBy: String?
    /// When it is made, in seconds since the Unix epoch; nil to leave that out.
    package var creationDate: Int64?

    /// A torrent of version 1 without trackers.
    package init() {}

    /// The piece lengths that may be asked for, in bytes: powers of two from a block to what all
    /// programs take.
    package static func isPieceLength(_ length: Int) -> Bool {
        (16_384...268_435_456).contains(length) && length.nonzeroBitCount == 1
    }
}

/// A torrent that was made.
package struct MadeTorrent: Sendable {
    /// The bytes of the torrent file.
    package let bytes: [UInt8]
    /// What they say, as any reader sees it.
    package let torrent: TorrentFile
}

/// Makes torrents.
package enum TorrentMaker {
    /// Makes a torrent of `content`.
    ///
    /// - Throws: a complaint with exit 65, 66, 74 or 77.
    package static func make(
        _ content: ContentFolder, _ wishes: TorrentWishes, _ terminal: Terminal
    ) async throws(Complaint) -> MadeTorrent {
        var draft = try draft(content, wishes)
        let byPath = Dictionary(
            content.files.map { (key($0.path), $0.place) }, uniquingKeysWith: { first, _ in first })
        let sources = draft.files.map { byPath[key($0.path)] ?? "" }
        let scan = PieceScan(
            draft.layout, places: draft.sources.map { $0.map { sources[$0] } },
            sha1: draft.versions.hasV1, roots: draft.versions.hasV2)
        let progress = ScanProgress(total: draft.layout.contentLength, terminal)
        let findings = await scan.run(progress, isFatal: true)
        progress.end()
        try check(findings, draft, sources)
        fill(&draft, findings)
        let bytes = draft.encoded()
        do throws(TorrentFileError) {
            return MadeTorrent(
                bytes: bytes, torrent: try TorrentFile.parse(bytes, using: Digests.self))
        } catch {
            throw Complaint(
                .data, what: "cannot make a torrent of \(content.name)", why: "\(error)",
                hint: "take larger pieces (-s), or fewer files")
        }
    }

    /// A path by its bytes: strings that only look the same would be one key.
    private static func key(_ path: [String]) -> [UInt8] { Array(path.joined(separator: "/").utf8) }

    private static func draft(
        _ content: ContentFolder, _ wishes: TorrentWishes
    ) throws(Complaint) -> TorrentDraft {
        let what = "cannot make a torrent of \(content.name)"
        let total = content.files.reduce(Int64(0)) { $0.addingReportingOverflow($1.length).0 }
        guard total > 0 else {
            throw Complaint(
                .data, what: what, why: "there is nothing in it",
                hint: "name a file or a folder with something in it")
        }
        let files = content.files.map { TorrentDraft.File(path: $0.path, length: $0.length) }
        guard
            var draft = TorrentDraft(
                name: content.name, isFolder: content.isFolder, files: files,
                pieceLength: wishes.pieceLength ?? TorrentDraft.pieceLength(for: total),
                versions: wishes.versions)
        else {
            throw Complaint(
                .data, what: what, why: "its files cannot be put into one torrent",
                hint: "look for names that are there twice with: ls -R")
        }
        draft.trackers = wishes.trackers.map { [$0] }
        draft.webSeeds = wishes.webSeeds
        (draft.comment, draft.isPrivate) = (wishes.comment, wishes.isPrivate)
        (draft.createdBy, draft.creationDate) = (wishes.createdBy, wishes.creationDate)
        return draft
    }

    private static func check(
        _ findings: [PieceFinding], _ draft: TorrentDraft, _ places: [String]
    ) throws(Complaint) {
        guard let fault = findings.lazy.compactMap(\.fault).first else { return }
        switch fault {
        case .unreadable(let file, let code):
            throw .cannotRead(draft.sources[file].map { places[$0] } ?? "", errno: code)
        case .short(let file):
            throw Complaint(
                .inputOutput,
                what: "cannot read \(draft.sources[file].map { places[$0] } ?? "")",
                why: "it became shorter while it was read",
                hint: "make the torrent when nothing writes to its files")
        }
    }

    private static func fill(_ draft: inout TorrentDraft, _ findings: [PieceFinding]) {
        for finding in findings { finding.sha1?.value.append(to: &draft.pieces) }
        guard draft.versions.hasV2 else { return }
        for (part, source) in draft.sources.enumerated() {
            guard let source, let range = draft.layout.pieceRange(file: part), !range.isEmpty
            else { continue }
            let layer = range.compactMap { findings[Int($0.value)].root }
            let root = fileRoot(
                layer, length: draft.files[source].length, pieceLength: draft.layout.pieceLength)
            draft.setTree(source, root: root, layer: layer)
        }
    }

    /// The root of a file of `length` bytes over the roots of its pieces (BEP 52).
    static func fileRoot(
        _ layer: [SHA256Digest], length: Int64, pieceLength: Int
    ) -> SHA256Digest? {
        guard layer.count > 1 else { return layer.first }
        let base = (pieceLength / MerkleTree.leafLength).trailingZeroBitCount
        let height = MerkleTree.height(leafCount: MerkleTree.leafCount(length))
        return MerkleTree(layer, base: base, height: height, using: Digests.self)?.root
    }
}
