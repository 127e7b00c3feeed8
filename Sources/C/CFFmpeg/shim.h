// FFmpeg as Swift sees it, with the macros that Swift cannot import as constants, and the one
// system call that Swift's Glibc module leaves out.
#pragma once
#include <sys/eventfd.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>

static inline int shim_averror(int e) { return AVERROR(e); }
static inline int shim_averror_eof(void) { return AVERROR_EOF; }
static inline int shim_averror_exit(void) { return AVERROR_EXIT; }
static inline int shim_averror_invalid_data(void) { return AVERROR_INVALIDDATA; }
static inline int shim_averror_no_protocol(void) { return AVERROR_PROTOCOL_NOT_FOUND; }
static inline int shim_averror_no_demuxer(void) { return AVERROR_DEMUXER_NOT_FOUND; }
static inline int shim_averror_http_not_found(void) { return AVERROR_HTTP_NOT_FOUND; }
static inline int shim_averror_http_forbidden(void) { return AVERROR_HTTP_FORBIDDEN; }
static inline int shim_averror_http_unauthorized(void) { return AVERROR_HTTP_UNAUTHORIZED; }

/// Opens FFmpeg's libraries, once; why that cannot be done, or NULL.
///
/// They are opened by any of their functions too, which end the process where that cannot be done.
const char *shim_ffmpeg_fault(void);

static inline int64_t shim_nopts(void) { return AV_NOPTS_VALUE; }
