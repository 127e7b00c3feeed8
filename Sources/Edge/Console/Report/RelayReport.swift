// What a relay's events and status say to a person. Words only; nothing is decided or printed.

package import Node
package import Primitives

extension RelayStatus {
    /// The line of the status; a single channel is named.
    ///
    ///     3 channels  CARRYING 2  ▼ 3.2 Mbit/s  ▲ 21.4 Mbit/s (41 peers)  carried 1.2 GiB
    ///       ratio 6.7  3 h 20 min
    package func line(after time: Interval, isUnicode: Bool) -> StatusLine {
        var line = StatusLine(isUnicode: isUnicode)
        let carrying = channels.count { $0.state == .carrying }
        if channels.isEmpty {
            addTorrents(to: &line)
        } else if channels.count == 1, torrents.isEmpty, let channel = channels.first {
            line.add(shortName(channel.label.name), rank: 1)
            line.add(channel.state.word, rank: 0, ink: channel.state.ink)
        } else {
            line.add(count(channels.count, "channel"), rank: 1)
            line.add(
                "CARRYING \(carrying)", rank: 0, ink: carrying == channels.count ? .green : .yellow)
            if !torrents.isEmpty { addTorrents(to: &line) }
        }
        line.add((isUnicode ? "▼ " : "down ") + down.text, rank: 5)
        line.add((isUnicode ? "▲ " : "up ") + up.text, rank: 2)
        line.add("(\(count(peers, "peer")))", rank: 4, gap: " ")
        line.add("carried \(sizeText(uploaded))", rank: 3)
        line.add("ratio \(ratioText(uploaded, downloaded))", rank: 6)
        line.add(time.text, rank: 7)
        return line
    }

    private func addTorrents(to line: inout StatusLine) {
        let seeding = torrents.count { $0.state == .seeding }
        guard torrents.count == 1, channels.isEmpty, let torrent = torrents.first else {
            line.add(count(torrents.count, "torrent"), rank: 1)
            let isAll = seeding == torrents.count
            return line.add("SEEDING \(seeding)", rank: 0, ink: isAll ? .green : .yellow)
        }
        line.add(shortName(torrent.name), rank: 1)
        line.add(torrent.state.word, rank: 0, ink: torrent.state.ink)
        if torrent.state != .seeding {
            line.add("\(decimal(torrent.part * 100, digits: 0)) %", rank: 1)
        }
    }

    /// What was carried, a row a channel, with a sum below several: for the end.
    package func totals(after time: Interval) -> String {
        var rows = channels.map { channel in
            (
                name: shortName(channel.label.name),
                value: carried(channel.swarm.uploaded, channel.swarm.downloaded)
            )
        }
        rows += torrents.map { torrent in
            (
                name: shortName(torrent.name),
                value: carried(torrent.uploaded, torrent.downloaded)
            )
        }
        if rows.count > 1 { rows.append(("in all", carried(uploaded, downloaded))) }
        rows.append(("time", time.text))
        return table(rows)
    }

    private func carried(_ up: Int, _ down: Int) -> String {
        "carried \(sizeText(up)), took \(sizeText(down)), ratio \(ratioText(up, down))"
    }

    private func ratioText(_ up: Int, _ down: Int) -> String {
        carriedRatio(up, down).map { decimal($0) } ?? "-"
    }
}

extension RelayState {
    /// The state on the status line.
    var word: String {
        switch self {
        case .connecting: "CONNECTING"
        case .carrying: "CARRYING"
        case .silent: "SILENT"
        case .ended: "ENDED"
        }
    }

    var ink: Ink { self == .carrying ? .green : .yellow }
}

extension RelayEvent {
    /// What a person is told of it, or nil where the end says it.
    package var note: String? {
        switch self {
        case .listening(let port): "taking connections of peers on port \(port)"
        case .channel(let label, let news): "\(shortName(label.name)): \(news.note)"
        case .torrent(let label, let news): news.note.map { "\(shortName(label.name)): \($0)" }
        case .failed: nil
        }
    }
}

extension RelayNews {
    fileprivate var note: String {
        switch self {
        case .carrying(let after): "carrying after \(after.text)"
        case .silent: "nothing comes any more; waiting for it"
        case .ended: "the broadcast is over; waiting for the next one"
        case .tracker(let note): "tracker: \(escaped(note))"
        case .contradiction(let piece):
            "warning: two signed records contradict each other at piece \(piece): "
                + "somebody else has the channel's key"
        }
    }
}

extension TorrentNews {
    fileprivate var note: String? {
        switch self {
        case .checking: nil
        case .loading(let have, let of):
            "\(have) of \(count(of, "piece")) are there; loading the rest"
        case .seeding: "all of it is there; seeding"
        case .tracker(let note): "tracker: \(escaped(note))"
        case .failed(let fault): "\(escaped(fault.what)): \(escaped(fault.why))"
        }
    }
}
