// What can be set, under which names, and how its text is read. The one table of it: flags,
// environment, file, `config show` and the tests all go by it.

package import Primitives

/// Why a value was refused.
package struct SettingFault: Error, Hashable, Sendable {
    /// What is wrong with it.
    package var why: String
    /// What to write instead.
    package var hint: String
}

/// The names of a setting.
package struct SettingName: Hashable, Sendable {
    /// Its place in the file, such as `peer.up_limit`.
    package let path: String
    /// Its environment variable.
    package let variable: String
    /// Its option on the command line.
    package fileprivate(set) var flag: String
    /// What holds where nothing is set, for people.
    package let otherwise: String
    /// Whether it takes several values.
    package let isList: Bool
}

/// A setting with values of type `Value`.
package struct SettingKey<Value: Sendable>: Sendable {
    /// Its names.
    package private(set) var name: SettingName
    /// Reads one value.
    package let parse: @Sendable (String) throws(SettingFault) -> Value

    init(
        _ path: String, _ variable: String, _ flag: String, otherwise: String,
        isList: Bool = false, _ parse: @escaping @Sendable (String) throws(SettingFault) -> Value
    ) {
        name = SettingName(
            path: path, variable: variable, flag: flag, otherwise: otherwise, isList: isList)
        self.parse = parse
    }
}

extension SettingKey {
    /// The same setting under another option, as where it is the main thing of a command.
    package func named(_ flag: String) -> SettingKey {
        var key = self
        key.name.flag = flag
        return key
    }
}

/// The settings there are.
package enum Keys {
    /// The port of the endpoint that players connect to.
    package static let httpPort = SettingKey(
        "http.port", "P2PTV_HTTP_PORT", "--port", otherwise: "7780, or the next free of ten",
        parseAnyPort)
    /// The port that peers connect to.
    package static let peerPort = SettingKey(
        "peer.port", "P2PTV_PEER_PORT", "--peer-port", otherwise: "the first free of 6881 to 6999",
        parsePort)
    /// The most that is uploaded.
    package static let upLimit = SettingKey(
        "peer.up_limit", "P2PTV_UP_LIMIT", "--up-limit", otherwise: "none", parseRate)
    /// The most that is downloaded of torrents.
    package static let downLimit = SettingKey(
        "peer.down_limit", "P2PTV_DOWN_LIMIT", "--down-limit", otherwise: "none", parseRate)
    /// The address under which others reach this machine.
    package static let publicAddress = SettingKey(
        "peer.public_address", "P2PTV_PUBLIC_ADDRESS", "--public-address",
        otherwise: "the address of the default route", parseAddress)
    /// The trackers of a broadcast.
    package static let trackers = SettingKey(
        "trackers.default", "P2PTV_TRACKER", "--tracker", otherwise: "the embedded tracker",
        isList: true, parseTracker)
    /// The port of the embedded tracker.
    package static let trackerPort = SettingKey(
        "trackers.port", "P2PTV_TRACKER_PORT", "--tracker-port", otherwise: "6969", parsePort)
    /// The folder of a broadcast's key and numbering.
    package static let stateFolder = SettingKey(
        "broadcast.state_dir", "P2PTV_STATE_DIR", "--state-dir",
        otherwise: "broadcast/NAME in the state folder", parsePath)
    /// The player that is started.
    package static let player = SettingKey(
        "watch.player", "P2PTV_PLAYER", "--player", otherwise: "auto", parsePlayer)
    /// How far behind the source to play.
    package static let delay = SettingKey(
        "watch.delay", "P2PTV_DELAY", "--delay", otherwise: "as little as the network allows",
        parseDelay)

    /// How long a relay keeps pieces.
    package static let relayWindow = SettingKey(
        "relay.window", "P2PTV_RELAY_WINDOW", "--window", otherwise: "180", parseWindow)
    /// How much memory the pieces of a relay take.
    package static let relayMemory = SettingKey(
        "relay.memory", "P2PTV_RELAY_MEMORY", "--memory", otherwise: "256MiB", parseMemory)

    /// All of them, and a check of one value each.
    package static let all: [(name: SettingName, check: @Sendable (String) -> SettingFault?)] = [
        erased(httpPort), erased(peerPort), erased(upLimit), erased(downLimit),
        erased(publicAddress), erased(trackers), erased(trackerPort), erased(player), erased(delay),
        erased(stateFolder),
        erased(relayWindow), erased(relayMemory),
    ]

    private static func erased<V>(
        _ key: SettingKey<V>
    ) -> (name: SettingName, check: @Sendable (String) -> SettingFault?) {
        (
            key.name,
            { text in
                do throws(SettingFault) {
                    _ = try key.parse(text)
                    return nil
                } catch {
                    return error
                }
            }
        )
    }
}
