/* A zlib stream, as the only chunk of an array of rows of 4 bytes. The first two bytes of the input are how many rows
 * there are. The file around it is made here; its checksums are zero, which builds for fuzzing do not mind. */
#include "fuzz.h"

enum { HEAD = 200, MOST = 1 << 16 };

static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static uint8_t *put_text(uint8_t *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

/* The head of a message of an object header. */
static uint8_t *put_message(uint8_t *at, int type, int size)
{
    return put(put(put(at, (uint64_t)type, 1), (uint64_t)size, 2), 0, 1);
}

static void put_file(uint8_t *file, uint64_t rows, uint64_t size)
{
    const uint64_t none = UINT64_MAX;
    uint8_t *at = put_text(file, "\x89HDF\r\n\x1a\n\2\10\10\0", 12);
    at = put(put(put(put(put(at, 0, 8), none, 8), HEAD + size, 8), 48, 8), 0, 4);
    /* The root group, and its link x. */
    at = put(put_text(at, "OHDR\2\0", 6), 38, 1);
    at = put(put(put(put_message(at, 0x02, 18), 0, 2), none, 8), none, 8);
    at = put(put_text(put_message(at, 0x06, 12), "\1\0\1x", 4), 97, 8);
    at = put(at, 0, 4);
    /* The array: extents, type, one chunk, deflate. */
    at = put(put_text(at, "OHDR\2\0", 6), 92, 1);
    at = put(put(put_text(put_message(at, 0x01, 20), "\2\2\0\1", 4), rows, 8), 4, 8);
    at = put_text(put_message(at, 0x03, 12), "\x10\0\0\0\1\0\0\0\0\0\10\0", 12);
    at = put_text(put_message(at, 0x08, 32), "\4\2\2\3\2", 5);
    at = put(put(put(put(at, rows, 2), 4, 2), 1, 2), 1, 1);
    at = put(put(put(at, size, 8), 0, 4), HEAD, 8);
    at = put_text(put_message(at, 0x0B, 12), "\2\1\1\0\1\0\1\0\6\0\0\0", 12);
    at = put(at, 0, 4);
    if (at != file + HEAD) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[HEAD + MOST];
    static apus_trainer *trainer;
    apus_context *context = fuzz_context();
    apus_dataset *dataset = NULL;
    double values[8];

    if (size < 3 || size > MOST) return 0;
    if (!trainer) trainer = fuzz_trainer("units=4");
    const uint64_t rows = 1 + (data[0] | (uint64_t)data[1] << 8) % 4096;
    put_file(file, rows, size - 2);
    memcpy(file + HEAD, data + 2, size - 2);
    const apus_status status = apus_dataset_open_hdf5(
        context, fuzz_file(file, HEAD + size - 2), "inputs=x targets=x buffer_bytes=200000", &dataset);
    if (status == APUS_OK) {
        fuzz_judge(apus_trainer_evaluate(context, trainer, dataset, 64, values, 1));
    } else if (status != APUS_E_CORRUPT) {
        fuzz_judge(status);
        abort();
    }
    apus_dataset_free(dataset);
    return 0;
}
