// Which value holds, and what is said of a wrong one.

import Console
import Primitives
import Testing

private func settings(_ variables: [String: String] = [:], _ file: String? = nil) throws -> Settings
{
    Settings(
        Environment(variables), file: try file.map { try ConfigFile($0, path: "p2ptv.toml") })
}

private func complaint(_ file: String) -> Complaint? {
    do throws(Complaint) {
        _ = try ConfigFile(file, path: "p2ptv.toml")
        return nil
    } catch {
        return error
    }
}

@Suite("Settings")
struct SettingsTests {
    let file = """
        schema = 1
        [peer]
        up_limit = "3Mbit"
        """

    @Test("A flag counts before the environment, that before the file, that before the default")
    func precedence() throws {
        let variables = ["P2PTV_UP_LIMIT": "2Mbit"]
        let rate = { (megabits: Double) in ByteRate(bitsPerSecond: megabits * 1e6) }
        let all = try settings(variables, file)
        #expect(try all.one(Keys.upLimit, flag: "1Mbit") == rate(1))
        #expect(try all.one(Keys.upLimit) == rate(2))
        #expect(try settings([:], file).one(Keys.upLimit) == rate(3))
        #expect(try settings().one(Keys.upLimit) == nil)
    }

    @Test("An empty variable counts as missing")
    func emptyVariables() throws {
        #expect(
            try settings(["P2PTV_UP_LIMIT": ""], file).one(Keys.upLimit)
                == ByteRate(bitsPerSecond: 3e6))
    }

    @Test("Lists come from repeated flags, words of a variable, or an array")
    func lists() throws {
        let one = "http://a.example/announce"
        let two = "udp://b.example:6969"
        let file = "trackers.default = [\"\(one)\", \"\(two)\"]"
        #expect(try settings([:], file).all(Keys.trackers) == [one, two])
        #expect(
            try settings(["P2PTV_TRACKER": "\(one) \(two)"]).all(Keys.trackers) == [one, two])
        #expect(try settings([:], file).all(Keys.trackers, flag: [two]) == [two])
    }

    @Test("Numbers of the file are read as what they mean")
    func numbers() throws {
        let all = try settings([:], "[http]\nport = 8080\n[watch]\ndelay = 1.5")
        #expect(try all.one(Keys.httpPort) == 8080)
        #expect(try all.one(Keys.delay) == .seconds(1.5))
    }

    @Test("A wrong value is told with its place, and with 64 only where a flag is wrong")
    func wrongValues() throws {
        let wrong = try settings(["P2PTV_PEER_PORT": "70000"], "[peer]\nup_limit = \"8\"")
        let flag = #expect(throws: Complaint.self) {
            try wrong.one(Keys.upLimit, flag: "fast")
        }
        #expect(flag?.status == .usage && flag?.what == "--up-limit")
        let variable = #expect(throws: Complaint.self) { try wrong.one(Keys.peerPort) }
        #expect(variable?.status == .configuration && variable?.what == "P2PTV_PEER_PORT")
        let line = #expect(throws: Complaint.self) { try wrong.one(Keys.upLimit) }
        #expect(line?.status == .configuration && line?.what == "p2ptv.toml:2")
        #expect(line?.why == "peer.up_limit: '8' has no unit")
        #expect(wrong.firstFault() != nil)
    }

    @Test(
        "An unknown key is told with its line and what may be meant",
        arguments: [
            ("[peer]\nport = 1\nup_limt = \"1Mbit\"", 3, "peer.up_limit"),
            ("# a comment\n\n[pear]\nport = 1", 3, "peer"),
            ("peer.prt = 1", 1, "peer.port"),
            ("schema = 1\r\n[http]\r\nprot = 1\r\n", 3, "http.port"),
            ("chema = 1", 1, "schema"),
        ] as [(String, Int, String)])
    func unknownKeys(file: String, line: Int, meant: String) {
        let found = complaint(file)
        #expect(found?.status == .configuration)
        #expect(found?.what == "p2ptv.toml:\(line)")
        #expect(found?.hint == "did you mean '\(meant)'?")
    }

    @Test("A key like no other gets no guess")
    func strangeKeys() {
        #expect(complaint("[peer]\nhovercraft = 1")?.hint?.contains("config default") == true)
    }

    @Test("What is not TOML is told with line and column")
    func syntax() {
        let found = complaint("schema = 1\n[peer\nport = 1")
        #expect(found?.status == .configuration)
        #expect(found?.what.hasPrefix("p2ptv.toml:2:") == true)
    }

    @Test(
        "A value of the wrong kind is told with its line",
        arguments: [
            "\n[peer]\nport = [1]", "\n[trackers]\ndefault = \"http://a/announce\"",
            "\n[http]\nport = true", "\n[peer]\n[peer.port]\n",
        ])
    func wrongKinds(file: String) {
        let found = complaint(file)
        #expect(found?.status == .configuration)
        #expect(found?.what == "p2ptv.toml:3")
    }

    @Test("Another schema is refused")
    func schema() {
        #expect(complaint("schema = 2")?.what == "p2ptv.toml:1")
        #expect(complaint("schema = 1") == nil)
    }

    @Test("A damaged file never traps: every prefix of the example is read or refused")
    func truncation() {
        let bytes = Array(ConfigFile.example.utf8)
        for end in stride(from: 0, to: bytes.count, by: 7) {
            _ = complaint(String(decoding: bytes[..<end], as: UTF8.self))
        }
    }

    @Test("A misspelt variable is found")
    func strangeVariables() throws {
        let all = try settings(["P2PTV_UPLIMIT": "1Mbit", "P2PTV_PLAYER": "mpv", "HOME": "/h"])
        #expect(all.strangeVariables.map(\.name) == ["P2PTV_UPLIMIT"])
        #expect(all.strangeVariables.first?.meant == "P2PTV_UP_LIMIT")
    }

    @Test("What is shown says where it comes from")
    func report() throws {
        let report = try settings(["P2PTV_HTTP_PORT": "8000"], file).report
        #expect(report.contains("http.port = \"8000\"  # P2PTV_HTTP_PORT\n"))
        #expect(report.contains("peer.up_limit = \"3Mbit\"  # p2ptv.toml:3\n"))
        #expect(report.contains("# watch.player: auto\n"))
    }

    @Test("Ports, addresses, trackers, players and delays are checked")
    func parsers() throws {
        let none = try settings()
        #expect(try none.one(Keys.httpPort, flag: "0") == 0)
        for port in ["0", "65536", "-1", "x", ""] {
            #expect(throws: Complaint.self) { try none.one(Keys.peerPort, flag: port) }
        }
        for address in ["localhost", "1.2.3", "0.0.0.0", "224.0.0.1", "::1"] {
            #expect(throws: Complaint.self) { try none.one(Keys.publicAddress, flag: address) }
        }
        #expect(throws: Complaint.self) { try none.all(Keys.trackers, flag: ["ftp://a/announce"]) }
        #expect(try none.one(Keys.player, flag: "vlc") == .vlc)
        #expect(throws: Complaint.self) { try none.one(Keys.player, flag: "mplayer") }
        for delay in ["0", "-1", "61", "soon"] {
            #expect(throws: Complaint.self) { try none.one(Keys.delay, flag: delay) }
        }
    }
}
