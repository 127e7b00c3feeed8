// What quicker peers bring before a slower one could bring a block: so many blocks that are wanted
// sooner it leaves to them, and works as far ahead as it will be late. Knows no blocks.

import Primitives

/// The blocks that peers bring before some moment, until they are counted on.
struct Quicker {
    private var room: [(peer: PeerHandle, blocks: Int)]

    /// A peer that is too quick to be counted on by the block.
    private static let most = 10_000.0

    /// What `rivals` bring before `mine` has passed.
    init(_ rivals: [TorrentEngine.Rival], than mine: Interval) {
        room = rivals.lazy.filter { $0.eta < mine }.map { rival in
            let more = (mine - rival.eta).seconds / max(rival.each.seconds, 1e-6)
            return (rival.peer, 1 + Int(min(more, Self.most)))
        }
    }

    /// Whether those who may be asked bring all of `count` blocks; they are counted on then.
    mutating func bring(_ count: Int, mayAsk: (PeerHandle) -> Bool) -> Bool {
        var left = count
        var taken: [(at: Int, blocks: Int)] = []
        for at in room.indices where left > 0 && room[at].blocks > 0 && mayAsk(room[at].peer) {
            let part = min(left, room[at].blocks)
            left -= part
            taken.append((at, part))
        }
        guard left == 0 else { return false }
        for part in taken { room[part.at].blocks -= part.blocks }
        return true
    }
}
