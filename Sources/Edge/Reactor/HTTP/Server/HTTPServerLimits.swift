// What a client may do to the server.

package import Primitives

/// The limits of an HTTP server.
package struct HTTPServerLimits: Hashable, Sendable {
    /// Bytes of request line and header fields; more is answered by 400 and closed.
    ///
    /// nginx and Apache take 8 KiB a line; announce URLs are below 1 KiB.
    package var headerBytes = 16_384
    /// How long a connection may take for its first request, all in all.
    ///
    /// libevent's own limit is per read, so that a drip never ends.
    package var headerDeadline = Interval.seconds(10)
    /// How long a connection may take for each later request, its waiting included.
    package var idleTimeout = Interval.seconds(20)
    /// How long nothing of an answer may leave before the connection is given up.
    package var stallTimeout = Interval.seconds(20)
    /// Connections at a time; those beyond are closed at once.
    package var maxConnections = 512
    /// Connections at a time from one address; a household or a carrier's NAT shares one.
    package var maxConnectionsPerAddress = 128

    /// The defaults.
    package init() {}

    /// Bytes of a body that are read so as to answer 405 or 413 before closing; never kept.
    static let discardedBody = 16_384
}
