// Rates and totals of a torrent's swarm for people, from readings a second or so apart.

import Metainfo
import Pieces
import Primitives
import Reactor
import Swarm

/// Turns a torrent's counters into a status.
@Loop
struct TorrentRates {
    private var at = Loop.now
    private var down = 0
    private var up = 0
    private var downRate = ByteRate.zero
    private var upRate = ByteRate.zero

    /// A reader that has read nothing yet.
    init() {}

    /// The status of `task` now, players aside.
    mutating func status(of task: TorrentTask) -> TorrentStatus {
        var status = TorrentStatus()
        status.name = task.settings.torrent.name
        guard let engine = task.driver?.engine else { return status }
        let counters = engine.counters
        let received = counters.receivedBytes
        let now = Loop.now
        let span = (now - at).seconds
        if span >= 0.4 {
            downRate = ByteRate(bytesPerSecond: Double(received - down) / span)
            upRate = ByteRate(bytesPerSecond: Double(counters.sentBytes - up) / span)
            (at, down, up) = (now, received, counters.sentBytes)
        }
        (status.down, status.up) = (downRate, upRate)
        (status.downloaded, status.uploaded) = (received, counters.sentBytes)
        status.wasted = counters.wastedBytes + counters.wrongBytes
        status.poisoned = counters.poisoned
        status.peers = engine.neighbours
        (status.webSeeds, status.webBytes) = (engine.webSeedCount, engine.webSeedBytes)
        let (count, left) = (engine.chosenCount, engine.leftCount)
        status.part = count > 0 ? Double(count - left) / Double(count) : 1
        status.cause = engine.cause
        status.state =
            engine.isFinished
            ? .seeding : status.peers.isEmpty && status.webSeeds == 0 ? .connecting : .loading
        if status.cause != nil { status.state = .waiting }
        return status
    }
}
