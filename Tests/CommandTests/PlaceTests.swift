// Folders from the environment, names of files, and what people mean by inputs and channels.

import Console
import Ingest
import Primitives
import Testing

@Suite("Folders and names")
struct PlaceTests {
    @Test(
        "The state folder is the unit's, or that of the desktop, or below the home",
        arguments: [
            (["STATE_DIRECTORY": "/var/lib/p2ptv:/b", "XDG_STATE_HOME": "/s"], "/var/lib/p2ptv"),
            (["XDG_STATE_HOME": "/s", "HOME": "/h"], "/s/p2ptv"),
            (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/p2ptv"),
            (["XDG_STATE_HOME": "", "HOME": "/h"], "/h/.local/state/p2ptv"),
            ([:], nil),
        ] as [([String: String], String?)])
    func state(variables: [String: String], folder: String?) {
        #expect(Environment(variables).stateFolder == folder)
    }

    @Test("The configuration is one's own before the machine's")
    func configuration() {
        #expect(
            Environment(["XDG_CONFIG_HOME": "/c", "HOME": "/h"]).configurationFiles
                == ["/c/p2ptv/p2ptv.toml", "/etc/p2ptv/p2ptv.toml"])
        #expect(
            Environment(["HOME": "/h"]).configurationFiles
                == ["/h/.config/p2ptv/p2ptv.toml", "/etc/p2ptv/p2ptv.toml"])
        #expect(Environment([:]).configurationFiles == ["/etc/p2ptv/p2ptv.toml"])
    }

    @Test(
        "A channel's name makes a file name that is no path, not hidden and no option",
        arguments: [
            ("news", "news"), ("Новости дня", "Новости дня"), ("a/b", "a-b"), ("..", "_.."),
            ("-rf", "_-rf"), ("", "channel"), (".hidden", "_.hidden"),
        ] as [(String, String)])
    func names(channel: String, name: String) {
        #expect(fileName(for: channel) == name)
    }

    @Test("A long name leaves room for an extension")
    func longNames() {
        #expect(fileName(for: String(repeating: "й", count: 200)).utf8.count == 200)
    }

    @Test(
        "An input is a file, standard input or a URL, and names its channel",
        arguments: [
            ("film.mp4", .file("film.mp4"), "film"), ("/a/b.c/film", .file("/a/b.c/film"), "film"),
            ("my.film.ts", .file("my.film.ts"), "my.film"), (".ts", .file(".ts"), ".ts"),
            ("file:///a/b.ts", .file("/a/b.ts"), "b"), ("..", .file(".."), "."),
            ("srt://host:1", .url("srt://host:1"), "live"),
            ("udp://239.0.0.1:1234", .url("udp://239.0.0.1:1234"), "live"),
        ] as [(String, IngestOptions.Source, String)])
    func inputs(text: String, source: IngestOptions.Source, name: String) throws {
        let choice = try InputChoice(text)
        #expect(choice.source == source)
        #expect(choice.name == name)
    }

    @Test("Only a file can begin again")
    func loops() throws {
        #expect(throws: Complaint.self) { try InputChoice("srt://host:1", loop: true) }
        #expect(try InputChoice("film.ts", loop: true).source == .file("film.ts"))
    }

    @Test("A name that was asked for is taken or refused; that of a file is made fit")
    func channelNames() throws {
        #expect(try channelName("News 24", otherwise: "x") == "News 24")
        #expect(throws: Complaint.self) { try channelName("a\u{1B}b", otherwise: "x") }
        #expect(throws: Complaint.self) { try channelName("", otherwise: "x") }
        #expect(try channelName(nil, otherwise: "a\u{1B}b") == "a\u{FFFD}b")
    }

    @Test(
        "What is not supported yet is refused as usage, with a way out",
        arguments: [
            "magnet:?xt=urn:btih:00", "ftp://a/x",
        ])
    func unsupported(text: String) {
        let complaint = #expect(throws: Complaint.self) { try ChannelPlace(text) }
        #expect(complaint?.status == .usage)
        #expect(complaint?.hint?.isEmpty == false)
    }

    @Test("A channel is a file, or an http or https URL of one")
    func channels() throws {
        #expect(try ChannelPlace("news.torrent") == .path("news.torrent"))
        #expect(try ChannelPlace("file:///a/news.torrent") == .path("/a/news.torrent"))
        #expect(try ChannelPlace("http://a.example/n") == .web("http://a.example/n"))
        #expect(try ChannelPlace("HTTPS://a.example/n") == .web("HTTPS://a.example/n"))
    }

    @Test(
        "A peer is an address and a port",
        arguments: [
            "1.2.3.4", "host:1", "1.2.3.4:0", ":1", "2001:db8::7:1", "[::1]", "[1.2.3.4]:1",
        ])
    func peers(text: String) throws {
        #expect(throws: Complaint.self) { try peerEndpoint(text) }
        #expect(try peerEndpoint("1.2.3.4:6881").port == 6881)
        let six = try peerEndpoint("[2001:db8::7]:6881")
        #expect(six.address == .v6(0x2001_0db8_0000_0000, 7) && six.port == 6881)
    }
}
