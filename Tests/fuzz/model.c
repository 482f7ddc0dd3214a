/* A model file in memory: native, or a network of Keras. What loads is asked for its description, written, and read
 * again, which must work. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apus_context *context = fuzz_context();
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    apus_model *model = NULL, *again = NULL;
    size_t needed = 0;

    limits.max_bytes = 16u << 20;
    if (size == 0) return 0;
    const apus_status status = apus_model_load_memory(context, data, size, &limits, &model);
    fuzz_judge(status);
    if (status != APUS_OK) {
        if (model) abort();
        return 0;
    }
    fuzz_judge(apus_model_info(context, model, NULL, 0, &needed));
    if (apus_model_save_memory(context, model, NULL, NULL, 0, &needed) == APUS_OK) {
        unsigned char *bytes = malloc(needed);
        if (!bytes) abort();
        fuzz_judge(apus_model_save_memory(context, model, NULL, bytes, needed, &needed));
        fuzz_judge(apus_model_load_memory(context, bytes, needed, NULL, &again));
        if (!again) {
            fprintf(stderr, "finding: what was saved does not load: %s\n", apus_last_error(context));
            abort();
        }
        free(bytes);
    }
    apus_model_free(again);
    apus_model_free(model);
    return 0;
}
