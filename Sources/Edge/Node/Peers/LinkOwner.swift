// Who takes connections of peers: a channel's swarm or a torrent's. The port is shared by all.

import Primitives
import Reactor
import Wire

/// A swarm that peers connect to by its info-hash.
@Loop
protocol LinkOwner: AnyObject {
    /// Takes an incoming link whose handshake names one of its info-hashes.
    func adopt(_ link: PeerLink, _ greeting: Handshake)
    /// A link that it has taken says something.
    func heard(_ link: PeerLink, _ event: LinkEvent)
}
