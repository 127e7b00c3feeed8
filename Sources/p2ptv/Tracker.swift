// `p2ptv tracker`: the embedded tracker alone.

import ArgumentParser
import Console
import Node
import Primitives
import Reactor

/// Runs a tracker.
struct Tracker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a BitTorrent tracker, by HTTP and UDP.",
        discussion: """
            Serves every swarm that is announced, or only those of the channel files that
            are named, by HTTP and by UDP on the port of the same number. Prints where it
            is, a line for each. Goes on until Ctrl-C.

            Examples:
              p2ptv tracker
              p2ptv tracker --port 8080 news.torrent sports.torrent
            """)

    @Argument(help: "Serve only these channels.")
    var channels: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Listen on this port (default: 6969).", valueName: "port"))
    var port: String?

    @Option(
        help: ArgumentHelp(
            "Tell viewers this address instead of a private one of this machine.", valueName: "ip"))
    var publicAddress: String?

    @Option(help: ArgumentHelp("Read the settings of this file.", valueName: "file"))
    var config: String?

    func run() async throws {
        let given = try Settings.load(flag: config)
        let port = try given.one(Keys.trackerPort.named("--port"), flag: port) ?? 6969
        let address = try given.one(Keys.publicAddress, flag: publicAddress)
        var swarms: Set<InfoHash> = []
        for channel in channels {
            let bytes = try await ChannelReader.fetch(ChannelPlace(channel))
            swarms.insert(ChannelReader.swarm(of: try ChannelReader.read(bytes, from: channel)))
        }
        try await Self.serve(port, swarms, address)
    }

    @Loop
    private static func serve(
        _ port: UInt16, _ swarms: Set<InfoHash>, _ address: IPAddress?
    ) async throws(Complaint) {
        let service: TrackerService
        do throws(ReactorFault) {
            service = try TrackerService(
                port: port, swarms: swarms, publicAddress: address,
                seed: UInt64.random(in: .min ... .max))
        } catch {
            throw Complaint(error, port: port, option: "--port")
        }
        let life = Lifetime()
        let host = address.map { "\($0)" } ?? "127.0.0.1"
        let complaint = await life.untilOver(
            stop: { life.finish(nil) },
            start: {
                _ = put("http://\(host):\(service.port)/announce")
                _ = put("udp://\(host):\(service.port)/announce")
            })
        service.close()
        if let complaint { throw complaint }
    }
}
