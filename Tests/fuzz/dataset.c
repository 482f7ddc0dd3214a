/* Rows x of 4 columns and y of 1 that stream from an HDF5 file, read through to the end. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apus_trainer *trainer;
    apus_context *context = fuzz_context();
    apus_dataset *dataset = NULL;
    double values[8];
    size_t needed = 0;

    if (!trainer) trainer = fuzz_trainer("units=1");
    const apus_status status = apus_dataset_open_hdf5(
        context, fuzz_file(data, size), "inputs=x targets=y float64=round buffer_bytes=200000", &dataset);
    fuzz_judge_arguments(status);
    if (status == APUS_OK) {
        fuzz_judge(apus_dataset_info(context, dataset, NULL, 0, &needed));
        fuzz_judge_arguments(apus_trainer_evaluate(context, trainer, dataset, 16, values, 1));
    }
    apus_dataset_free(dataset);
    return 0;
}
