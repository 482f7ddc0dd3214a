/* Keras's configuration of a network as JSON text. What is accepted is written and read again, which must work. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apus_context *context = fuzz_context();
    char *text = fuzz_text(data, size);
    apus_model *model = NULL, *again = NULL;
    size_t needed = 0;

    const apus_status status = apus_network_from_json(context, text, &model);
    fuzz_judge_arguments(status);
    if (status == APUS_OK) {
        fuzz_judge(apus_model_to_json(context, model, NULL, 0, &needed));
        char *config = malloc(needed);
        if (!config) abort();
        fuzz_judge(apus_model_to_json(context, model, config, needed, &needed));
        fuzz_judge(apus_network_from_json(context, config, &again));
        free(config);
    } else if (model) {
        abort();
    }
    apus_model_free(again);
    apus_model_free(model);
    free(text);
    return 0;
}
