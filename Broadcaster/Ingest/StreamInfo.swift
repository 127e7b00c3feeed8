// What an input turned out to be: for people, and for the choice of a piece length.
// Describes only the streams that are carried.

/// What an input contains, as far as it is carried.
package struct StreamInfo: Hashable, Sendable {
    /// What a stream is for.
    package enum Kind: String, Hashable, Sendable {
        /// Pictures.
        case video
        /// Sound.
        case audio
    }

    /// One elementary stream.
    package struct Stream: Hashable, Sendable {
        /// What it is for.
        package var kind: Kind
        /// The codec's name as libavcodec gives it, such as `h264`.
        package var codec: String
        /// The width of a picture in pixels; 0 for audio.
        package var width = 0
        /// The height of a picture in pixels; 0 for audio.
        package var height = 0
        /// Pictures a second; 0 where unknown.
        package var frameRate = 0.0
        /// Audio samples a second; 0 for video.
        package var sampleRate = 0
        /// Audio channels; 0 for video.
        package var channels = 0
        /// The language as in ISO 639-2, where the container says.
        package var language: String?

        /// A stream of which only kind and codec are known.
        package init(kind: Kind, codec: String) {
            self.kind = kind
            self.codec = codec
        }
    }

    /// The container's name as libavformat gives it, such as `mpegts` or `mov,mp4,m4a,3gp,3g2,mj2`.
    package var container: String
    /// The streams in the order in which the output carries them.
    package var streams: [Stream]
    /// Bits a second of the whole input; 0 where nothing could be measured.
    ///
    /// Of a file its size over its duration, of a live input what was measured at its start.
    package var bitsPerSecond: Double

    /// An input with these streams.
    package init(container: String, streams: [Stream], bitsPerSecond: Double) {
        self.container = container
        self.streams = streams
        self.bitsPerSecond = bitsPerSecond
    }

    /// Whether there are pictures.
    package var hasVideo: Bool { streams.contains { $0.kind == .video } }
}
