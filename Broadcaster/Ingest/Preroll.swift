// The start of an input: reads until a receiver could start and, for a live input, until its bit
// rate is known. What is read meanwhile is kept in order and handed on.
import CFFmpeg
import Primitives

/// An opened input with its first packets.
struct Preroll {
    let input: InputContext
    /// The streams that are carried.
    private(set) var choice: StreamChoice
    private var gate: EntryGate
    /// What may pass.
    var packets: [Packet] = []
    /// Whether the input came to its end already.
    private(set) var isOver = false
    private var rate = RateEstimate()

    /// Reads the start of `input`.
    init(_ input: InputContext, limits: IngestLimits, measures: Bool) throws(Interruption) {
        self.input = input
        do throws(IngestFault) {
            choice = try StreamChoice(input)
        } catch { throw .fault(error) }
        gate = EntryGate(
            hasVideo: choice.hasVideo, limit: limits.keyFrameSearch.nanoseconds * 9 / 100_000)
        let span = measures && !input.isFile ? limits.rateSpan.nanoseconds * 9 / 100_000 : 0
        while !gate.hasOpened || packets.isEmpty || rate.span < span || lacksParameters {
            guard let packet = try input.read() else {
                isOver = true
                break
            }
            try take(packet)
            if gate.hasOpened, packets.count > 1000 { break }
        }
        guard gate.hasOpened else { throw .fault(.noKeyFrames) }
        try leaveOutUnknown()
    }

    /// What is known of the input.
    var info: StreamInfo {
        let streams = input.streams
        return StreamInfo(
            container: input.container,
            streams: choice.entries.map { StreamInfo.Stream(streams[$0.index], kind: $0.kind) },
            bitsPerSecond: input.isFile && input.fileRate > 0 ? input.fileRate : rate.bitsPerSecond)
    }

    /// Takes a packet that follows, and gives those that may pass.
    mutating func admit(_ packet: Packet) throws(Interruption) -> [Packet] {
        do throws(IngestFault) { return try gate.admit(packet) } catch { throw .fault(error) }
    }

    private mutating func take(_ packet: Packet) throws(Interruption) {
        let index = packet.stream
        guard choice.entries.contains(where: { $0.index == index }) else { return }
        rate.add(packet)
        completeParameters(input.streams[index], from: packet)
        packets += try admit(packet)
    }

    /// Whether a stream is not described well enough to be written, and may yet be.
    private var lacksParameters: Bool {
        guard rate.span < 90_000, packets.count < 200 else { return false }
        let streams = input.streams
        return choice.entries.contains { !isDescribed(streams[$0.index]) }
    }

    /// Without its measures no muxer takes a stream.
    private mutating func leaveOutUnknown() throws(Interruption) {
        let streams = input.streams
        choice.entries.removeAll { !isDescribed(streams[$0.index]) }
        guard let first = choice.entries.first else { throw .fault(.noStreams) }
        guard gate.isForAudio || first.kind == .video else {
            throw .fault(.readFailed("the size of the pictures cannot be found out"))
        }
    }
}

/// Whether a muxer has what it needs to know of the stream.
private func isDescribed(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
    let codec = stream.pointee.codecpar.pointee
    return codec.codec_type == AVMEDIA_TYPE_VIDEO ? codec.width > 0 : codec.sample_rate > 0
}

/// Fills in what the demuxer could not find in the little that it analysed, by decoding a packet:
/// someone who joins a live input in the middle of a long GOP sees its parameters late.
private func completeParameters(_ stream: UnsafeMutablePointer<AVStream>, from packet: Packet) {
    let codec = stream.pointee.codecpar
    guard let codec, !isDescribed(stream), packet.isKey else { return }
    guard let decoder = avcodec_find_decoder(codec.pointee.codec_id) else { return }
    var context = avcodec_alloc_context3(decoder)
    defer { avcodec_free_context(&context) }
    guard let context, avcodec_parameters_to_context(context, codec) >= 0,
        avcodec_open2(context, decoder, nil) >= 0
    else { return }
    avcodec_send_packet(context, packet.raw)
    avcodec_parameters_from_context(codec, context)
}
