// A viewer's events and status as lines of JSON.

package import Node
package import Primitives

extension WatchEvent {
    /// The event as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        switch self {
        case .serving(let url): EventRecord("serving", at: wall, members(["url": .text(url)]))
        case .playing(let after): EventRecord("playing", at: wall, members(["after": after.json]))
        case .stalled: EventRecord("stalled", at: wall)
        case .resumed(let after): EventRecord("resumed", at: wall, members(["after": after.json]))
        case .skipped(let pieces):
            EventRecord("skipped", at: wall, members(["pieces": .int(pieces)]))
        case .tracker(let note): EventRecord("tracker", at: wall, members(["note": .text(note)]))
        case .contradiction(let piece):
            EventRecord("contradiction", at: wall, members(["piece": .int(Int(piece))]))
        case .ended: EventRecord("ended", at: wall)
        case .readerGone: EventRecord("reader_gone", at: wall)
        case .failed(let fault): .failed(Complaint(fault), at: wall)
        }
    }
}

extension WatchStatus {
    /// The status as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        EventRecord(
            "status", at: wall,
            members([
                "state": .text(state.rawValue), "name": .text(name),
                "lag": lag?.json ?? .null, "buffer": buffer.json, "stalls": .int(stalls),
                "stalled": stalled.json, "skipped": .int(skipped), "players": .int(players),
                "silence": silence?.json ?? .null, "swarm": swarm.json,
            ]))
    }
}

/// The members of an object, in their order.
func members(_ object: JSON) -> [JSON.Member] { object.members }
