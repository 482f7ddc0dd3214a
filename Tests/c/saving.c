/* Saving is whole or not at all: a folder that is not there, that may not be written, a disk that is full, a writer
 * that refuses, a process killed in the middle. The old file survives each. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static sample s;
static apus_context *context;
static apus_model *regression;
static char folder[512];

/* A network of half a megabyte or so, so that saving takes a while. */
static apus_model *large_network(apus_context *c)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    OK(c, apus_network_create(c, NULL, &network));
    OK(c, apus_network_add(c, network, "Input", "shape=[256]", NULL, 0, NULL));
    OK(c, apus_network_add(c, network, "Dense", "units=512", NULL, 0, NULL));
    OK(c, apus_network_add(c, network, "Dense", "units=10", NULL, 0, NULL));
    OK(c, apus_network_build(c, network, NULL, 0, &model));
    apus_network_free(network);
    return model;
}

static const char *in_folder(const char *name)
{
    static char paths[4][1024];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int files_in(const char *path)
{
    int count = 0;
    DIR *d = opendir(path);
    if (!d) return -1;
    for (struct dirent *e; (e = readdir(d));) count += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return count;
}

static void empty(const char *path)
{
    char name[1024];
    DIR *d = opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        remove(name);
    }
    closedir(d);
}

/* The file holds a regression that still knows the line. */
static void expect_regression_at(const char *path)
{
    apus_model *model = NULL;
    double predicted[ROWS];
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    OK(context, apus_model_load(context, path, NULL, &model));
    if (!model) return;
    OK(context, apus_predict(context, model, APUS_PREDICT, &x, &out));
    for (int i = 0; i < ROWS; i++) CHECK(fabs(predicted[i] - s.real[i]) < 0.02);
    apus_model_free(model);
}

static void saves_and_leaves_only_the_file(void)
{
    OK(context, apus_model_save(context, regression, in_folder("a.h5"), NULL));
    CHECK(files_in(folder) == 1);
    expect_regression_at(in_folder("a.h5"));
    /* Over an old file as well. */
    OK(context, apus_model_save(context, regression, in_folder("a.h5"), NULL));
    CHECK(files_in(folder) == 1);
    expect_regression_at(in_folder("a.h5"));
    empty(folder);
}

static void saves_to_a_relative_path_and_to_names_of_many_scripts(void)
{
    char here[1024];
    CHECK(getcwd(here, sizeof here) != NULL && chdir(folder) == 0);
    OK(context, apus_model_save(context, regression, "b.h5", NULL));
    expect_regression_at("b.h5");
    OK(context, apus_model_save(context, regression, "mod\xc3\xa8le \xe6\xa8\xa1\xe5\x9e\x8b.h5", NULL));
    expect_regression_at("mod\xc3\xa8le \xe6\xa8\xa1\xe5\x9e\x8b.h5");
    CHECK(files_in(folder) == 2);
    CHECK(chdir(here) == 0);
    empty(folder);
}

static void refuses_places_that_are_none(void)
{
    char longest[6000];
    CHECK(apus_model_save(context, regression, "", NULL) != APUS_OK);
    CHECK(apus_last_error(context)[0]);
    FAILS(context, APUS_E_IO, apus_model_save(context, regression, in_folder("none/c.h5"), NULL));
    FAILS(context, APUS_E_IO, apus_model_save(context, regression, folder, NULL));
    memset(longest, 'n', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = 0;
    FAILS(context, APUS_E_IO, apus_model_save(context, regression, longest, NULL));
    CHECK(files_in(folder) == 0);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "compression",
                 apus_model_save(context, regression, in_folder("c.h5"), "compression=9"));
}

static int save_without_permission(const char *path)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        /* Root ignores permissions, so the child becomes somebody else. */
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(4);
        const apus_status saved = apus_model_save(context, regression, path, NULL);
        _exit(saved == APUS_E_IO && strlen(apus_last_error(context)) > 0 ? 0 : saved == APUS_OK ? 2 : 3);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_read_only_folder_is_an_error_and_the_old_file_stays(void)
{
    OK(context, apus_model_save(context, regression, in_folder("old.h5"), NULL));
    CHECK(chmod(folder, 0555) == 0);
    CHECK(save_without_permission(in_folder("old.h5")) == 0);
    CHECK(save_without_permission(in_folder("new.h5")) == 0);
    CHECK(chmod(folder, 0755) == 0);
    CHECK(files_in(folder) == 1);
    expect_regression_at(in_folder("old.h5"));
    empty(folder);
}

/* The largest file a process may write stands in for a disk that is full. */
static int save_with_file_limit(const char *path, rlim_t bytes)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = { bytes, bytes };
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(4);
        const apus_status saved = apus_model_save(context, regression, path, NULL);
        if (saved == APUS_OK) _exit(0);
        _exit(saved == APUS_E_IO && strlen(apus_last_error(context)) > 0 ? 1 : 3);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_limit_on_the_file_is_an_error_and_the_old_file_stays(void)
{
    struct stat whole;
    int failed = 0;
    OK(context, apus_model_save(context, regression, in_folder("old.h5"), NULL));
    CHECK(stat(in_folder("old.h5"), &whole) == 0);
    for (int part = 0; part <= 8; part++) {
        const int result = save_with_file_limit(in_folder("old.h5"), (rlim_t)(whole.st_size * part / 8));
        CHECK(result == (part < 8 ? 1 : 0));
        failed += result == 1;
        CHECK(files_in(folder) == 1);
        expect_regression_at(in_folder("old.h5"));
    }
    CHECK(failed == 8);
    empty(folder);
}

static void fill_the_disk(void)
{
    apus_model *large = large_network(context);
    OK(context, apus_model_save(context, regression, in_folder("old.h5"), NULL));
    FAILS(context, APUS_E_IO, apus_model_save(context, large, in_folder("old.h5"), NULL));
    CHECK(files_in(folder) == 1);
    expect_regression_at(in_folder("old.h5"));
    FAILS(context, APUS_E_IO, apus_model_save(context, large, in_folder("new.h5"), NULL));
    CHECK(files_in(folder) == 1);
    /* And with room again, it works. */
    OK(context, apus_model_save(context, regression, in_folder("new.h5"), NULL));
    apus_model_free(large);
}

/* A small file system in memory, seen by a child alone, where mounting is allowed; else the limit above has to do. */
static void a_full_disk_is_an_error_and_the_old_file_stays(void)
{
    enum { NO_MOUNT = 77 };
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("apus", folder, "tmpfs", 0, "size=128k") != 0)
            _exit(NO_MOUNT);
        fill_the_disk();
        fflush(stdout);
        _exit(check_failures ? 1 : 0);
    }
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_MOUNT) {
        printf("    no file system can be mounted here: the limit on the file stands in for the full disk\n");
        return;
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A process that saves over and over is killed at some moment, many times: there is always one whole file. */
static void a_kill_in_the_middle_leaves_a_whole_file(void)
{
    enum { TIMES = 40 };
    apus_model *large = large_network(context);
    const char *path = in_folder("killed.h5");
    OK(context, apus_model_save(context, large, path, NULL));
    for (int i = 0; i < TIMES; i++) {
        int status = 0;
        apus_model *loaded = NULL;
        const pid_t child = fork();
        if (child == 0) {
            for (;;)
                if (apus_model_save(context, large, path, NULL) != APUS_OK) _exit(1);
        }
        const struct timespec moment = { 0, 1000000L * (5 + 7 * i % 23) + 137000L * i };
        nanosleep(&moment, NULL);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        OK(context, apus_model_load(context, path, NULL, &loaded));
        apus_model_free(loaded);
    }
    apus_model_free(large);
    empty(folder);
}

typedef struct stream {
    unsigned char bytes[1 << 16];
    size_t size, position, limit;
    int calls;
} stream;

static int32_t write_to(void *user, const void *bytes, size_t size)
{
    stream *t = user;
    t->calls++;
    if (t->size + size > t->limit) return -1;
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    return 0;
}

static int64_t read_from(void *user, void *bytes, size_t size)
{
    stream *t = user;
    size_t part = t->size - t->position;
    t->calls++;
    if (t->position >= t->limit) return -1;
    if (part > size) part = size;
    if (part > 1000) part = 1000; /* fewer than asked for, as sockets do */
    memcpy(bytes, t->bytes + t->position, part);
    t->position += part;
    return (int64_t)part;
}

static int64_t read_too_much(void *user, void *bytes, size_t size)
{
    (void)user, (void)bytes;
    return (int64_t)size + 1;
}

static void streams_carry_models_both_ways(void)
{
    static stream t;
    static unsigned char image[1 << 16];
    size_t needed = 0;
    apus_model *model = NULL;
    double predicted[ROWS];
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);

    memset(&t, 0, sizeof t);
    t.limit = sizeof t.bytes;
    OK(context, apus_model_save_stream(context, regression, NULL, write_to, &t));
    CHECK(t.size > 0 && t.calls > 0);
    OK(context, apus_model_load_stream(context, read_from, &t, NULL, &model));
    OK(context, apus_predict(context, model, APUS_PREDICT, &x, &out));
    for (int i = 0; i < ROWS; i++) CHECK(fabs(predicted[i] - s.real[i]) < 0.02);
    apus_model_free(model);
    model = NULL;

    /* A memory image is the same file. */
    OK(context, apus_model_save_memory(context, regression, NULL, image, sizeof image, &needed));
    OK(context, apus_model_load_memory(context, image, needed, NULL, &model));
    apus_model_free(model);
    model = NULL;
    OK(context, apus_model_load_memory(context, t.bytes, t.size, NULL, &model));
    apus_model_free(model);
}

static void memory_images_say_their_size(void)
{
    static unsigned char image[1 << 16];
    size_t size = 0, needed = 0;
    OK(context, apus_model_save_memory(context, regression, NULL, NULL, 0, &size));
    CHECK(size > 100 && size <= sizeof image);
    memset(image, 0x77, sizeof image);
    FAILS(context, APUS_E_BUFFER_TOO_SMALL,
          apus_model_save_memory(context, regression, NULL, image, size - 1, &needed));
    CHECK(needed == size);
    for (size_t i = 0; i < size; i++) CHECK(image[i] == 0x77);
    OK(context, apus_model_save_memory(context, regression, NULL, image, size, &needed));
    CHECK(needed == size && image[size] == 0x77);
}

static void streams_that_fail_are_errors(void)
{
    static stream t;
    apus_model *model = NULL;
    memset(&t, 0, sizeof t);
    t.limit = 10;
    FAILS(context, APUS_E_IO, apus_model_save_stream(context, regression, NULL, write_to, &t));
    t.size = 0;
    t.limit = sizeof t.bytes;
    OK(context, apus_model_save_stream(context, regression, NULL, write_to, &t));
    t.limit = 500;
    FAILS(context, APUS_E_IO, apus_model_load_stream(context, read_from, &t, NULL, &model));
    FAILS(context, APUS_E_IO, apus_model_load_stream(context, read_too_much, NULL, NULL, &model));
    CHECK(model == NULL);
}

static void a_failed_checkpoint_leaves_the_trainer_and_the_old_file(void)
{
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model), *loaded = NULL;
    OK(context, apus_trainer_save(context, trainer, in_folder("checkpoint.h5")));
    FAILS(context, APUS_E_IO, apus_trainer_save(context, trainer, in_folder("none/checkpoint.h5")));
    OK(context, apus_trainer_load(context, in_folder("checkpoint.h5"), NULL, &loaded, NULL));
    apus_trainer_free(loaded);
    apus_trainer_free(trainer);
    apus_model_free(model);
    empty(folder);
}

int main(void)
{
    BEGIN("saving");
    make_sample(&s);
    context = new_context(1, NULL);
    regression = sample_regression(context, &s);
    snprintf(folder, sizeof folder, "%s", scratch("folder"));
    if (mkdir(folder, 0755) != 0) return 2;
    RUN(saves_and_leaves_only_the_file);
    RUN(saves_to_a_relative_path_and_to_names_of_many_scripts);
    RUN(refuses_places_that_are_none);
    RUN(a_read_only_folder_is_an_error_and_the_old_file_stays);
    RUN(a_limit_on_the_file_is_an_error_and_the_old_file_stays);
    RUN(a_full_disk_is_an_error_and_the_old_file_stays);
    RUN(a_kill_in_the_middle_leaves_a_whole_file);
    RUN(streams_carry_models_both_ways);
    RUN(memory_images_say_their_size);
    RUN(streams_that_fail_are_errors);
    RUN(a_failed_checkpoint_leaves_the_trainer_and_the_old_file);
    empty(folder);
    rmdir(folder);
    apus_model_free(regression);
    apus_context_free(context);
    return END();
}
