// FFmpeg's libraries, opened when the first of their functions is called. They bring some 140 others
// along: linked, they cost every start 70 ms and every process 20 MiB, though only the source of a
// broadcast ever calls them. Each function stands here under its own name, hidden from the libraries
// themselves, and passes its call on. Which of them there are is decided by what Ingest calls: one
// that is missing here is an error of the linker.
#include "shim.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT(number) #number
#define FILE_NAME(library, major) "lib" #library ".so." TEXT(major)

enum library { FORMAT, CODEC, UTIL, LIBRARIES };

static const char *const names[LIBRARIES] = {
    FILE_NAME(avformat, LIBAVFORMAT_VERSION_MAJOR),
    FILE_NAME(avcodec, LIBAVCODEC_VERSION_MAJOR),
    FILE_NAME(avutil, LIBAVUTIL_VERSION_MAJOR),
};
static void *handles[LIBRARIES];
static char fault[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_all(void) {
    for (int i = 0; i < LIBRARIES; i++) {
        handles[i] = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
        if (handles[i] == NULL) {
            const char *why = dlerror();
            snprintf(fault, sizeof fault, "%s", why != NULL ? why : names[i]);
            return;
        }
    }
}

const char *shim_ffmpeg_fault(void) {
    pthread_once(&once, open_all);
    return fault[0] != 0 ? fault : NULL;
}

static void *find(enum library library, const char *name) {
    void *function = shim_ffmpeg_fault() == NULL ? dlsym(handles[library], name) : NULL;
    if (function == NULL) {
        fprintf(stderr, "%s of %s cannot be called: %s\n", name, names[library], fault);
        abort();
    }
    return function;
}

// Looked up once; two threads that do so at the same time find the same.
#define PASS(library, result, name, parameters, arguments)                                         \
    __attribute__((visibility("hidden"))) result name parameters {                                 \
        static void *found;                                                                        \
        void *function = __atomic_load_n(&found, __ATOMIC_ACQUIRE);                                \
        if (function == NULL) {                                                                    \
            function = find(library, #name);                                                       \
            __atomic_store_n(&found, function, __ATOMIC_RELEASE);                                  \
        }                                                                                          \
        return ((__typeof__(&name))function)arguments;                                             \
    }

PASS(FORMAT, AVFormatContext *, avformat_alloc_context, (void), ())
PASS(FORMAT, void, avformat_free_context, (AVFormatContext * s), (s))
PASS(FORMAT, int, avformat_open_input,
     (AVFormatContext * *s, const char *url, const AVInputFormat *format, AVDictionary **options),
     (s, url, format, options))
PASS(FORMAT, int, avformat_find_stream_info, (AVFormatContext * s, AVDictionary **options),
     (s, options))
PASS(FORMAT, void, avformat_close_input, (AVFormatContext * *s), (s))
PASS(FORMAT, int, avformat_alloc_output_context2,
     (AVFormatContext * *s, const AVOutputFormat *format, const char *name, const char *file),
     (s, format, name, file))
PASS(FORMAT, AVStream *, avformat_new_stream, (AVFormatContext * s, const AVCodec *c), (s, c))
PASS(FORMAT, int, avformat_write_header, (AVFormatContext * s, AVDictionary **options),
     (s, options))
PASS(FORMAT, int, av_write_frame, (AVFormatContext * s, AVPacket *packet), (s, packet))
PASS(FORMAT, int, av_write_trailer, (AVFormatContext * s), (s))
PASS(FORMAT, int, av_read_frame, (AVFormatContext * s, AVPacket *packet), (s, packet))
PASS(FORMAT, int, av_find_best_stream,
     (AVFormatContext * s, enum AVMediaType type, int wanted, int related, const AVCodec **decoder,
      int flags),
     (s, type, wanted, related, decoder, flags))
PASS(FORMAT, AVProgram *, av_find_program_from_stream,
     (AVFormatContext * s, AVProgram *last, int stream), (s, last, stream))
PASS(FORMAT, AVIOContext *, avio_alloc_context,
     (unsigned char *buffer, int size, int writes, void *opaque,
      int (*read)(void *, uint8_t *, int), int (*write)(void *, uint8_t *, int),
      int64_t (*seek)(void *, int64_t, int)),
     (buffer, size, writes, opaque, read, write, seek))
PASS(FORMAT, void, avio_context_free, (AVIOContext * *s), (s))
PASS(FORMAT, void, avio_flush, (AVIOContext * s), (s))
PASS(FORMAT, int64_t, avio_size, (AVIOContext * s), (s))

PASS(CODEC, AVPacket *, av_packet_alloc, (void), ())
PASS(CODEC, void, av_packet_free, (AVPacket * *packet), (packet))
PASS(CODEC, int, av_packet_make_writable, (AVPacket * packet), (packet))
PASS(CODEC, int, av_grow_packet, (AVPacket * packet, int count), (packet, count))
PASS(CODEC, int, av_get_audio_frame_duration2, (AVCodecParameters * p, int bytes), (p, bytes))
PASS(CODEC, const char *, avcodec_get_name, (enum AVCodecID id), (id))
PASS(CODEC, const AVCodec *, avcodec_find_decoder, (enum AVCodecID id), (id))
PASS(CODEC, AVCodecContext *, avcodec_alloc_context3, (const AVCodec *c), (c))
PASS(CODEC, void, avcodec_free_context, (AVCodecContext * *c), (c))
PASS(CODEC, int, avcodec_open2, (AVCodecContext * c, const AVCodec *which, AVDictionary **options),
     (c, which, options))
PASS(CODEC, int, avcodec_send_packet, (AVCodecContext * c, const AVPacket *packet), (c, packet))
PASS(CODEC, int, avcodec_parameters_copy, (AVCodecParameters * to, const AVCodecParameters *from),
     (to, from))
PASS(CODEC, int, avcodec_parameters_from_context, (AVCodecParameters * to, const AVCodecContext *c),
     (to, c))
PASS(CODEC, int, avcodec_parameters_to_context, (AVCodecContext * c, const AVCodecParameters *from),
     (c, from))

PASS(UTIL, void *, av_malloc, (size_t count), (count))
PASS(UTIL, void, av_free, (void *memory), (memory))
PASS(UTIL, int, av_dict_set,
     (AVDictionary * *options, const char *key, const char *value, int flags),
     (options, key, value, flags))
PASS(UTIL, AVDictionaryEntry *, av_dict_get,
     (const AVDictionary *options, const char *key, const AVDictionaryEntry *before, int flags),
     (options, key, before, flags))
PASS(UTIL, void, av_dict_free, (AVDictionary * *options), (options))
PASS(UTIL, int, av_opt_set, (void *object, const char *name, const char *value, int flags),
     (object, name, value, flags))
PASS(UTIL, void, av_log_set_level, (int level), (level))
PASS(UTIL, int, av_strerror, (int error, char *text, size_t size), (error, text, size))
PASS(UTIL, int64_t, av_rescale_q, (int64_t time, AVRational from, AVRational to), (time, from, to))
