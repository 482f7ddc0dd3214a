/* Random calls with random arguments, right and wrong, on handles of every age: whatever comes, a status comes back.
 *
 * Each round is a child process with a seed of its own, so that a crash names what to run again:
 *
 *   random_calls ROUNDS CALLS FIRST_SEED
 */
#define _POSIX_C_SOURCE 200809L
#include "random_rounds.h"

static uint64_t state;
static uint64_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state ^ (state >> 29)) * 0xBF58476D1CE4E5B9u >> 17;
}
static int64_t below(int64_t n) { return (int64_t)(draw() % (uint64_t)n); }
static int chance(int percent) { return below(100) < percent; }
#define PICK(list) ((list)[below((int64_t)(sizeof(list) / sizeof *(list)))])

/* -------------------------------------------------------------------- arguments */

static const int64_t integers[] = { 0, 1, 2, 3, 7, 32, 60, 1000, -1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN };
static const double reals[] = { 0, 1, -1, 0.5, 0.001, 1e-300, 1e300, -1e300, 0.999999999999, 5, NAN, INFINITY };

static const char *const kinds[] = { "linear_regression", "logistic_regression", "standard_scaler", "min_max_scaler",
                                     "mean_normalizer", "pipeline", "", "nothing", "ridge", "lasso", "elastic_net",
                                     "bayesian_ridge", "huber_regressor", "ordinal_logistic",
                                     "sgd_regressor", "sgd_classifier", "perceptron", "polynomial_features" };
static const char *const fit_parameters[] = {
    NULL, "", "solver=gd max_iter=3", "solver=lbfgs max_iter=5", "alpha=1", "C=0.1", "penalty=l2", "{\"alpha\": -1}",
    "{\"steps\": [\"standard_scaler\", \"linear_regression\"]}", "steps=[\"standard_scaler\"]", "{", "a=b=c", "=",
    "max_iter=9223372036854775807", "max_iter=99999999999999999999", "tol=1e400", "fit_intercept=false",
    "penalty=l1", "penalty=elasticnet l1_ratio=0.5", "class_weight=balanced", "{\"class_weight\": {\"0\": 1e300}}", "alpha=0",
    "alpha=1e300", "alpha=1e-300", "alpha=[1,2]", "alphas=[1,0.1]", "positive=true", "multi_class=ovr", "solver=svd", "loss=hinge",
    "loss=log_loss eta0=1e300", "early_stopping=true", "degree=64", "degree=3 interaction_only=true", "batch_size=7", "tol=0",
    "loss=all_threshold alpha=1", "epsilon=1", "C=1e300", "C=1e-300",
};
static const char *const layers[] = { "Input", "Dense", "Dense", "Activation", "Dropout", "Flatten", "Conv9D", "" };
static const char *const layer_parameters[] = {
    NULL, "", "shape=[4]", "shape=[2,3]", "shape=[]", "units=3", "units=3 activation=softmax", "units=1 activation=sigmoid",
    "units=8 activation=relu use_bias=false", "rate=0.5", "rate=1", "activation=relu", "activation=softmax",
    "units=2147483647", "shape=[2147483647]", "shape=[1,1,1,1,1,1,1]", "shape=[1,1,1,1,1,1,1,1]", "name=a", "units=2 name=a",
    "units=4 trainable=false", "data_format=channels_first", "units=2 kernel_initializer=he_normal", "units=-1", "name=",
};
static const char *const dense_parameters[] = { "units=8 activation=relu", "units=3", "units=1 activation=sigmoid",
                                                "units=4 use_bias=false", "units=600 activation=tanh" };
static const char *const trainer_parameters[] = {
    NULL, "loss=mse optimizer=sgd", "loss=mae optimizer=adam metrics=mse", "loss=huber optimizer=adam",
    "loss=sparse_categorical_crossentropy optimizer=adam metrics=accuracy",
    "loss=categorical_crossentropy optimizer=sgd optimizer.momentum=0.9 metrics=accuracy",
    "loss=binary_crossentropy optimizer=sgd optimizer.nesterov=true optimizer.momentum=0.5 metrics=[\"accuracy\",\"mae\"]",
    "{\"loss\": [\"mse\", \"mae\"], \"optimizer\": \"adam\"}", "loss=mse optimizer=sgd optimizer.learning_rate=1e30",
    "loss={\"class_name\":\"MeanSquaredError\",\"config\":{\"reduction\":\"sum\"}} optimizer=sgd", "loss=5 optimizer=[]",
};
static const char *const configurations[] = {
    "", "null", "[]", "{\"class_name\":\"Sequential\",\"config\":{\"layers\":[]}}",
    "{\"class_name\":\"Sequential\",\"config\":[{\"class_name\":\"Dense\",\"config\":{\"name\":\"d\",\"units\":2,"
    "\"batch_input_shape\":[null,4]}}]}",
    "{\"class_name\":\"Functional\",\"config\":{\"layers\":[],\"input_layers\":[],\"output_layers\":[]}}",
};
static const char *const names[] = { "coef_", "intercept_", "mean_", "dense/kernel", "dense/bias", "a/kernel", "", "loss_curve_" };

/* Memory that arrays are views of: numbers, a few of which are none. */
enum { ARENA = 1 << 16 };
static union {
    float f[ARENA / 4];
    int32_t i[ARENA / 4];
    char bytes[ARENA];
} arena;

static void fill_arena(void)
{
    const int whole = chance(50);
    for (int i = 0; i < ARENA / 4; i++) {
        if (whole) arena.i[i] = (int32_t)below(3);
        else arena.f[i] = (float)(spread(draw()) * 2 - 1);
    }
    if (chance(10)) arena.f[below(ARENA / 4)] = PICK(((const float[]){ NAN, INFINITY, 3e38f }));
}

/* A view whose elements lie in the arena, or one that must be refused before it is read. */
static apus_array random_array(void)
{
    static const int64_t extents[] = { 1, 2, 3, 4, 4, 4, 8, 60, 60, 60, 0, 5 };
    static const int32_t types[] = { 1, 1, 1, 1, 2, 2, 3, 4, 5, 6 };
    static const int32_t sizes[] = { 0, 4, 8, 4, 8, 1, 1 };
    apus_array a = APUS_ARRAY_INIT;
    a.dtype = PICK(types);
    a.ndim = PICK(((const int32_t[]){ 1, 2, 2, 2, 2, 0, 3, 8 }));
    const int64_t size = sizes[a.dtype];
    int64_t stride = size, low = 0, high = size;
    if (chance(30)) a.flags = APUS_ARRAY_STRIDED;
    for (int d = a.ndim - 1; d >= 0; d--) {
        a.shape[d] = a.ndim == 2 && d == 0 && chance(70) ? 60 : PICK(extents);
        if (a.ndim > 3 && a.shape[d] > 2) a.shape[d] = 1;
        if (a.flags) {
            a.strides[d] = a.shape[d] <= 1 ? PICK(integers) : chance(80) ? stride : chance(50) ? -stride : 0;
            if (a.shape[d] > 1 && a.strides[d] > 0) high += a.strides[d] * (a.shape[d] - 1);
            if (a.shape[d] > 1 && a.strides[d] < 0) low += a.strides[d] * (a.shape[d] - 1);
        } else if (a.shape[d] > 1) {
            high += stride * (a.shape[d] - 1);
        }
        stride *= a.shape[d] > 1 ? a.shape[d] : 1;
    }
    if (high - low > ARENA / 2) a.shape[0] = -1;
    a.data = arena.bytes - low + (chance(90) ? 0 : below(64));
    if (chance(8)) {
        switch (below(6)) {
        case 0: a.data = NULL; break;
        case 1: a.dtype = (int32_t)PICK(integers) | 16; break;
        case 2: a.ndim = chance(50) ? -1 : 9; break;
        case 3: a.flags |= 4; break;
        case 4: a.struct_size = (uint32_t)below(sizeof a); break;
        case 5: a.ndim = 2, a.shape[0] = INT64_MAX, a.shape[1] = 1 + below(3) * 1000; break;
        }
    }
    return a;
}

/* What fits most often: rows of 4 columns, and targets for 3 classes or so. */
static apus_array likely_x(int64_t rows)
{
    apus_array a = APUS_ARRAY_2D(chance(80) ? APUS_FLOAT32 : PICK(((const int32_t[]){ 2, 3, 5, 6 })), arena.bytes, rows, 4);
    return chance(80) ? a : random_array();
}
static apus_array likely_y(int64_t rows)
{
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT32, arena.bytes + 4096, rows, PICK(((const int64_t[]){ 1, 3, 3, 8, 4 })));
    apus_array b = APUS_ARRAY_1D(chance(50) ? APUS_INT32 : APUS_FLOAT32, arena.bytes + 4096, rows);
    return chance(20) ? random_array() : chance(50) ? a : b;
}

/* -------------------------------------------------------------------- handles */

enum { SLOTS = 3 };
static apus_context *contexts[2];
static apus_model *models[SLOTS];
static apus_network *networks[SLOTS];
static apus_trainer *trainers[SLOTS];
static apus_session *sessions[SLOTS];
static apus_dataset *datasets[SLOTS];

/* A new handle goes to a random place, whose old one ends. */
#define KEEP(list, type, made)                        \
    do {                                              \
        const int64_t at_ = below(SLOTS);             \
        if (made) {                                   \
            apus_##type##_free((list)[at_]);          \
            (list)[at_] = (made);                     \
        }                                             \
    } while (0)

static int32_t decide(void *user, const apus_progress *progress)
{
    apus_context *context = user;
    size_t needed = 0;
    CHECK(progress->struct_size == sizeof *progress && progress->epoch >= 1);
    /* From inside, the context is in use. */
    CHECK(apus_catalog(context, NULL, 0, &needed) == APUS_E_BUSY);
    if (chance(5)) apus_interrupt(context);
    return chance(20) ? 1 : chance(5) ? -1 : 0;
}

static apus_fit_options random_options(apus_context *context, const apus_array *weight)
{
    apus_fit_options o = APUS_FIT_OPTIONS_INIT;
    /* Always with the callback, which ends epochs without end. */
    o.progress = decide;
    o.progress_user = context;
    o.epochs = chance(60) ? below(4) : PICK(integers);
    o.batch_size = chance(60) ? below(40) : PICK(integers);
    o.shuffle = (int32_t)below(4) - 1;
    o.progress_every_batch = (int32_t)below(2);
    if (chance(20)) o.validation_split = PICK(reals);
    if (chance(15)) o.sample_weight = weight;
    if (chance(3)) o.struct_size = (uint32_t)below(sizeof o);
    return o;
}

static int64_t read_some(void *user, void *bytes, size_t size)
{
    (void)user;
    if (chance(30)) return chance(50) ? 0 : PICK(integers) | (int64_t)1 << 62;
    const int64_t count = below(size < 4096 ? (int64_t)size + 1 : 4096);
    memset(bytes, (int)below(256), (size_t)count);
    return count;
}
static int32_t write_some(void *user, const void *bytes, size_t size)
{
    (void)user, (void)bytes, (void)size;
    return chance(10);
}

/* Saves, changes some bytes, loads. */
static apus_status load_damaged(apus_context *context, const apus_model *model, apus_model **out)
{
    static char file[1 << 20];
    size_t size = 0;
    const apus_status status = apus_model_save_memory(context, model, NULL, file, sizeof file, &size);
    if (status) return status;
    for (int64_t i = below(4); i > 0; i--) file[below((int64_t)size)] ^= (char)(1 << below(8));
    if (chance(10)) size = (size_t)below((int64_t)size);
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    limits.max_bytes = (uint64_t)PICK(integers);
    limits.max_layers = (uint64_t)PICK(integers);
    limits.max_depth = (int32_t)PICK(integers);
    return apus_model_load_memory(context, file, size, chance(50) ? NULL : &limits, out);
}

static apus_status one_call(void)
{
    static char text[1 << 16];
    apus_context *c = chance(98) ? contexts[below(2)] : NULL;
    const int64_t rows = chance(80) ? 60 : 1 + below(60);
    apus_array a = likely_x(rows), b = likely_y(rows), w = random_array(), two[2] = { random_array(), random_array() };
    apus_array *x = chance(97) ? &a : NULL, *y = chance(80) ? &b : NULL;
    apus_model *model = models[below(SLOTS)], *made = NULL;
    apus_network *network = networks[below(SLOTS)], *new_network = NULL;
    apus_trainer *trainer = trainers[below(SLOTS)], *new_trainer = NULL;
    apus_session *session = sessions[below(SLOTS)], *new_session = NULL;
    apus_dataset *dataset = datasets[below(SLOTS)], *new_dataset = NULL;
    const apus_fit_options options = random_options(c, &w);
    const int32_t few = chance(85) ? 1 : (int32_t)below(3), nodes[] = { (int32_t)below(8), (int32_t)below(8) - 1 };
    const size_t capacity = chance(50) ? sizeof text : (size_t)below(64);
    const apus_array *weight = chance(15) ? &w : NULL;
    /* As many arrays as are announced. */
    apus_array *many = few == 1 ? &b : two, *many_x = few == 1 ? x : two;
    double values[4];
    size_t needed = 0;
    apus_status status = APUS_OK;

    switch (below(36)) {
    case 0: return apus_random_uniform(c, PICK(reals), PICK(reals), x);
    case 1: return apus_random_normal(c, PICK(reals), PICK(reals), x);
    case 2: return apus_random_integers(c, PICK(integers), PICK(integers), x);
    case 3: return apus_random_permutation(c, x);
    case 4:
    case 5:
        status = apus_fit(c, PICK(kinds), PICK(fit_parameters), x, y, chance(50) ? &options : NULL, &made);
        KEEP(models, model, made);
        return status;
    case 6: return apus_predict(c, model, (int32_t)below(5), x, y);
    case 7: return apus_model_output_shape(c, model, (int32_t)below(5), x, y);
    case 8: return apus_model_attribute(c, model, PICK(names), x);
    case 9: return apus_model_info(c, model, text, capacity, &needed);
    case 10:
        status = load_damaged(c, model, &made);
        KEEP(models, model, made);
        return status;
    case 11: return apus_model_save_stream(c, model, NULL, write_some, NULL);
    case 12: return apus_model_load_stream(c, read_some, NULL, NULL, &made);
    case 13:
        status = apus_network_create(c, chance(80) ? NULL : PICK(layer_parameters), &new_network);
        if (new_network && chance(80)) {
            apus_network_add(c, new_network, "Input", "shape=[4]", NULL, 0, NULL);
            for (int64_t i = below(3); i > 0; i--)
                apus_network_add(c, new_network, "Dense", PICK(dense_parameters), NULL, 0, NULL);
            apus_network_add(c, new_network, "Dropout", "rate=0.5", NULL, 0, NULL);
            apus_network_add(c, new_network, "Dense", "units=3 activation=softmax", NULL, 0, NULL);
        }
        KEEP(networks, network, new_network);
        return status;
    case 14:
    case 15:
    case 16:
        return apus_network_add(c, network, PICK(layers), PICK(layer_parameters), chance(70) ? NULL : nodes,
                                (int32_t)(chance(70) ? 0 : below(3)), NULL);
    case 17:
    case 18:
        status = apus_network_build(c, network, chance(70) ? NULL : nodes, (int32_t)(chance(70) ? 0 : below(3)), &made);
        KEEP(models, model, made);
        return status;
    case 19: return apus_model_to_json(c, model, text, capacity, &needed);
    case 20:
        status = apus_network_from_json(c, PICK(configurations), &made);
        KEEP(models, model, made);
        return status;
    case 21: return apus_model_set_weight(c, model, PICK(names), x);
    case 22:
        status = apus_dataset_create(c, many_x, few, y, chance(90) ? 1 : 0, weight, &new_dataset);
        KEEP(datasets, dataset, new_dataset);
        return status;
    case 23:
    case 24:
        status = apus_trainer_create(c, model, PICK(trainer_parameters), &new_trainer);
        KEEP(trainers, trainer, new_trainer);
        return status;
    case 25:
        return c ? apus_trainer_fit(c, trainer, dataset, chance(80) ? NULL : datasets[0], &options) : APUS_OK;
    case 26: return apus_trainer_evaluate(c, trainer, dataset, PICK(integers), values, (int32_t)below(4));
    case 27: return apus_trainer_history(c, trainer, text, capacity, &needed);
    case 28: return apus_trainer_step(c, trainer, x, 1, y, 1, weight, values);
    case 29: {
        const int wants = chance(30);
        return apus_trainer_forward(c, trainer, x, 1, (int32_t)below(2), wants ? many : NULL, wants ? few : 0);
    }
    case 30: return apus_trainer_loss(c, trainer, many, few, weight, values);
    case 31: {
        const int own = chance(70), inputs = chance(40);
        return apus_trainer_backward(c, trainer, own ? NULL : many, own ? 0 : few, inputs ? x : NULL, inputs);
    }
    case 32: return apus_trainer_apply(c, trainer, PICK(reals));
    case 33: return apus_trainer_weight(c, trainer, PICK(names), x);
    case 34:
        status = apus_session_create(c, model, chance(80) ? 1 + below(60) : PICK(integers), &new_session);
        KEEP(sessions, session, new_session);
        return status;
    default: return apus_session_run(c, session, many_x, few, many, few);
    }
}

/* The child: so many calls from a seed. */
static int calls_from(uint64_t seed, int calls)
{
    state = seed * 0x9E3779B97F4A7C15u + 1;
    check_failures = 0;
    for (int i = 0; i < 2; i++) {
        apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
        options.threads = i + 1;
        options.memory_limit = 64 << 20;
        if (apus_context_create(&options, &contexts[i])) return 1;
    }
    fill_arena();
    for (int i = 0; i < calls; i++) {
        if (chance(2)) fill_arena();
        const apus_status status = one_call();
        CHECK(status >= APUS_OK && status <= APUS_E_BUSY && status != APUS_E_INTERNAL);
    }
    for (int i = 0; i < SLOTS; i++) {
        apus_model_free(models[i]);
        apus_network_free(networks[i]);
        apus_trainer_free(trainers[i]);
        apus_session_free(sessions[i]);
        apus_dataset_free(datasets[i]);
    }
    for (int i = 0; i < 2; i++) apus_context_free(contexts[i]);
    return check_failures > 0;
}

int main(int argc, char **argv) { return random_rounds("random_calls", 12, 1500, argc, argv); }
