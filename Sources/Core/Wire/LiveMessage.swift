// The messages of the live extension `p2ptv_live`: what lies in an extended message (BEP 10)
// under that name. Records are bytes here; Metainfo reads them and Swarm acts on all of it.
package import Pieces

/// Why the payload of an extended message is not a live message: the connection must be closed.
package enum LiveFault: Error, Hashable {
    /// The payload ended before the message did.
    case truncated
    /// Bytes were left when the message had ended.
    case trailing
    /// A field of this message type is outside of its range.
    case range(type: UInt8)
}

/// What a node says of itself in a status message.
package struct LiveStatus: Hashable, Sendable {
    /// The lower four bits of the first byte of a status; those without a name here are kept and
    /// ignored.
    package struct Flags: OptionSet, Hashable, Sendable {
        /// The bits.
        package let rawValue: UInt8
        /// The bits of `rawValue`.
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The sender takes standing requests now.
        package static let takesStandingRequests = Self(rawValue: 1)
    }

    /// The depth of a node that is not fed in a stripe.
    package static let notFed: UInt8 = 255

    /// The most that `wait` says: three quarters of a second and more.
    package static let longestWait: UInt8 = 15
    /// A step of `wait`, in seconds.
    package static let waitStep = 0.05

    /// What the sender does and does not do at the moment.
    package var flags: Flags
    /// For how long what waits at the sender would keep its line busy, in steps of 50 ms, at most
    /// 15: the upper four bits of the first byte.
    package var wait: UInt8
    /// For each of the 1 to 32 stripes the hops from the source: 0 is the source, 255 not fed.
    package var depths: [UInt8]
    /// The newest piece that the sender knows of; nil (0xffffffff on the wire) if it knows none.
    package var newest: PieceIndex?
    /// The stripes that the sender passes on rather than the others: bit `s` is stripe `s`.
    package var inner: UInt32

    /// A status with these fields.
    package init(
        flags: Flags, wait: UInt8 = 0, depths: [UInt8], newest: PieceIndex?, inner: UInt32
    ) {
        self.flags = flags
        self.wait = min(wait, Self.longestWait)
        self.depths = depths
        self.newest = newest
        self.inner = inner
    }
}

/// One message of the live extension; the first byte of the payload is its type.
package enum LiveMessage: Hashable, Sendable {
    /// Type 0: 1 to 64 records of the rolling metainfo, of 1 to 65535 bytes each.
    case records([[UInt8]])
    /// Type 1: pieces that became available at the sender, 1 to 64 bytes of bitmap.
    case have(PieceMap)
    /// Type 2: how the sender is doing.
    case status(LiveStatus)
    /// Type 3: asks for the records of 1 to 255 pieces from `from` on.
    ///
    /// Nil (0xffffffff on the wire) asks for the newest ones, from the last key frame on.
    case wantRecords(from: PieceIndex?, count: UInt8)
    /// Type 4: the sender keeps nothing before this piece any more.
    case forget(before: PieceIndex)
    /// A type that is not known here: to be ignored. Its fields are left out.
    case unknown(type: UInt8)

    /// The most records in one message: a quarter of a minute at four records a second.
    package static let maximumRecords = 64
    /// The most bytes in the bitmap of a HAVE: 512 pieces, half a minute at 16 a second.
    package static let maximumBitmap = 64
    /// The most stripes that a status tells of.
    package static let maximumStripes = 32

    /// `records` in as few messages as hold them in order, each at most `bytes` long if it has
    /// more than one record.
    ///
    /// The default leaves room below the limit for extended messages, `WireLimits.extended`.
    package static func batches(of records: [[UInt8]], bytes: Int = 65_536) -> [LiveMessage] {
        var messages: [LiveMessage] = []
        var batch: [[UInt8]] = []
        var size = 2
        for record in records {
            let added = 2 + record.count
            if !batch.isEmpty, batch.count == maximumRecords || size + added > bytes {
                messages.append(.records(batch))
                batch = []
                size = 2
            }
            batch.append(record)
            size += added
        }
        if !batch.isEmpty { messages.append(.records(batch)) }
        return messages
    }
}
