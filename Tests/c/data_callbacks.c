/* Training on batches that a function fills. */
#define _POSIX_C_SOURCE 200809L
#include <fenv.h>
#include <unistd.h>

#include "streams.h"

typedef struct feeder {
    int64_t ends_at;     /* the batch at which it returns 0; 0: never */
    int64_t shorter_at;  /* the batch (from 1) of which it fills `shorter` rows */
    int64_t shorter, fails_at, result;
    int64_t epochs, calls, last_epoch;
    apus_status seen;
    int rounding;
} feeder;

static int64_t feed(void *user, const apus_batch *batch)
{
    feeder *f = user;
    f->rounding = fegetround();
    if (batch->stage == APUS_BATCH_EPOCH) {
        f->epochs++;
        f->last_epoch = batch->epoch;
        CHECK(batch->rows == 0 && batch->n_inputs == 0);
        return 0;
    }
    f->calls++;
    f->seen = apus_set_seed(context, 3);
    CHECK(batch->n_inputs == 1 && batch->n_targets == 1 && batch->inputs[0].shape[0] == batch->rows);
    CHECK(batch->inputs[0].ndim == 2 && batch->inputs[0].shape[1] == NARROW && batch->targets[0].ndim == 2);
    if (f->fails_at && batch->batch + 1 == f->fails_at) return f->result;
    if (f->ends_at && batch->batch == f->ends_at) return 0;
    int64_t rows = f->shorter_at && batch->batch + 1 == f->shorter_at ? f->shorter : batch->rows;
    float *x = batch->inputs[0].data, *y = batch->targets[0].data;
    for (int64_t i = 0; i < rows; i++) {
        const int64_t row = (batch->row + i) % FEW;
        memcpy(x + i * NARROW, fx + row * NARROW, NARROW * sizeof *x);
        y[i] = fy[row];
    }
    return rows;
}

static apus_dataset *callback_data(feeder *f, int64_t rows, int64_t batches, int32_t any)
{
    static apus_array x = APUS_ARRAY_INIT, y = APUS_ARRAY_INIT;
    apus_batch_form form = APUS_BATCH_FORM_INIT;
    apus_dataset *data = NULL;
    x.dtype = y.dtype = APUS_FLOAT32;
    x.ndim = y.ndim = 1;
    x.shape[0] = NARROW;
    y.shape[0] = 1;
    form.inputs = &x;
    form.targets = &y;
    form.n_inputs = form.n_targets = 1;
    form.rows = rows;
    form.batches = batches;
    form.any_rows = any;
    OK(context, apus_dataset_from_callback(context, &form, feed, f, &data));
    return data;
}

static void a_callback_trains_as_arrays_do(void)
{
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, fx, FEW, NARROW), y = APUS_ARRAY_2D(APUS_FLOAT32, fy, FEW, 1);
    apus_dataset *arrays = NULL;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    double values[2], same[2];
    fit.epochs = 2;
    fit.shuffle = -1;
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &arrays));
    for (int accumulated = 1; accumulated <= 2; accumulated++) {
        char more[60];
        float one[NARROW * 4], other[NARROW * 4];
        snprintf(more, sizeof more, "%s", accumulated == 1 ? "" : "optimizer.gradient_accumulation_steps=5");
        apus_trainer *trainer = make_trainer(context, NARROW, more);
        OK(context, apus_trainer_fit(context, trainer, arrays, arrays, &fit));
        OK(context, apus_trainer_evaluate(context, trainer, arrays, 0, values, 2));
        weights(context, trainer, NARROW, one);
        apus_trainer_free(trainer);
        /* 1003 rows are 31 batches of 32 and one of 11: declared, and told by the function itself. */
        for (int kind = 0; kind < 3; kind++) {
            feeder f = { 0 }, held = { 0 };
            if (kind) f.shorter_at = held.shorter_at = 32, f.shorter = held.shorter = 11;
            if (kind == 2) f.ends_at = held.ends_at = 32;
            apus_dataset *data = callback_data(&f, kind == 0 ? FEW : 0, kind == 1 ? 32 : 0, 0);
            apus_dataset *validation = callback_data(&held, kind == 0 ? FEW : 0, kind == 1 ? 32 : 0, 0);
            trainer = make_trainer(context, NARROW, more);
            fesetround(FE_UPWARD);
            OK(context, apus_trainer_fit(context, trainer, data, validation, &fit));
            CHECK(f.rounding == FE_UPWARD && fegetround() == FE_UPWARD);
            fesetround(FE_TONEAREST);
            CHECK(f.seen == APUS_E_BUSY);
            CHECK(f.epochs == 2 && f.last_epoch == 1 && f.calls == 2 * (kind == 2 ? 33 : 32));
            CHECK(held.epochs == 2 && held.last_epoch == 1);
            weights(context, trainer, NARROW, other);
            CHECK(memcmp(one, other, sizeof one) == 0);
            OK(context, apus_trainer_evaluate(context, trainer, data, 0, same, 2));
            CHECK(values[0] == same[0] && values[1] == same[1]);
            apus_trainer_free(trainer);
            apus_dataset_free(data);
            apus_dataset_free(validation);
        }
    }
    apus_dataset_free(arrays);
}

static void a_callback_that_fails_ends_the_fit(void)
{
    static const struct {
        int64_t rows, batches;
        int32_t any;
        feeder f;
        apus_status status;
        const char *word;
    } cases[] = {
        { FEW, 0, 0, { .fails_at = 3, .result = -7 }, APUS_E_INTERRUPTED, "batch 3 of epoch 1" },
        { FEW, 0, 0, { .fails_at = 3, .result = INT64_MIN }, APUS_E_INTERRUPTED, "batch 3 of epoch 1" },
        { FEW, 0, 0, { .fails_at = 3, .result = 33 }, APUS_E_INVALID_ARGUMENT, "filled 33 rows of batch 3" },
        { FEW, 0, 0, { .fails_at = 3, .result = INT64_MAX }, APUS_E_INVALID_ARGUMENT, "batch 3" },
        { FEW, 0, 0, { .fails_at = 3, .result = 0 }, APUS_E_INVALID_ARGUMENT, "1003 rows" },
        { FEW, 0, 0, { .shorter_at = 3, .shorter = 31 }, APUS_E_INVALID_ARGUMENT, "31 of 32 rows of batch 3" },
        { 0, 9, 0, { .ends_at = 4 }, APUS_E_INVALID_ARGUMENT, "9 batches" },
        { 0, 9, 0, { .shorter_at = 3, .shorter = 31 }, APUS_E_INVALID_ARGUMENT, "31 of 32 rows of batch 3" },
        { 0, 0, 0, { .shorter_at = 3, .shorter = 31, .ends_at = 9 }, APUS_E_INVALID_ARGUMENT, "of batch 3" },
        { 0, 0, 0, { .fails_at = 1, .result = 0 }, APUS_E_INVALID_ARGUMENT, "before the first row" },
        { 0, 0, 1, { .shorter_at = 3, .shorter = 31, .ends_at = 9 }, APUS_OK, "" },
        { INT64_MAX, 0, 0, { .fails_at = 2, .result = -1 }, APUS_E_INTERRUPTED, "batch 2" },
        { 0, INT64_MAX, 0, { .fails_at = 2, .result = -1 }, APUS_E_INTERRUPTED, "batch 2" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        feeder f = cases[i].f;
        apus_dataset *data = callback_data(&f, cases[i].rows, cases[i].batches, cases[i].any);
        apus_trainer *trainer = make_trainer(context, NARROW, "");
        float kernel[NARROW * 4], same[NARROW * 4];
        weights(context, trainer, NARROW, kernel);
        if (cases[i].status) {
            FAILS_NAMING(context, cases[i].status, cases[i].word, apus_trainer_fit(context, trainer, data, NULL, NULL));
            weights(context, trainer, NARROW, same);
            CHECK(memcmp(kernel, same, sizeof same) == 0);
        } else {
            OK(context, apus_trainer_fit(context, trainer, data, NULL, NULL));
        }
        apus_dataset_free(data);
        apus_trainer_free(trainer);
    }
    feeder f = { 0 };
    apus_dataset *data = callback_data(&f, FEW, 0, 0);
    apus_trainer *trainer = make_trainer(context, NARROW, "");
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    fit.validation_split = 0.2;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "validation_split",
                 apus_trainer_fit(context, trainer, data, NULL, &fit));
    fit.validation_split = 0;
    fit.batch_size = INT64_MAX;
    apus_dataset *endless = callback_data(&f, 0, 0, 0);
    apus_status status = apus_trainer_fit(context, trainer, endless, NULL, &fit);
    CHECK(status == APUS_E_LIMIT || status == APUS_E_OUT_OF_MEMORY);
    apus_dataset_free(endless);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
}

static void bad_forms_are_errors(void)
{
    apus_array x = APUS_ARRAY_INIT;
    apus_batch_form form = APUS_BATCH_FORM_INIT;
    apus_dataset *data = NULL;
    feeder f = { 0 };
#define FORM() apus_dataset_from_callback(context, &form, feed, &f, &data)
    x.dtype = APUS_FLOAT32;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_inputs", FORM());
    form.n_inputs = 1;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "inputs", FORM());
    form.inputs = &x;
    OK(context, FORM());
    apus_dataset_free(data);
    data = NULL;
    x.dtype = APUS_FLOAT64;
    FAILS(context, APUS_E_DTYPE, FORM());
    x.dtype = APUS_FLOAT32;
    x.ndim = 8;
    for (int i = 0; i < 8; i++) x.shape[i] = 1;
    FAILS(context, APUS_E_SHAPE, FORM());
    x.ndim = 1;
    x.shape[0] = 0;
    FAILS(context, APUS_E_SHAPE, FORM());
    x.shape[0] = INT64_MAX;
    FAILS(context, APUS_E_SHAPE, FORM());
    x.shape[0] = INT64_MAX / 32;
    form.rows = -1;
    FAILS(context, APUS_E_INVALID_ARGUMENT, FORM());
    form.rows = 5;
    form.batches = 5;
    FAILS(context, APUS_E_INVALID_ARGUMENT, FORM());
    form.batches = 0;
    form.any_rows = 1;
    FAILS(context, APUS_E_INVALID_ARGUMENT, FORM());
    form.any_rows = 0;
    form.n_targets = INT32_MIN;
    FAILS(context, APUS_E_INVALID_ARGUMENT, FORM());
    form.n_targets = 0;
    form.struct_size = 8;
    FAILS(context, APUS_E_INVALID_ARGUMENT, FORM());
    CHECK(data == NULL);
}

static counting memory;

static void each_allocation_may_be_refused(void)
{
    feeder f = { 0 };
    apus_dataset *data = callback_data(&f, 100, 0, 0);
    counting_init(&memory);
    apus_context *own = new_context(2, &memory.allocator);
    int64_t refused = 0;
    apus_status status = APUS_E_OUT_OF_MEMORY;
    for (int64_t n = 1; n < 10000 && status; n++) {
        apus_trainer *trainer = make_trainer(own, NARROW, "");
        const int64_t before = memory.refused;
        memory.calls = 0;
        memory.refuse_at = n;
        status = apus_trainer_fit(own, trainer, data, data, NULL);
        memory.refuse_at = 0;
        if (memory.refused > before) {
            refused++;
            CHECK(status == APUS_OK || status == APUS_E_OUT_OF_MEMORY);
            OK(own, apus_trainer_fit(own, trainer, data, data, NULL));
            status = APUS_E_OUT_OF_MEMORY;
        }
        apus_trainer_free(trainer);
    }
    CHECK(status == APUS_OK && refused > 10);
    apus_dataset_free(data);
    apus_context_free(own);
    CHECK(memory.live == 0 && memory.bytes == 0 && memory.mismatches == 0);
}

int main(void)
{
    BEGIN("data_callbacks");
    context = new_context(2, NULL);
    fill_rows(FEW, NARROW, fx, fy);
    RUN(a_callback_trains_as_arrays_do);
    RUN(a_callback_that_fails_ends_the_fit);
    RUN(bad_forms_are_errors);
    RUN(each_allocation_may_be_refused);
    apus_context_free(context);
    return END();
}
