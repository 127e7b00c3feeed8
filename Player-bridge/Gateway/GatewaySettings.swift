// Where the gateway listens and whom it answers.

package import Primitives

/// The tunables of the gateway.
package struct GatewaySettings: Hashable, Sendable {
    /// The numeric address to listen on: this machine only, unless the user says otherwise.
    package var address = "127.0.0.1"
    /// The port to listen on; 0 lets the kernel choose.
    package var port: UInt16 = 7780
    /// Names besides the loopback ones under which the gateway may be asked.
    package var hosts: [String] = []
    /// The kernel's send buffer for each player (SO_SNDBUF), in bytes.
    ///
    /// A quarter of a second at 8 Mbit/s: in a larger one, a player that does not keep up would
    /// look as if it did.
    package var sendBuffer = 262_144
    /// Connections at a time; the players of one machine have one address.
    package var maxConnections = 512
    /// How long a player may take nothing at all: someone who paused comes back in that time.
    package var stallTimeout = Interval.seconds(600)

    /// The defaults.
    package init() {}
}
