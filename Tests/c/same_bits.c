/* The same seed gives the same bits: again, with any number of threads, and when training goes on in another process
 * from a checkpoint. Called with a path, the program is that other process. */
#define _POSIX_C_SOURCE 200809L
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { N = 3000, WIDE = 40, WIDTH = 96, OUT = 10 };

static sample s;
static const char *self;
static float x[N * WIDE];
static int32_t y[N];

/* Everything that the training of a network with dropout, shuffling and validation left behind. */
typedef struct outcome {
    float first[WIDE * WIDTH], second[WIDTH * OUT], bias[OUT], predicted[64 * OUT];
    double values[2], random[16];
    int64_t order[50];
} outcome;

static void make_data(void)
{
    for (int i = 0; i < N * WIDE; i++) x[i] = (float)(2 * spread((uint64_t)i) - 1);
    for (int i = 0; i < N; i++) y[i] = (int32_t)(10 * spread(77777 + (uint64_t)i)) % OUT;
}

static apus_dataset *data(apus_context *context)
{
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, N, WIDE), ys = APUS_ARRAY_1D(APUS_INT32, y, N);
    apus_dataset *dataset = NULL;
    OK(context, apus_dataset_create(context, &xs, 1, &ys, 1, NULL, &dataset));
    return dataset;
}

static apus_trainer *trainer_of(apus_context *context, const char *parameters, apus_model **model)
{
    apus_network *network = NULL;
    apus_trainer *trainer = NULL;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[40]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=96 activation=relu", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dropout", "rate=0.2", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=10 activation=softmax", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, model));
    OK(context, apus_trainer_create(context, *model, parameters, &trainer));
    apus_network_free(network);
    return trainer;
}

static void train(apus_context *context, apus_trainer *trainer, int64_t epochs, int64_t batch)
{
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_dataset *dataset = data(context);
    options.epochs = epochs;
    options.batch_size = batch;
    options.validation_split = 0.1;
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, &options));
    apus_dataset_free(dataset);
}

static void take(apus_context *context, const apus_model *model, apus_trainer *trainer, outcome *o)
{
    apus_array first = APUS_ARRAY_2D(APUS_FLOAT32, o->first, WIDE, WIDTH);
    apus_array second = APUS_ARRAY_2D(APUS_FLOAT32, o->second, WIDTH, OUT);
    apus_array bias = APUS_ARRAY_1D(APUS_FLOAT32, o->bias, OUT);
    apus_array rows = APUS_ARRAY_2D(APUS_FLOAT32, x, 64, WIDE), out = APUS_ARRAY_2D(APUS_FLOAT32, o->predicted, 64, OUT);
    apus_array random = APUS_ARRAY_1D(APUS_FLOAT64, o->random, 16), order = APUS_ARRAY_1D(APUS_INT64, o->order, 50);
    apus_dataset *dataset = data(context);

    OK(context, apus_model_attribute(context, model, "dense/kernel", &first));
    OK(context, apus_model_attribute(context, model, "dense_1/kernel", &second));
    OK(context, apus_model_attribute(context, model, "dense_1/bias", &bias));
    OK(context, apus_predict(context, model, APUS_PREDICT, &rows, &out));
    OK(context, apus_trainer_evaluate(context, trainer, dataset, 100, o->values, 2));
    OK(context, apus_random_normal(context, 0, 1, &random));
    OK(context, apus_random_permutation(context, &order));
    apus_dataset_free(dataset);
}

static void run_all(int32_t threads, const char *parameters, int64_t batch, outcome *o)
{
    apus_context *context = new_context(threads, NULL);
    apus_model *model = NULL;
    apus_trainer *trainer = trainer_of(context, parameters, &model);
    memset(o, 0, sizeof *o);
    train(context, trainer, 3, batch);
    take(context, model, trainer, o);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
}

static outcome one, other;

static void any_number_of_threads_gives_the_same_network(void)
{
    static const int32_t threads[] = { 1, 2, 3, 8 };
    static const int64_t batches[] = { 32, 700 };
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        run_all(1, TRAINER_PARAMETERS, batches[b], &one);
        CHECK(isfinite(one.values[0]) && one.bias[0] != 0);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            run_all(threads[i], TRAINER_PARAMETERS, batches[b], &other);
            CHECK(memcmp(&one, &other, sizeof one) == 0);
        }
    }
}

static void another_seed_gives_another_network(void)
{
    apus_context *context = new_context(1, NULL);
    apus_model *model = NULL;
    OK(context, apus_set_seed(context, 8));
    apus_trainer *trainer = trainer_of(context, TRAINER_PARAMETERS, &model);
    train(context, trainer, 3, 700);
    take(context, model, trainer, &other);
    CHECK(memcmp(one.first, other.first, sizeof one.first) != 0);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
}

static void any_number_of_threads_gives_the_same_estimators(void)
{
    static const char *const kinds[][2] = { { "linear_regression", NULL },
                                            { "linear_regression", "solver=gd learning_rate=0.01 max_iter=50 tol=0 batch_size=64" },
                                            { "logistic_regression", "max_iter=20" },
                                            { "logistic_regression", "solver=lbfgs max_iter=20" },
                                            { "logistic_regression", "solver=gd learning_rate=0.1 max_iter=50 tol=0" } };
    static double first[WIDE * OUT], coefficients[WIDE * OUT];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int32_t threads = 1; threads <= 8; threads = threads < 3 ? threads + 1 : threads + 5) {
            apus_context *context = new_context(threads, NULL);
            apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, N, WIDE), ys = APUS_ARRAY_1D(APUS_INT32, y, N);
            apus_array out = APUS_ARRAY_INIT;
            apus_model *model = NULL;
            OK(context, apus_fit(context, kinds[k][0], kinds[k][1], &xs, &ys, NULL, &model));
            OK(context, apus_model_attribute(context, model, "coef_", &out));
            out.data = coefficients;
            out.dtype = APUS_FLOAT64;
            memset(coefficients, 0, sizeof coefficients);
            OK(context, apus_model_attribute(context, model, "coef_", &out));
            if (threads == 1) memcpy(first, coefficients, sizeof first);
            CHECK(coefficients[0] != 0 && memcmp(first, coefficients, sizeof first) == 0);
            apus_model_free(model);
            apus_context_free(context);
        }
    }
}

/* The other process: loads the checkpoint, trains 5 epochs more, writes what came of it. */
static int go_on(const char *path, const char *result)
{
    apus_context *context = new_context(2, NULL);
    apus_trainer *trainer = NULL;
    apus_model *model = NULL;
    OK(context, apus_set_seed(context, 123456)); /* the checkpoint has its own random state */
    OK(context, apus_trainer_load(context, path, NULL, &trainer, &model));
    if (!trainer) return 1;
    train(context, trainer, 5, 100);
    take(context, model, trainer, &other);
    FILE *file = fopen(result, "wb");
    if (!file || fwrite(&other, sizeof other, 1, file) != 1 || fclose(file) != 0) return 1;
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
    return check_failures ? 1 : 0;
}

static void resume(const char *parameters)
{
    const char *path = scratch("checkpoint.h5"), *result = scratch("result");
    apus_context *context = new_context(1, NULL);
    apus_model *model = NULL;
    int status = 0;

    /* Ten epochs in one go: as five and five, since an epoch's last is what both end with. */
    apus_trainer *trainer = trainer_of(context, parameters, &model);
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    train(context, trainer, 10, 100);
    take(context, model, trainer, &one);
    apus_trainer_free(trainer);
    apus_model_free(model);

    OK(context, apus_set_seed(context, 7));
    trainer = trainer_of(context, parameters, &model);
    train(context, trainer, 5, 100);
    OK(context, apus_trainer_save(context, trainer, path));
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);

    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        execl(self, self, path, result, (char *)NULL);
        _exit(9);
    }
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    FILE *file = fopen(result, "rb");
    CHECK(file && fread(&other, sizeof other, 1, file) == 1);
    if (file) fclose(file);
    CHECK(memcmp(one.first, other.first, sizeof one.first) == 0);
    CHECK(memcmp(one.second, other.second, sizeof one.second) == 0);
    CHECK(memcmp(one.bias, other.bias, sizeof one.bias) == 0);
    CHECK(memcmp(one.predicted, other.predicted, sizeof one.predicted) == 0);
    CHECK(memcmp(one.values, other.values, sizeof one.values) == 0);
    remove(path);
    remove(result);
}

static void a_checkpoint_of_adam_goes_on_to_the_same_bits(void) { resume(TRAINER_PARAMETERS); }

static void a_checkpoint_of_momentum_goes_on_to_the_same_bits(void)
{
    resume("loss=sparse_categorical_crossentropy optimizer=sgd optimizer.learning_rate=0.05 optimizer.momentum=0.9 "
           "optimizer.nesterov=true metrics=accuracy");
}

/* Two fits of five epochs are one of ten, in one process and without a file. */
static void two_fits_are_one_long_fit(void)
{
    apus_context *context = new_context(1, NULL);
    apus_model *model = NULL;
    apus_trainer *trainer = trainer_of(context, TRAINER_PARAMETERS, &model);
    train(context, trainer, 10, 100);
    take(context, model, trainer, &one);
    apus_trainer_free(trainer);
    apus_model_free(model);
    OK(context, apus_set_seed(context, 7));
    trainer = trainer_of(context, TRAINER_PARAMETERS, &model);
    train(context, trainer, 5, 100);
    train(context, trainer, 5, 100);
    take(context, model, trainer, &other);
    CHECK(memcmp(one.first, other.first, sizeof one.first) == 0);
    CHECK(memcmp(one.predicted, other.predicted, sizeof one.predicted) == 0);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
}

static void predictions_do_not_depend_on_the_number_of_rows(void)
{
    apus_context *context = new_context(2, NULL);
    apus_model *model = NULL;
    apus_trainer *trainer = trainer_of(context, TRAINER_PARAMETERS, &model);
    static float all[N * OUT], row[OUT];
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, N, WIDE), out = APUS_ARRAY_2D(APUS_FLOAT32, all, N, OUT);
    OK(context, apus_predict(context, model, APUS_PREDICT, &xs, &out));
    for (int i = 0; i < N; i += 97) {
        apus_array single = APUS_ARRAY_2D(APUS_FLOAT32, x + i * WIDE, 1, WIDE), o = APUS_ARRAY_2D(APUS_FLOAT32, row, 1, OUT);
        OK(context, apus_predict(context, model, APUS_PREDICT, &single, &o));
        for (int k = 0; k < OUT; k++) CHECK(fabsf(row[k] - all[i * OUT + k]) <= 8 * FLT_EPSILON);
    }
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
}

int main(int argc, char **argv)
{
    BEGIN("same_bits");
    self = argv[0];
    make_sample(&s);
    make_data();
    if (argc == 3) return go_on(argv[1], argv[2]);
    RUN(any_number_of_threads_gives_the_same_network);
    RUN(another_seed_gives_another_network);
    RUN(any_number_of_threads_gives_the_same_estimators);
    RUN(a_checkpoint_of_adam_goes_on_to_the_same_bits);
    RUN(a_checkpoint_of_momentum_goes_on_to_the_same_bits);
    RUN(two_fits_are_one_long_fit);
    RUN(predictions_do_not_depend_on_the_number_of_rows);
    return END();
}
