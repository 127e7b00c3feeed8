// What mpv and VLC do with files over HTTP, re-enacted: an open range for every place, a reset for
// every jump, and patience in between. The shapes are measured, the numbers are made up.

import Primitives
import Reactor
import Testing

@testable import Gateway

private let length: Int64 = 3_000_000

/// One request of a player: where it asks from, and how much it takes before it goes away.
private struct Visit {
    let from: Int64
    /// Nil: all there is.
    let takes: Int?
}

@Suite("Players", .timeLimit(.minutes(1))) @Loop struct PlayerTests {
    @Test(
        "mpv opens and jumps with a new connection each time, and gets the bytes of each place",
        arguments: [
            // An MP4 with its index behind: head, index, media, then two jumps and one back.
            [
                Visit(from: 0, takes: 32_768), Visit(from: 2_900_000, takes: nil),
                Visit(from: 48, takes: 400_000), Visit(from: 1_500_000, takes: 300_000),
                Visit(from: 2_500_000, takes: nil), Visit(from: 700_000, takes: 300_000),
            ],
            // A Matroska file: the cues only with the first jump.
            [
                Visit(from: 0, takes: 500_000), Visit(from: 2_997_409, takes: nil),
                Visit(from: 1_400_000, takes: 300_000),
            ],
            // A transport stream: head, end, and the head again.
            [
                Visit(from: 0, takes: 360_000), Visit(from: 2_750_000, takes: nil),
                Visit(from: 0, takes: 400_000), Visit(from: length - 1, takes: nil),
            ],
            // An AVI: five connections within a few milliseconds.
            [
                Visit(from: 0, takes: 65_536), Visit(from: 2_640_000, takes: 32_768),
                Visit(from: 10_026, takes: 32_768), Visit(from: 2_640_008, takes: nil),
                Visit(from: 10_026, takes: 500_000),
            ],
        ] as [[Visit]])
    private func mpv(_ visits: [Visit]) async throws {
        let node = try FakeNode(length: length)
        node.eager = 16_384
        for visit in visits {
            let client = node.client()
            client.send(
                "GET /file/0/film.mkv HTTP/1.1\r\nUser-Agent: libmpv\r\nAccept: */*\r\n"
                    + "Range: bytes=\(visit.from)-\r\nHost: 127.0.0.1:\(node.gateway.port)\r\n"
                    + "Icy-MetaData: 1\r\nConnection: close\r\n\r\n")
            let head = await client.head()
            #expect(head.contains(" 206 ") && !head.contains("icy-"))
            #expect(head.contains("Content-Range: bytes \(visit.from)-2999999/3000000"))
            let whole = Int(length - visit.from)
            let got = await client.body(visit.takes ?? whole)
            let same = got == testBytes(visit.from..<visit.from + Int64(got.count))
            #expect(same && got.count >= visit.takes ?? whole)
            if visit.takes == nil {
                #expect(
                    await eventually {
                        client.take(); return client.isClosed
                    })
            }
            client.resetOnClose()
        }
        #expect(await eventually { node.open.isEmpty })
        node.gateway.close()
    }

    @Test("VLC asks past the end while it waits for the head, and is told at once")
    func pastTheEnd() async throws {
        let node = try FakeNode(length: length)
        let waiting = node.client()
        waiting.ask("0-")
        _ = await waiting.head()
        let other = node.client()
        other.ask("\(length)-")
        #expect(await other.answer().status == 416)
        #expect(node.open.count == 1 && waiting.body.isEmpty)
        node.eager = 65_536
        let id = try #require(node.reader)
        while node.wants[id] != nil, node.give(first: 65_536, to: id) {}
        #expect(await waiting.body(Int(length)).count == Int(length))
        node.gateway.close()
    }

    @Test("A body that stands still for a while goes on where it was")
    func standsStill() async throws {
        let node = try FakeNode(length: 50_000)
        let client = node.client()
        client.ask("0-")
        _ = await client.head()
        let id = try #require(node.reader)
        for step in stride(from: Int64(0), to: 50_000, by: 10_000) {
            #expect(node.give(step..<step + 10_000, to: id))
            #expect(await client.body(Int(step) + 10_000) == testBytes(0..<step + 10_000))
            try await Task.sleep(nanoseconds: 50_000_000)
            #expect(!client.isClosed)
        }
        node.gateway.close()
    }

    @Test("A player that comes back after a cut goes on at the very byte")
    func afterACut() async throws {
        let node = try FakeNode(length: length)
        var got: [UInt8] = []
        while got.count < Int(length) {
            let client = node.client()
            client.ask("\(got.count)-", more: "If-Range: \"0123abcd-0\"\r\n")
            #expect(await client.head().contains(" 206 "))
            let id = try #require(node.reader)
            let end = min(length, Int64(got.count) + 700_000)
            node.give(Int64(got.count)..<end, to: id)
            got += await client.body(Int(end) - got.count)
            // The node cuts the connection, as a program that ends does.
            node.shelf?.refuse(id)
            #expect(
                await eventually {
                    client.take(); return client.isClosed || end == length
                })
        }
        let same = got == testBytes(0..<length)
        #expect(same)
        node.gateway.close()
    }
}
