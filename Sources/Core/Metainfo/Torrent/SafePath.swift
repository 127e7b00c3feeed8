// Names from strangers made safe on disk, and paths made distinct. What a torrent calls `..` or
// `/etc/passwd` becomes a harmless name in the download folder, the same at every reading.

/// Names and paths that may be used on disk.
enum SafePath {
    /// The name closest to `bytes` that is safe as a part of a path, at most `limit` bytes long.
    ///
    /// Slashes and backslashes are left out, as libtorrent does, so that downloads of both lie in
    /// the same place; what deceives readers or is no UTF-8 becomes `_`, and so does a name that
    /// is empty or only dots that mean a folder. A long name keeps its ending.
    static func name(_ bytes: [UInt8], limit: Int) -> String {
        var out = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "/" || scalar == "\\" { continue }
            out.append(scalar == "\u{FFFD}" || deceives(scalar) ? "_" : scalar)
        }
        let name = clipped(String(out), limit: limit)
        return name.isEmpty || name == "." || name == ".." ? "_" : name
    }

    /// `name` in at most `limit` bytes of UTF-8; an ending of up to 16 bytes stays.
    static func clipped(_ name: String, limit: Int) -> String {
        guard name.utf8.count > limit else { return name }
        var (stem, ending) = split(name)
        if ending.utf8.count > min(16, limit / 2) { (stem, ending) = (name[...], "") }
        let room = limit - ending.utf8.count
        var (kept, used) = (String.UnicodeScalarView(), 0)
        for scalar in stem.unicodeScalars {
            used += UTF8.width(scalar)
            guard used <= room else { break }
            kept.append(scalar)
        }
        return String(kept) + ending
    }

    /// The name before its last dot, and the rest from the dot on; a dot in front is no ending.
    static func split(_ name: String) -> (stem: Substring, ending: Substring) {
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else {
            return (name[...], "")
        }
        return (name[..<dot], name[dot...])
    }
}

/// A name that equals another only where the bytes do: canonical equivalence is not the disk's.
private struct ExactName: Hashable {
    /// The folder that it is in.
    let folder: Int
    let text: String

    static func == (a: Self, b: Self) -> Bool {
        a.folder == b.folder && a.text.utf8.elementsEqual(b.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(folder)
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

/// The paths of a torrent's files while they are made distinct.
///
/// First `enter` the folders of every file, then `place` every file.
struct PathRegister {
    private let limits: TorrentLimits
    /// Folders by their name in the folder above; 0 is the uppermost.
    private var folders: [ExactName: Int] = [:]
    private var files: Set<ExactName> = []
    private var renamed = 0

    init(_ limits: TorrentLimits) { self.limits = limits }

    /// Takes note of the folders of `path`.
    mutating func enter(_ path: [String]) {
        var folder = 0
        for name in path.dropLast() {
            let next = folders.count + 1
            let key = ExactName(folder: folder, text: name)
            folder = folders[key] ?? next
            if folder == next { folders[key] = next }
        }
    }

    /// Gives the file at `path`, which was entered, that path, or one with a number in its name
    /// where a file or a folder has it already.
    mutating func place(_ path: inout [String]) throws(TorrentFileError) {
        guard let last = path.last else { throw .badPath }
        var folder = 0
        for name in path.dropLast() {
            folder = folders[ExactName(folder: folder, text: name)] ?? folder
        }
        if take(last, in: folder) { return }
        renamed += 1
        guard renamed <= limits.duplicates else { throw .tooManyDuplicates }
        // Others may have the numbered names already, but not without end.
        for number in 1...limits.duplicates * 10 {
            let (stem, ending) = SafePath.split(last)
            let tail = ".\(number)\(ending)"
            let room = max(1, limits.nameLength - tail.utf8.count)
            let name = SafePath.clipped(String(stem), limit: room) + tail
            if take(name, in: folder) {
                path[path.count - 1] = name
                return
            }
        }
        throw .tooManyDuplicates
    }

    private mutating func take(_ name: String, in folder: Int) -> Bool {
        let key = ExactName(folder: folder, text: name)
        return folders[key] == nil && files.insert(key).inserted
    }
}
