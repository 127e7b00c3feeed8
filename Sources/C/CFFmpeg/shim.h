// FFmpeg as Swift sees it, with the macros that Swift cannot import as constants.
#pragma once
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/opt.h>

static inline int shim_averror_eof(void) { return AVERROR_EOF; }
static inline int shim_averror_exit(void) { return AVERROR_EXIT; }
static inline int shim_averror(int e) { return AVERROR(e); }
static inline int64_t shim_nopts(void) { return AV_NOPTS_VALUE; }
