// What happens to a packet between the demuxer and the owner: its times are set right, a file's
// packets are put in order and paced, the muxer writes it, and the bytes leave with their marks.
import CFFmpeg
import Primitives

/// The way out of a session.
final class OutputLine {
    private typealias Queued = (packet: Packet, stream: Int, pts: Int64)

    private let options: IngestOptions
    private let control: IngestControl
    private let deliver: @Sendable (IngestEvent) -> Void
    private var muxer: TransportMuxer?
    private var scanner = MarkScanner(videoPID: nil, tablePID: TransportMuxer.tablePID)
    private var layout: [StreamLayout] = []
    private var routes: [Int: Int] = [:]
    private var version = 0
    private var timeline: Timeline
    private var interleaver: Interleaver<Queued>?
    private var pacer: Pacer
    private var refused = 0

    /// A way out to `deliver`.
    init(
        _ options: IngestOptions, control: IngestControl,
        deliver: @escaping @Sendable (IngestEvent) -> Void
    ) {
        self.options = options
        self.control = control
        self.deliver = deliver
        timeline = Timeline(streams: 0, jump: options.limits.jump.nanoseconds * 9 / 100_000)
        pacer = Pacer(ahead: options.limits.paceAhead, behind: options.limits.paceBehind)
    }

    /// Tells the owner, unless it no longer wants to hear.
    func tell(_ event: IngestEvent) { if !control.isStopping { deliver(event) } }

    /// Whether packets of this stream of the input are carried.
    func carries(_ stream: Int) -> Bool { routes[stream] != nil }

    /// The input is at its end and will begin again with the same packets.
    func inputBeginsAgain() { timeline.beginPass() }

    /// The input is gone and will come back with other times.
    func inputWasLost() { timeline.beginAnew() }

    /// Takes the packets of `input` from now on; what is the same as before goes on seamlessly.
    func connect(_ choice: StreamChoice, of input: InputContext) throws(Interruption) {
        let all = input.streams
        let streams = choice.entries.map { all[$0.index] }
        routes = [:]
        for (output, entry) in choice.entries.enumerated() { routes[entry.index] = output }
        let layout = streams.map(StreamLayout.init)
        guard layout != self.layout else { return }
        try finish()
        do throws(IngestFault) {
            muxer = try TransportMuxer(streams, limits: options.limits, version: version)
        } catch { throw .fault(error) }
        self.layout = layout
        version += 1
        timeline.resize(streams: streams.count)
        interleaver = input.isFile ? Interleaver(streams: streams.count) : nil
        scanner = MarkScanner(
            videoPID: choice.hasVideo ? TransportMuxer.firstPID : nil,
            tablePID: TransportMuxer.tablePID)
    }

    /// Sends a packet on its way.
    func pass(_ packet: Packet) throws(Interruption) {
        guard let stream = routes[packet.stream] else { return }
        let times = timeline.map(packet.times, stream: stream)
        let queued = (packet, stream, times.pts)
        guard interleaver != nil else { return try emit(queued, dts: times.dts) }
        interleaver?.add(queued, dts: times.dts, stream: stream)
        while let next = interleaver?.next() { try emit(next.element, dts: next.dts) }
    }

    /// Sends out what is still held, and what the muxer has collected.
    func finish() throws(Interruption) {
        while let next = interleaver?.next(draining: true) {
            try emit(next.element, dts: next.dts)
        }
        muxer?.finish()
        release()
        muxer = nil
    }

    private func emit(_ queued: Queued, dts: Int64) throws(Interruption) {
        guard let muxer else { return }
        if options.pacing == .realTime {
            let due = pacer.due(dts, at: monotonicNow())
            guard control.sleep(until: due) else { throw .stopped }
        }
        guard control.awaitCredit(below: options.limits.unconsumedBytes) else { throw .stopped }
        let taken = muxer.write(queued.packet, stream: queued.stream, pts: queued.pts, dts: dts)
        refused = taken ? 0 : refused + 1
        guard refused < options.limits.brokenPackets else {
            throw .fault(.readFailed("its packets are too damaged for a transport stream"))
        }
        release()
    }

    private func release() {
        guard let bytes = muxer?.take(), !bytes.isEmpty else { return }
        control.deliver(bytes.count)
        tell(.chunk(TSChunk(bytes: bytes, marks: scanner.marks(in: bytes))))
    }
}

/// What must be the same for a muxer to go on with another input.
private struct StreamLayout: Hashable {
    let codec: UInt32
    let extradata: [UInt8]
    let sampleRate: Int32
    let channels: Int32

    init(_ stream: UnsafeMutablePointer<AVStream>) {
        let parameters = stream.pointee.codecpar.pointee
        codec = parameters.codec_id.rawValue
        extradata = Array(
            UnsafeBufferPointer(
                start: parameters.extradata, count: Int(parameters.extradata_size)))
        sampleRate = parameters.sample_rate
        channels = parameters.ch_layout.nb_channels
    }
}
