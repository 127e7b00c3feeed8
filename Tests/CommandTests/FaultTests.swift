// Which exit code belongs to what went wrong, and how it is printed.

import Console
import Ingest
import Metainfo
import Node
import Testing

@Suite("Errors and exit codes")
struct FaultTests {
    @Test(
        "A node's fault has the code of sysexits",
        arguments: [
            (.data, 65), (.noInput, 66), (.unavailable, 69), (.software, 70), (.cannotCreate, 73),
            (.inputOutput, 74), (.temporary, 75), (.permission, 77),
        ] as [(FaultKind, Int32)])
    func nodeFaults(kind: FaultKind, code: Int32) {
        let fault = NodeFault(kind, what: "a", why: "b", hint: "c")
        #expect(Complaint(fault).status.rawValue == code)
        #expect(Complaint(fault).hint == "c")
    }

    @Test(
        "An input that cannot be broadcast",
        arguments: [
            (.notFound("a"), 66), (.isDirectory("a"), 66), (.protocolUnknown("a"), 66),
            (.permission("a"), 77), (.empty("a"), 65), (.notMedia("a"), 65), (.noKeyFrames, 65),
            (.noStreams, 65), (.codecNotCarried(codec: "ffv1", kind: .video), 65),
            (.readFailed("a"), 74),
        ] as [(IngestFault, Int32)])
    func inputs(fault: IngestFault, code: Int32) {
        #expect(Complaint(fault).status.rawValue == code)
    }

    @Test(
        "What is no channel file is bad data, with a hint for each",
        arguments: [
            .empty, .truncated, .notATorrent, .ordinaryTorrent(name: "debian.iso"),
            .unsupportedVersion(2), .unsupportedContainer("ogg"), .badField("live"),
            .missingSignature,
        ] as [ChannelFileError])
    func channelFiles(error: ChannelFileError) {
        let complaint = Complaint(error, of: "x.torrent")
        #expect(complaint.status == .data)
        #expect(complaint.hint?.isEmpty == false)
    }

    @Test("An ordinary torrent is told from a channel, by its name")
    func ordinaryTorrents() {
        let text = Complaint(.ordinaryTorrent(name: "debian.iso"), of: "x.torrent").lines()
        #expect(
            text == """
                p2ptv: error: cannot use x.torrent: this is the ordinary torrent "debian.iso", \
                not a live channel
                hint: ordinary torrents are played with p2ptv watch, and seeded with p2ptv relay

                """)
    }

    @Test("Strangers' text cannot steer the terminal")
    func hostileText() {
        let complaint = Complaint(.data, what: "\u{1B}[2J", why: "a\u{202E}b\nc", hint: "\u{7}")
        #expect(
            complaint.lines()
                == "p2ptv: error: \\u{1B}[2J: a\\u{202E}b\\u{A}c\nhint: \\u{7}\n")
    }

    @Test("A hint names the file that was meant, quoted for a shell, but no URL")
    func namedInputs() throws {
        let complaint = Complaint(IngestFault.notMedia("my film.mp4"))
        let file = try InputChoice("my film.mp4")
        #expect(complaint.naming(file).hint == "look at it with: ffprobe 'my film.mp4'")
        let url = try InputChoice("http://user:secret@host/x")
        #expect(complaint.naming(url).hint == "look at it with: ffprobe INPUT")
    }

    @Test(
        "A file that cannot be read",
        arguments: [("no-such-file", 66), ("/dev/null/x", 66), ("/", 66)] as [(String, Int32)])
    func files(path: String, code: Int32) {
        let complaint = #expect(throws: Complaint.self) { try smallFile(path, limit: 10) }
        #expect(complaint?.status.rawValue == code)
    }

    @Test("A file without an end is given up")
    func endlessFiles() {
        let complaint = #expect(throws: Complaint.self) {
            try smallFile("/dev/zero", limit: 100_000)
        }
        #expect(complaint?.status == .data)
    }
}
