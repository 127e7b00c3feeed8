// Rates and totals of a swarm for people, from readings a second or so apart.

import Metainfo
import Pieces
import Primitives
import Reactor
import Swarm
import Tracker

/// Turns a driver's counters into a status.
@Loop
struct SwarmRates {
    private var at = Loop.now
    private var down = 0
    private var up = 0
    private var downRate = ByteRate.zero
    private var upRate = ByteRate.zero

    /// A reader that has read nothing yet.
    init() {}

    /// The status of `driver` now, and what `tracker` says of the swarm.
    mutating func status(of driver: SwarmDriver, _ tracker: TrackerClient?) -> SwarmStatus {
        let counters = driver.engine.counters
        let received = counters.usefulBytes + counters.wastedBytes
        let now = Loop.now
        let span = (now - at).seconds
        if span >= 0.4 {
            downRate = ByteRate(bytesPerSecond: Double(received - down) / span)
            upRate = ByteRate(bytesPerSecond: Double(counters.sentBytes - up) / span)
            (at, down, up) = (now, received, counters.sentBytes)
        }
        var status = SwarmStatus()
        (status.down, status.up) = (downRate, upRate)
        (status.downloaded, status.uploaded) = (received, counters.sentBytes)
        status.wasted = counters.wastedBytes
        (status.pieces, status.rescues) = (counters.pieces, counters.rescues)
        (status.poisoned, status.forged) = (counters.poisoned, counters.forged)
        if let counts = tracker?.counts {
            (status.seeders, status.leechers) = (counts.seeders, counts.leechers)
        }
        status.dropped = counters.dropped
        status.edge = driver.engine.metainfo.newest?.value
        status.hops = driver.engine.hops
        status.peers = driver.engine.neighbours(at: now).map { PeerStatus($0) }
        return status
    }
}

extension PeerStatus {
    fileprivate init(_ neighbour: Neighbour) {
        self.init(
            endpoint: "\(neighbour.endpoint)", down: neighbour.gives,
            downloaded: neighbour.received, uploaded: neighbour.sent,
            outgoing: neighbour.outgoing, isSource: neighbour.isSource,
            feeds: neighbour.feeds, fed: neighbour.fed)
    }
}
