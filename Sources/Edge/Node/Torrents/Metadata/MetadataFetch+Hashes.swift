// The hashes of a torrent of version 2 that began without them (BEP 52), from the same peers that its
// metadata came from.

import Crypto
import Metainfo
import Primitives
import Reactor
import Wire

extension MetadataFetch {
    /// Goes on with the hashes of the pieces of `torrent`, whose metadata is known.
    func beginHashes(of torrent: TorrentFile) {
        self.torrent = torrent
        hashes = HashExchange(of: torrent)
        for number in neighbours.keys.sorted() {
            neighbours[number]?.isOfUse = false
            tell(.joined(number))
        }
    }

    /// Gives the exchange of hashes an input and carries out what follows.
    func tell(_ input: HashExchange<Int>.Input) {
        guard !isOver, hashes != nil else { return }
        var outputs: [HashExchange<Int>.Output] = []
        hashes?.handle(input, at: Loop.now, using: Digests.self, into: &outputs)
        for output in outputs { carryOut(output) }
        guard !isOver, let deadline = hashes?.nextDeadline else { return }
        arm(deadline)
    }

    private func carryOut(_ output: HashExchange<Int>.Output) {
        switch output {
        case .request(let peer, let span):
            let request = HashRequest(root: span.root, span.range)
            neighbours[peer]?.link.send(.hashRequest(request))
        case .noteUseless(let peer): noteUseless(peer)
        case .blame(let peer): drop(peer, forEver: true)
        case .completed(let layers): complete(with: layers)
        }
    }

    private func complete(with layers: [SHA256Digest: [SHA256Digest]]) {
        guard !isOver, var torrent else { return }
        for (root, layer) in layers {
            _ = torrent.accept(layer: layer, root: root, using: Digests.self)
        }
        complete(torrent)
    }

    /// What a peer says besides metadata: hashes matter, and whoever asks for them is refused.
    func heard(_ number: Int, _ message: Message) {
        switch message {
        case .hashes(let request, let list):
            guard let range = request.range else { return noteUseless(number) }
            neighbours[number]?.isOfUse = true
            neighbours[number]?.gaveAt = Loop.now
            tell(.delivered(number, HashSpan(root: request.root, range: range), list))
        case .hashReject(let request):
            guard let range = request.range else { return noteUseless(number) }
            tell(.rejected(number, HashSpan(root: request.root, range: range)))
        case .hashRequest(let request):
            neighbours[number]?.link.send(.hashReject(request))
            noteUseless(number)
        default: break
        }
    }
}
