/* A trainer's checkpoint in a file, optimizer state included. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    apus_trainer *trainer = NULL;
    apus_model *model = NULL;

    limits.max_bytes = 16u << 20;
    const apus_status status = apus_trainer_load(fuzz_context(), fuzz_file(data, size), &limits, &trainer, &model);
    fuzz_judge(status);
    if (status != APUS_OK && (trainer || model)) abort();
    apus_trainer_free(trainer);
    apus_model_free(model);
    return 0;
}
