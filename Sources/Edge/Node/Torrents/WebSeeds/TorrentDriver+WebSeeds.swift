// The web seeds of a torrent's swarm: to the engine they are peers with the first numbers.

import Metainfo
import Pieces
import Primitives
import Reactor
import Swarm
import Wire

extension TorrentDriver {
    /// Web seeds of one torrent that are used: more would only wait.
    private static let mostWebSeeds = 8

    /// Tells the engine of the web seeds; before any peer has joined.
    func joinWebSeeds() {
        guard !engine.isComplete else { return }
        for url in torrent.webSeeds where webSeeds.count < Self.mostWebSeeds {
            let peer = PeerHandle(links.count)
            guard
                let seed = WebSeedLink(
                    torrent, at: url,
                    handler: { [weak self] event in self?.heard(peer, event) })
            else { continue }
            links.append(nil)
            readingBytes.append(0)
            webSeeds.append(seed)
        }
        for slot in webSeeds.indices { feed(.peerJoined(PeerHandle(slot), .webSeed)) }
    }

    /// The web seed of this number, while it is used.
    func webSeed(_ peer: PeerHandle) -> WebSeedLink? {
        webSeeds.indices.contains(peer.slot) ? webSeeds[peer.slot] : nil
    }

    /// What the engine says to a web seed: only requests mean anything.
    func say(_ message: Message, to seed: WebSeedLink) {
        switch message {
        case .request(let block): seed.ask(for: block)
        case .cancel(let block): seed.cancel(block)
        default: break
        }
    }

    private func heard(_ peer: PeerHandle, _ event: WebSeedEvent) {
        guard webSeed(peer) != nil else { return }
        switch event {
        case .block(let block, let bytes):
            payload = Payload(bytes: bytes, range: 0..<bytes.count)
            feed(.blockReceived(peer, block))
            payload = nil
        case .delay(let delay): feed(.delayObserved(peer, delay))
        case .failed(let isFinal): feed(.webSeedFailed(peer, isFinal: isFinal))
        }
    }

    /// A web seed is used no more.
    func dropWebSeed(_ peer: PeerHandle) {
        webSeed(peer)?.close()
        webSeeds[peer.slot] = nil
    }

    /// All of them are used no more.
    func closeWebSeeds() {
        for seed in webSeeds { seed?.close() }
        webSeeds = webSeeds.map { _ in nil }
    }
}
