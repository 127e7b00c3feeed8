// What a viewer's events and status say to a person. Words only; nothing is decided or printed.

package import Node
import Primitives

extension WatchStatus {
    /// The line of the status.
    ///
    ///     news  LIVE  0.9 s behind  buffer 0.4 s  ▼ 1.6 Mbit/s (7 peers)  ▲ 1.1 Mbit/s  hops 2
    package func line(isUnicode: Bool) -> StatusLine {
        var line = StatusLine(isUnicode: isUnicode)
        line.add(shortName(name), rank: 1)
        line.add(state.word, rank: 0, ink: state.ink)
        if let silence, state != .ended {
            line.add("source silent for \(silence.text)", rank: 2, ink: .yellow)
        } else if let lag, state == .playing || state == .stalled {
            line.add(lagText(lag), rank: 2)
        }
        line.add("buffer \(buffer.text)", rank: 6)
        line.addDown(swarm, rank: 3)
        line.addUp(swarm, rank: 5)
        if let hops = swarm.hops { line.add("hops \(hopsText(hops))", rank: 8) }
        line.add("stalls \(stalls)", rank: 7, ink: stalls > 0 ? .yellow : nil)
        return line
    }

    private func lagText(_ lag: Interval) -> String {
        // Below zero the clocks of source and viewer disagree; a frame cannot come early.
        lag > .milliseconds(-50)
            ? "\(max(.zero, lag).text) behind" : "clocks differ by \((.zero - lag).text)"
    }
}

/// `2`, or `1-3` where the stripes differ.
func hopsText(_ hops: ClosedRange<Int>) -> String {
    hops.lowerBound == hops.upperBound
        ? "\(hops.lowerBound)" : "\(hops.lowerBound)-\(hops.upperBound)"
}

extension WatchState {
    /// The state on the status line.
    var word: String {
        switch self {
        case .connecting: "CONNECTING"
        case .tuning: "TUNING IN"
        case .playing: "LIVE"
        case .stalled: "STALLED"
        case .ended: "ENDED"
        }
    }

    var ink: Ink {
        switch self {
        case .playing: .green
        case .stalled: .red
        case .connecting, .tuning, .ended: .yellow
        }
    }
}

extension WatchEvent {
    /// What a person is told of it, or nil where the status line or the end says it.
    package var note: String? {
        switch self {
        case .serving, .readerGone, .failed: nil
        case .playing(let after): "playing after \(after.text)"
        case .stalled: "stalled: nothing left to play"
        case .resumed(let after): "goes on after standing still for \(after.text)"
        case .skipped(let pieces): "skipped \(count(pieces, "piece")) that could not come in time"
        case .tracker(let note): "tracker: \(escaped(note))"
        case .contradiction(let piece):
            "warning: two signed records contradict each other at piece \(piece): "
                + "somebody else has the channel's key"
        case .ended: "the broadcast is over"
        }
    }
}
