// What a relay says of itself, and what it can be told.

import Console
import Glibc
@testable import Node
import Primitives
import Testing

private func relayed(
    _ name: String, _ state: RelayState = .carrying, up: Int, down: Int
) -> RelayedChannel {
    var channel = RelayedChannel(label: ChannelLabel(name: name, infoHash: "00ff"))
    channel.state = state
    channel.swarm.uploaded = up
    channel.swarm.downloaded = down
    channel.swarm.up = ByteRate(bitsPerSecond: 10.7e6)
    channel.swarm.down = ByteRate(bitsPerSecond: 1.6e6)
    channel.swarm.peers = (0..<4).map { number in
        PeerStatus(
            endpoint: "192.0.2.\(number):6881", down: .zero, downloaded: 0, uploaded: 0,
            outgoing: true, isSource: false, feeds: 0, fed: 2)
    }
    return channel
}

private func status(_ channels: RelayedChannel...) -> RelayStatus {
    var status = RelayStatus()
    status.channels = channels
    return status
}

@Suite("What a relay says")
struct RelayReportTests {
    private let two = status(
        relayed("news", up: 700 << 20, down: 100 << 20),
        relayed("sports", .silent, up: 500 << 20, down: 50 << 20))

    @Test("The line sums its channels up")
    func line() {
        let line = two.line(after: .seconds(12_000), isUnicode: true)
        #expect(
            line.fitted(to: 200)
                == "2 channels  CARRYING 1  ▼ 3.2 Mbit/s  ▲ 21.4 Mbit/s (8 peers)  carried 1.2 GiB"
                + "  ratio 8.0  3 h 20 min")
        #expect(line.fitted(to: 60) == "2 channels  CARRYING 1  ▲ 21.4 Mbit/s  carried 1.2 GiB")
    }

    @Test("A single channel is named, and before anything came there is no ratio")
    func single() {
        let one = status(relayed("\u{1B}news", .connecting, up: 0, down: 0))
        #expect(
            one.line(after: .seconds(3), isUnicode: false).fitted(to: 200)
                == "\\u{1B}news  CONNECTING  down 1.6 Mbit/s  up 10.7 Mbit/s (4 peers)"
                + "  carried 0 B  ratio -  3.0 s")
    }

    @Test("The totals have a row a channel and their sum")
    func totals() {
        #expect(
            two.totals(after: .seconds(75)) == """
                news    carried 700 MiB, took 100 MiB, ratio 7.0
                sports  carried 500 MiB, took 50 MiB, ratio 10.0
                in all  carried 1.2 GiB, took 150 MiB, ratio 8.0
                time    75 s

                """)
    }

    @Test("Programs are told the sums first, then each channel")
    func json() {
        let record = status(relayed("news", up: 300, down: 200))
            .record(at: WallTime(microseconds: 1_500_000)).encoded
        let head =
            #"{"schema":1,"time":1.5,"event":"status","peers":4,"down_bps":1600000,"#
            + #""up_bps":10700000,"downloaded":200,"uploaded":300,"ratio":1.5,"channels":["#
            + #"{"name":"news","info_hash":"00ff","state":"carrying","silence":null,"#
            + #""share_bps":null,"feeds":8,"ratio":1.5,"swarm":{"peers":4,"#
        #expect(record.hasPrefix(head), "\(record)")
        #expect(two.totals(at: WallTime(microseconds: 0)).encoded.contains(#""event":"totals""#))
    }

    @Test("News name their channel, to people and to programs")
    func news() {
        let label = ChannelLabel(name: "news", infoHash: "00ff")
        let wall = WallTime(microseconds: 0)
        let event = RelayEvent.channel(label, .carrying(after: .seconds(0.3)))
        #expect(event.note == "news: carrying after 0.3 s")
        #expect(
            event.record(at: wall).encoded
                == #"{"schema":1,"time":0.0,"event":"carrying","name":"news","#
                + #""info_hash":"00ff","after":0.3}"#)
        #expect(
            RelayEvent.listening(port: 6881).record(at: wall).encoded
                == #"{"schema":1,"time":0.0,"event":"listening","peer_port":6881}"#)
    }
}

@Suite("What a relay is told")
struct RelayOptionTests {
    @Test(
        "Sizes need a unit of bytes",
        arguments: [
            ("256MiB", 256 << 20), ("1.5 GB", 1_500_000_000), ("900kB", 900_000),
            ("16mib", 16 << 20), ("1GiB", 1 << 30), ("256", nil), ("", nil), ("MiB", nil),
            ("8Mbit", nil), ("-1MiB", nil), ("1e999GB", nil), ("999999999GB", nil),
            ("1.2.3MB", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) {
        #expect(parseSize(text) == bytes)
    }

    @Test("Its window and its memory have bounds and come from flag, variable and file")
    func bounds() throws {
        let file = try ConfigFile(
            "[relay]\nwindow = 60\nmemory = \"32MiB\"\n", path: "p2ptv.toml")
        let settings = Settings(Environment(["P2PTV_RELAY_MEMORY": "64MiB"]), file: file)
        #expect(try settings.one(Keys.relayWindow) == .seconds(60))
        #expect(try settings.one(Keys.relayMemory) == 64 << 20)
        #expect(try settings.one(Keys.relayMemory, flag: "1GiB") == 1 << 30)
        for wrong in ["9", "1801", "x", ""] {
            #expect(throws: Complaint.self) { try settings.one(Keys.relayWindow, flag: wrong) }
        }
        for wrong in ["15MiB", "256", ""] {
            #expect(throws: Complaint.self) { try settings.one(Keys.relayMemory, flag: wrong) }
        }
    }

    @Test("A folder stands for the channel files in it, in the order of their names")
    func folder() throws {
        var template = Array("/tmp/p2ptv-channels-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let names = ["b.torrent", "a.torrent", "notes.txt", ".c.torrent"]
        defer {
            for name in names { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        #expect(refusal(of: folder) == .noInput)
        for name in names { close(creat("\(folder)/\(name)", 0o600)) }
        let both = [
            ChannelPlace.path("\(folder)/a.torrent"), .path("\(folder)/b.torrent"),
        ]
        #expect(try ChannelPlace.all(in: folder) == both)
        #expect(try ChannelPlace.all(in: "\(folder)/") == both)
        #expect(
            try ChannelPlace.all(in: "\(folder)/notes.txt") == [.path("\(folder)/notes.txt")])
        #expect(try ChannelPlace.all(in: "http://a/b.torrent") == [.web("http://a/b.torrent")])
        #expect(refusal(of: "ftp://a/b.torrent") == .usage)
    }

    private func refusal(of text: String) -> Console.ExitStatus? {
        do throws(Complaint) {
            _ = try ChannelPlace.all(in: text)
            return nil
        } catch {
            return error.status
        }
    }
}
