/* A file is untrusted input. Every byte of a small saved model is flipped, bit by bit in turn, and the file is cut at
 * every length: each variant loads or fails with a status and a message. All of that happens in a child, so that a
 * crash, a hang or an allocation beyond reason is seen and named. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { LARGEST = 1 << 18 };

/* Every byte and every length; under a checker, which is slow, every so many. */
#ifdef SANITIZED
enum { STRIDE = 11 };
#else
enum { STRIDE = 1 };
#endif

static sample s;
static apus_context *context;

typedef struct image {
    unsigned char bytes[LARGEST];
    size_t size;
} image;

typedef apus_status (*loader)(apus_context *c, const unsigned char *bytes, size_t size, int *usable);

/* Loads from memory and, when that works, uses the model: it must not crash on what it accepted. */
static apus_status load_model(apus_context *c, const unsigned char *bytes, size_t size, int *usable)
{
    apus_model *model = NULL;
    const apus_status status = apus_model_load_memory(c, bytes, size, NULL, &model);
    if (status == APUS_OK) {
        apus_array x = sample_x(&s), out = APUS_ARRAY_INIT;
        double values[ROWS * CLASSES];
        size_t needed = 0;
        *usable = model != NULL;
        (void)apus_model_info(c, model, NULL, 0, &needed);
        if (apus_model_output_shape(c, model, APUS_PREDICT, &x, &out) == APUS_OK) {
            int64_t count = 1;
            for (int32_t i = 0; i < out.ndim; i++) count *= out.shape[i];
            out.data = values;
            out.dtype = APUS_FLOAT64;
            if (count <= ROWS * CLASSES) (void)apus_predict(c, model, APUS_PREDICT, &x, &out);
        }
    } else {
        *usable = model == NULL && apus_last_error(c)[0] != 0;
    }
    apus_model_free(model);
    return status;
}

static char checkpoint_path[512];

static apus_status load_checkpoint(apus_context *c, const unsigned char *bytes, size_t size, int *usable)
{
    apus_trainer *trainer = NULL;
    apus_model *model = NULL;
    FILE *file = fopen(checkpoint_path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        *usable = 0;
        return APUS_E_IO;
    }
    const apus_status status = apus_trainer_load(c, checkpoint_path, NULL, &trainer, &model);
    if (status == APUS_OK) {
        apus_array x = sample_xf(&s), y = sample_label(&s);
        *usable = trainer != NULL && model != NULL;
        (void)apus_trainer_step(c, trainer, &x, 1, &y, 1, NULL, NULL);
    } else {
        *usable = !trainer && !model && apus_last_error(c)[0] != 0;
    }
    apus_trainer_free(trainer);
    apus_model_free(model);
    return status;
}

/* What the child tells: how far it came, and what it found. */
typedef struct tally {
    int64_t at, bit, loaded, refused, wrong;
    int32_t first_wrong_status;
    int64_t first_wrong_at;
} tally;

static int expected(apus_status status)
{
    return status == APUS_OK || status == APUS_E_CORRUPT || status == APUS_E_UNSUPPORTED || status == APUS_E_LIMIT ||
           status == APUS_E_IO || status == APUS_E_OUT_OF_MEMORY;
}

static void note(tally *t, apus_status status, int usable, int64_t at)
{
    if (status == APUS_OK) t->loaded++;
    else t->refused++;
    if (!expected(status) || !usable) {
        if (!t->wrong++) {
            t->first_wrong_status = status;
            t->first_wrong_at = at;
        }
    }
}

static int in_child(void (*body)(tally *, const image *, loader), tally *t, const image *file, loader load)
{
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
#ifndef SANITIZED
        const struct rlimit space = { (rlim_t)8 << 30, (rlim_t)8 << 30 };
        setrlimit(RLIMIT_AS, &space);
#endif
        alarm(240);
        body(t, file, load);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void flip_each_byte(tally *t, const image *file, loader load)
{
    apus_context *c = new_context(1, NULL);
    unsigned char *copy = malloc(file->size);
    memcpy(copy, file->bytes, file->size);
    for (size_t i = 0; i < file->size; i += STRIDE) {
        int usable = 0;
        /* One bit of each byte, another in each; and the whole byte. */
        const unsigned char flips[] = { (unsigned char)(1u << (i % 8)), 0xFF };
        for (size_t k = 0; k < sizeof flips; k++) {
            t->at = (int64_t)i;
            t->bit = flips[k];
            copy[i] = file->bytes[i] ^ flips[k];
            const apus_status status = load(c, copy, file->size, &usable);
            note(t, status, usable, (int64_t)i);
        }
        copy[i] = file->bytes[i];
    }
    free(copy);
    apus_context_free(c);
}

static void cut_at_each_length(tally *t, const image *file, loader load)
{
    apus_context *c = new_context(1, NULL);
    for (size_t length = 0; length < file->size; length += STRIDE) {
        int usable = 0;
        /* Its own memory, so that a checker sees a byte read past the end. */
        unsigned char *copy = malloc(length ? length : 1);
        memcpy(copy, file->bytes, length);
        t->at = (int64_t)length;
        const apus_status status = load(c, copy, length, &usable);
        note(t, status, usable, (int64_t)length);
        free(copy);
    }
    apus_context_free(c);
}

static void overwrite_runs(tally *t, const image *file, loader load)
{
    apus_context *c = new_context(1, NULL);
    unsigned char *copy = malloc(file->size);
    for (uint64_t i = 0; i < 400; i++) {
        int usable = 0;
        const size_t start = (size_t)(spread(3 * i) * (double)file->size);
        size_t length = 1 + (size_t)(spread(3 * i + 1) * 64);
        memcpy(copy, file->bytes, file->size);
        if (start + length > file->size) length = file->size - start;
        for (size_t k = 0; k < length; k++) copy[start + k] = (unsigned char)(spread(7919 * i + k) * 256);
        t->at = (int64_t)start;
        const apus_status status = load(c, copy, file->size, &usable);
        note(t, status, usable, (int64_t)start);
    }
    free(copy);
    apus_context_free(c);
}

static void survive(const char *what, void (*body)(tally *, const image *, loader), const image *file, loader load)
{
    tally *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(t, 0, sizeof *t);
    const int status = in_child(body, t, file, load);
    if (status != 0) {
        check_failures++;
        printf("    %s: the child ended with %d at byte %lld (changed by %lld) of %zu\n", what, status, (long long)t->at,
               (long long)t->bit, file->size);
    }
    if (t->wrong) {
        check_failures++;
        printf("    %s: %lld wrong answers, the first %s (%d) at byte %lld of %zu\n", what, (long long)t->wrong,
               apus_status_text(t->first_wrong_status), t->first_wrong_status, (long long)t->first_wrong_at, file->size);
    }
    CHECK(t->loaded + t->refused > 0);
    printf("    %s: %zu bytes, %lld loaded, %lld refused\n", what, file->size, (long long)t->loaded,
           (long long)t->refused);
    munmap(t, sizeof *t);
}

static void survive_all(const char *what, const image *file, loader load)
{
    char text[128];
    int usable = 0;
    OK(context, load(context, file->bytes, file->size, &usable));
    CHECK(usable);
    snprintf(text, sizeof text, "%s, bytes flipped", what);
    survive(text, flip_each_byte, file, load);
    snprintf(text, sizeof text, "%s, cut short", what);
    survive(text, cut_at_each_length, file, load);
    snprintf(text, sizeof text, "%s, runs overwritten", what);
    survive(text, overwrite_runs, file, load);
}

static image *image_of(apus_model *model)
{
    static image file;
    memset(&file, 0, sizeof file);
    OK(context, apus_model_save_memory(context, model, NULL, file.bytes, sizeof file.bytes, &file.size));
    apus_model_free(model);
    return &file;
}

static void a_damaged_regression_loads_or_is_refused(void)
{
    survive_all("regression", image_of(sample_regression(context, &s)), load_model);
}

static void a_damaged_pipeline_loads_or_is_refused(void)
{
    apus_array x = sample_x(&s), y = sample_label(&s);
    apus_model *model = NULL;
    OK(context,
       apus_fit(context, "pipeline",
                "{\"steps\": [[\"scale\", \"standard_scaler\"], [\"model\", \"logistic_regression\"]]}", &x, &y, NULL,
                &model));
    survive_all("pipeline", image_of(model), load_model);
}

static void a_damaged_network_loads_or_is_refused(void)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=2", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_network_free(network);
    survive_all("network", image_of(model), load_model);
}

static void a_damaged_checkpoint_loads_or_is_refused(void)
{
    static image file;
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    int usable = 0;

    snprintf(checkpoint_path, sizeof checkpoint_path, "%s", scratch("checkpoint.h5"));
    OK(context, apus_trainer_step(context, trainer, &x, 1, &y, 1, NULL, NULL));
    OK(context, apus_trainer_save(context, trainer, checkpoint_path));
    FILE *saved = fopen(checkpoint_path, "rb");
    file.size = saved ? fread(file.bytes, 1, sizeof file.bytes, saved) : 0;
    if (saved) fclose(saved);
    CHECK(file.size > 1000 && file.size < LARGEST);
    OK(context, load_checkpoint(context, file.bytes, file.size, &usable));
    CHECK(usable);
    survive("checkpoint, runs overwritten", overwrite_runs, &file, load_checkpoint);
    survive("checkpoint, cut short", cut_at_each_length, &file, load_checkpoint);
    remove(checkpoint_path);
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void files_that_are_none_are_refused(void)
{
    static const char *const contents[] = { "", "a", "not HDF5 at all\n", "\x89HDF\r\n\x1a\n", "PK\x03\x04rest" };
    const char *path = scratch("none");
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;

    remove(path);
    FAILS(context, APUS_E_IO, apus_model_load(context, path, NULL, &model));
    FAILS(context, APUS_E_IO, apus_trainer_load(context, path, NULL, &trainer, NULL));
    FAILS(context, APUS_E_IO, apus_model_load(context, "/", NULL, &model));
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        FILE *file = fopen(path, "wb");
        fwrite(contents[i], 1, strlen(contents[i]), file);
        fclose(file);
        const apus_status status = apus_model_load(context, path, NULL, &model);
        CHECK(status == APUS_E_CORRUPT || status == APUS_E_UNSUPPORTED);
        CHECK(apus_last_error(context)[0] && strstr(apus_last_error(context), path) != NULL);
        const apus_status trained = apus_trainer_load(context, path, NULL, &trainer, NULL);
        CHECK(trained == APUS_E_CORRUPT || trained == APUS_E_UNSUPPORTED);
        const apus_status memory = apus_model_load_memory(context, contents[i][0] ? contents[i] : "x",
                                                          strlen(contents[i]), NULL, &model);
        CHECK(memory == APUS_E_CORRUPT || memory == APUS_E_UNSUPPORTED || memory == APUS_E_INVALID_ARGUMENT);
    }
    CHECK(!model && !trainer);
    remove(path);
    /* A named pipe is no file: opening it must not wait for a writer. */
    if (mkfifo(path, 0600) == 0) {
        alarm(20);
        CHECK(apus_model_load(context, path, NULL, &model) != APUS_OK && !model);
        alarm(0);
        remove(path);
    }
}

static void limits_are_kept(void)
{
    const image *file = image_of(sample_network(context));
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    apus_model *model = NULL;

    limits.max_bytes = 16;
    FAILS(context, APUS_E_LIMIT, apus_model_load_memory(context, file->bytes, file->size, &limits, &model));
    limits = (apus_load_limits)APUS_LOAD_LIMITS_INIT;
    limits.max_layers = 1;
    FAILS(context, APUS_E_LIMIT, apus_model_load_memory(context, file->bytes, file->size, &limits, &model));
    limits = (apus_load_limits)APUS_LOAD_LIMITS_INIT;
    limits.max_depth = 1;
    FAILS(context, APUS_E_LIMIT, apus_model_load_memory(context, file->bytes, file->size, &limits, &model));
    limits = (apus_load_limits)APUS_LOAD_LIMITS_INIT;
    limits.struct_size = 3;
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_model_load_memory(context, file->bytes, file->size, &limits, &model));
    CHECK(model == NULL);
    OK(context, apus_model_load_memory(context, file->bytes, file->size, NULL, &model));
    apus_model_free(model);
}

static void a_checkpoint_is_not_read_from_a_plain_model(void)
{
    apus_model *model = sample_regression(context, &s);
    apus_trainer *trainer = NULL;
    const char *path = scratch("plain.h5");
    OK(context, apus_model_save(context, model, path, NULL));
    CHECK(apus_trainer_load(context, path, NULL, &trainer, NULL) != APUS_OK && !trainer);
    CHECK(apus_last_error(context)[0]);
    remove(path);
    apus_model_free(model);
}

int main(void)
{
    BEGIN("damaged_files");
    make_sample(&s);
    context = new_context(1, NULL);
    RUN(a_damaged_regression_loads_or_is_refused);
    RUN(a_damaged_pipeline_loads_or_is_refused);
    RUN(a_damaged_network_loads_or_is_refused);
    RUN(a_damaged_checkpoint_loads_or_is_refused);
    RUN(files_that_are_none_are_refused);
    RUN(limits_are_kept);
    RUN(a_checkpoint_is_not_read_from_a_plain_model);
    apus_context_free(context);
    return END();
}
