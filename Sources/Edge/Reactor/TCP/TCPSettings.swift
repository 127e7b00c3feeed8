// The tunables of a TCP connection, and their effect on its socket.

import CLibevent
import Glibc
package import Primitives

/// The tunables of a TCP connection.
package struct TCPSettings: Hashable, Sendable {
    /// How many bytes may wait in `input` before reading pauses.
    ///
    /// It must exceed the largest message of the owner's protocol. 256 KiB holds two of the
    /// largest extended messages.
    package var inputLimit = 262_144
    /// When the out-queue falls to this many bytes or fewer, `.writable` is said.
    ///
    /// Two blocks of 16 KiB: the kernel has work while the owner decides what comes next.
    package var lowWater = 32_768
    /// How many bytes the kernel may hold unsent (TCP_NOTSENT_LOWAT); nil: its own default.
    package var notSentLowWater: Int?
    /// How long sent data may go unacknowledged before the kernel gives up (TCP_USER_TIMEOUT).
    package var userTimeout: Interval?
    /// The longest time between retransmissions (TCP_RTO_MAX_MS, Linux 6.15; else no effect).
    package var longestRetransmission: Interval?

    /// The defaults.
    package init() {}

    /// Linux 6.15 and later; glibc does not name it yet.
    private static let tcpRTOMaxMilliseconds: Int32 = 44

    /// Gives the socket these tunables, as far as the kernel knows them.
    func apply(to socket: Socket) {
        // We gather messages ourselves, a turn of the loop at a time.
        socket.setTCP(TCP_NODELAY, 1)
        if let notSentLowWater {
            socket.setTCP(TCP_NOTSENT_LOWAT, Int32(clamping: notSentLowWater))
        }
        if let userTimeout {
            socket.setTCP(TCP_USER_TIMEOUT, milliseconds(userTimeout))
        }
        if let longestRetransmission {
            socket.setTCP(Self.tcpRTOMaxMilliseconds, milliseconds(longestRetransmission))
        }
    }

    private func milliseconds(_ time: Interval) -> Int32 {
        Int32(clamping: max(0, time.nanoseconds / 1_000_000))
    }
}
