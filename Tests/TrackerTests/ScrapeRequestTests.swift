// A question for the size of swarms: how it is put, and what answers mean.

import Bencode
import Primitives
import Testing

@testable import Tracker

@Suite("A scrape")
struct ScrapeRequestTests {
    private let one = InfoHash(Bytes20(Array(repeating: 0x61, count: 20)) ?? Bytes20())
    private let two = InfoHash(Bytes20(Array(repeating: 0xff, count: 20)) ?? Bytes20())

    private func request(_ url: String = "http://t/announce") throws -> ScrapeRequest {
        try ScrapeRequest(url, about: [one, two])
    }

    @Test("goes to the page beside that of announces, with all swarms, or to the address by UDP")
    func ways() throws {
        let a = String(repeating: "a", count: 20)
        let ff = String(repeating: "%FF", count: 20)
        #expect(
            try request("https://t/x/announce.php?key=1").way
                == .page("https://t/x/scrape.php?key=1&info_hash=\(a)&info_hash=\(ff)"))
        guard case .datagram(let address) = try request("udp://[::1]:80/announce").way else {
            Issue.record("is not asked by UDP")
            return
        }
        #expect(address.host == "::1" && address.port == 80)
        #expect(throws: ScrapeRequest.Fault.withoutPage) { _ = try request("http://t/x") }
        for url in ["ws://t/announce", "udp://t/announce", "", "http://"] {
            #expect(throws: ScrapeRequest.Fault.notATracker) { _ = try request(url) }
        }
    }

    private func counts(_ body: String, status: Int = 200) throws -> [SwarmCounts?] {
        try request().counts(status: status, body: Array(body.utf8))
    }

    @Test("is answered with the counts of those swarms that the tracker knows")
    func answers() throws {
        let a = String(repeating: "a", count: 20)
        let some = "d5:filesd20:\(a)d8:completei5e10:downloadedi50e10:incompletei10eeee"
        #expect(
            try counts(some) == [SwarmCounts(seeders: 5, leechers: 10, completed: 50), nil])
        #expect(try counts("d5:filesdee") == [nil, nil])
        #expect(
            try counts("d5:filesd20:\(a)d8:completei-1e10:incomplete1:xeee")
                == [SwarmCounts(), nil])
        let byUDP = SwarmCounts(seeders: 1)
        #expect(try request().counts([byUDP]) == [byUDP, nil])
        #expect(try request().counts([byUDP, byUDP, byUDP]) == [byUDP, byUDP])
    }

    @Test("is refused in words that are safe on a terminal")
    func refusals() {
        func reason(_ body: String, _ status: Int = 200) -> String? {
            do throws(AnnounceResponseError) {
                let request = try? request()
                _ = try request?.counts(status: status, body: Array(body.utf8))
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(reason("d14:failure reason5:no\u{1b}[me")?.contains("\u{1b}") == false)
        #expect(reason("d14:failure reason2:noe") == "no")
        #expect(reason("d14:failure reason2:noe", 403) == "no")
        #expect(reason("nothing here", 404)?.contains("HTTP status 404") == true)
        #expect(reason("d5:filesdee", 500)?.contains("HTTP status 500") == true)
        #expect(reason("de")?.contains("no files") == true)
        #expect(reason("<html>") != nil)
        #expect(reason(String(repeating: "l", count: 100_000)) != nil)
    }
}
