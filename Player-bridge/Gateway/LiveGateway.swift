// Channels and files over HTTP for the players of this machine, the status page and its API.
// Knows paths and headers; what is in a stream is for LiveFeed, what is in a file for FileShelf and
// whoever gives it bytes, what the status says is the caller's.

package import Reactor

/// The HTTP server for players.
///
/// `open` a channel for each stream and feed it; the answer to a player is held open for as long
/// as the channel is, also while nothing comes, since players quit when it ends. Requests whose
/// Host is not ours are refused (DNS rebinding), no other origin is allowed anything (no CORS
/// fields), and only GET and HEAD exist.
@Loop
package final class LiveGateway {
    /// A stream that players can open.
    package struct Channel {
        /// The name in its path, `/live/NAME.ts`.
        package let name: String
        /// What people call it.
        package let title: String
        /// Its bytes and readers.
        package let feed: LiveFeed
    }

    /// Makes the JSON of `/api/v1/status`.
    ///
    /// The page shows `channels`, a list of objects with `name`, `title`, `state` (text),
    /// `lag_ms`, `peers`, `down_bps`, `up_bps` (bits a second) and `readers`; each may be absent.
    package typealias StatusSource = @Loop () -> String

    private let settings: GatewaySettings
    private let status: StatusSource
    private var server: HTTPServer?
    private var hosts: HostPolicy
    /// The channels in the order in which they were opened.
    package private(set) var channels: [Channel] = []
    /// The files of the torrent that players can open, if there is one.
    package private(set) var shelf: FileShelf?

    /// A gateway that listens at once.
    ///
    /// - Parameters:
    ///   - settings: where to listen and whom to answer.
    ///   - status: the JSON of the status.
    /// - Throws: why it cannot listen, such as `.addressInUse`.
    package init(
        settings: GatewaySettings = GatewaySettings(), status: @escaping StatusSource
    ) throws(ReactorFault) {
        self.settings = settings
        self.status = status
        hosts = HostPolicy(port: settings.port, extra: settings.hosts)
        var limits = HTTPServerLimits()
        limits.stallTimeout = settings.stallTimeout
        limits.maxConnections = settings.maxConnections
        limits.maxConnectionsPerAddress = settings.maxConnections
        let server = try HTTPServer(
            address: settings.address, port: settings.port, limits: limits
        ) { [weak self] request, responder in self?.answer(request, responder) }
        self.server = server
        hosts = HostPolicy(port: server.port, extra: settings.hosts)
    }

    /// The port that is listened on; 0 once closed.
    package var port: UInt16 { server?.port ?? 0 }

    /// Adds a stream under a name made from its title, with a number where that is taken.
    package func open(title: String, feed: LiveFeed = LiveFeed()) -> Channel {
        let plain = GatewayRoute.name(for: title)
        var name = plain
        var number = 2
        while channel(name) != nil {
            name = "\(plain.prefix(GatewayRoute.longestName - 7))-\(number)"
            number += 1
        }
        let channel = Channel(name: name, title: title, feed: feed)
        channels.append(channel)
        return channel
    }

    /// Takes a channel away; its players are closed once they have everything.
    package func remove(_ name: String) {
        channel(name)?.feed.finish()
        channels.removeAll { $0.name == name }
    }

    /// Puts the files of a torrent on offer, in the place of those that were.
    package func open(_ shelf: FileShelf?) {
        self.shelf?.close()
        self.shelf = shelf
    }

    /// Listens no more and closes every connection.
    package func close() {
        shelf?.close()
        server?.close()
        server = nil
    }

    private func channel(_ name: String) -> Channel? { channels.first { $0.name == name } }
}

extension LiveGateway {
    private func answer(_ request: HTTPRequest, _ responder: HTTPResponder) {
        // A target with an authority of its own would go around the Host field.
        guard request.target.hasPrefix("/"), hosts.accepts(request.headers.all("Host")) else {
            return responder.sendText(421, "Not my name: use http://127.0.0.1:\(port)/\n")
        }
        switch GatewayRoute(path: request.path) {
        case .page: responder.send(.html, StatusPage.html)
        case .script: responder.send(.script, StatusPage.script)
        case .status: responder.send(.json, status())
        case .playlist: responder.send(.playlist, playlist(for: request))
        case .health: responder.sendText(200, "ok\n")
        case .live(let name): play(name, request, responder)
        case .files: responder.send(.json, (shelf?.files ?? []).json)
        case .file(let index):
            if shelf?.answer(index, request, responder) != true { notFound(responder) }
        case .unknown: notFound(responder)
        }
    }

    private func notFound(_ responder: HTTPResponder) {
        let files = (shelf?.files.playable ?? []).map(\.address)
        let paths = (channels.map { GatewayRoute.path(ofLive: $0.name) } + files)
            .prefix(20).map { $0 + "\n" }
        responder.sendText(404, "Not here. There is / and /playlist.m3u\n" + paths.joined())
    }

    private func playlist(for request: HTTPRequest) -> String {
        let host = request.headers["Host"] ?? "127.0.0.1:\(port)"
        let list = channels.reduce("#EXTM3U\n") { text, channel in
            let path = GatewayRoute.path(ofLive: channel.name)
            return text + "#EXTINF:-1,\(oneLine(channel.title))\nhttp://\(host)\(path)\n"
        }
        return list + (shelf?.files.playlist(host: host) ?? "")
    }

    private func play(_ name: String, _ request: HTTPRequest, _ responder: HTTPResponder) {
        guard let channel = channel(name) else { return notFound(responder) }
        var headers = ContentKind.transportStream.headers
        headers["Accept-Ranges"] = "none"
        responder.start(status: 200, headers: headers)
        guard request.method == .get else { return responder.end() }
        responder.setSendBuffer(settings.sendBuffer)
        let feed = channel.feed
        let answer = PlayerAnswer(responder)
        responder.onDrain = { [weak feed, weak answer] in answer.map { feed?.drained($0) } }
        responder.onClose = { [weak feed, weak answer] in answer.map { feed?.remove($0) } }
        feed.add(answer)
    }
}

/// A title without what would begin a new line or steer a terminal.
func oneLine(_ title: String) -> String {
    String(String.UnicodeScalarView(title.unicodeScalars.filter { $0.properties.isPrintable }))
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}
