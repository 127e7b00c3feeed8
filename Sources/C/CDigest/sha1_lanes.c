// SHA-1 (FIPS 180-4, section 6.1.2) on vectors of eight words, one of each message.
#include "sha1_lanes.h"
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

typedef uint32_t words __attribute__((vector_size(4 * SHA1_LANES)));
typedef struct { words a, b, c, d, e; } state;

#define ROTATED(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

// The next 32 bytes of each message, as eight big-endian words of all: a matrix turned over.
#define LOAD(w, lanes, at)                                                                        \
    do {                                                                                          \
        const __m256i order = _mm256_set_epi8(                                                    \
            12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,                                 \
            12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);                                \
        __m256i r[8], p[8], q[8];                                                                 \
        for (int i = 0; i < 8; i++)                                                               \
            r[i] = _mm256_shuffle_epi8(                                                           \
                _mm256_loadu_si256((const __m256i *)((lanes)[i] + (at))), order);                 \
        for (int i = 0; i < 8; i += 2) {                                                          \
            p[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);                                         \
            p[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);                                     \
        }                                                                                         \
        for (int i = 0; i < 8; i += 4) {                                                          \
            q[i] = _mm256_unpacklo_epi64(p[i], p[i + 2]);                                         \
            q[i + 1] = _mm256_unpackhi_epi64(p[i], p[i + 2]);                                     \
            q[i + 2] = _mm256_unpacklo_epi64(p[i + 1], p[i + 3]);                                 \
            q[i + 3] = _mm256_unpackhi_epi64(p[i + 1], p[i + 3]);                                 \
        }                                                                                         \
        for (int i = 0; i < 4; i++) {                                                             \
            (w)[i] = (words)_mm256_permute2x128_si256(q[i], q[i + 4], 0x20);                      \
            (w)[i + 4] = (words)_mm256_permute2x128_si256(q[i], q[i + 4], 0x31);                  \
        }                                                                                         \
    } while (0)

// All blocks of 64 bytes of eight messages. Written once, compiled for two sets of instructions.
#define BLOCKS(s, lanes, count)                                                                   \
    for (size_t n = 0; n < (count); n++) {                                                        \
        words w[16];                                                                              \
        LOAD(w, lanes, 64 * n);                                                                   \
        LOAD(w + 8, lanes, 64 * n + 32);                                                          \
        words a = (s)->a, b = (s)->b, c = (s)->c, d = (s)->d, e = (s)->e;                         \
        _Pragma("clang loop unroll(full)")                                                        \
        for (int t = 0; t < 80; t++) {                                                            \
            if (t >= 16) {                                                                        \
                words x = w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15] ^ w[t & 15];       \
                w[t & 15] = ROTATED(x, 1);                                                        \
            }                                                                                     \
            words f = t < 20 ? (d ^ (b & (c ^ d)))                                                \
                : t >= 40 && t < 60 ? ((b & c) | (d & (b | c))) : (b ^ c ^ d);                    \
            uint32_t k = t < 20 ? 0x5a827999u                                                     \
                : t < 40 ? 0x6ed9eba1u : t < 60 ? 0x8f1bbcdcu : 0xca62c1d6u;                      \
            words next = ROTATED(a, 5) + f + e + k + w[t & 15];                                   \
            e = d, d = c, c = ROTATED(b, 30), b = a, a = next;                                    \
        }                                                                                         \
        (s)->a += a, (s)->b += b, (s)->c += c, (s)->d += d, (s)->e += e;                          \
    }

typedef void blocks_function(state *, const uint8_t *const *, size_t);

__attribute__((target("avx2")))
static void blocks_avx2(state *s, const uint8_t *const *lanes, size_t count) {
    BLOCKS(s, lanes, count)
}

__attribute__((target("avx2,avx512f,avx512vl")))
static void blocks_avx512(state *s, const uint8_t *const *lanes, size_t count) {
    BLOCKS(s, lanes, count)
}

static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
}

static int has_sha(void) {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29) & 1;
}

int sha1_lanes_work(void) { return __builtin_cpu_supports("avx2") != 0; }

int sha1_lanes_pay(void) { return sha1_lanes_work() && (has_avx512() || !has_sha()); }

void sha1_lanes(const uint8_t *const messages[SHA1_LANES], size_t length, uint8_t *digests,
                int plainly) {
    blocks_function *blocks = has_avx512() && !plainly ? blocks_avx512 : blocks_avx2;
    const words none = {0};
    state s = {none + 0x67452301u, none + 0xefcdab89u, none + 0x98badcfeu, none + 0x10325476u,
               none + 0xc3d2e1f0u};
    blocks(&s, messages, length / 64);

    // What is left, with the end mark and the length in bits (FIPS 180-4, section 5.1.1).
    uint8_t tails[SHA1_LANES][128];
    const uint8_t *ends[SHA1_LANES];
    const size_t left = length % 64, size = left < 56 ? 64 : 128;
    memset(tails, 0, sizeof tails);
    for (int i = 0; i < SHA1_LANES; i++) {
        memcpy(tails[i], messages[i] + (length - left), left);
        tails[i][left] = 0x80;
        for (int k = 0; k < 8; k++)
            tails[i][size - 1 - k] = (uint8_t)(((uint64_t)length << 3) >> 8 * k);
        ends[i] = tails[i];
    }
    blocks(&s, ends, size / 64);

    const words *values[5] = {&s.a, &s.b, &s.c, &s.d, &s.e};
    for (int i = 0; i < SHA1_LANES; i++)
        for (int k = 0; k < 20; k++)
            digests[20 * i + k] = (uint8_t)((*values[k / 4])[i] >> (24 - k % 4 * 8));
}

#else

int sha1_lanes_work(void) { return 0; }
int sha1_lanes_pay(void) { return 0; }
void sha1_lanes(const uint8_t *const messages[SHA1_LANES], size_t length, uint8_t *digests,
                int plainly) {
    (void)messages, (void)length, (void)digests, (void)plainly;
}

#endif
