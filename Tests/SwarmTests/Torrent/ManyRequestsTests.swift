// How many requests of one peer wait: as many as it was told, or, where it cannot be told that one
// is not served, as many as rtorrent makes.

import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Many requests at once")
struct ManyRequestsTests {
    /// Asks for the first block of many pieces at once, and takes what comes for so many turns.
    private func ask(_ count: Int, fast: Bool) -> (blocks: Int, rejects: Int) {
        var rig = TorrentRig(pieces: 3000, have: (0..<3000).map { UInt32($0) })
        rig.meet(1, fast: fast)
        rig.says(1, .interested)
        rig.wait(.seconds(1))
        var lines: [String] = []
        for piece in 0..<count {
            lines += rig.says(1, .request(rig.engine.block(0, of: PieceIndex(UInt32(piece)))))
        }
        for _ in 0..<count {
            rig.now = rig.now + .milliseconds(1)
            lines += rig.tell(.drained(PeerHandle(1), queued: 0))
        }
        return (
            lines.count { $0.hasPrefix("1: block") }, lines.count { $0.hasPrefix("1: reject") }
        )
    }

    @Test("rtorrent knows of no limit, and gets all it asked for")
    func withoutReject() {
        let answers = ask(3000, fast: false)
        #expect(answers.blocks == 3000)
        #expect(answers.rejects == 0)
    }

    @Test("Whoever knows REJECT is told at once what is too much")
    func withReject() {
        let answers = ask(3000, fast: true)
        #expect(answers.blocks + answers.rejects == 3000)
        #expect(answers.rejects > 2000)
    }
}
