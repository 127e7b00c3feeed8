// A torrent's content on disk, from the folder to what of it is right: what was remembered is
// believed where the files are as they were, the rest is checked. All of it off the loop.

package import Metainfo
import Pieces
import Primitives
import Reactor
import Storage

/// Where a torrent's content lies.
package struct ContentPlace: Hashable, Sendable {
    /// The folder that the files are below.
    package var folder: String
    /// The file that remembers what is there between runs; nil remembers nothing.
    package var resume: String?

    /// Content below `folder`, remembered in `resume`.
    package init(folder: String, resume: String?) { (self.folder, self.resume) = (folder, resume) }
}

extension ContentPlace {
    /// The files that were chosen when the content was last open here, by their numbers.
    ///
    /// Nil where all were, or nothing is remembered. Blocks while a small file is read.
    package func rememberedChoice(of torrent: TorrentFile) -> Set<Int>? {
        guard let data = resume.flatMap({ ResumeData.read(from: $0) }),
            data.content == torrent.contentID, data.stamps.count == torrent.files.count
        else { return nil }
        return data.chosen
    }
}

/// How the opening of a torrent's content goes on.
enum ContentEvent: Sendable {
    /// Pieces are being checked against their hashes.
    case checking(CheckProgress)
    /// The files, and the pieces of them that are right.
    case opened(TorrentFiles, Bitfield)
    /// It cannot be used.
    case failed(NodeFault)
}

/// Opens a torrent's content.
enum TorrentContent {
    /// What is found before anything is hashed.
    private struct Found: Sendable {
        let files: TorrentFiles
        let have: Bitfield
        let doubtful: Bitfield
    }

    /// Opens the content of `torrent` at `place`, of which the files `chosen` are wanted, and makes
    /// what is missing where `isWritten`.
    @Loop
    static func open(
        _ torrent: TorrentFile, at place: ContentPlace, chosen: Set<Int>?, checker: PieceChecker,
        isWritten: Bool, handler: @escaping @Loop @Sendable (ContentEvent) -> Void
    ) {
        let choice = FileChoice(chosen, apart: torrent.apart)
        Task.detached {
            do throws(StorageError) {
                let found = try find(torrent, place, choice, isWritten: isWritten)
                guard !found.doubtful.isEmpty else {
                    return await handler(.opened(found.files, found.have))
                }
                check(found, checker, handler)
            } catch {
                await handler(.failed(NodeFault(error)))
            }
        }
    }

    private static func find(
        _ torrent: TorrentFile, _ place: ContentPlace, _ choice: FileChoice, isWritten: Bool
    ) throws(StorageError) -> Found {
        let files = try TorrentFiles(
            folder: place.folder, layout: torrent.layout, paths: torrent.files.map(\.path),
            choice: choice)
        if isWritten { try files.createEmptyFiles() }
        if let resume = place.resume { try makeFolders(folder(of: resume)) }
        let stamps = try files.stamps()
        let none = Bitfield(pieceCount: torrent.layout.pieceCount)
        if let old = place.resume.flatMap({ ResumeData.read(from: $0) }) {
            let judged = old.judge(
                content: torrent.contentID, layout: torrent.layout, now: stamps)
            return Found(
                files: files, have: judged.have,
                doubtful: there(judged.doubtful, torrent.layout, stamps))
        }
        let all = Bitfield.full(pieceCount: torrent.layout.pieceCount)
        return Found(
            files: files, have: none, doubtful: there(all, torrent.layout, stamps))
    }

    /// Those of `pieces` of which any byte can be there.
    private static func there(
        _ pieces: Bitfield, _ layout: FileLayout, _ stamps: [FileStamp]
    ) -> Bitfield {
        var out = Bitfield(pieceCount: layout.pieceCount)
        for (file, stamp) in stamps.enumerated() where stamp.length > 0 {
            let end = min(stamp.length, layout.files[file].length)
            guard let range = layout.pieceRange(file: file, range: 0..<end) else { continue }
            for piece in range where pieces.contains(piece) { out.insert(piece) }
        }
        return out
    }

    private static func check(
        _ found: Found, _ checker: PieceChecker,
        _ handler: @escaping @Loop @Sendable (ContentEvent) -> Void
    ) {
        _ = ContentCheck(
            found.files, pieces: found.doubtful, lot: checker.lot,
            check: { checker.areRight($0) },
            progress: { progress in Task { @Loop in handler(.checking(progress)) } },
            finished: { result in
                Task { @Loop in
                    if let fault = result.fault { return handler(.failed(NodeFault(fault))) }
                    var have = found.have
                    have.formUnion(result.right)
                    handler(.opened(found.files, have))
                }
            })
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}

extension TorrentFile {
    /// The folder for what comes of files that were not chosen, beside the content.
    fileprivate var apart: String {
        ".\(infoHashes.swarms.first.map { "\($0)" } ?? "torrent").parts"
    }

    /// What names the content where it is remembered: the longest info-hash there is.
    var contentID: ContentID {
        if let v2 = infoHashes.v2 { return v2.value }
        var bytes = infoHashes.v1?.value.bytes ?? []
        while bytes.count < 32 { bytes.append(0) }
        return Bytes32(bytes.span, at: 0) ?? Bytes32()
    }
}
