// A real relay of test channels, and viewers that can reach nobody else.

@testable import Metainfo
@testable import Node
import Primitives
import Reactor

/// A relay in this process, on a port of its own.
@Loop
final class TestRelay {
    let node: RelayNode
    let events: Log<RelayEvent>

    /// A relay of `channels` that has been started.
    init(_ channels: [ParsedChannelFile], change: (inout RelaySettings) -> Void = { _ in }) {
        var settings = RelaySettings(channels: channels)
        settings.peerPorts = 0...0
        change(&settings)
        let events = Log<RelayEvent>()
        self.events = events
        node = RelayNode(settings) { events.add($0) }
        node.start()
    }

    /// Where others reach it.
    var endpoint: Endpoint { .here(node.host?.port ?? 0) }
    var states: [RelayState] { node.status.channels.map(\.state) }
    /// What it said of channel number `index`, without the trackers' notes.
    func news(of index: Int) -> [RelayNews] {
        let label = node.status.channels[index].label
        return events.entries.compactMap { event in
            guard case .channel(label, let news) = event else { return nil }
            if case .tracker = news { return nil }
            return news
        }
    }

    /// Waits until it carries all channels.
    func carries() async -> Bool {
        await eventually { self.states.allSatisfy { $0 == .carrying } }
    }

    /// Leaves, and answers whether it was through within 3 s.
    @discardableResult
    func stop() async -> Bool {
        let done = Log<Bool>()
        node.stop { done.add(true) }
        return await eventually(within: .seconds(3)) { !done.entries.isEmpty }
    }
}

extension ParsedChannelFile {
    /// The same channel without anybody's address, for somebody who hears of nobody else either.
    var secluded: ParsedChannelFile {
        var file = file
        (file.trackers, file.peers, file.isPrivate) = ([], [], true)
        return ParsedChannelFile(
            file: file, infoBytes: infoBytes, signature: signature, signedMessage: signedMessage)
    }
}
