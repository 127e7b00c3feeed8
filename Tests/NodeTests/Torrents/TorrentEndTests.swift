// The end of a torrent while its store is still at work.

@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Testing

@Suite("The end of a torrent", .serialized, .timeLimit(.minutes(1)))
struct TorrentEndTests {
    private func piece(_ number: Int, of film: TestFilm) -> [UInt8] {
        Array(film.content[number * TestFilm.pieceLength..<(number + 1) * TestFilm.pieceLength])
    }

    @Test("waits for no piece that turns out to be wrong, and keeps what is right")
    @Loop
    func wrong() async throws {
        let film = try TestFilm()
        let node = try FilmNode(film, isKept: true)
        defer { node.close() }
        #expect(await node.joins())
        node.driver?.store.submit(PieceIndex(0), piece(0, of: film))
        node.driver?.store.checkLot()
        #expect(await eventually { node.driver?.store.written.count == 1 })
        node.driver?.store.submit(PieceIndex(1), piece(0, of: film))
        let log = Log<String>()
        node.task?.stop { log.add("stopped") }
        #expect(log.entries == [])
        #expect(await eventually { log.entries == ["stopped"] })
        #expect(node.isRemembered)
    }

    @Test("is the end also of what its store has to tell")
    @Loop
    func closed() async throws {
        let film = try TestFilm()
        let node = try FilmNode(film)
        #expect(await node.joins())
        let store = try #require(node.driver?.store)
        store.submit(PieceIndex(0), piece(0, of: film))
        node.task?.close()
        await pause(.milliseconds(300))
        #expect(node.events == [])
        #expect(node.engine?.haveCount == 0)
        // It was checked, and nobody has taken the news.
        #expect(store.take().contains(.verified(PieceIndex(0))))
        node.close()
    }
}
