// What mpv, VLC and ffprobe ask for, replayed against a node that has nothing yet: what is answered
// before a byte is there, what is held until it comes, and where the windows are after each jump. The
// places and the amounts are those that were measured, with the media a twentieth as long.

import Crypto
import Glibc
import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
@testable import Swarm
import Testing

private let length: Int64 = 3_900_000
private let pieceLength: Int64 = 65_536

/// The film, of which no two pieces are the same.
private let film: [UInt8] = {
    let part = (0..<65_521).map { UInt8(truncatingIfNeeded: ($0 &* 40_503) >> 7) }
    var film: [UInt8] = []
    while film.count < length { film += part }
    return Array(film.prefix(Int(length)))
}()

/// One request of a player.
private struct Visit: CustomStringConvertible {
    let from: Int64
    /// How much it takes before it resets the connection; nil is all there is.
    let takes: Int64?
    /// Whether it comes before the one before it has gone.
    var isEarly = false

    var description: String { "\(from)-\(takes.map { " for \($0)" } ?? "")" }
    var count: Int { Int(min(takes ?? .max, max(0, length - from))) }
}

/// A player on a film of some kind.
private struct Session: CustomTestStringConvertible, Sendable {
    let name: String
    let file: String
    let fields: String
    let visits: [Visit]

    var testDescription: String { name }

    /// mpv and ffprobe ask by libavformat, with a connection for each request.
    static let lavf =
        "User-Agent: libmpv\r\nAccept: */*\r\nConnection: close\r\nIcy-MetaData: 1\r\n"
    static let vlc =
        "Accept: */*\r\nAccept-Language: en\r\nUser-Agent: VLC/3.0.24 LibVLC/3.0.24\r\n"

    static let all = [
        Session(
            name: "mpv, MP4 with its index in front", file: "film.mp4", fields: lavf,
            visits: [
                Visit(from: 0, takes: 820_000), Visit(from: 1_928_682, takes: 609_000),
                Visit(from: 3_486_769, takes: nil), Visit(from: 760_578, takes: 611_000),
            ]),
        Session(
            name: "mpv, MP4 with its index behind", file: "film.mp4", fields: lavf,
            visits: [
                Visit(from: 0, takes: 32_768), Visit(from: length - 155_172, takes: nil),
                Visit(from: 48, takes: 813_000), Visit(from: 1_920_923, takes: 608_000),
                Visit(from: 3_479_011, takes: nil), Visit(from: 752_819, takes: 603_000),
            ]),
        Session(
            name: "mpv, Matroska: the cues while the media is still open", file: "film.mkv",
            fields: lavf,
            visits: [
                Visit(from: 0, takes: 812_000),
                Visit(from: length - 2591, takes: nil, isEarly: true),
                Visit(from: 1_923_822, takes: 608_000), Visit(from: 3_516_136, takes: nil),
                Visit(from: 753_970, takes: 606_000),
            ]),
        Session(
            name: "mpv, transport stream: head, end, head", file: "film.ts", fields: lavf,
            visits: [
                Visit(from: 0, takes: 360_448), Visit(from: length - 250_000, takes: nil),
                Visit(from: 0, takes: 812_000), Visit(from: 2_036_072, takes: 611_000),
            ]),
        Session(
            name: "ffprobe, AVI: four connections within ten milliseconds", file: "film.avi",
            fields: lavf,
            visits: [
                Visit(from: 0, takes: 32_768),
                Visit(from: length - 357_416, takes: 32_768, isEarly: true),
                Visit(from: 10_026, takes: 32_768, isEarly: true),
                Visit(from: length - 357_408, takes: nil, isEarly: true),
                Visit(from: 10_026, takes: 606_208),
            ]),
        Session(
            name: "VLC, Matroska: the cues first", file: "film.mkv", fields: vlc,
            visits: [
                Visit(from: 0, takes: 65_536),
                Visit(from: length - 2591, takes: nil, isEarly: true),
                Visit(from: 123, takes: 1_065_000),
                Visit(from: 1_923_822, takes: 763_000, isEarly: true),
                Visit(from: 3_484_243, takes: nil), Visit(from: 363_661, takes: 760_000),
            ]),
        Session(
            name: "VLC, a stall: it asks for what is behind the end, and comes back",
            file: "film.mp4", fields: vlc,
            visits: [
                Visit(from: 0, takes: 163_840), Visit(from: length, takes: nil, isEarly: true),
                Visit(from: 157_696, takes: 900_000),
            ]),
    ]
}

/// A node that plays a film of which pieces come when the test gives them.
@Loop
private final class Stand {
    let node: TorrentNode
    let port: UInt16
    private let file: String
    private(set) var isJoined = false
    private let torrent: TorrentFile

    init(_ file: String) throws {
        var hashes: [UInt8] = []
        for start in stride(from: 0, to: Int(length), by: Int(pieceLength)) {
            let piece = Array(film[start..<min(start + Int(pieceLength), film.count)])
            hashes += Digests.sha1(piece).value.bytes
        }
        // Private, so that nobody in the local network is asked.
        let info =
            "d6:lengthi\(length)e4:name\(file.utf8.count):\(file)12:piece lengthi\(pieceLength)e"
            + "6:pieces\(hashes.count):"
        let bytes = Array("d4:info\(info)".utf8) + hashes + Array("7:privatei1eee".utf8)
        torrent = try TorrentFile.parse(bytes, using: Digests.self)
        self.file = file
        let place = ContentPlace(
            folder: "\(Lab.folder)/replay-\(UInt64.random(in: 0 ... .max))", resume: nil)
        var settings = TorrentWatchSettings(torrent: torrent, place: place)
        port = try freePort()
        settings.httpPort = port
        let peerPort = try freePort()
        settings.peerPorts = peerPort...peerPort
        node = TorrentNode(settings) { _ in }
        node.start()
    }

    var driver: TorrentDriver? { node.task?.driver }

    /// Asks for the film from a place on.
    func ask(_ visit: Visit, _ fields: String) -> Asking {
        let client = Asking(port: port)
        client.send(
            "GET /file/0/\(file) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(fields)"
                + "Range: bytes=\(visit.from)-\r\n\r\n")
        return client
    }

    /// The pieces that readers stand before.
    var needed: [PieceIndex] {
        (driver?.engine.wishes ?? []).filter { wish in
            wish.isBlocking && driver?.store.has(wish.piece) == false
        }.map(\.piece)
    }

    /// A piece comes, as of a peer.
    func give(_ piece: PieceIndex) {
        let start = Int(piece.value) * Int(pieceLength)
        let bytes = Array(film[start..<min(start + Int(pieceLength), film.count)])
        driver?.store.submit(piece, bytes)
    }
}

/// A connection of a player, whose end is a reset.
@Loop
private final class Asking {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false
    private var known: String?

    init(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(descriptor, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func take() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { received += buffer[..<count] }
            let failure = errno
            if count == 0 || (count < 0 && failure != EAGAIN) { isClosed = true }
            guard count > 0 else { return }
        }
    }

    /// The status line and the fields, once they are there.
    var head: String? {
        take()
        if let known { return known }
        let text = String(decoding: received.prefix(2048), as: Unicode.ASCII.self)
        known = text.firstRange(of: "\r\n\r\n").map { String(text[..<$0.lowerBound]) }
        return known
    }

    var body: ArraySlice<UInt8> {
        take()
        return received.dropFirst((head?.utf8.count ?? received.count) + 4)
    }
}

@Suite("Players on a film that comes", .serialized, .timeLimit(.minutes(2)))
struct PlayerReplayTests {
    @Test(
        "gets each place as it asks for it, and only where a player stands is in a hurry",
        arguments: Session.all)
    @Loop
    private func replay(_ session: Session) async throws {
        let stand = try Stand(session.file)
        #expect(await eventually { stand.driver != nil })
        var last: (client: Asking, visit: Visit)?
        for visit in session.visits {
            if !visit.isEarly { last = nil }
            let client = stand.ask(visit, session.fields)
            #expect(await eventually { client.head != nil }, "\(visit)")
            let head = client.head ?? ""
            guard visit.from < length else {
                #expect(head.hasPrefix("HTTP/1.1 416 "), "\(visit): \(head)")
                #expect(head.contains("Content-Range: bytes */\(length)"))
                continue
            }
            #expect(head.hasPrefix("HTTP/1.1 206 "), "\(visit): \(head)")
            #expect(
                head.contains("Content-Range: bytes \(visit.from)-\(length - 1)/\(length)"))
            #expect(head.contains("Content-Length: \(length - visit.from)"))
            last = nil
            try await hold(client, visit, stand)
            try await read(client, visit, stand)
            last = (client, visit)
        }
        _ = last
        last = nil
        #expect(await eventually { stand.node.status.readers == 0 })
        #expect(stand.driver?.engine.readers.all.isEmpty == true)
        var isOver = false
        stand.node.stop { isOver = true }
        #expect(await eventually { isOver })
    }

    /// Where the first byte is missing nothing is sent, and its piece is what is needed most.
    @Loop
    private func hold(_ client: Asking, _ visit: Visit, _ stand: Stand) async throws {
        // Whoever went before is gone, and its window with it.
        #expect(await eventually { stand.node.status.readers <= 1 }, "\(visit)")
        let piece = PieceIndex(UInt32(visit.from / pieceLength))
        guard stand.driver?.store.has(piece) == false else { return }
        #expect(client.body.isEmpty)
        #expect(await eventually { stand.needed == [piece] }, "\(visit): \(stand.needed)")
        #expect(stand.driver?.engine.wishes.first?.piece == piece)
    }

    /// Gives what readers stand before until a player has what it takes.
    @Loop
    private func read(_ client: Asking, _ visit: Visit, _ stand: Stand) async throws {
        var given = 0
        while client.body.count < visit.count, given < 100, !client.isClosed {
            let (had, needed) = (client.body.count, stand.needed)
            for piece in needed { stand.give(piece) }
            given += needed.count
            let hasMore = await eventually { client.body.count > had || client.isClosed }
            #expect(hasMore, "\(visit): \(had) bytes, needs \(stand.needed)")
            guard hasMore else { return }
        }
        let body = client.body.prefix(visit.count)
        let isRight = body == film[Int(visit.from)..<Int(visit.from) + visit.count]
        #expect(isRight, "\(visit): \(body.count) bytes")
        // Only what a player stood before came: nothing of the rest was needed.
        let most = visit.count / Int(pieceLength) + 2 + 1_048_576 / Int(pieceLength)
        #expect(given <= most, "\(visit)")
        guard visit.takes == nil else { return }
        #expect(client.body.count == visit.count)
    }
}
