// The options that libavformat takes as a dictionary, owned.
import CFFmpeg

/// A dictionary of options for libav.
@safe struct OptionList: ~Copyable {
    /// The dictionary, for the call that takes and replaces it.
    var raw: OpaquePointer?

    init() {}

    deinit {
        var raw = raw
        av_dict_free(&raw)
    }

    mutating func set(_ name: String, _ value: String) { av_dict_set(&raw, name, value, 0) }
}
