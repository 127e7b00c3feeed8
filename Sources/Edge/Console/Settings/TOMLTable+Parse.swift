// TOML from text, with what is wrong told by its place in the file.

import TOMLKit

extension TOMLTable {
    /// The table that `text`, the content of the file at `path`, says.
    ///
    /// - Throws: a complaint of `status` with `file:line:column`.
    static func parse(
        _ text: String, path: String, _ status: ExitStatus, hint: String
    ) throws(Complaint) -> TOMLTable {
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let place = "\(path):\(error.source.begin.line):\(error.source.begin.column)"
            throw Complaint(
                status, what: place, why: "this is not TOML: \(error.description)", hint: hint)
        } catch {
            throw Complaint(status, what: path, why: "this is not TOML: \(error)", hint: hint)
        }
    }
}
