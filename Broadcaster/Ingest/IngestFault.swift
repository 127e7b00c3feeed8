// Why an input cannot be broadcast: typed, so that the command line can choose its exit code, and
// readable, so that it need not explain. Names in it are free of credentials.

/// Why an input cannot be broadcast.
package enum IngestFault: Error, Hashable, Sendable {
    /// There is no such file, or the server says so.
    case notFound(String)
    /// The path names a directory.
    case isDirectory(String)
    /// The file or the server denies access.
    case permission(String)
    /// There is not one byte.
    case empty(String)
    /// There are bytes, but no container that libavformat knows.
    case notMedia(String)
    /// There is video, but no key frame in what was searched.
    case noKeyFrames
    /// There is a container, but neither video nor audio in it.
    case noStreams
    /// A stream's codec has no place in a transport stream.
    case codecNotCarried(codec: String, kind: StreamInfo.Kind)
    /// Reading failed, and how.
    case readFailed(String)
    /// The URL's scheme is not one that is read.
    case protocolUnknown(String)
}

extension IngestFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let name): "\(name) does not exist"
        case .isDirectory(let name): "\(name) is a directory, not a media file"
        case .permission(let name): "access to \(name) was denied"
        case .empty(let name): "\(name) is empty"
        case .notMedia(let name): "\(name) is not a media file or stream that can be read"
        case .noKeyFrames: "the video has no key frame, so nobody could start watching"
        case .noStreams: "the input has neither video nor audio"
        case .codecNotCarried(let codec, let kind):
            "\(kind.rawValue) codec \(codec) cannot be carried in an MPEG transport stream"
        case .readFailed(let how): "reading the input failed: \(how)"
        case .protocolUnknown(let scheme): "\(scheme): is not a protocol that can be read"
        }
    }

    /// What the person can do about it: one sentence or one command.
    package var hint: String {
        switch self {
        case .notFound: "check the spelling of the path or URL"
        case .isDirectory: "name one file in it"
        case .permission: "check the permissions, or the user name and password in the URL"
        case .empty: "check that whatever writes it is running"
        case .notMedia, .noStreams, .readFailed: "look at it with: ffprobe INPUT"
        case .noKeyFrames: "encode with a key frame every 2 seconds (x264: keyint=50)"
        case .codecNotCarried(_, .video):
            "convert it: ffmpeg -i INPUT -c:v libx264 -c:a copy -f mpegts - | p2ptv broadcast -"
        case .codecNotCarried(_, .audio):
            "convert it: ffmpeg -i INPUT -c:v copy -c:a aac -f mpegts - | p2ptv broadcast -"
        case .protocolUnknown: "use a file, - for standard input, or http, rtmp, rtsp, srt, udp"
        }
    }
}
