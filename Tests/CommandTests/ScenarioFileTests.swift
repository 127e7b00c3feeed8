// What a scenario file means, and what is said of a wrong one.

import Console
import Glibc
import Pieces
import Primitives
import Simulator
import Testing

private let minimal = """
    [stream]
    rate_kbit_s = 1500
    [source]
    up_x = 3
    [[viewers]]
    count = 8
    up_x = 1.5

    """

private func complaint(_ text: String) -> Complaint? {
    do throws(Complaint) {
        _ = try ScenarioFile.parse(text, path: "a.toml")
        return nil
    } catch {
        return error
    }
}

@Suite("A scenario file")
struct ScenarioFileTests {
    @Test("Little is needed")
    func least() throws {
        let scenario = try ScenarioFile.parse(minimal, path: "a.toml")
        #expect(scenario.viewers == 8)
        #expect(scenario.length == .seconds(60))
        #expect(scenario.stream.geometry.pieceLength == 16_384)
        #expect(scenario.source.up == ByteRate(bitsPerSecond: 4_500_000))
        #expect(scenario.source.delay == .milliseconds(25))
        #expect(scenario.groups.map(\.joins) == [.apart(.zero)])
    }

    @Test("Every key is read with its unit")
    func keys() throws {
        let text = """
            about = "all"
            length_s = 90
            seed = 7
            measured_from_s = 20.5
            quantum_bytes = 1448
            [stream]
            rate_kbit_s = 4000
            piece_bytes = 65536
            key_frames_s = 4
            [source]
            up_kbit_s = 9000
            down_kbit_s = 50000
            delay_ms = 10
            [[viewers]]
            count = 40
            up_x = [0.5, 2]
            up_shares = [3, 1]
            down_x = 4
            delay_ms = 30
            jitter_ms = 3
            loss_percent = 1
            queue_kib = 256
            nat_share = 0.6
            conduct = "free-rider"
            join_from_s = 3
            join_per_s = 2.5
            stay_mean_s = 60
            silent_share = 0.3
            replaced = true
            [[relays]]
            count = 2
            up_x = 10
            [[events]]
            at_s = 30
            event = "cut"
            who = "source"
            for_s = 10
            [[events]]
            at_s = 40
            event = "leave"
            share = 0.25
            silent_share = 1
            replaced = true
            """
        let scenario = try ScenarioFile.parse(text, path: "a.toml")
        #expect(scenario.about == "all" && scenario.seed == 7 && scenario.quantum == 1448)
        #expect(scenario.measuredFrom == .seconds(20.5))
        #expect(scenario.stream.geometry.pieceLength == 65_536)
        #expect(scenario.stream.keyEvery == 30)
        let group = try #require(scenario.groups.first)
        let rate = { (kilobits: Double) in ByteRate(bitsPerSecond: kilobits * 1000) }
        #expect(
            group.ups.map(\.part) == [3, 1] && group.ups.map(\.up) == [rate(2000), rate(8000)])
        #expect(group.line.loss == 0.01 && group.line.queue == 262_144)
        #expect(group.line.down == rate(16_000) && group.line.jitter == .milliseconds(3))
        #expect(group.conduct == .freeRider && group.natShare == 0.6)
        #expect(group.joins == .poisson(2.5) && group.meanStay == .seconds(60))
        #expect(group.silentShare == 0.3 && group.isReplaced && !group.isRelay)
        #expect(scenario.groups.map(\.isRelay) == [false, true])
        #expect(
            scenario.incidents == [
                .init(at: .seconds(30), who: .source, what: .cut(.seconds(10))),
                .init(
                    at: .seconds(40), who: .viewers(share: 0.25),
                    what: .leave(silentShare: 1, isReplaced: true)),
            ])
    }

    @Test(
        "What is wrong is told with its line, and ends with 65",
        arguments: [
            ("", "a.toml:1", "[stream]"),
            (minimal + "size = 3\n", "a.toml:8", "the key 'size' is not known"),
            (minimal + "conduct = \"rude\"\n", "a.toml:8", "honest"),
            (minimal + "loss_percent = 80\n", "a.toml:8", "from 0 to 50"),
            (minimal + "join_gap_s = 1\njoin_per_s = 2\n", "a.toml:8", "exclude"),
            (minimal + "up_kbit_s = 800\n", "a.toml:7", "exclude"),
            (minimal + "up_shares = [1, 2]\n", "a.toml:8", "a part for each"),
            (minimal + "[[viewers]]\ncount = \"two\"\nup_x = 1\n", "a.toml:9", "whole number"),
            (minimal + "[[events]]\nat_s = 3\n", "a.toml:8", "leave, cut or partition"),
            (minimal + "[[events]]\nat_s = 3\nevent = \"cut\"\n", "a.toml:8", "'for_s' must be"),
            ("[stream]\nrate_kbit_s = 1500\n[source]\nup_x = 3\n", "a.toml:1", "viewers"),
            ("[stream]\nrate_kbit_s = 1500\npiece_bytes = 20000\n", "a.toml:3", "power of two"),
            ("length_s = [\n", "a.toml:", "not TOML"),
        ] as [(String, String, String)])
    func wrong(text: String, place: String, why: String) throws {
        let said = complaint(text)
        let complaint = try #require(said)
        #expect(complaint.status == .data)
        #expect(complaint.what.hasPrefix(place), "\(complaint)")
        #expect(complaint.why.contains(why), "\(complaint)")
        #expect(complaint.hint?.isEmpty == false)
    }

    @Test("A slip of the pen is named")
    func slips() {
        #expect(complaint(minimal + "jiter_ms = 3\n")?.hint == "did you mean 'jitter_ms'?")
    }

    @Test("A file cut off anywhere is a scenario or a complaint")
    func truncated() {
        let text = minimal + "[[events]]\nat_s = 3\nevent = \"cut\"\nfor_s = 2\n"
        for count in 0..<text.count { _ = complaint(String(text.prefix(count))) }
    }

    @Test("The examples of the repository are right")
    func examples() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(folder)/config/scenarios"
        guard let listing = opendir(path) else { throw Complaint(.noInput, what: path, why: "") }
        defer { closedir(listing) }
        var count = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasSuffix(".toml") else { continue }
            let scenario = try ScenarioFile.read("\(path)/\(name)")
            #expect(!scenario.about.isEmpty)
            count += 1
        }
        #expect(count >= 15)
    }
}

@Suite("The report on a run")
struct SimulationReportTests {
    @Test("Is a table for people, an object for programs, and a picture")
    func forms() throws {
        var scenario = try ScenarioFile.parse(minimal, path: "a.toml")
        scenario.length = .seconds(8)
        scenario.measuredFrom = .seconds(4)
        var run = SimulationRun(scenario.scaled(to: 2), Terminal())
        let report = run.play()
        let text = SimulationReport(scenario, report).text
        for row in ["start", "lag", "continuity", "source copies", "hops", "fairness", "digest"] {
            #expect(text.contains(row))
        }
        #expect(text.hasSuffix("no stalls, nothing skipped\n"))
        let json = SimulationReport(scenario, report).json(perViewer: true).encoded
        #expect(json.hasPrefix("{\"schema\":") && json.contains("\"each\":[{\"number\":1,"))
        let points = [2, 20].map { SwarmChart.Point(viewers: $0, report) }
        let svg = SwarmChart(points, index: 1.5).svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.components(of: "<polyline") == 3 && svg.components(of: "<circle") == 6)
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
