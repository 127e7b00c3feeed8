// How far an exchange is, for people: of several attempts the one that has most.

/// How much of the metadata has come.
package struct MetadataProgress: Hashable, Sendable {
    /// Bytes that have come; not proved yet.
    package let have: Int
    /// Bytes that there are, as peers claim.
    package let size: Int
}

extension MetadataExchange {
    /// How much has come; nil while nobody claims to have any.
    package var progress: MetadataProgress? {
        if let metadata { return MetadataProgress(have: metadata.count, size: metadata.count) }
        let all = attempts.map { attempt in
            MetadataProgress(
                have: attempt.pieces.reduce(0) { $0 + ($1?.count ?? 0) }, size: attempt.size)
        }
        return all.max { $0.have < $1.have }
    }

    /// How many peers claim to have the metadata and are believed.
    package var holders: Int {
        peers.values.count { !$0.isLiar && $0.size != nil }
    }
}
