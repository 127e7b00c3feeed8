// What neighbours tell each other of their neighbours: the payload of a `ut_pex` message (BEP 11)
// to and from bencode. Whom to tell of whom, and whom to believe, is the swarm's concern.

package import Bencode
package import Primitives

/// What the teller knows of a contact, one byte on the wire (BEP 11).
package struct ContactFlags: OptionSet, Hashable, Sendable {
    /// The byte.
    package let rawValue: UInt8
    /// The flags in a byte; bits that have no meaning here are kept.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It takes nothing: a source.
    package static let uploadOnly = Self(rawValue: 0x02)
    /// The teller connected to it, so that it can be reached.
    package static let reachable = Self(rawValue: 0x10)
}

/// A neighbour of the teller's.
package struct Contact: Hashable, Sendable {
    /// Where it listens.
    package var endpoint: Endpoint
    /// What the teller knows of it.
    package var flags: ContactFlags

    /// A neighbour at `endpoint`.
    package init(_ endpoint: Endpoint, _ flags: ContactFlags = []) {
        self.endpoint = endpoint
        self.flags = flags
    }
}

/// How much a message may claim.
package struct PeerExchangeLimits: Hashable, Sendable {
    /// Bytes of the whole: twice what 100 contacts and 100 departures take in IPv6.
    package var bytes = 8192
    /// Keys and values: six keys are defined, and programs of the world add a few.
    package var tokens = 64
    /// Contacts, and departures, that are read: BEP 11 says 50, but not of a first message.
    package var contacts = 100

    /// The default limits.
    package init() {}
}

/// Why a payload is no peer exchange: the connection must be closed.
package enum PeerExchangeFault: Error, Hashable {
    /// It is not bencode, or more of it than a message needs.
    case bencode(BencodeError)
    /// It is bencode, but not a dictionary.
    case notADictionary
}

/// What has changed among the teller's neighbours since its last message (BEP 11).
package struct PeerExchangeMessage: Hashable, Sendable {
    /// The most contacts, and the most departures, in a message (BEP 11).
    package static let most = 50

    /// Neighbours that have come.
    package var added: [Contact]
    /// Neighbours that are gone.
    package var dropped: [Endpoint]

    /// A message of these changes.
    package init(added: [Contact] = [], dropped: [Endpoint] = []) {
        self.added = added
        self.dropped = dropped
    }

    /// The message as an extended message, under the id that the receiver gave `ut_pex`.
    package func message(id: UInt8) -> Message { .extended(id: id, payload: encoded) }

    /// The payload of an extended message; keys that would be empty are left out.
    package var encoded: [UInt8] {
        var out = BencodeDictionary()
        for (suffix, isV6) in [("", false), ("6", true)] {
            let came = added.filter { $0.endpoint.address.isV6 == isV6 }
            let gone = dropped.filter { $0.address.isV6 == isV6 }
            if !came.isEmpty {
                out["added" + suffix] = .bytes(came.flatMap(\.endpoint.compact))
                out["added\(suffix).f"] = .bytes(came.map(\.flags.rawValue))
            }
            if !gone.isEmpty { out["dropped" + suffix] = .bytes(gone.flatMap(\.compact)) }
        }
        return out.encoded
    }

    /// The message in `payload`.
    ///
    /// Fields of a wrong kind count as missing, missing flags as none. Contacts where no peer can
    /// be are left out, and so are those named before and those beyond the limit.
    package static func decode(
        _ payload: Span<UInt8>, limits: PeerExchangeLimits = PeerExchangeLimits()
    ) throws(PeerExchangeFault) -> Self {
        let bounds = BencodeLimits(depth: 4, tokens: limits.tokens, bytes: limits.bytes)
        let value: BencodeValue
        do {
            value = try BencodeDecoder(.lenient, limits: bounds).decode(payload)
        } catch {
            throw .bencode(error)
        }
        guard let fields = value.dictionary else { throw .notADictionary }
        var message = Self()
        var seen: Set<Endpoint> = []
        for (suffix, width) in [("", 4), ("6", 16)] {
            let flags = fields["added\(suffix).f"]?.bytes ?? []
            let came = endpoints(fields["added" + suffix], width: width)
            for (number, endpoint) in came.enumerated() {
                guard let endpoint, message.added.count < limits.contacts,
                    seen.insert(endpoint).inserted
                else { continue }
                let byte = number < flags.count ? flags[number] : 0
                message.added.append(Contact(endpoint, ContactFlags(rawValue: byte)))
            }
        }
        // Who is said to have come and gone at once has come, for all that is known.
        for (suffix, width) in [("", 4), ("6", 16)] {
            for case let endpoint? in endpoints(fields["dropped" + suffix], width: width)
            where message.dropped.count < limits.contacts && seen.insert(endpoint).inserted {
                message.dropped.append(endpoint)
            }
        }
        return message
    }

    private static func endpoints(_ value: BencodeValue?, width: Int) -> [Endpoint?] {
        compactEndpoints(value?.bytes ?? [], width: width)
    }
}

extension IPAddress {
    fileprivate var isV6: Bool { if case .v6 = self { true } else { false } }
}
