// The input is known: the channel file is written, ports are opened, pieces begin to flow.

import Crypto
import Ingest
import Metainfo
import Pieces
import Primitives
import Publish
import Reactor
import Storage
import Swarm
import Tracker

extension BroadcastNode {
    func goOnAir(_ info: StreamInfo) {
        do throws(NodeFault) {
            guard let folder, let key else { return }
            let state = try state(in: folder, for: info)
            let host = try PeerHost.open(settings.peerPorts)
            self.host = host
            let file = try channelFile(state, key, port: host.port)
            let (parsed, bytes) = try sign(file, key)
            let hash = InfoHash(Digests.sha1(parsed.infoBytes).value)
            try openTracker(hash)
            // Last, so that no file is left of a channel that never went on the air.
            try save(bytes)
            join(parsed, state, host, hash)
            makeLine(state, folder, key, hash)
            tracker?.feed(.started)
            report(.onAir(onAir(parsed, info, state, hash)))
        } catch {
            fail(error)
        }
    }

    /// The channel's state: as it was left, or a new one.
    private func state(
        in folder: BroadcastFolder, for info: StreamInfo
    ) throws(NodeFault) -> ChannelState {
        var old: ChannelState?
        do throws(StorageError) { old = try folder.state() } catch { throw NodeFault(error) }
        if let old, old.name == settings.name {
            guard old.isPrivate || !settings.isPrivate else { throw Self.public(old) }
            return old
        }
        if let old {
            throw NodeFault(
                .data, what: "cannot broadcast \(settings.name)",
                why: "\(folder.path) belongs to the channel \(old.name)",
                hint: "use --name \(old.name), or another --state-dir")
        }
        let length = PieceGeometry.pieceLength(forBitsPerSecond: info.bitsPerSecond)
        let epoch = secureRandom(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let geometry = PieceGeometry(pieceLength: length),
            let state = ChannelState(
                epoch: epoch, name: settings.name, geometry: geometry,
                isPrivate: settings.isPrivate)
        else { throw NodeFault(.software, what: "cannot begin the channel", why: "bad state") }
        return state
    }

    /// What to say to whoever wants a channel private whose viewers know it as public.
    private static func `public`(_ channel: ChannelState) -> NodeFault {
        NodeFault(
            .data, what: "cannot make \(channel.name) private",
            why: "its viewers have a file that is not, of another swarm",
            hint: "begin a new channel with another --name or --state-dir")
    }

    /// The address that others reach this machine under.
    private var publicAddress: IPAddress? { settings.publicAddress ?? defaultRouteAddress() }

    private func channelFile(
        _ state: ChannelState, _ key: SigningKey, port: UInt16
    ) throws(NodeFault) -> ChannelFile {
        guard let name = ChannelName(state.name) else {
            throw NodeFault(
                .data, what: "cannot use the name \(state.name)",
                why: "it is empty, too long or has control characters", hint: "use --name")
        }
        var file = ChannelFile(
            name: name, publicKey: key.publicKey, epoch: ChannelEpoch(state.epoch),
            geometry: state.geometry)
        file.isPrivate = state.isPrivate
        let address = publicAddress ?? .v4(0x7f00_0001)
        file.trackers = settings.trackers.map { [$0] }
        if file.trackers.isEmpty {
            let own = Endpoint(address: address, port: settings.trackerPort)
            file.trackers = [["http://\(own)/announce"]]
        }
        file.peers = [Endpoint(address: address, port: port)]
        file.creationDate = Int64(Loop.wallNow.microseconds / 1_000_000)
        file.createdBy = "p2ptv"
        return file
    }

    private func sign(
        _ file: ChannelFile, _ key: SigningKey
    ) throws(NodeFault) -> (ParsedChannelFile, [UInt8]) {
        guard let signature = try? key.sign(file.signedMessage) else {
            throw NodeFault(
                .software, what: "cannot sign the channel file", why: "libcrypto failed")
        }
        let bytes = file.encoded(signature: signature)
        guard let parsed = try? ChannelFile.parse(bytes) else {
            throw NodeFault(
                .software, what: "cannot read the channel file back", why: "it was written wrong")
        }
        return (parsed, bytes)
    }

    private func save(_ bytes: [UInt8]) throws(NodeFault) {
        do throws(StorageError) {
            try AtomicFile.write(settings.output, bytes)
        } catch {
            throw NodeFault(error)
        }
    }

    private func openTracker(_ hash: InfoHash) throws(NodeFault) {
        guard settings.trackers.isEmpty else { return }
        do throws(ReactorFault) {
            service = try TrackerService(
                port: settings.trackerPort, swarms: [hash], publicAddress: publicAddress,
                seed: randomSeed())
        } catch {
            throw NodeFault(error, port: settings.trackerPort, option: "--tracker-port")
        }
    }

    private func join(
        _ parsed: ParsedChannelFile, _ state: ChannelState, _ host: PeerHost, _ hash: InfoHash
    ) {
        var swarmSettings = SwarmSettings(role: .source)
        swarmSettings.upLimit = settings.upLimit
        swarmSettings.exchangesPeers = !parsed.file.isPrivate
        swarmSettings.window = windowPieces(settings.window, parsed.file.geometry)
        let id = newPeerID()
        let swarm = SwarmDriver(
            channel: parsed, settings: swarmSettings, firstPiece: state.first, ourID: id,
            listenPort: host.port, seed: randomSeed()
        ) { _ in }
        self.swarm = swarm
        host.add(swarm)
        let announcer = Announcer(
            tiers: parsed.file.trackers, infoHash: hash, peerID: id, port: host.port,
            random: SeededRandom(seed: randomSeed()))
        tracker = TrackerClient(announcer) { [weak self] event in
            switch event {
            case .discovered: break
            case .note(let note): self?.report(.tracker(note))
            case .finished: self?.close()
            }
        }
    }

    private func makeLine(
        _ state: ChannelState, _ folder: BroadcastFolder, _ key: SigningKey, _ hash: InfoHash
    ) {
        line = PublishingLine(state: state, folder: folder, key: key, infoHash: hash) {
            [weak self] event in
            switch event {
            case .publish(let record, let digest, let pieces, let bytes):
                self?.swarm?.publish(record, digest: digest, pieces: pieces, bytes: bytes)
            case .finished: self?.finished()
            case .failed(let error): self?.fail(NodeFault(error))
            }
        }
    }

    private func onAir(
        _ parsed: ParsedChannelFile, _ info: StreamInfo, _ state: ChannelState, _ hash: InfoHash
    ) -> BroadcastOnAir {
        BroadcastOnAir(
            file: settings.output, infoHash: "\(hash)", publicKey: "\(parsed.file.publicKey)",
            stream: info, pieceLength: state.geometry.pieceLength,
            firstPiece: state.first.value, peerPort: host?.port ?? 0,
            trackers: parsed.file.trackers.flatMap { $0 })
    }

    /// How the broadcast is doing now.
    package var status: BroadcastStatus {
        var status = BroadcastStatus()
        status.pieces = line?.pieces ?? 0
        status.streamBytes = streamBytes
        status.bitrate = streamRate.rate(at: Loop.now)
        status.hasInput = hasInput
        if let swarm { status.swarm = rates.status(of: swarm, tracker) }
        return status
    }
}
