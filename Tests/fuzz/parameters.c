/* The text form of parameters: the first line is a kind of layer, the rest its parameters, then those of a trainer. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apus_context *context = fuzz_context();
    char *kind = fuzz_text(data, size), *end = strchr(kind, '\n');
    apus_network *network = NULL;
    apus_trainer *trainer = NULL;
    static apus_model *model;

    if (end) {
        *end = 0;
        if (!model) model = fuzz_network("units=1");
        fuzz_judge(apus_network_create(context, NULL, &network));
        fuzz_judge(apus_network_add(context, network, "Input", "shape=[6,6,2]", NULL, 0, NULL));
        fuzz_judge_arguments(apus_network_add(context, network, kind, end + 1, NULL, 0, NULL));
        fuzz_judge_arguments(apus_trainer_create(context, model, end + 1, &trainer));
    }
    apus_trainer_free(trainer);
    apus_network_free(network);
    free(kind);
    return 0;
}
