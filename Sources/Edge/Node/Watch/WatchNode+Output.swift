// What a viewer gives besides the endpoint: standard output or a file, and its status.

import Gateway
import Metainfo
import Pieces
import Primitives
import Reactor

extension WatchNode {
    func openSink() {
        let destination: FeedSink.Destination
        switch settings.output {
        case .none: return
        case .standardOutput: destination = .standardOutput
        case .file(let path): destination = .file(path)
        }
        let sink = FeedSink(destination) { [weak self] event in self?.sank(event) }
        self.sink = sink
        player?.feed.attach(sink)
    }

    private func sank(_ event: SinkEvent) {
        sink = nil
        switch event {
        case .finished: report(.ended)
        case .readerGone: report(.readerGone)
        case .failed(let fault): fail(NodeFault(fault, settings.output))
        }
    }

    /// How the viewer is doing now.
    package var status: WatchStatus {
        var status = WatchStatus()
        status.state = state
        status.name = settings.channel.file.name.text
        if let swarm { status.swarm = rates.status(of: swarm, tracker) }
        if state == .connecting, !status.swarm.peers.isEmpty { status.state = .tuning }
        guard let player else { return status }
        if let newest = player.newest { status.lag = lag(newest.wall, newest.at) }
        status.buffer = player.behind
        (status.stalls, status.stalled) = (player.stalls, player.stalledFor)
        status.skipped = player.skippedPieces
        status.players = player.feed.readerCount
        let silence = Loop.now - fedAt
        if silence > .seconds(5) { status.silence = silence }
        return status
    }

    /// The age of the newest byte when it went out, by the source's clock and ours.
    private func lag(_ wall: WallTime, _ at: Instant) -> Interval {
        (Loop.wallNow - wall) - (Loop.now - at)
    }

    /// The JSON of `/api/v1/status`, as the page reads it.
    var statusJSON: String {
        let status = status
        let name = GatewayRoute.name(for: status.name)
        let lag = status.lag.map { String(Int($0.milliseconds)) } ?? "null"
        let peers = status.swarm.peers.map { peer in
            "{\"endpoint\":\"\(peer.endpoint)\",\"down_bps\":\(Int(peer.down.bitsPerSecond)),"
                + "\"downloaded\":\(peer.downloaded),\"uploaded\":\(peer.uploaded),"
                + "\"source\":\(peer.isSource),\"feeds\":\(peer.feeds),\"fed\":\(peer.fed)}"
        }
        return "{\"schema\":1,\"channels\":[{\"name\":\"\(name)\","
            + "\"title\":\(jsonString(status.name)),\"state\":\"\(status.state.rawValue)\","
            + "\"lag_ms\":\(lag),\"buffer_ms\":\(Int(status.buffer.milliseconds)),"
            + "\"peers\":\(peers.count),\"down_bps\":\(Int(status.swarm.down.bitsPerSecond)),"
            + "\"up_bps\":\(Int(status.swarm.up.bitsPerSecond)),\"readers\":\(status.players),"
            + "\"stalls\":\(status.stalls),\"skipped\":\(status.skipped),"
            + "\"neighbours\":[\(peers.joined(separator: ","))]}]}"
    }
}

extension NodeFault {
    /// What became of an output.
    init(_ fault: SinkFault, _ output: WatchOutput) {
        let what: String =
            switch output {
            case .file(let path): "cannot write \(path)"
            case .standardOutput, .none: "cannot write to standard output"
            }
        switch fault {
        case .cannotCreate(let code):
            self.init(
                .cannotCreate, what: what, why: "it cannot be created (error \(code))",
                hint: "check the folder and its permissions")
        case .diskFull:
            self.init(
                .inputOutput, what: what, why: "the disk is full",
                hint: "make room, or write to another disk")
        case .tooLarge:
            self.init(.inputOutput, what: what, why: "the file may not become so large")
        case .system(let code):
            self.init(.inputOutput, what: what, why: "writing failed (error \(code))")
        }
    }
}

/// A JSON string (RFC 8259, section 7).
func jsonString(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case let control where control.value < 0x20:
            let digits = String(control.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
