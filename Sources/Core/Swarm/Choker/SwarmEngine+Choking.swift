// Who may ask at all. The choice is in LiveChoker; here it is carried out.

import Primitives
import Wire

extension SwarmEngine {
    /// Re-chokes, and lets go of children that have stopped asking.
    mutating func choke(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        timers.wake(.choke, by: now + settings.chokeInterval)
        let chokees = peers.handles.compactMap { handle in
            peers[handle].map {
                Chokee(
                    peer: handle, isInterested: $0.isInterested,
                    gives: $0.gives.rate(at: now).bytesPerSecond,
                    childStripes: $0.childStripes, age: now - $0.newSince)
            }
        }
        let open = LiveChoker.unchoked(chokees, slots: settings.unchoked)
        for chokee in chokees { set(chokee, open.contains(chokee.peer), &outputs) }
        for peer in peers.handles {
            for s in 0..<settings.stripes {
                guard let since = peers[peer, s]?.childSince, now - since > .seconds(4)
                else { continue }
                peers.letGo(peer, in: s)
            }
        }
    }

    private mutating func set(
        _ chokee: Chokee, _ isOpen: Bool, _ outputs: inout [SwarmOutput]
    ) {
        guard let state = peers[chokee.peer] else { return }
        if isOpen, state.amChoking {
            peers[chokee.peer]?.amChoking = false
            outputs.append(.send(chokee.peer, .unchoke))
        } else if !isOpen, chokee.isInterested, !state.amChoking {
            peers[chokee.peer]?.amChoking = true
            outputs.append(.send(chokee.peer, .choke))
            for block in uploads.requests(of: chokee.peer) {
                outputs.append(.send(chokee.peer, .reject(block)))
            }
            uploads.drop(chokee.peer)
        }
    }
}
