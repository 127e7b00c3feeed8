import Crypto
import Primitives
import Testing

/// One known answer of RFC 8032, 7.1.
struct KnownAnswer: Sendable, CustomTestStringConvertible {
    var name: String
    var seed: String
    var publicKey: String
    var message: String
    var signature: String
    var testDescription: String { name }
}

private let knownAnswers = [
    KnownAnswer(
        name: "TEST 1",
        seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        message: "",
        signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
            + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    KnownAnswer(
        name: "TEST 2",
        seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        message: "72",
        signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
            + "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    KnownAnswer(
        name: "TEST 3",
        seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        message: "af82",
        signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac1"
            + "8ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]

@Suite("An Ed25519 key")
struct KeyTests {
    private let message = Array("a record".utf8)

    @Test("gives the known answers of RFC 8032", arguments: knownAnswers)
    func rfc8032(answer: KnownAnswer) throws {
        let seed = try #require(unhex(answer.seed).flatMap { Bytes32($0) })
        let message = try #require(unhex(answer.message))
        let key = try SigningKey(seed: seed)
        #expect(key.publicKey.description == answer.publicKey)
        let signature = try key.sign(message)
        #expect(hex(signature.value.bytes) == answer.signature)
        #expect(verify(signature, message, key.publicKey))
    }

    @Test("refuses a signature with any bit changed, another message and another key")
    func forgeries() throws {
        let key = try SigningKey.generate()
        let verifying = VerifyingKey(key.publicKey)
        let signature = try key.sign(message)
        #expect(verifying.verify(signature, of: message))
        for bit in 0..<512 {
            var bytes = signature.value.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            let forged = Signature(try #require(Bytes64(bytes)))
            #expect(!verifying.verify(forged, of: message))
        }
        #expect(!verifying.verify(signature, of: message + [0]))
        #expect(!verifying.verify(signature, of: []))
        #expect(!verify(signature, message, try SigningKey.generate().publicKey))
    }

    @Test("refuses S plus the order of the group, which would be a second valid signature")
    func malleability() throws {
        let key = try SigningKey.generate()
        let bytes = try key.sign(message).value.bytes
        let order = try #require(
            unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        var carry = 0
        var forged = bytes
        for i in 0..<32 {
            let sum = Int(bytes[32 + i]) + Int(order[i]) + carry
            forged[32 + i] = UInt8(sum & 255)
            carry = sum >> 8
        }
        #expect(!verify(Signature(try #require(Bytes64(forged))), message, key.publicKey))
    }

    @Test("that is no point of the curve, or any random bytes, verifies nothing and never traps")
    func hostileKeys() throws {
        var random = SeededRandom(seed: 8032)
        let signature = try SigningKey.generate().sign(message)
        for round in 0..<300 {
            let bytes = (0..<32).map { _ in
                round == 0 ? 0xff : UInt8.random(in: 0...255, using: &random)
            }
            let key = PublicKey(try #require(Bytes32(bytes)))
            #expect(!verify(signature, message, key))
        }
    }

    @Test("comes back from its PEM file as the same key")
    func pemRoundTrip() throws {
        let key = try SigningKey.generate()
        let pem = try key.pem()
        #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        let again = try SigningKey(pem: pem)
        #expect(again.publicKey == key.publicKey)
        #expect(try again.sign(message) == key.sign(message))
    }

    @Test("is read from the PEM file of RFC 8410, 10.3")
    func rfc8410() throws {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----
            """
        let key = try SigningKey(pem: Array(pem.utf8))
        #expect(
            key.publicKey.description
                == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
    }

    @Test("in a file cut anywhere or damaged is refused or is a key, but never traps")
    func damagedPEM() throws {
        let pem = try SigningKey.generate().pem()
        // The last line end and trailing dashes may be missing to some readers: cut before them.
        for count in 0..<pem.count - 26 {
            #expect(throws: CryptoError.notAKey) { try SigningKey(pem: Array(pem[0..<count])) }
        }
        var random = SeededRandom(seed: 7468)
        for _ in 0..<500 {
            var bytes = pem
            bytes[Int.random(in: 0..<pem.count, using: &random)] = UInt8.random(
                in: 0...255, using: &random)
            _ = try? SigningKey(pem: bytes)
        }
        #expect(throws: CryptoError.notAKey) {
            try SigningKey(pem: [UInt8](repeating: 0x2d, count: 1 << 20))
        }
    }

    @Test("of another kind, or encrypted, is named as such and nobody is asked for a password")
    func otherKinds() {
        let x25519 = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----
            """
        #expect(throws: CryptoError.notEd25519) { try SigningKey(pem: Array(x25519.utf8)) }
        #expect(throws: CryptoError.notAKey) { try SigningKey(pem: Array(encrypted.utf8)) }
    }
}

/// An Ed25519 key under a password, as `openssl genpkey -algorithm ed25519 -aes256` writes it.
private let encrypted = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjz1In2HQZO+wICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECb24Z+Xvq9iIVH588uS8nIEQJB7
    hb6cP6o6/yc0T6WbUm9TWZ+zVz45r/kCbb62A73bcBouU9MN4+3ZsyBjf7dI7+Nf
    HcDJwQJ1VRV6h5JGgXo=
    -----END ENCRYPTED PRIVATE KEY-----
    """
