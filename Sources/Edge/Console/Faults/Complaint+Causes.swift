// Which exit code and which hint belong to what the layers below report.

package import Ingest
package import Metainfo
package import Reactor

extension Complaint {
    /// Why the channel file named `name` was refused.
    package init(_ error: ChannelFileError, of name: String) {
        self.init(
            .data, what: "cannot use \(name)", why: "\(error)", hint: Self.hint(for: error))
    }

    private static func hint(for error: ChannelFileError) -> String {
        switch error {
        case .empty, .truncated, .malformed:
            "get the file again from where it was published"
        case .notATorrent:
            "name the .torrent file that `p2ptv broadcast` wrote; a film is broadcast, not watched"
        case .ordinaryTorrent:
            "ordinary torrents are played with p2ptv watch, and seeded with p2ptv relay"
        case .unsupportedVersion, .unsupportedContainer:
            "use a newer p2ptv"
        case .badField, .missingSignature:
            "ask the broadcaster for the file that `p2ptv broadcast` wrote"
        }
    }

    /// Nobody who has the channel's key signed the channel file named `name`.
    package static func forged(_ name: String) -> Complaint {
        Complaint(
            .data, what: "cannot use \(name)",
            why: "its signature is wrong: it was altered after the broadcaster signed it",
            hint: "get the file again from the broadcaster")
    }

    /// Why an input cannot be broadcast.
    package init(_ fault: IngestFault) {
        let status: ExitStatus =
            switch fault {
            case .notFound, .isDirectory, .protocolUnknown: .noInput
            case .permission: .permission
            case .empty, .notMedia, .noKeyFrames, .noStreams, .codecNotCarried: .data
            case .readFailed: .inputOutput
            }
        self.init(
            status, what: "cannot broadcast the input", why: "\(fault)", hint: fault.hint)
    }

    /// Why the channel file at `url` could not be fetched.
    package init(_ fault: HTTPClientFault, at url: String) {
        let (status, why): (ExitStatus, String) =
            switch fault {
            case .malformedURL: (.usage, "this is not a URL")
            case .unsupportedScheme(let scheme): (.usage, "\(scheme): is not supported")
            case .resolve: (.unavailable, "the server's name could not be resolved")
            case .connect: (.unavailable, "the server does not take connections")
            case .untrusted(let reason):
                (.unavailable, "the server's certificate is not trusted: \(reason)")
            case .tls(let reason): (.unavailable, "there is no TLS with the server: \(reason)")
            case .timeout: (.unavailable, "the server did not answer in time")
            case .tooLarge: (.data, "it is far too large for a channel file")
            case .privateService: (.unavailable, "the server is in a private network")
            case .badRedirect: (.unavailable, "the server redirects to nowhere useful")
            case .truncated: (.unavailable, "the server closed before the end")
            case .protocolViolation: (.unavailable, "the server does not speak HTTP")
            case .packed(let coding):
                (.unavailable, "the server packs its answers in a way not known here: \(coding)")
            case .damaged: (.unavailable, "the server's packed answer is damaged or cut off")
            }
        self.init(
            status, what: "cannot fetch \(url)", why: why, hint: "check it with: curl -I \(url)")
    }

    /// Why a port cannot be listened on.
    package init(_ fault: ReactorFault, port: UInt16, option: String) {
        let status: ExitStatus = fault == .permissionDenied ? .permission : .unavailable
        let why = fault == .addressInUse ? "it is in use" : fault.description
        self.init(
            status, what: "cannot listen on port \(port)", why: why,
            hint: "choose another with \(option) PORT")
    }
}
