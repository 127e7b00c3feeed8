// A file as the gateway lists it, and the lists: their order, the addresses, the subtitles that
// belong to a film. Names come from strangers: they are escaped in addresses and cleaned in texts.

/// A file of a torrent that players can open.
package struct ServedFile: Hashable, Sendable {
    /// Its number, by which its address names it.
    package let index: Int
    /// Its folders and its name, as the torrent has them.
    package let path: [String]
    /// Its length in bytes.
    package let length: Int64

    /// File number `index`, which is called `path`.
    package init(index: Int, path: [String], length: Int64) {
        (self.index, self.path, self.length) = (index, path, length)
    }

    /// Its name without folders.
    package var name: String { path.last ?? "" }
    /// What it is by its name.
    package var type: MediaType { MediaType(ofFile: name) }
    /// The path of its address; the name in it is for people and players, the number decides.
    package var address: String { "/file/\(index)/\(percentEncoded(name))" }

    /// Whether this is a subtitle that belongs to `film`, if `isOnlyFilm` to any.
    func accompanies(_ film: ServedFile, isOnlyFilm: Bool) -> Bool {
        guard type.use == .subtitle else { return false }
        if isOnlyFilm { return true }
        let (mine, its) = (MediaType.stem(of: name), MediaType.stem(of: film.name))
        // A language may stand between the stem and the ending: `film.en.srt`.
        return mine == its
            || ["." as Character, "_", "-", " "].contains { mine.hasPrefix("\(its)\($0)") }
    }
}

extension [ServedFile] {
    /// What a player plays, in the order in which people count: `2` before `10`.
    package var playable: [ServedFile] {
        filter { $0.type.use == .video || $0.type.use == .audio }
            .sorted { comesBefore($0.path.joined(separator: "/"), $1.path.joined(separator: "/")) }
    }

    /// The subtitles that belong to `film`.
    package func subtitles(for film: ServedFile) -> [ServedFile] {
        guard film.type.use == .video else { return [] }
        let isOnly = !contains { $0.type.use == .video && $0.index != film.index }
        return filter { $0.accompanies(film, isOnlyFilm: isOnly) }
            .sorted { comesBefore($0.name, $1.name) }
    }

    /// The entries of a playlist in M3U, with VLC's way to name subtitles, which others skip.
    func playlist(host: String) -> String {
        playable.reduce(into: "") { text, file in
            text += "#EXTINF:-1,\(oneLine(file.name))\n"
            let beside = subtitles(for: file).map { "http://\(host)\($0.address)" }
            if !beside.isEmpty {
                text += "#EXTVLCOPT:input-slave=\(beside.joined(separator: "#"))\n"
            }
            text += "http://\(host)\(file.address)\n"
        }
    }

    /// The list as JSON: `index`, `name` (with folders), `length`, `type` and `path` of each.
    var json: String {
        let items = map { file in
            let name = jsonText(file.path.joined(separator: "/"))
            let (type, path) = (jsonText(file.type.name), jsonText(file.address))
            return
                "{\"index\":\(file.index),\"name\":\(name),\"length\":\(file.length),"
                + "\"type\":\(type),\"path\":\(path)}"
        }
        return "{\"files\":[\(items.joined(separator: ","))]}\n"
    }
}

/// Whether `a` comes before `b` where runs of digits count as numbers.
func comesBefore(_ a: String, _ b: String) -> Bool {
    var (left, right) = (a.lowercased()[...].utf8, b.lowercased()[...].utf8)
    while let x = left.first, let y = right.first {
        let (m, n) = (left.prefix(while: isDigit), right.prefix(while: isDigit))
        if m.isEmpty || n.isEmpty {
            if x != y { return x < y }
            (left, right) = (left.dropFirst(), right.dropFirst())
            continue
        }
        let (p, q) = (m.drop { $0 == 0x30 }, n.drop { $0 == 0x30 })
        if p.count != q.count { return p.count < q.count }
        if !p.elementsEqual(q) { return p.lexicographicallyPrecedes(q) }
        (left, right) = (left.dropFirst(m.count), right.dropFirst(n.count))
    }
    return left.isEmpty && !right.isEmpty
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// A name as one segment of a path (RFC 3986, 3.3): all but unreserved characters escaped.
func percentEncoded(_ name: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in name.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
        default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// A text as JSON writes it (RFC 8259, 7), without what would steer a terminal.
func jsonText(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        default:
            guard scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) else {
                out.unicodeScalars.append(scalar)
                continue
            }
            let hex = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
    }
    return out + "\""
}
