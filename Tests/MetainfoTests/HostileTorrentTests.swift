import Bencode
import Crypto
import Metainfo
import Pieces
import Primitives
import Testing

private func sample(_ versions: TorrentVersions) -> [UInt8] {
    let contents: [(path: [String], bytes: [UInt8])] = [
        (["a", "b"], Torrent.content(40_000)), (["c"], Torrent.content(20_000)), (["d"], []),
    ]
    var draft = Torrent.draft(contents, versions: versions, name: "top")
    draft?.trackers = [["http://a/"], ["http://b/"]]
    return draft?.encoded() ?? []
}

/// What holds of every torrent that is taken, whatever its bytes were.
private func check(_ torrent: TorrentFile) {
    #expect(torrent.layout.contentLength > 0)
    #expect(torrent.layout.files.count == torrent.files.count)
    #expect(torrent.pieces.isEmpty || torrent.pieces.count == torrent.layout.pieceCount * 20)
    var seen: Set<[[UInt8]]> = []
    for (file, part) in zip(torrent.files, torrent.layout.files) {
        #expect(file.length == part.length && file.length >= 0)
        #expect(!file.path.isEmpty)
        for name in file.path {
            #expect(name != "." && name != ".." && (1...240).contains(name.utf8.count))
            #expect(!name.utf8.contains { $0 == 0x2f || $0 == 0x5c || $0 < 0x20 || $0 == 0x7f })
        }
        guard file.kind == .regular else { continue }
        #expect(seen.insert(file.path.map { Array($0.utf8) }).inserted)
    }
    for number in [0, torrent.layout.pieceCount / 2, torrent.layout.pieceCount - 1] {
        #expect(torrent.digest(ofPiece: PieceIndex(UInt32(number))) != nil)
    }
    #expect(torrent.digest(ofPiece: PieceIndex(UInt32(torrent.layout.pieceCount))) == nil)
}

@Suite("A hostile torrent")
struct HostileTorrentTests {
    @Test("cut off anywhere is refused", arguments: [.v1, .v2, .hybrid] as [TorrentVersions])
    func truncation(versions: TorrentVersions) {
        let bytes = sample(versions)
        #expect(Torrent.failure(bytes) == nil)
        for count in 0..<bytes.count { #expect(Torrent.failure(Array(bytes[..<count])) != nil) }
    }

    @Test("spoilt anywhere is refused, or still holds together", arguments: 0..<30)
    func mutations(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let samples = [sample(.v1), sample(.v2), sample(.hybrid)]
        for _ in 0..<300 {
            var bytes = samples[Int.random(in: 0..<3, using: &random)]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let other = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(UInt8.random(in: 0x2e...0x39, using: &random), at: place)
                default:
                    bytes.replaceSubrange(
                        place..<place, with: bytes[min(place, other)..<max(place, other)])
                }
            }
            if let torrent = try? TorrentFile.parse(bytes, using: Digests.self) { check(torrent) }
        }
    }

    @Test("with numbers of all sizes is refused, or still holds together")
    func numbers() throws {
        let extremes: [Int64] = [.min, -1, 0, 1, 16_384, 1 << 31, 1 << 32, 1 << 62, .max - 1, .max]
        for versions in [.v1, .v2, .hybrid] as [TorrentVersions] {
            let text = String(
                decoding: sample(versions).map { $0 < 0x80 ? $0 : 0x3f }, as: UTF8.self)
            for key in ["length", "piece length", "meta version"] {
                for number in extremes {
                    var bytes = sample(versions)
                    let label = "\(key.utf8.count):\(key)i"
                    guard let at = text.firstRange(of: label) else { continue }
                    let start = text.utf8.distance(from: text.startIndex, to: at.upperBound)
                    let end = try #require(bytes[start...].firstIndex(of: UInt8(ascii: "e")))
                    bytes.replaceSubrange(start..<end, with: Array("\(number)".utf8))
                    if let torrent = try? TorrentFile.parse(bytes, using: Digests.self) {
                        check(torrent)
                    }
                }
            }
        }
    }

    @Test("with a hundred thousand folders in each other is refused without recursion")
    func depth() {
        let count = 100_000
        let tree = String(repeating: "d1:a", count: count) + String(repeating: "e", count: count)
        let bytes = Array("d4:infod9:file tree\(tree)12:meta versioni2eee".utf8)
        guard case .malformed(.tooDeep) = Torrent.failure(bytes) else {
            Issue.record("was not too deep")
            return
        }
    }

    @Test("with more files than we take is refused")
    func manyFiles() {
        var limits = TorrentLimits()
        limits.files = 3
        for count in 3...4 {
            let root = Torrent.folder((0..<count).map { [.string("f\($0)")] })
            let torrent = try? TorrentFile.parse(root.encoded, limits: limits, using: Digests.self)
            #expect((torrent == nil) == (count == 4))
        }
        limits.files = 100
        limits.pathComponents = 5
        let root = Torrent.folder([["a", "b", "c"], ["d", "e", "f"]])
        #expect(throws: TorrentFileError.tooManyFiles) {
            try TorrentFile.parse(root.encoded, limits: limits, using: Digests.self)
        }
    }
}
