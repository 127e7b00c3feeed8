// Why the metadata of a magnet link did not come in time, in a person's words: how far it got says
// what to do.

import Metainfo
import Primitives

extension NodeFault {
    /// The time is over; `greeted` peers have answered meanwhile.
    static func noMetadata(
        _ status: MetadataFetchStatus, greeted: Int, after time: Interval
    ) -> NodeFault {
        let why: String
        let what = status.hashes == nil ? "metadata" : "hashes of the pieces"
        if let hashes = status.hashes, greeted > 0 {
            why =
                hashes.have > 0
                ? "only \(hashes.have) of \(hashes.count) hashes came"
                : greeted == 1 ? "the one peer there is sends none" : "no peer sends them"
        } else if let progress = status.progress, progress.have > 0 {
            why = "only \(progress.have) of its \(progress.size) bytes came"
        } else if status.holders > 0 {
            why = "peers that say they have it sent none of it"
        } else if greeted > 0 {
            why = greeted == 1 ? "the one peer there is lacks it" : "no peer that answered has it"
        } else if status.known > 0 {
            why =
                status.known == 1
                ? "nobody answers for it at the one address that is known"
                : "nobody answers for it at any of \(status.known) addresses"
        } else {
            why = "no peer was found"
        }
        return NodeFault(
            .temporary, what: "no \(what) of \(status.name) within \(Int(time.seconds)) s",
            why: why,
            hint: "try again later, name a peer that has it with --peer IP:PORT, "
                + "or get the .torrent file")
    }
}
