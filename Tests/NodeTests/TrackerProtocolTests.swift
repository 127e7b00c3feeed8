// Announces on real sockets: at Debian's opentracker, and at trackers by UDP that are silent.

@testable import Node
import Primitives
import Reactor
import Testing
import Tracker

@Suite("Trackers by HTTP and by UDP", .serialized)
struct TrackerProtocolTests {
    static let infoHash = InfoHash(Bytes20(Array(1...20)) ?? Bytes20())

    @Test(
        "Nodes meet at opentracker, by UDP, by HTTP and by one of each",
        .enabled(if: OpenTracker.path != nil, "there is no opentracker: scripts/setup installs it"))
    @Loop
    func opentracker() async throws {
        let tracker = try OpenTracker(Self.infoHash)
        defer { tracker.close() }
        let urls = ["udp", "http"].map { "\($0)://127.0.0.1:\(tracker.port)/announce" }
        // It reads its list in a thread of its own, some time after it listens.
        let question =
            "\(urls[1])?info_hash=%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13%14"
            + "&peer_id=01234567890123456789&port=9&left=0&event=stopped"
        let isUp = await eventually(within: .seconds(10)) {
            shell("curl -s '\(question)'").contains("8:interval")
        }
        #expect(isUp)
        var nodes: [TestAnnounces] = []
        for (number, url) in [urls[0], urls[1], urls[0]].enumerated() {
            let node = TestAnnounces(
                [[url]], infoHash: Self.infoHash, port: UInt16(4001 + number))
            #expect(await eventually(within: .seconds(5)) { node.isAnswered }, "\(node.notes)")
            nodes.append(node)
        }
        #expect(nodes[1].found.contains(.here(4001)))
        #expect(nodes[2].found.isSuperset(of: [.here(4001), .here(4002)]))
        for node in nodes { #expect(await node.stop()) }
        let last = TestAnnounces([[urls[0]]], infoHash: Self.infoHash, port: 4004)
        #expect(await eventually(within: .seconds(5)) { last.isAnswered }, "\(last.notes)")
        #expect(last.found.subtracting([.here(4004)]) == [])
        #expect(await last.stop())
    }

    @Test("Numbers of a swarm that are old are asked for, by both protocols")
    @Loop
    func scrapes() async throws {
        let service = try TrackerService(port: 0, swarms: [], publicAddress: nil, seed: 1)
        defer { service.close() }
        var settings = AnnouncerSettings()
        settings.scrapePause = .zero
        for (port, scheme) in zip(UInt16(4001)..., ["udp", "http"]) {
            let node = TestAnnounces(
                [["\(scheme)://127.0.0.1:\(service.port)/announce"]], infoHash: Self.infoHash,
                port: port, settings: settings)
            #expect(await eventually(within: .seconds(5)) { node.isAnswered }, "\(node.notes)")
            // What an announce does not say tells that a scrape was answered.
            #expect(await eventually(within: .seconds(5)) { node.counts.completed == 0 })
            #expect(node.counts.seeders == Int(port) - 4000)
        }
    }

    @Test("A silent tracker by UDP holds nobody up: the next is asked")
    @Loop
    func silent() async throws {
        let silent = try UDPSocket(on: .here(0)) { _, _ in }
        let service = try TrackerService(port: 0, swarms: [], publicAddress: nil, seed: 1)
        var settings = AnnouncerSettings()
        settings.turn = .milliseconds(200)
        settings.stopTime = .seconds(1)
        let node = TestAnnounces(
            [
                ["udp://127.0.0.1:\(silent.port)"], ["udp://no-such-name.invalid:1"],
                ["http://127.0.0.1:\(service.port)/announce"],
            ], infoHash: Self.infoHash, port: 4001, settings: settings)
        #expect(await eventually(within: .seconds(5)) { node.isAnswered }, "\(node.notes)")
        #expect(service.peerCount == 1)
        #expect(await node.stop())
        silent.close()
        service.close()
    }

    @Test("Our own tracker answers by both protocols on one port, and takes good-byes by both")
    @Loop
    func own() async throws {
        let service = try TrackerService(
            port: 0, swarms: [Self.infoHash], publicAddress: nil, seed: 1)
        var nodes: [TestAnnounces] = []
        for (number, host) in ["udp://127.0.0.1", "http://127.0.0.1", "udp://[::1]"].enumerated() {
            let node = TestAnnounces(
                [["\(host):\(service.port)/announce"]], infoHash: Self.infoHash,
                port: UInt16(4001 + number))
            #expect(await eventually(within: .seconds(5)) { node.isAnswered }, "\(node.notes)")
            nodes.append(node)
        }
        #expect(service.peerCount == 3)
        #expect(nodes[2].counts == SwarmCounts(seeders: 3, leechers: 0))
        #expect(nodes[1].found == [.here(4001)])
        for node in nodes { #expect(await node.stop()) }
        #expect(service.peerCount == 0)
        let stranger = TestAnnounces(
            [["udp://127.0.0.1:\(service.port)"]], infoHash: InfoHash(Bytes20()), port: 4001)
        #expect(await eventually(within: .seconds(5)) { !stranger.notes.isEmpty })
        #expect(stranger.notes.first?.contains("does not serve") == true)
        #expect(await stranger.stop())
        service.close()
        let again = try TrackerService(
            port: service.port, swarms: [], publicAddress: nil, seed: 1)
        again.close()
    }

    @Test(
        "libtorrent announces at our tracker by UDP, and finds who is there",
        .enabled(
            if: LibtorrentPeer.python != nil,
            "there is no libtorrent for Python: pip install libtorrent")
    )
    @Loop
    func libtorrent() async throws {
        let service = try TrackerService(port: 0, swarms: [], publicAddress: nil, seed: 1)
        let url = "udp://127.0.0.1:\(service.port)/announce"
        let ours = TestAnnounces([[url]], infoHash: Self.infoHash, port: 4001)
        #expect(await eventually(within: .seconds(5)) { ours.isAnswered })
        let theirs = LibtorrentPeer(Self.infoHash, tracker: url)
        #expect(await eventually(within: .seconds(15)) { service.peerCount == 2 }, "\(theirs.log)")
        #expect(
            await eventually(within: .seconds(5)) { theirs.log.contains("peers 1") },
            "\(theirs.log)")
        let later = TestAnnounces([[url]], infoHash: Self.infoHash, port: 4002)
        #expect(await eventually(within: .seconds(5)) { later.isAnswered })
        #expect(later.found.count == 2)
        theirs.close()
        #expect(await ours.stop())
        #expect(await later.stop())
        service.close()
    }
}

@Suite("Scrapes of all trackers at once", .serialized)
struct TrackerScrapeTests {
    private let infoHash = TrackerProtocolTests.infoHash

    @Loop
    private func ask(_ urls: [String], within time: Interval) async -> [ScrapedTracker] {
        await TrackerScrape.ask(urls, about: [infoHash, InfoHash(Bytes20())], within: time)
    }

    private func seeders(_ tracker: ScrapedTracker) -> [Int?]? {
        guard case .success(let swarms) = tracker.answer else { return nil }
        return swarms.map(\.seeders)
    }

    private func reason(_ tracker: ScrapedTracker) -> String? {
        guard case .failure(let failure) = tracker.answer else { return nil }
        return failure.reason
    }

    @Test("Both protocols tell the same, and who is silent or no tracker is told of in time")
    @Loop
    func all() async throws {
        let service = try TrackerService(
            port: 0, swarms: [infoHash], publicAddress: nil, seed: 1)
        defer { service.close() }
        let silent = try UDPSocket(on: .here(0)) { _, _ in }
        defer { silent.close() }
        let node = TestAnnounces(
            [["http://127.0.0.1:\(service.port)/announce"]], infoHash: infoHash, port: 4001)
        #expect(await eventually(within: .seconds(5)) { node.isAnswered }, "\(node.notes)")
        let urls = [
            "http://127.0.0.1:\(service.port)/announce", "udp://127.0.0.1:\(service.port)",
            "udp://127.0.0.1:\(silent.port)", "http://127.0.0.1:9/announce", "ws://x/announce",
            "udp://no-such-name.invalid:1",
        ]
        let answers = await ask(urls, within: .seconds(2))
        #expect(answers.map(\.url) == urls)
        // By HTTP what is not served is left out, by UDP its counts are zeros.
        #expect(seeders(answers[0]) == [1, nil])
        #expect(seeders(answers[1]) == [1, 0])
        #expect(reason(answers[2]) == "no answer in time")
        for answer in answers[2...] { #expect(reason(answer)?.isEmpty == false) }
        #expect(await node.stop())
    }

    @Test(
        "opentracker tells by both protocols what it knows",
        .enabled(if: OpenTracker.path != nil, "there is no opentracker: scripts/setup installs it"))
    @Loop
    func opentracker() async throws {
        let tracker = try OpenTracker(infoHash)
        defer { tracker.close() }
        let url = "http://127.0.0.1:\(tracker.port)/announce"
        let question =
            "\(url)?info_hash=%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13%14"
            + "&peer_id=01234567890123456789&port=9&left=0&event=completed"
        let isUp = await eventually(within: .seconds(10)) {
            shell("curl -s '\(question)'").contains("8:interval")
        }
        #expect(isUp)
        let answers = await ask([url, "udp://127.0.0.1:\(tracker.port)"], within: .seconds(5))
        #expect(answers.map { seeders($0)?.first } == [1, 1])
    }
}
