// One table of a scenario file: its keys are taken one after the other, each within bounds, and
// what is left over at the end is not known. Knows nothing of scenarios.

import Primitives
import TOMLKit

/// A table that is being read.
struct ScenarioTable {
    private let table: TOMLTable
    private let path: String
    private let prefix: String
    private let lines: KeyLines
    private var taken: Set<String> = []

    init(_ table: TOMLTable, path: String, prefix: String = "", lines: KeyLines) {
        self.table = table
        self.path = path
        self.prefix = prefix
        self.lines = lines
    }

    /// Whether there is a value for `key`.
    func has(_ key: String) -> Bool { table[key] != nil }

    /// The number at `key` within `bounds`; nil where there is none.
    mutating func number(
        _ key: String, in bounds: ClosedRange<Double>
    ) throws(Complaint) -> Double? {
        taken.insert(key)
        guard let value = table[key] else { return nil }
        guard let number = Self.number(value), bounds.contains(number) else {
            throw wrong(
                key, "takes a number from \(text(bounds.lowerBound)) to \(text(bounds.upperBound))")
        }
        return number
    }

    /// The whole number at `key`.
    mutating func whole(_ key: String, in bounds: ClosedRange<Int>) throws(Complaint) -> Int? {
        taken.insert(key)
        guard let value = table[key] else { return nil }
        guard value.type == .int, let number = value.int, bounds.contains(number) else {
            throw wrong(
                key, "takes a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    /// The length of time at `key`, which ends with its unit: `_ms` or `_s`.
    mutating func span(_ key: String, upTo limit: Double) throws(Complaint) -> Interval? {
        guard let number = try number(key, in: 0...limit) else { return nil }
        return .seconds(key.hasSuffix("_ms") ? number / 1000 : number)
    }

    /// The numbers at `key`: one or a list.
    mutating func numbers(
        _ key: String, in bounds: ClosedRange<Double>
    ) throws(Complaint) -> [Double]? {
        taken.insert(key)
        guard let value = table[key] else { return nil }
        let values = value.array.map { $0.map(Self.number) } ?? [Self.number(value)]
        let numbers = values.compactMap { $0 }
        guard !numbers.isEmpty, numbers.count == values.count,
            numbers.allSatisfy({ bounds.contains($0) })
        else { throw wrong(key, "takes numbers up to \(text(bounds.upperBound))") }
        return numbers
    }

    /// Whether `key` is true; nil where there is none.
    mutating func flag(_ key: String) throws(Complaint) -> Bool? {
        taken.insert(key)
        guard let value = table[key] else { return nil }
        guard let flag = value.bool else { throw wrong(key, "takes true or false") }
        return flag
    }

    /// The text at `key`.
    mutating func text(_ key: String) throws(Complaint) -> String? {
        taken.insert(key)
        guard let value = table[key] else { return nil }
        guard let text = value.string else { throw wrong(key, "takes a text in quotes") }
        return text
    }

    /// The one of `words` at `key`.
    mutating func word(_ key: String, of words: [String]) throws(Complaint) -> String? {
        guard let text = try text(key) else { return nil }
        guard words.contains(text) else {
            let near = nearest(to: text, among: words)
            throw wrong(
                key, "is one of \(words.joined(separator: ", "))",
                hint: near.map { "did you mean \"\($0)\"?" })
        }
        return text
    }

    /// The table at `key`.
    mutating func table(_ key: String) throws(Complaint) -> ScenarioTable? {
        taken.insert(key)
        guard let value = table[key] else { return nil }
        guard let inner = value.table else { throw wrong(key, "is a table: [\(key)]") }
        return ScenarioTable(inner, path: path, prefix: prefix + key + ".", lines: lines)
    }

    /// The tables at `key`.
    mutating func tables(_ key: String) throws(Complaint) -> [ScenarioTable] {
        taken.insert(key)
        guard let value = table[key] else { return [] }
        guard let list = value.array else { throw wrong(key, "is a list of tables: [[\(key)]]") }
        var tables: [ScenarioTable] = []
        for (number, item) in list.enumerated() {
            guard let inner = item.table else {
                throw wrong(key, "is a list of tables: [[\(key)]]")
            }
            tables.append(
                ScenarioTable(
                    inner, path: path, prefix: "\(prefix)\(key)[\(number)].", lines: lines))
        }
        return tables
    }

    /// All keys must have been taken.
    func finish() throws(Complaint) {
        guard let key = table.keys.first(where: { !taken.contains($0) }) else { return }
        let near = nearest(to: key, among: taken.sorted())
        throw complaint(
            key, "the key '\(key)' is not known",
            hint: near.map { "did you mean '\($0)'?" } ?? "docs/SIMULATOR.md lists the keys")
    }

    /// What is wrong with the value of `key`.
    func wrong(_ key: String, _ why: String, hint: String? = nil) -> Complaint {
        complaint(key, "'\(key)' \(why)", hint: hint ?? "docs/SIMULATOR.md explains it")
    }

    private func complaint(_ key: String, _ why: String, hint: String) -> Complaint {
        Complaint(
            .data, what: "\(path):\(lines.line(of: prefix + key))", why: why, hint: hint)
    }

    private func text(_ number: Double) -> String {
        decimal(number, digits: number == number.rounded() ? 0 : 3)
    }

    private static func number(_ value: any TOMLValueConvertible) -> Double? {
        switch value.type {
        case .int: value.int.map { Double($0) }
        case .double: value.double
        default: nil
        }
    }
}
