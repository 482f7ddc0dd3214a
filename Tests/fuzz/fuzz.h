/* fuzz.h: what every fuzz target uses: one context with limits, and the statuses that a bad file may give. */
#ifndef FUZZ_H
#define FUZZ_H

#define _GNU_SOURCE
#include "apus.h"

#include <sanitizer/lsan_interface.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static apus_context *fuzz_context(void)
{
    static apus_context *context;
    if (!context) {
        apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
        options.threads = 1;
        options.seed = 7;
        options.memory_limit = 32u << 20;
        if (apus_context_create(&options, &context) != APUS_OK) abort();
    }
    return context;
}

/* Ends the process, which is a finding, unless the status is one of a good or a refused input. */
static void fuzz_judge(apus_status status)
{
    switch (status) {
    case APUS_OK: return;
    case APUS_E_CORRUPT: case APUS_E_UNSUPPORTED: case APUS_E_LIMIT: case APUS_E_OUT_OF_MEMORY:
        if (apus_last_error(fuzz_context())[0]) return;
        fprintf(stderr, "finding: status %d without a message\n", status);
        abort();
    default:
        fprintf(stderr, "finding: status %d (%s): %s\n", status, apus_status_text(status),
                apus_last_error(fuzz_context()));
        abort();
    }
}

/* The same for a call whose arguments come from the input: these may be refused as such too. */
static inline void fuzz_judge_arguments(apus_status status)
{
    if (status == APUS_E_INVALID_ARGUMENT || status == APUS_E_SHAPE || status == APUS_E_DTYPE) return;
    fuzz_judge(status);
}

/* A file in memory that holds the input, by the name that it can be opened with; one file serves all inputs. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("input", MFD_CLOEXEC);
        if (descriptor < 0) abort();
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    if (ftruncate(descriptor, 0) != 0) abort();
    for (size_t done = 0; done < size;) {
        const ssize_t count = pwrite(descriptor, data + done, size - done, (off_t)done);
        if (count <= 0) abort();
        done += (size_t)count;
    }
    return path;
}

/* A network of one dense layer on rows of 4 columns, and a trainer of one, for readers that need them. They stay, in
 * places that the leak checker does not take for pointers: Swift's enums have tag bits in them. */
static inline apus_model *fuzz_network(const char *dense)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    __lsan_disable();
    fuzz_judge(apus_network_create(fuzz_context(), NULL, &network));
    fuzz_judge(apus_network_add(fuzz_context(), network, "Input", "shape=[4]", NULL, 0, NULL));
    fuzz_judge(apus_network_add(fuzz_context(), network, "Dense", dense, NULL, 0, NULL));
    fuzz_judge(apus_network_build(fuzz_context(), network, NULL, 0, &model));
    apus_network_free(network);
    __lsan_enable();
    return model;
}

static inline apus_trainer *fuzz_trainer(const char *dense)
{
    apus_model *model = fuzz_network(dense);
    apus_trainer *trainer = NULL;
    __lsan_disable();
    fuzz_judge(apus_trainer_create(fuzz_context(), model, "loss=mse optimizer=SGD", &trainer));
    __lsan_enable();
    apus_model_free(model);
    return trainer;
}

/* A text that holds the input up to its first zero byte; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) abort();
    memcpy(text, data, size);
    text[size] = 0;
    return text;
}

#endif
