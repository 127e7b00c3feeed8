import Bencode
import Metainfo
import Primitives
import Testing

private let hash = "c9e15763f722f23e98a29decdfae341b98d53056"
private let v2 = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e"

private func parse(_ tail: String) throws -> MagnetLink {
    try MagnetLink.parse("magnet:?xt=urn:btih:\(hash)" + tail)
}

private func failure(_ text: String) -> MagnetLinkError? {
    do throws(MagnetLinkError) {
        _ = try MagnetLink.parse(text)
        return nil
    } catch {
        return error
    }
}

@Suite("A magnet link")
struct MagnetLinkTests {
    @Test("names a torrent in hexadecimal digits or in base 32 (BEP 9)")
    func hashes() throws {
        #expect(try parse("").infoHashes.v1?.description == hash)
        #expect(try parse("").infoHashes.v2 == nil)
        let upper = try MagnetLink.parse("MAGNET:?XT=URN:BTIH:\(hash.uppercased())")
        #expect(upper.infoHashes.v1?.description == hash)
        let base32 = try MagnetLink.parse("magnet:?xt=urn:btih:zhqvoy7xelzd5gfctxwn7lruDOMNKMCW")
        #expect(base32.infoHashes.v1?.description == hash)
        let both = try parse("&xt=urn:btmh:1220\(v2)")
        #expect(both.infoHashes.v1?.description == hash)
        #expect(both.infoHashes.v2?.description == v2)
        let only = try MagnetLink.parse("magnet:?xt=urn:btmh:1220\(v2)")
        #expect(only.infoHashes.v1 == nil && only.infoHashes.swarms.count == 1)
        let numbered = try MagnetLink.parse(
            "magnet:?xt.1=urn:btih:\(hash)&xt.2=urn:ed2k:abc&tr.1=http://a/")
        #expect(numbered.infoHashes.v1?.description == hash && numbered.trackers == ["http://a/"])
    }

    @Test("carries hints, each once, and drops those of no use")
    func hints() throws {
        let link = try parse(
            "&dn=Leaves%20of+Grass&dn=other&tr=udp%3A%2F%2Ft.example%3A80&tr=udp://t.example:80"
                + "&tr=file:///etc/passwd&tr=&ws=http%3A%2F%2Fw%2Fa&ws=udp://w/&unknown=1&&=&x"
                + "&x.pe=10.0.0.1:6881&x.pe=[2001:db8::1]:1&x.pe=host.example:65535")
        #expect(link.name == "Leaves of Grass")
        #expect(link.trackers == ["udp://t.example:80"])
        #expect(link.webSeeds == ["http://w/a"])
        #expect(
            link.peers.map(\.description)
                == ["10.0.0.1:6881", "[2001:db8::1]:1", "host.example:65535"])
        let bad = [
            "10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:", ":80", "2001:db8::1:80",
            "[10.0.0.1]:80", "a b:80", "[::1:80", "h:+80", "h:8 0", "",
        ]
        #expect(try parse(bad.map { "&x.pe=\($0)" }.joined()).peers == [])
    }

    @Test("may select files (BEP 53)")
    func selection() throws {
        #expect(try parse("").selected == nil)
        #expect(try parse("&so=0,2,4,6-8").selected == [0...0, 2...2, 4...4, 6...8])
        #expect(try parse("&so=8,6-7,2-5,3").selected == [2...8])
        #expect(try parse("&so=0-4294967295").selected == [0...99_999])
        #expect(try parse("&so=99999999999999999999999").selected == nil)
        #expect(try parse("&so=5-99999999999999999999999").selected == [5...99_999])
        #expect(try parse("&so=4-2,-1,a,1-2-3,,-").selected == nil)
    }

    @Test("is printed so that it can be read again")
    func printing() throws {
        let text =
            "magnet:?xt=urn:btih:\(hash)&xt=urn:btmh:1220\(v2)&dn=a%20%26%20%C3%A9"
            + "&tr=udp%3A%2F%2Ft.example%3A80&ws=http%3A%2F%2Fw%2F&x.pe=[::1]:7&so=0,2-4"
        let link = try MagnetLink.parse(text)
        #expect(link.name == "a & \u{e9}")
        #expect("\(link)" == text)
        #expect(try MagnetLink.parse("\(link)") == link)
    }

    @Test("follows from a torrent")
    func ofTorrent() throws {
        var root = Torrent.single()
        root["announce-list"] = [["http://a/"], ["http://b/"]]
        let torrent = try Torrent.parse(root)
        let link = MagnetLink(torrent)
        #expect(link.infoHashes == torrent.infoHashes && link.name == "temp")
        #expect(link.trackers == ["http://a/", "http://b/"])
    }

    @Test("is refused, with a reason, where it names no torrent")
    func refusals() {
        #expect(failure("http://x/") == .notMagnet)
        #expect(failure("") == .notMagnet)
        #expect(failure("magnet:?") == .noTopic)
        #expect(failure("magnet:?dn=x") == .noTopic)
        #expect(failure("magnet:?xt=urn:btpk:00") == .unsupported("urn:btpk:00"))
        let short = String(hash.dropLast())
        #expect(failure("magnet:?xt=urn:btih:\(short)") == .badHash(short))
        #expect(failure("magnet:?xt=urn:btih:") == .badHash(""))
        #expect(failure("magnet:?xt=urn:btih:\(short)g") == .badHash(short + "g"))
        let base32 = String(repeating: "1", count: 32)
        #expect(failure("magnet:?xt=urn:btih:\(base32)") == .badHash(base32))
        #expect(failure("magnet:?xt=urn:btmh:1114\(hash)") == .badHash("1114\(hash)"))
        #expect(failure("magnet:?xt=urn:btmh:1220\(hash)") == .badHash("1220\(hash)"))
        let other = String(repeating: "0", count: 40)
        #expect(
            failure("magnet:?xt=urn:btih:\(hash)&xt=urn:btih:\(other)") == .contradiction)
        #expect(failure("magnet:?xt=urn:btih:\(hash)&xt=urn:btih:\(hash.uppercased())") == nil)
        #expect(failure("magnet:?" + String(repeating: "x", count: 100_000)) == .tooLong)
    }

    @Test("takes no more than 100 of anything")
    func caps() throws {
        let many = (0..<900).map { "&tr=http://t\($0)/" }.joined()
        #expect(try parse(many).trackers.count == 100)
        let late = (0..<3000).map { "&x\($0)=1" }.joined()
        #expect(failure("magnet:?\(late)&xt=urn:btih:\(hash)") == .noTopic)
    }

    @Test("spoilt anywhere is read or refused", arguments: 0..<20)
    func mutations(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let text = "magnet:?xt=urn:btih:\(hash)&dn=a%20b&tr=http%3A%2F%2Fa&x.pe=[::1]:7&so=0,2-4"
        for _ in 0..<200 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place...)
                default: bytes.insert(contentsOf: bytes[..<place], at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard let link = try? MagnetLink.parse(String(decoding: bytes, as: UTF8.self))
            else { continue }
            #expect((try? MagnetLink.parse("\(link)")) == link)
        }
    }

    @Test("Files that are typed are read strictly, and joined")
    func typedFiles() {
        #expect(FileNumbers.parse("0,2-5") == [0...0, 2...5])
        #expect(FileNumbers.parse("7,3-4,5,0-3") == [0...5, 7...7])
        for text in ["", ",", "1,", "x", "1-", "-1", "5-2", "1-2-3", "1 2", "99999999999999999999"]
        {
            #expect(FileNumbers.parse(text) == nil, "\(text)")
        }
    }
}
