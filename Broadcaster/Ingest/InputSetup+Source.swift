// From what a person names to what is opened, with the faults that can be seen beforehand.
import CFFmpeg
import Glibc

extension InputSetup {
    /// What `options` name, checked as far as the file system can tell.
    init(_ options: IngestOptions, control: IngestControl) throws(Interruption) {
        do throws(IngestFault) {
            let (feed, name) = try Self.feed(options.source, control)
            self.init(feed: feed, name: name, limits: options.limits, control: control)
        } catch { throw .fault(error) }
    }

    private static func feed(
        _ source: IngestOptions.Source, _ control: IngestControl
    ) throws(IngestFault) -> (Feed, String) {
        switch source {
        case .standardInput:
            let reader = DescriptorReader(STDIN_FILENO, closes: false, control: control)
            return (.stream(reader), "standard input")
        case .descriptor(let descriptor):
            let reader = DescriptorReader(descriptor, closes: false, control: control)
            return (.stream(reader), "descriptor \(descriptor)")
        case .url(let url):
            guard Protocols.knows(url) else {
                throw .protocolUnknown(scheme(of: url) ?? redacted(url))
            }
            return (.url(url), redacted(url))
        case .file(let path):
            return (try file(path, control), path)
        }
    }

    private static func file(
        _ path: String, _ control: IngestControl
    ) throws(IngestFault) -> Feed {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            throw openingFault(shim_averror(code), name: path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw .isDirectory(path)
        case S_IFREG:
            guard status.st_size > 0 else { throw .empty(path) }
            guard access(path, R_OK) == 0 else { throw .permission(path) }
            return .file(path)
        default:
            let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            let code = errno
            guard descriptor >= 0 else { throw openingFault(shim_averror(code), name: path) }
            return .stream(DescriptorReader(descriptor, closes: true, control: control))
        }
    }
}
