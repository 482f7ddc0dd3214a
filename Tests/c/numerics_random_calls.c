/* Every function of chapters 8 to 14 with arguments drawn at random: an error with a message, never a trap. With
 * arguments: rounds, calls of a round, the first seed. */
#define _POSIX_C_SOURCE 200809L
#include "random_rounds.h"
#include "numerics_table.h"

static uint64_t state;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545F4914F6CDD1Du;
}
static int64_t below(int64_t n) { return n > 0 ? (int64_t)(draw() % (uint64_t)n) : 0; }
static int chance(int percent) { return below(100) < percent; }

/* Another type, rank, extents or strides; the elements stay within the memory, so that the call may read them. */
static void spoil(apus_array *a, double *room)
{
    static const int32_t dtypes[] = { APUS_FLOAT32, APUS_FLOAT64, APUS_INT32, APUS_INT64, APUS_UINT8, APUS_BOOL };
    if (chance(40)) a->dtype = dtypes[below(6)];
    if (chance(40)) {
        a->ndim = (int32_t)below(4);
        for (int i = 0; i < a->ndim; i++) a->shape[i] = below(5);
        a->flags = 0;
    }
    if (chance(30) && a->ndim > 0 && a->ndim < 4) {
        /* At most 4 steps of 16 bytes along each of 3 dimensions, from the middle: within 512 bytes. */
        a->flags = APUS_ARRAY_STRIDED;
        a->data = room + ROOM / 2;
        for (int i = 0; i < a->ndim; i++) {
            if (a->shape[i] > 4) a->shape[i] = 4;
            a->strides[i] = 8 * (below(5) - 2);
        }
    }
    if (chance(20))
        for (int i = 0; i < ROOM; i++) {
            static const double odd[] = { NAN, INFINITY, -1, 0, 1e300, 1e-320, 2, 0.5 };
            room[i] = odd[below(8)];
        }
}

static int calls_from(uint64_t seed, int calls)
{
    state = seed * 0x9E3779B97F4A7C15u + 1;
    check_failures = 0;
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    options.threads = 1 + (int32_t)(seed & 1);
    options.memory_limit = 64 << 20;
    if (apus_context_create(&options, &context)) return 1;
    for (int i = 0; i < calls; i++) {
        const entry *e = &table[below(FUNCTIONS)];
        fill(&work, e, context);
        method = minimizers[below(MINIMIZERS)];
        for (int k = 0; e->arrays[k]; k++)
            if (!is_view(e, k)) spoil(&work.array[k], work.memory[k]);
        if (chance(10)) work.nulled = (int)below(e->pointers);
        if (chance(3)) work.raw = 1;
        const apus_status status = e->call(&work);
        if (status < APUS_OK || status > APUS_E_BUSY || status == APUS_E_INTERNAL) complain(e, "random call", i, status);
    }
    apus_context_free(context);
    return check_failures > 0;
}

int main(int argc, char **argv) { return random_rounds("numerics_random_calls", 8, 4000, argc, argv); }
