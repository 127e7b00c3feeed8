// Two messages, block by block in turn, in the four rounds a step that the instructions do (SHA
// extensions, Intel 64 manual). The processor overlaps what does not depend on each other by itself.
#include "sha1_pair.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define BLOCK 64

// The words a, b, c, d, the first the highest; and e, in the highest word.
struct state {
    __m128i abcd, e;
};

// Four rounds with the function `kind` of their twenty: the words of the schedule come from the
// block at first, from those before later.
#define ROUNDS(step, kind)                                                                         \
    {                                                                                              \
        if (step < 4) {                                                                            \
            words[step & 3] = _mm_shuffle_epi8(                                                    \
                _mm_loadu_si128((const __m128i *)block + (step & 3)), order);                      \
        } else {                                                                                   \
            __m128i mixed = _mm_sha1msg1_epu32(words[step & 3], words[(step + 1) & 3]);            \
            mixed = _mm_xor_si128(mixed, words[(step + 2) & 3]);                                   \
            words[step & 3] = _mm_sha1msg2_epu32(mixed, words[(step + 3) & 3]);                    \
        }                                                                                          \
        __m128i e = step == 0 ? _mm_add_epi32(state->e, words[0])                                  \
                              : _mm_sha1nexte_epu32(before, words[step & 3]);                      \
        before = abcd;                                                                             \
        abcd = _mm_sha1rnds4_epu32(abcd, e, kind);                                                 \
    }

TARGET static inline __attribute__((always_inline)) void compress(struct state *state,
                                                                  const uint8_t *block) {
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    __m128i words[4], abcd = state->abcd, before = abcd;
    ROUNDS(0, 0) ROUNDS(1, 0) ROUNDS(2, 0) ROUNDS(3, 0) ROUNDS(4, 0)
    ROUNDS(5, 1) ROUNDS(6, 1) ROUNDS(7, 1) ROUNDS(8, 1) ROUNDS(9, 1)
    ROUNDS(10, 2) ROUNDS(11, 2) ROUNDS(12, 2) ROUNDS(13, 2) ROUNDS(14, 2)
    ROUNDS(15, 3) ROUNDS(16, 3) ROUNDS(17, 3) ROUNDS(18, 3) ROUNDS(19, 3)
    state->e = _mm_sha1nexte_epu32(before, state->e);
    state->abcd = _mm_add_epi32(abcd, state->abcd);
}

TARGET static void compress_both(struct state *states, const uint8_t *first, const uint8_t *second,
                                 size_t blocks) {
    struct state one = states[0], other = states[1];
    for (; blocks > 0; blocks--, first += BLOCK, second += BLOCK) {
        compress(&one, first);
        compress(&other, second);
    }
    states[0] = one;
    states[1] = other;
}

// What follows the whole blocks: the rest, a one, zeros, and the length in bits. One block or two.
static size_t pad(const uint8_t *message, size_t count, uint8_t *end) {
    size_t rest = count % BLOCK, length = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)count * 8;
    memset(end, 0, length);
    memcpy(end, message + (count - rest), rest);
    end[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) end[length - 1 - i] = (uint8_t)(bits >> (8 * i));
    return length / BLOCK;
}

TARGET static void write_digest(const struct state *state, uint8_t *digest) {
    uint32_t words[5] = {
        (uint32_t)_mm_extract_epi32(state->abcd, 3), (uint32_t)_mm_extract_epi32(state->abcd, 2),
        (uint32_t)_mm_extract_epi32(state->abcd, 1), (uint32_t)_mm_extract_epi32(state->abcd, 0),
        (uint32_t)_mm_extract_epi32(state->e, 3),
    };
    for (size_t i = 0; i < 20; i++) digest[i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
}

TARGET static void digest_both(const uint8_t *first, const uint8_t *second, size_t count,
                               uint8_t *first_digest, uint8_t *second_digest) {
    struct state start, states[2];
    start.abcd = _mm_set_epi32(0x67452301, (int)0xefcdab89, (int)0x98badcfe, 0x10325476);
    start.e = _mm_set_epi32((int)0xc3d2e1f0, 0, 0, 0);
    states[0] = states[1] = start;
    uint8_t end[2][2 * BLOCK];
    compress_both(states, first, second, count / BLOCK);
    size_t blocks = pad(first, count, end[0]);
    pad(second, count, end[1]);
    compress_both(states, end[0], end[1], blocks);
    write_digest(&states[0], first_digest);
    write_digest(&states[1], second_digest);
}

bool sha1_pair(const uint8_t *first, const uint8_t *second, size_t count, uint8_t *first_digest,
               uint8_t *second_digest) {
    static int known;  // 1 there, 2 not; whoever looks finds the same
    int there = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (there == 0) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
        bool has_rest = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1);
        there = has_sha && has_rest ? 1 : 2;
        __atomic_store_n(&known, there, __ATOMIC_RELAXED);
    }
    if (there != 1) return false;
    digest_both(first, second, count, first_digest, second_digest);
    return true;
}
#else
bool sha1_pair(const uint8_t *first, const uint8_t *second, size_t count, uint8_t *first_digest,
               uint8_t *second_digest) {
    (void)first, (void)second, (void)count, (void)first_digest, (void)second_digest;
    return false;
}
#endif
