// HTTP header fields in the order of the message (RFC 9110, 5), and their way to and from libevent.

import CLibevent

/// One header field.
package struct HTTPHeader: Hashable, Sendable {
    /// The field's name, compared without regard to case.
    package var name: String
    /// The field's value without surrounding blanks.
    package var value: String

    /// The field `name` with `value`.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Header fields in order; a name may occur more than once.
package struct HTTPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// The fields.
    package var fields: [HTTPHeader]

    /// The given fields.
    package init(_ fields: [HTTPHeader] = []) { self.fields = fields }

    /// The fields of a literal such as `["Content-Type": "text/plain"]`, in order.
    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { HTTPHeader($0, $1) }
    }

    /// The first value of a name, whatever its case; setting it replaces all of that name.
    package subscript(name: String) -> String? {
        get { fields.first { sameName($0.name, name) }?.value }
        set {
            fields.removeAll { sameName($0.name, name) }
            if let newValue { fields.append(HTTPHeader(name, newValue)) }
        }
    }

    /// All values of a name, in order.
    package func all(_ name: String) -> [String] {
        fields.filter { sameName($0.name, name) }.map(\.value)
    }

    /// Copies the fields of libevent's list.
    init(_ list: UnsafePointer<evkeyvalq>?) {
        fields = []
        var next = list?.pointee.tqh_first
        while let field = next {
            fields.append(
                HTTPHeader(
                    String(cString: field.pointee.key), String(cString: field.pointee.value)))
            next = field.pointee.next.tqe_next
        }
    }

    /// Appends the fields to libevent's list, except any that would break the message apart.
    func append(to list: UnsafeMutablePointer<evkeyvalq>?) {
        for field in fields { evhttp_add_header(list, field.name, field.value) }
    }
}

/// Whether two field names are the same but for the case of ASCII letters.
private func sameName(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { lower($0) == lower($1) }
}

private func lower(_ byte: UInt8) -> UInt8 {
    (65...90).contains(byte) ? byte | 0x20 : byte
}
