// From a folder to the channel files in it, for those who carry many channels.

import Glibc

extension ChannelPlace {
    /// The places that `text` names: itself, or every `.torrent` file in it where it is a folder,
    /// in the order of their names.
    ///
    /// - Throws: a complaint with exit 64 for what is not supported, 66 for a folder without any,
    ///   74 or 77 for one that cannot be read.
    package static func all(in text: String) throws(Complaint) -> [ChannelPlace] {
        let place = try ChannelPlace(text)
        guard case .path(let path) = place, isFolder(path) else { return [place] }
        let names = try names(in: path).filter { $0.hasSuffix(".torrent") && !$0.hasPrefix(".") }
        guard !names.isEmpty else {
            throw Complaint(
                .noInput, what: "cannot use \(text)", why: "there is no .torrent file in it",
                hint: "put channel files into the folder, or name them")
        }
        return names.sorted().map { .path(path.hasSuffix("/") ? path + $0 : "\(path)/\($0)") }
    }

    /// How the place is called in messages.
    package var text: String {
        switch self {
        case .path(let path): path
        case .web(let url): url
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func names(in path: String) throws(Complaint) -> [String] {
        guard let folder = opendir(path) else { throw .cannotRead(path, errno: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }
}
