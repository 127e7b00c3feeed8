// When what is asked of a peer now will be here: the one measure by which peers are chosen, in a
// live swarm and in that of a torrent. A pure function of plain values.

import Primitives

/// The expected time of delivery.
enum Arrival {
    /// How long `length` bytes take that are asked of a peer now, of which `outstanding` bytes have
    /// not come yet: queue time is bytes over rate (libtorrent's streaming recipe), and the way.
    static func time(
        of length: Int, behind outstanding: Int, rate: ByteRate, roundTrip: Interval = .zero
    ) -> Interval {
        rate.duration(of: outstanding + length) + roundTrip
    }
}
