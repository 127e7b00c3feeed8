// Which streams of an input are carried: the best video, and the audio that belongs to it.
// Decides from what the demuxer says; opens nothing.
import CFFmpeg

/// The streams of an input that are carried.
struct StreamChoice {
    /// A stream that is carried.
    struct Entry {
        let index: Int
        let kind: StreamInfo.Kind
    }

    /// In the order in which the output carries them: video first.
    var entries: [Entry] = []

    /// Whether there are pictures.
    var hasVideo: Bool { entries.contains { $0.kind == .video } }

    /// Codecs with a stream type, or a registered private one, in ISO/IEC 13818-1 and its kin.
    private static let carried: Set<AVCodecID.RawValue> = Set(
        [
            AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG4, AV_CODEC_ID_H264,
            AV_CODEC_ID_HEVC, AV_CODEC_ID_MP2, AV_CODEC_ID_MP3, AV_CODEC_ID_AAC,
            AV_CODEC_ID_AAC_LATM, AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3, AV_CODEC_ID_DTS,
            AV_CODEC_ID_TRUEHD, AV_CODEC_ID_OPUS,
        ].map(\.rawValue))

    /// Chooses from `input`, and tells the demuxer to leave out the rest.
    init(_ input: InputContext) throws(IngestFault) {
        let streams = input.streams
        let video = Self.best(AVMEDIA_TYPE_VIDEO, in: input, near: -1)
        let audio = Self.best(AVMEDIA_TYPE_AUDIO, in: input, near: Int32(video ?? -1))
        guard video != nil || audio != nil else { throw .noStreams }
        if let video {
            try Self.check(streams[video], .video)
            entries.append(Entry(index: video, kind: .video))
        }
        if let audio {
            let companions = Self.companions(of: audio, in: input)
            let fit = ([audio] + companions.filter { $0 != audio })
                .filter { Self.isCarried(streams[$0]) }
            // Silence nobody asked for is worse than a refusal that says why.
            if fit.isEmpty { try Self.check(streams[audio], .audio) }
            entries += fit.map { Entry(index: $0, kind: .audio) }
        }
        for (index, stream) in streams.enumerated()
        where !entries.contains(where: { $0.index == index }) {
            stream.pointee.discard = AVDISCARD_ALL
        }
    }

    private static func best(_ kind: AVMediaType, in input: InputContext, near: Int32) -> Int? {
        let index = av_find_best_stream(input.raw, kind, -1, near, nil, 0)
        guard index >= 0 else { return nil }
        // A cover picture is not video.
        let stream = input.streams[Int(index)]
        return stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0 ? Int(index) : nil
    }

    /// The audio streams of the program that `audio` belongs to; all where there are no programs.
    private static func companions(of audio: Int, in input: InputContext) -> [Int] {
        let kinds = input.streams.map(\.pointee.codecpar.pointee.codec_type)
        let all = kinds.indices.filter { kinds[$0] == AVMEDIA_TYPE_AUDIO }
        guard let program = av_find_program_from_stream(input.raw, nil, Int32(audio)) else {
            return all
        }
        let members = (0..<Int(program.pointee.nb_stream_indexes))
            .map { Int(program.pointee.stream_index[$0]) }
        return all.filter(members.contains)
    }

    private static func isCarried(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        carried.contains(stream.pointee.codecpar.pointee.codec_id.rawValue)
    }

    private static func check(
        _ stream: UnsafeMutablePointer<AVStream>, _ kind: StreamInfo.Kind
    ) throws(IngestFault) {
        guard !isCarried(stream) else { return }
        let codec = stream.pointee.codecpar.pointee.codec_id
        throw .codecNotCarried(codec: String(cString: avcodec_get_name(codec)), kind: kind)
    }
}

extension StreamInfo.Stream {
    /// The description of a demuxer's stream.
    init(_ stream: UnsafeMutablePointer<AVStream>, kind: StreamInfo.Kind) {
        let codec = stream.pointee.codecpar.pointee
        self.init(kind: kind, codec: String(cString: avcodec_get_name(codec.codec_id)))
        width = Int(codec.width)
        height = Int(codec.height)
        sampleRate = Int(codec.sample_rate)
        channels = Int(codec.ch_layout.nb_channels)
        let rate = stream.pointee.avg_frame_rate
        if kind == .video, rate.den > 0 { frameRate = Double(rate.num) / Double(rate.den) }
        if let entry = av_dict_get(stream.pointee.metadata, "language", nil, 0),
            let value = entry.pointee.value
        {
            language = String(cString: value)
        }
    }
}
