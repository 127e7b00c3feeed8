// What the kernel knows of a connection: its queue, its round trips, its losses.

import CLibevent
import Glibc
package import Primitives

/// The kernel's view of a TCP connection.
package struct TCPStatus: Hashable, Sendable {
    /// Bytes that the kernel holds and has not sent yet (SIOCOUTQNSD).
    package var unsentInKernel: Int
    /// Bytes that the kernel holds and that are not acknowledged, sent or not (SIOCOUTQ).
    package var unacknowledged: Int
    /// Bytes that have come behind a lost packet, by the other end's word (RFC 2018), about.
    package var held: Int
    /// Bytes that are taken to be lost and have not been sent again yet, about.
    package var lost: Int
    /// The congestion window in bytes (RFC 5681): what TCP lets be under way.
    package var window: Int
    /// The smoothed round-trip time.
    package var smoothedRTT: Interval
    /// The least round-trip time of late; nil until one has been measured.
    package var minimumRTT: Interval?
    /// How many segments have been sent again in the connection's life.
    package var retransmits: Int
    /// The rate at which data lately arrived at the other side, where the kernel tells.
    package var deliveryRate: ByteRate?

    /// The status of the socket `descriptor`, or nil where it is not a TCP socket.
    init?(of descriptor: Int32) {
        var info = reactor_tcp_info()
        var size = socklen_t(MemoryLayout<reactor_tcp_info>.size)
        let unsent = reactor_unsent(descriptor)
        let unacknowledged = reactor_unacknowledged(descriptor)
        guard unsent >= 0, unacknowledged >= 0,
            getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0
        else { return nil }
        unsentInKernel = Int(unsent)
        self.unacknowledged = Int(unacknowledged)
        // The kernel counts packets; 24 bits are more than any of them has.
        let bytes = { (packets: UInt32) in Int(min(packets, 1 << 24)) * Int(info.snd_mss) }
        let sent = max(0, self.unacknowledged - unsentInKernel)
        held = min(bytes(info.sacked), sent)
        lost = min(max(0, bytes(info.lost) - bytes(info.retrans)), sent - held)
        window = bytes(info.snd_cwnd)
        smoothedRTT = .microseconds(Int64(info.rtt))
        // The kernel says "not known" with all bits set; an older one leaves zero.
        let known = info.min_rtt != 0 && info.min_rtt != .max
        minimumRTT = known ? .microseconds(Int64(info.min_rtt)) : nil
        retransmits = Int(info.total_retrans)
        deliveryRate =
            info.delivery_rate > 0 ? ByteRate(bytesPerSecond: Double(info.delivery_rate)) : nil
    }
}
