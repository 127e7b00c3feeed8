// What somebody may have meant by a word that is not known.

/// The word among `words` that differs least from `word`, or nil where none is close.
package func nearest(to word: String, among words: [String]) -> String? {
    let limit = max(2, word.count / 3)
    return words.map { ($0, distance(Array(word), Array($0))) }
        .filter { $0.1 <= limit }
        .min { $0.1 < $1.1 }?.0
}

/// The number of letters to insert, remove or replace (Levenshtein).
private func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let replaced = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
