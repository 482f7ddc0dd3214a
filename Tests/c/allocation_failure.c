/* The n-th allocation of the context's allocator fails, for every n: an error, no leak, and every object involved
 * still does its work afterwards.
 *
 * Each scenario makes its objects with memory in plenty, then repeats one operation with the first allocation
 * refused, the second, and so on, until the operation succeeds because it never came to the one refused.
 */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static sample s;
static counting memory;
static apus_context *context;

typedef apus_status (*operation)(void *objects);

/* Runs the operation with refusals; afterwards nothing more is held than before. `release` frees what a success made
 * and must leave the count where it was. */
static void refuse_each(const char *name, operation run, void (*release)(void *), void *objects)
{
    int64_t n = 1;
    apus_status status = APUS_OK;
    for (; n < 100000; n++) {
        const int64_t live = memory.live, bytes = memory.bytes, refused = memory.refused;
        memory.calls = 0;
        memory.refuse_at = n;
        status = run(objects);
        memory.refuse_at = 0;
        if (memory.refused == refused) break; /* it never came to the n-th */
        if (status == APUS_OK) {
            /* It did without that memory, which is as good. */
            if (release) release(objects);
        } else {
            CHECK(status == APUS_E_OUT_OF_MEMORY);
            CHECK(apus_last_error(context)[0] != 0);
        }
        if (memory.live != live || memory.bytes != bytes) {
            check_failures++;
            printf("    %s: refusing allocation %lld leaks %lld blocks, %lld bytes\n", name, (long long)n,
                   (long long)(memory.live - live), (long long)(memory.bytes - bytes));
        }
        if (check_failures > 20) break;
    }
    CHECK(status == APUS_OK);
    CHECK(n < 100000);
    if (status == APUS_OK && release) release(objects);
    /* And with every allocation from the n-th on refused, at a few places. */
    const int64_t last = n;
    for (int64_t from = 1; from < last; from += 1 + last / 7) {
        const int64_t live = memory.live;
        memory.calls = 0;
        memory.refuse_all = from;
        status = run(objects);
        memory.refuse_all = 0;
        if (status == APUS_OK && release) release(objects);
        CHECK(memory.live == live);
    }
    OK(context, run(objects));
    if (release) release(objects);
    printf("    %s: %lld allocations, each refused once\n", name, (long long)(last - 1));
}

typedef struct objects {
    apus_model *model, *made;
    apus_trainer *trainer, *made_trainer;
    apus_dataset *dataset;
    apus_session *session;
    const char *kind, *parameters, *path;
    unsigned char image[1 << 20];
    size_t image_size;
} objects;

static objects o;

static void release_made(void *user)
{
    (void)user;
    apus_model_free(o.made);
    apus_trainer_free(o.made_trainer);
    apus_session_free(o.session);
    o.made = NULL;
    o.made_trainer = NULL;
    o.session = NULL;
}

static apus_status run_fit(void *user)
{
    const int scaler = strstr(o.kind, "scaler") || strstr(o.kind, "normalizer");
    const int classes = strstr(o.kind, "logistic") || strstr(o.kind, "svc") || strstr(o.kind, "classifier");
    apus_array x = sample_x(&s), y = classes ? sample_label(&s) : sample_real(&s);
    (void)user;
    /* Strided, so that it has to be copied. */
    x.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = COLUMNS * sizeof(double);
    x.strides[1] = sizeof(double);
    return apus_fit(context, o.kind, o.parameters, &x, scaler ? NULL : &y, NULL, &o.made);
}

static void fits(void)
{
    static const char *const kinds[][2] = {
        { "linear_regression", NULL },
        { "linear_regression", "solver=svd" },
        { "linear_regression", "solver=gd max_iter=20 tol=0 batch_size=7" },
        { "logistic_regression", NULL },
        { "logistic_regression", "solver=lbfgs" },
        { "logistic_regression", "solver=gd max_iter=20 tol=0" },
        { "logistic_regression", "penalty=l1 class_weight=balanced" },
        { "logistic_regression", "multi_class=ovr max_iter=5" },
        { "ridge", NULL },
        { "ridge", "solver=svd" },
        { "lasso", "alpha=0.01 alphas=[1, 0.1]" },
        { "elastic_net", "alpha=0.01 selection=random" },
        { "bayesian_ridge", "max_iter=5" },
        { "huber_regressor", "max_iter=5" },
        { "ordinal_logistic", "max_iter=5 alpha=1" },
        { "linear_svc", "max_iter=3" },
        { "sgd_regressor", "max_iter=2 early_stopping=true" },
        { "sgd_classifier", "max_iter=2 class_weight=balanced" },
        { "standard_scaler", NULL },
        { "min_max_scaler", NULL },
        { "mean_normalizer", NULL },
        { "pipeline", "{\"steps\": [[\"scale\", \"standard_scaler\"], [\"model\", \"linear_regression\"]]}" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        o.kind = kinds[i][0];
        o.parameters = kinds[i][1];
        refuse_each(o.kind, run_fit, release_made, &o);
    }
}

static apus_status run_predict(void *user)
{
    double predicted[ROWS];
    apus_array x = sample_xf(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    (void)user;
    return apus_predict(context, o.model, APUS_PREDICT, &x, &out);
}

static void predictions_of_an_estimator(void)
{
    o.model = sample_regression(context, &s);
    refuse_each("predict", run_predict, NULL, &o);
    apus_model_free(o.model);
}

/* Every other row, so that it has to be copied. */
static apus_array strided_xf(void)
{
    apus_array x = sample_xf(&s);
    x.flags = APUS_ARRAY_STRIDED;
    x.shape[0] = ROWS / 2;
    x.strides[0] = 2 * COLUMNS * sizeof(float);
    x.strides[1] = sizeof(float);
    return x;
}

static apus_status run_network_predict(void *user)
{
    float predicted[ROWS / 2 * CLASSES];
    apus_array x = strided_xf(), out = APUS_ARRAY_2D(APUS_FLOAT32, predicted, ROWS / 2, CLASSES);
    (void)user;
    return apus_predict(context, o.model, APUS_PREDICT, &x, &out);
}

static void predictions_of_a_network(void)
{
    o.model = sample_network(context);
    refuse_each("network predict", run_network_predict, NULL, &o);
    apus_model_free(o.model);
}

static apus_status run_build(void *user)
{
    (void)user;
    return build_network(context, &o.made);
}

static void building_a_network(void) { refuse_each("build", run_build, release_made, &o); }

static apus_status run_ensemble(void *user)
{
    objects *o = user;
    const apus_model *models[2] = {o->model, o->model};
    return apus_network_ensemble(context, models, 2, "vote=hard weights=[1,2]", &o->made);
}

static apus_status run_average(void *user)
{
    objects *o = user;
    const apus_model *models[2] = {o->model, o->model};
    return apus_network_ensemble(context, models, 2, "how=weights", &o->made);
}

static void making_ensembles(void)
{
    o.model = sample_network(context);
    refuse_each("ensemble", run_ensemble, release_made, &o);
    refuse_each("average", run_average, release_made, &o);
    apus_model_free(o.model);
}

static apus_status run_trainer_create(void *user)
{
    (void)user;
    return apus_trainer_create(context, o.model, TRAINER_PARAMETERS, &o.made_trainer);
}

static void making_a_trainer(void)
{
    o.model = sample_network(context);
    refuse_each("trainer", run_trainer_create, release_made, &o);
    apus_model_free(o.model);
}

static apus_status run_session_create(void *user)
{
    (void)user;
    return apus_session_create(context, o.model, 16, &o.session);
}

static void making_a_session(void)
{
    o.model = sample_network(context);
    refuse_each("session", run_session_create, release_made, &o);
    apus_model_free(o.model);
}

/* A trainer made for the occasion: a fit that succeeds may keep scratch for the next. */
static apus_status run_trainer_fit(void *user)
{
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_trainer *trainer = NULL;
    (void)user;
    options.epochs = 2;
    options.batch_size = 16;
    options.validation_split = 0.2;
    apus_status status = apus_trainer_create(context, o.model, TRAINER_PARAMETERS, &trainer);
    if (!status) status = apus_trainer_fit(context, trainer, o.dataset, NULL, &options);
    if (status == APUS_E_OUT_OF_MEMORY && trainer) {
        /* The trainer goes on once there is memory. The n-th was refused already. */
        double values[2];
        const char *message = apus_last_error(context);
        char kept[256];
        snprintf(kept, sizeof kept, "%s", message);
        CHECK(kept[0]);
        const int64_t all = memory.refuse_all;
        memory.refuse_all = 0;
        OK(context, apus_trainer_evaluate(context, trainer, o.dataset, 0, values, 2));
        OK(context, apus_trainer_fit(context, trainer, o.dataset, NULL, &options));
        memory.refuse_all = all;
        apus_trainer_free(trainer);
        /* For the caller's check of a message. */
        apus_array none = APUS_ARRAY_INIT;
        (void)apus_model_attribute(context, o.model, "", &none);
        return status;
    }
    apus_trainer_free(trainer);
    return status;
}

static void training(void)
{
    apus_array x = strided_xf(), y = sample_label(&s);
    y.shape[0] = ROWS / 2;
    o.model = sample_network(context);
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &o.dataset));
    /* The published weights of a first success are held; they replace those held before. */
    OK(context, run_trainer_fit(&o));
    refuse_each("training", run_trainer_fit, NULL, &o);
    apus_dataset_free(o.dataset);
    apus_model_free(o.model);
}

static apus_status run_steps(void *user)
{
    apus_array x = sample_xf(&s), y = sample_label(&s);
    float outputs[ROWS * CLASSES], gradients[ROWS * COLUMNS];
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, outputs, ROWS, CLASSES);
    apus_array gradient = APUS_ARRAY_2D(APUS_FLOAT32, gradients, ROWS, COLUMNS);
    apus_trainer *trainer = NULL;
    double loss;
    (void)user;
    apus_status status = apus_trainer_create(context, o.model, TRAINER_PARAMETERS, &trainer);
    if (!status) status = apus_trainer_step(context, trainer, &x, 1, &y, 1, NULL, &loss);
    if (!status) status = apus_trainer_forward(context, trainer, &x, 1, 1, &out, 1);
    if (!status) status = apus_trainer_loss(context, trainer, &y, 1, NULL, &loss);
    if (!status) status = apus_trainer_backward(context, trainer, NULL, 0, &gradient, 1);
    if (!status) status = apus_trainer_apply(context, trainer, 0);
    if (!status) {
        apus_trainer_free(trainer);
        return status;
    }
    char kept[512];
    snprintf(kept, sizeof kept, "%s", apus_last_error(context));
    CHECK(kept[0]);
    apus_trainer_free(trainer);
    return status;
}

static void steps(void)
{
    o.model = sample_network(context);
    refuse_each("steps", run_steps, NULL, &o);
    apus_model_free(o.model);
}

static apus_status run_save(void *user)
{
    (void)user;
    return apus_model_save(context, o.model, o.path, NULL);
}

static apus_status run_load(void *user)
{
    (void)user;
    return apus_model_load(context, o.path, NULL, &o.made);
}

static apus_status run_save_memory(void *user)
{
    (void)user;
    o.image_size = 0;
    return apus_model_save_memory(context, o.model, NULL, o.image, sizeof o.image, &o.image_size);
}

static apus_status run_load_memory(void *user)
{
    (void)user;
    return apus_model_load_memory(context, o.image, o.image_size, NULL, &o.made);
}

static void saving_and_loading_of(apus_model *model)
{
    o.model = model;
    o.path = scratch("model.h5");
    refuse_each("save", run_save, NULL, &o);
    refuse_each("load", run_load, release_made, &o);
    refuse_each("save to memory", run_save_memory, NULL, &o);
    OK(context, run_save_memory(&o));
    refuse_each("load from memory", run_load_memory, release_made, &o);
    remove(o.path);
    apus_model_free(model);
}

static void saving_and_loading_an_estimator(void) { saving_and_loading_of(sample_regression(context, &s)); }
static void saving_and_loading_a_network(void) { saving_and_loading_of(sample_network(context)); }

static apus_status run_checkpoint_save(void *user)
{
    (void)user;
    return apus_trainer_save(context, o.trainer, o.path);
}

static apus_status run_checkpoint_load(void *user)
{
    (void)user;
    return apus_trainer_load(context, o.path, NULL, &o.made_trainer, &o.made);
}

static void saving_and_loading_a_checkpoint(void)
{
    apus_array x = sample_xf(&s), y = sample_label(&s);
    o.model = sample_network(context);
    o.trainer = sample_trainer(context, o.model);
    o.path = scratch("checkpoint.h5");
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &o.dataset));
    OK(context, apus_trainer_fit(context, o.trainer, o.dataset, NULL, NULL));
    refuse_each("checkpoint save", run_checkpoint_save, NULL, &o);
    refuse_each("checkpoint load", run_checkpoint_load, release_made, &o);
    remove(o.path);
    apus_dataset_free(o.dataset);
    apus_trainer_free(o.trainer);
    apus_model_free(o.model);
}

static apus_status run_random(void *user)
{
    static float values[5000];
    static int64_t order[5000];
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT32, values, 5000), permutation = APUS_ARRAY_1D(APUS_INT64, order, 5000);
    (void)user;
    apus_status status = apus_random_normal(context, 0, 1, &out);
    if (!status) status = apus_random_permutation(context, &permutation);
    return status;
}

static apus_augmenter *augmenter;
static apus_text_augmenter *text_augmenter;
static float pictures[12 * 108], other_pictures[12 * 108], picture_targets[12 * 12];

static apus_array picture_array(float *values)
{
    apus_array array = APUS_ARRAY_INIT;
    array.data = values;
    array.dtype = APUS_FLOAT32;
    array.ndim = 4;
    array.shape[0] = 12;
    array.shape[1] = array.shape[2] = 6;
    array.shape[3] = 3;
    return array;
}

static apus_status run_augment(void *user)
{
    static float mixed[12 * 12];
    int64_t numbers[12] = { 0 };
    apus_array x = picture_array(pictures), out = picture_array(other_pictures);
    apus_array y = APUS_ARRAY_2D(APUS_FLOAT32, picture_targets, 12, 12), z = APUS_ARRAY_2D(APUS_FLOAT32, mixed, 12, 12);
    apus_array rows = APUS_ARRAY_1D(APUS_INT64, numbers, 12);
    apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
    (void)user;
    options.rows = &rows;
    apus_status status = apus_augmenter_fit(context, augmenter, &x);
    if (!status) status = apus_augment(context, augmenter, &x, &y, &options, &out, &z);
    return status;
}

static apus_status run_augment_tokens(void *user)
{
    int64_t tokens[] = { 1, 2, 3, 0, 3, 2, 0, 0 }, changed[8], offsets[] = { 0, 0, 1, 2 }, ids[] = { 2, 3 };
    float vectors[] = { 1, 0, 0, 1, 1, 1, 2, 1 };
    apus_array x = APUS_ARRAY_2D(APUS_INT64, tokens, 2, 4), out = APUS_ARRAY_2D(APUS_INT64, changed, 2, 4);
    apus_array table = APUS_ARRAY_1D(APUS_INT64, offsets, 4), words = APUS_ARRAY_1D(APUS_INT64, ids, 2);
    apus_array matrix = APUS_ARRAY_2D(APUS_FLOAT32, vectors, 4, 2);
    (void)user;
    apus_status status = apus_text_augmenter_set_synonyms(context, text_augmenter, &table, &words);
    if (!status) status = apus_text_augmenter_set_embeddings(context, text_augmenter, &matrix);
    if (!status) status = apus_augment_tokens(context, text_augmenter, &x, NULL, 0, NULL, &out, NULL);
    return status;
}

static void augmentation(void)
{
    for (int i = 0; i < 12 * 108; i++) pictures[i] = (float)spread((uint64_t)i);
    OK(context, apus_augmenter_create(
                    context, "pca_color_noise; random_rotation factor=0.1; mix_up; random_crop height=6 width=6 padding=1; cut_mix",
                    &augmenter));
    OK(context, apus_text_augmenter_create(
                    context, "synonym_replacement; random_insertion; embedding_replacement rate=1", &text_augmenter));
    OK(context, run_augment(&o)); /* what was learned before is given back when it is learned anew */
    OK(context, run_augment_tokens(&o));
    refuse_each("augment", run_augment, NULL, &o);
    refuse_each("augment tokens", run_augment_tokens, NULL, &o);
    apus_augmenter_free(augmenter);
    apus_text_augmenter_free(text_augmenter);
}

static void random_arrays(void) { refuse_each("random", run_random, NULL, &o); }

static void everything_was_given_back(void)
{
    apus_context_free(context);
    context = NULL;
    CHECK(memory.live == 0);
    CHECK(memory.bytes == 0);
    CHECK(memory.mismatches == 0);
    CHECK(memory.refused > 50);
}

int main(void)
{
    BEGIN("allocation_failure");
    make_sample(&s);
    counting_init(&memory);
    context = new_context(2, &memory.allocator);
    RUN(fits);
    RUN(predictions_of_an_estimator);
    RUN(predictions_of_a_network);
    RUN(building_a_network);
    RUN(making_ensembles);
    RUN(making_a_trainer);
    RUN(making_a_session);
    RUN(training);
    RUN(steps);
    RUN(saving_and_loading_an_estimator);
    RUN(saving_and_loading_a_network);
    RUN(saving_and_loading_a_checkpoint);
    RUN(random_arrays);
    RUN(augmentation);
    RUN(everything_was_given_back);
    return END();
}
