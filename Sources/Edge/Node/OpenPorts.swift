// The ports of a node are opened, or it is said in a person's words why that cannot be, and which
// option names another.

import Gateway
import Reactor

extension PeerHost {
    /// Opens the first free one of `ports` for peers.
    static func open(_ ports: ClosedRange<UInt16>) throws(NodeFault) -> PeerHost {
        do throws(ReactorFault) {
            return try PeerHost(ports: ports)
        } catch {
            throw NodeFault(error, port: ports.lowerBound, option: "--peer-port")
        }
    }
}

extension LiveGateway {
    /// Opens `port` for players; `status` is asked for the JSON of the status.
    static func listening(
        on port: UInt16, status: @escaping StatusSource
    ) throws(NodeFault) -> LiveGateway {
        do throws(ReactorFault) {
            var settings = GatewaySettings()
            settings.port = port
            return try LiveGateway(settings: settings, status: status)
        } catch {
            throw NodeFault(error, port: port, option: "--port")
        }
    }
}
