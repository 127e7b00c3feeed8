// Peers that lie to whoever fetches the metadata of a link, over real sockets: about its size, about
// its bytes, without an end, or in great numbers (reliability, W9 and M8). The decisions are tested in
// MetainfoTests; here it is that they come to something: who is left, and that one honest peer suffices.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Testing
import Wire

@Suite("The metadata of a link, among hostile peers", .timeLimit(.minutes(1)))
@Loop
struct HostileMetadataTests {
    /// A fetch and what came of it.
    @Loop
    final class Talk {
        private(set) var found: FoundTorrent?
        private(set) var ending = ""
        private var fetch: MetadataFetch?

        init(
            _ torrent: TorrentFile, _ peers: [MetadataPeer],
            _ change: (inout MetadataFetchSettings) -> Void = { _ in }
        ) throws {
            var link = MagnetLink(torrent.infoHashes)
            // With a tracker, so that nobody is looked for in the local network.
            link.trackers = ["http://127.0.0.1:9/announce"]
            var settings = MetadataFetchSettings(link)
            settings.peers = peers.map(\.endpoint)
            let port = try freePort()
            settings.peerPorts = port...port
            change(&settings)
            let fetch = MetadataFetch(settings) { [weak self] event in
                switch event {
                case .tracker: break
                case .completed(let found):
                    self?.found = found
                    self?.ending = "completed"
                case .refused: self?.ending = "refused"
                case .failed(let fault): self?.ending = fault.what
                }
            }
            self.fetch = fetch
            fetch.start()
        }

        var peers: Int { fetch?.status.peers ?? 0 }

        func close() { fetch?.stop {} }
    }

    private func isFound(_ talk: Talk, _ torrent: TorrentFile) async -> Bool {
        await eventually { !talk.ending.isEmpty } && talk.ending == "completed"
            && talk.found?.torrent.infoBytes == torrent.infoBytes
            && talk.found?.torrent.hasLayers == true
    }

    @Test(
        "A size that cannot be is no offer: nobody asks for it",
        arguments: [0, -5, 4_194_305, 2_147_483_647, 9_000_000_000])
    func impossibleSize(size: Int) async throws {
        let torrent = try TestTorrent.v1()
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            if case .hello = heard { peer.greet(size: size) }
        }
        let honest = try MetadataPeer.honest(torrent, at: 72)
        let talk = try Talk(torrent, [liar, honest])
        #expect(await isFound(talk, torrent))
        #expect(liar.heard.first == "hello")
        #expect(!liar.heard.contains { $0.hasPrefix("?") })
        for peer in [liar, honest] { peer.close() }
    }

    @Test("A wrong size is tried beside the right one, and holds nobody up")
    func wrongSize() async throws {
        let torrent = try TestTorrent.v1()
        let wrong = torrent.infoBytes.count + 1
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            switch heard {
            case .hello: peer.greet(size: wrong)
            case .wants(let piece):
                peer.give(piece, total: wrong) { if piece == 2 { $0.append(7) } }
            case .wantsHashes: break
            }
        }
        let honest = try MetadataPeer.honest(torrent, at: 72)
        let talk = try Talk(torrent, [liar, honest])
        #expect(await isFound(talk, torrent))
        #expect(talk.found?.peers.first == honest.endpoint)
        for peer in [liar, honest] { peer.close() }
    }

    @Test("Who sends wrong pieces is left for ever, as soon as all of it has come")
    func wrongPieces() async throws {
        let torrent = try TestTorrent.v1()
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            switch heard {
            case .hello: peer.greet(size: torrent.infoBytes.count)
            case .wants(let piece): peer.give(piece) { $0[0] ^= 1 }
            case .wantsHashes: break
            }
        }
        let talk = try Talk(torrent, [liar])
        #expect(await eventually { liar.heard.last == "gone" })
        #expect(liar.heard == ["hello", "? 0", "? 1", "? 2", "gone"])
        await pause(.seconds(2))
        #expect(liar.visits == 1 && talk.ending.isEmpty)
        talk.close()
        liar.close()
    }

    @Test("One wrong piece among true ones of others: the liar is found, the honest stay")
    func oneWrongPiece() async throws {
        let torrent = try TestTorrent.v1()
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            switch heard {
            case .hello: peer.greet(size: torrent.infoBytes.count)
            case .wants(let piece): peer.give(piece) { $0[9] ^= 1 }
            case .wantsHashes: break
            }
        }
        let honest = try (72...73).map { try MetadataPeer.honest(torrent, at: $0) }
        let talk = try Talk(torrent, [liar] + honest)
        #expect(await isFound(talk, torrent))
        let peers = try #require(talk.found?.peers)
        #expect(honest.allSatisfy { peers.contains($0.endpoint) })
        for peer in [liar] + honest { peer.close() }
    }

    @Test("Pieces without an end, that nobody asked for, end the connection after 32")
    func endless() async throws {
        let torrent = try TestTorrent.v1()
        var sent = 0
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            guard case .hello = heard else { return }
            peer.greet(size: nil)
            peer.every(.milliseconds(5)) { peer in
                sent += 1
                peer.give(sent % 3)
            }
        }
        let talk = try Talk(torrent, [liar])
        #expect(await eventually { liar.heard.last == "gone" })
        #expect(liar.heard == ["hello", "gone"])
        #expect((33...60).contains(sent))
        talk.close()
        liar.close()
    }

    @Test(
        "What is no message of BEP 9 ends the connection at once",
        arguments: [
            "i1e", "de", "d8:msg_typei1e5:piecei-1ee", "d8:msg_typei1e5:piecei0ee",
            "d8:msg_typei1e5:piecei0e10:total_sizei0ee", "d8:msg_typei0ee", "xxxx",
        ])
    func garbage(text: String) async throws {
        let torrent = try TestTorrent.v1()
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            guard case .hello = heard else { return }
            peer.greet(size: nil)
            peer.send(.extended(id: 1, payload: Array(text.utf8)))
        }
        let talk = try Talk(torrent, [liar])
        #expect(await eventually { liar.heard == ["hello", "gone"] })
        talk.close()
        liar.close()
    }

    @Test("A message that is far too long ends the connection before it is there")
    func oversized() async throws {
        let torrent = try TestTorrent.v1()
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            guard case .hello = heard else { return }
            peer.greet(size: torrent.infoBytes.count)
            peer.send(raw: [0x7f, 0xff, 0xff, 0xff, 20, 1])
        }
        let talk = try Talk(torrent, [liar])
        #expect(await eventually { liar.heard.last == "gone" })
        talk.close()
        liar.close()
    }

    @Test("Who never answers, refuses, contradicts itself or drips holds nobody up")
    func useless() async throws {
        let torrent = try TestTorrent.v1()
        let size = torrent.infoBytes.count
        let scripts: [MetadataPeer.Script] = [
            { peer, heard in if case .hello = heard { peer.greet(size: size) } },
            { peer, heard in
                if case .hello = heard { peer.greet(size: size) }
                if case .wants(let piece) = heard { peer.refuse(piece) }
            },
            { peer, heard in
                if case .hello = heard { peer.greet(size: size) }
                if case .wants(let piece) = heard { peer.give(piece, total: size - 1) }
            },
            { peer, heard in
                guard case .hello = heard else { return }
                peer.greet(size: size)
                // The beginning of a piece, a byte at a time.
                peer.send(raw: [0, 0, 64, 0, 20, 1])
                peer.every(.milliseconds(50)) { $0.send(raw: [0x64]) }
            },
        ]
        let useless = try scripts.enumerated().map {
            try MetadataPeer(torrent, at: UInt8(71 + $0), script: $1)
        }
        let honest = try MetadataPeer.honest(torrent, at: 80)
        let talk = try Talk(torrent, useless + [honest])
        #expect(await isFound(talk, torrent))
        for peer in useless + [honest] { peer.close() }
    }

    @Test(
        "Many peers without metadata, or that only claim to have it, make room for the one that has",
        arguments: [false, true])
    func tooMany(claim: Bool) async throws {
        let torrent = try TestTorrent.v1()
        let size = claim ? torrent.infoBytes.count : nil
        let crowd = try (0..<60).map { number in
            try MetadataPeer(torrent, at: UInt8(100 + number)) { peer, heard in
                if case .hello = heard { peer.greet(size: size) }
            }
        }
        let honest = try MetadataPeer.honest(torrent, at: 80)
        let talk = try Talk(torrent, crowd + [honest]) { $0.idleTime = .seconds(1) }
        #expect(await eventually { talk.peers > 0 })
        #expect(talk.peers <= 30)
        #expect(await isFound(talk, torrent))
        for peer in crowd + [honest] { peer.close() }
    }

    @Test("Many lies about the size, one truth: it is found, as each lie is tried and is no more")
    func manySizes() async throws {
        let torrent = try TestTorrent.v1()
        let crowd = try (0..<12).map { number in
            let size = 16_384 * 2 + 100 + number
            return try MetadataPeer(torrent, at: UInt8(100 + number)) { peer, heard in
                switch heard {
                case .hello: peer.greet(size: size)
                case .wants(let piece):
                    let length = piece == 2 ? size - 32_768 : 16_384
                    peer.give(piece, total: size) { bytes in
                        bytes = [UInt8](repeating: UInt8(number), count: length)
                    }
                case .wantsHashes: break
                }
            }
        }
        let honest = try MetadataPeer.honest(torrent, at: 80)
        let talk = try Talk(torrent, crowd + [honest])
        #expect(await isFound(talk, torrent))
        #expect(talk.found?.peers.contains(honest.endpoint) == true)
        for peer in crowd + [honest] { peer.close() }
    }

    @Test("It gives up in time where all lie, and says how far it got")
    func allLie() async throws {
        let torrent = try TestTorrent.v1()
        let silent = try MetadataPeer(torrent, at: 71) { peer, heard in
            if case .hello = heard { peer.greet(size: torrent.infoBytes.count) }
        }
        let talk = try Talk(torrent, [silent]) { $0.timeout = .seconds(1) }
        #expect(await eventually { !talk.ending.isEmpty })
        #expect(talk.ending.contains("no metadata of"))
        #expect(await eventually { silent.heard.last == "gone" })
        #expect(silent.heard == ["hello", "? 0", "? 1", "? 2", "gone"])
        silent.close()
    }

    // MARK: Hashes of pieces (BEP 52)

    @Test("Wrong hashes name their teller, who is left; the honest peer brings all of them")
    func wrongHashes() async throws {
        let torrent = try TestTorrent.v2()
        let liar = try MetadataPeer(torrent, at: 71) { peer, heard in
            switch heard {
            case .hello: peer.greet(size: torrent.infoBytes.count)
            case .wants(let piece): peer.give(piece)
            case .wantsHashes(let request):
                let zero = SHA256Digest(Bytes32())
                peer.send(.hashes(request, [SHA256Digest](repeating: zero, count: 514)))
            }
        }
        let talk = try Talk(torrent, [liar])
        #expect(await eventually { liar.heard.last == "gone" })
        #expect(liar.heard == ["hello", "? 0", "# 0", "# 512", "# 1024", "gone"])
        await pause(.milliseconds(1500))
        #expect(liar.visits == 1)
        talk.close()
        let honest = try MetadataPeer.honest(torrent, at: 72)
        let second = try Talk(torrent, [liar, honest])
        #expect(await isFound(second, torrent))
        for peer in [liar, honest] { peer.close() }
    }

    @Test("Who rejects, never answers, or floods with hashes holds nobody up")
    func uselessForHashes() async throws {
        let torrent = try TestTorrent.v2()
        let scripts: [MetadataPeer.Script] = [
            { peer, heard in
                if case .hello = heard { peer.greet(size: nil) }
                if case .wantsHashes(let request) = heard { peer.send(.hashReject(request)) }
            },
            { peer, heard in if case .hello = heard { peer.greet(size: nil) } },
            { peer, heard in
                if case .hello = heard { peer.greet(size: nil) }
                guard case .wantsHashes(var request) = heard else { return }
                request.index += 4
                let zero = SHA256Digest(Bytes32())
                peer.every(.milliseconds(5)) { $0.send(.hashes(request, [zero, zero])) }
            },
        ]
        let useless = try scripts.enumerated().map {
            try MetadataPeer(torrent, at: UInt8(71 + $0), script: $1)
        }
        let honest = try MetadataPeer.honest(torrent, at: 80)
        let talk = try Talk(torrent, useless + [honest])
        #expect(await isFound(talk, torrent))
        for peer in useless + [honest] { peer.close() }
    }
}
