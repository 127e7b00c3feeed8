// Bodies that a server has packed (RFC 9110, 8.4). Nobody is asked for them, but some servers pack
// all that they send; what comes of a body has the same limit as one that is not packed.

import CZlib

extension HTTPResponse {
    /// The response with the body that the server packed, of `limit` bytes at most.
    func unpacked(limit: Int) throws(HTTPClientFault) -> HTTPResponse {
        let codings = headers.all("Content-Encoding").map { $0.lowercased() }
        guard let coding = codings.first, codings != ["identity"] else { return self }
        guard !body.isEmpty else { return self }
        guard codings.count == 1, ["gzip", "x-gzip", "deflate"].contains(coding) else {
            throw .packed(codings.joined(separator: ", "))
        }
        var size = 0
        // An empty room has no address.
        let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { room, count in
            size = zlib_unpack(body, body.count, room.baseAddress, limit)
            count = max(0, size)
        }
        if size == -1 { throw .tooLarge }
        guard size >= 0 else { throw .damaged }
        var response = self
        response.body = bytes
        response.headers["Content-Encoding"] = nil
        return response
    }
}
