// Which pieces each neighbour holds, which records it has, and what it has not been told of.
// Decides nothing.

import Pieces

/// What one neighbour holds.
struct PeerPieces: Sendable {
    /// What it holds.
    var has: WindowBitmap
    /// The pieces whose record it has: we sent it, or it sent it to us.
    var knows: WindowBitmap
    /// Pieces that it has not been told of.
    var unsaid: [PieceIndex] = []

    /// Nothing yet, in windows of `window` pieces.
    init(window: Int) {
        has = WindowBitmap(base: PieceIndex(0), capacity: window)
        knows = WindowBitmap(base: PieceIndex(0), capacity: window)
    }
}

extension WindowBitmap {
    /// Marks a piece in a window that follows the newest.
    mutating func note(_ piece: PieceIndex) {
        if base.distance(to: piece) >= capacity {
            slide(to: piece.advanced(by: -capacity * 3 / 4))
        }
        insert(piece)
    }
}

extension PeerTable {
    /// A neighbour holds `piece`.
    mutating func note(_ handle: PeerHandle, holds piece: PieceIndex) {
        guard contains(handle) else { return }
        self[pieces: handle].has.note(piece)
        update(handle) { if $0.newest.map({ $0 < piece }) ?? true { $0.newest = piece } }
    }

    /// A neighbour has the record of `piece`.
    mutating func note(_ handle: PeerHandle, knows piece: PieceIndex) {
        guard contains(handle) else { return }
        self[pieces: handle].knows.note(piece)
    }

    /// Whether a neighbour says that it holds `piece`.
    func holds(_ handle: PeerHandle, _ piece: PieceIndex) -> Bool {
        contains(handle) && self[pieces: handle].has.contains(piece)
    }

    /// Whether a neighbour has the record of `piece`.
    func knows(_ handle: PeerHandle, _ piece: PieceIndex) -> Bool {
        contains(handle) && self[pieces: handle].knows.contains(piece)
    }

    /// The oldest piece that a neighbour shows, if any.
    func firstHeld(by handle: PeerHandle) -> PieceIndex? {
        contains(handle) ? self[pieces: handle].has.first : nil
    }

    /// Whether a neighbour shows any piece.
    func shows(_ handle: PeerHandle) -> Bool {
        contains(handle) && !self[pieces: handle].has.isEmpty
    }

    /// A neighbour holds nothing before `piece` any more.
    mutating func forget(before piece: PieceIndex, of handle: PeerHandle) {
        guard contains(handle) else { return }
        self[pieces: handle].has.slide(to: piece)
    }

    /// A neighbour does not hold `piece`; answers whether it had said so.
    mutating func disprove(_ handle: PeerHandle, _ piece: PieceIndex) -> Bool {
        contains(handle) && self[pieces: handle].has.remove(piece)
    }

    /// The neighbours that do not hold `piece` are to be told of it.
    mutating func leaveUnsaid(_ piece: PieceIndex) {
        for handle in handles where !holds(handle, piece) {
            self[pieces: handle].unsaid.append(piece)
        }
    }

    /// A neighbour is to be told of `piece`.
    mutating func leaveUnsaid(_ piece: PieceIndex, to handle: PeerHandle) {
        guard contains(handle) else { return }
        self[pieces: handle].unsaid.append(piece)
    }

    /// Takes what a neighbour has not been told of and does not hold.
    mutating func takeUnsaid(of handle: PeerHandle) -> [PieceIndex] {
        guard contains(handle) else { return [] }
        let news = self[pieces: handle].unsaid
        self[pieces: handle].unsaid = []
        return news.filter { !holds(handle, $0) }
    }

    /// How many neighbours hold `piece`.
    func holders(of piece: PieceIndex) -> Int { handles.count { holds($0, piece) } }
}
