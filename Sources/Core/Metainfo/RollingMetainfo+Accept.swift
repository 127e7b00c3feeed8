// Taking records in and forgetting them. A record enters only where it contradicts nothing that
// is held; whoever holds the key can lie, but not in two ways to the same node.

package import Pieces
package import Primitives

/// What became of a record that was handed in.
package enum Acceptance: Hashable, Sendable {
    /// It is held now and should be passed on.
    case added
    /// It was held already.
    case known
    /// Its pieces are older than what is kept; nothing changed.
    case outdated
    /// A different record for this piece, or about the end after it, is held: the key has signed
    /// two truths. Nothing changed.
    case contradiction(of: PieceIndex)
    /// The record next to it that is held, and it, do not name each other: as above.
    case brokenChain
}

extension RollingMetainfo {
    /// Takes in a record whose signature is verified; `digest` is the SHA-256 of its bytes.
    package mutating func accept(_ record: LiveRecord, digest: SHA256Digest) -> Acceptance {
        if isKnown(record, digest) { return .known }
        if let piece = contradicted(by: record) { return .contradiction(of: piece) }
        guard record.isEnd || record.numbers.upperBound > floor else { return .outdated }
        if record.isEnd, let newest, newest.value >= record.numbers.upperBound {
            return .outdated
        }
        guard continues(record) || isLinked(record, digest) else { return .brokenChain }
        if let end, record.numbers.lowerBound >= end.value { ended = nil }
        if record.isEnd { ended = Held(record: record, digest: digest) }
        if record.numbers.upperBound > floor { hold(record, digest) }
        return .added
    }

    /// Whether a broadcast that was stopped goes on with `record`: it names the end that was.
    private func continues(_ record: LiveRecord) -> Bool {
        guard let ended, let end else { return false }
        return record.numbers.lowerBound == Int(end.value) && record.previous == ended.digest
    }

    /// Forgets the records that are about nothing but pieces before `piece`, for good.
    package mutating func discard(before piece: PieceIndex) { raiseFloor(to: Int(piece.value)) }

    private func isKnown(_ record: LiveRecord, _ digest: SHA256Digest) -> Bool {
        if let ended, ended.digest == digest { return true }
        // An end without pieces after which the broadcast went on: what follows names it.
        if record.isEnd, record.pieces.isEmpty,
            held(at: record.numbers.upperBound)?.record.previous == digest
        {
            return true
        }
        return held(at: record.numbers.lowerBound)?.digest == digest
    }

    /// A piece for which something else is held, if any.
    private func contradicted(by record: LiveRecord) -> PieceIndex? {
        let numbers = record.numbers
        if let piece = numbers.first(where: { number(at: $0) != nil }) {
            return PieceIndex(UInt32(piece))
        }
        guard let end, numbers.lowerBound < end.value else { return nil }
        return record.isEnd || numbers.upperBound > end.value ? end : nil
    }

    /// Whether the records on both sides, where they are held, agree about the order.
    private func isLinked(_ record: LiveRecord, _ digest: SHA256Digest) -> Bool {
        let numbers = record.numbers
        if let before = held(at: numbers.lowerBound - 1), before.digest != record.previous {
            return false
        }
        guard !numbers.isEmpty else { return true }
        if let after = held(at: numbers.upperBound), after.record.previous != digest {
            return false
        }
        guard let last = ended?.record, last.numbers.isEmpty,
            last.numbers.lowerBound == numbers.upperBound
        else { return true }
        return last.previous == digest
    }

    private mutating func hold(_ record: LiveRecord, _ digest: SHA256Digest) {
        let numbers = record.numbers
        guard !numbers.isEmpty else { return }
        // First forget, then extend: so that the span never needs a longer ring than allowed.
        raiseFloor(to: numbers.upperBound - settings.pieces)
        let lower = span.isEmpty ? numbers.lowerBound : min(span.lowerBound, numbers.lowerBound)
        let upper = span.isEmpty ? numbers.upperBound : max(span.upperBound, numbers.upperBound)
        growRing(toSpan: upper - lower)
        span = lower..<upper
        let number = store(Held(record: record, digest: digest))
        for piece in numbers { ring[piece & (ring.count - 1)] = number }
    }

    private mutating func store(_ held: Held) -> UInt32 {
        if let number = free.popLast() {
            table[Int(number)] = held
            return number
        }
        table.append(held)
        return UInt32(table.count - 1)
    }

    private mutating func growRing(toSpan length: Int) {
        guard length > ring.count else { return }
        var size = max(32, ring.count)
        while size < length { size *= 2 }
        var grown = ContiguousArray<UInt32>(repeating: Self.noRecord, count: size)
        for piece in span { grown[piece & (size - 1)] = ring[piece & (ring.count - 1)] }
        ring = grown
    }

    private mutating func raiseFloor(to newFloor: Int) {
        guard newFloor > floor else { return }
        floor = newFloor
        var piece = span.lowerBound
        while piece < span.upperBound {
            guard let number = number(at: piece) else {
                piece += 1
                continue
            }
            guard let end = table[number].record?.numbers.upperBound, end <= floor else { break }
            for gone in piece..<end { ring[gone & (ring.count - 1)] = Self.noRecord }
            table[number].record = nil
            free.append(UInt32(number))
            piece = end
        }
        span = piece < span.upperBound ? piece..<span.upperBound : 0..<0
    }
}
