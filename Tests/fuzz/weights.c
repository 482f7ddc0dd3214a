/* A file of weights alone, or of a whole network, for a network that there is: its weights stay or are replaced. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apus_model *model;
    static const char *const options[] = { NULL, "skip_mismatch=true", "by_name=true", "by_name=true skip_mismatch=true" };
    apus_context *context = fuzz_context();
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    char report[4096];
    size_t needed = 0;
    int64_t loaded = 0;

    limits.max_bytes = 16u << 20;
    if (size < 2) return 0;
    if (!model) model = fuzz_network("units=3");
    const apus_status status = apus_model_load_weights(context, model, fuzz_file(data + 1, size - 1), options[data[0] & 3],
                                                       &limits, &loaded, report, sizeof report, &needed);
    if (status == APUS_E_BUFFER_TOO_SMALL && needed > sizeof report) return 0;
    fuzz_judge_arguments(status);
    return 0;
}
