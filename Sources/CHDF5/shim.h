// HDF5 for Swift: its macros with casts, commas or globals behind them, as functions. Flags are plain numbers here
// because H5F_ACC_* call H5check(), which may abort the process.
#ifndef APUS_CHDF5_H
#define APUS_CHDF5_H

#include <hdf5.h>
#if defined(__has_include)
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>
#endif
#endif

// Property list classes and defaults.
static inline hid_t apus_h5_class_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t apus_h5_class_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t apus_h5_class_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t apus_h5_class_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t apus_h5_class_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t apus_h5_default(void) { return H5P_DEFAULT; }
static inline hid_t apus_h5_all(void) { return H5S_ALL; }

// Filters.
static inline H5Z_filter_t apus_h5_filter_deflate(void) { return H5Z_FILTER_DEFLATE; }

// File access flags.
static inline unsigned apus_h5_read_only(void) { return 0x0000u; }
static inline unsigned apus_h5_truncate(void) { return 0x0002u; }
static inline unsigned apus_h5_create(void) { return 0x0010u; }

// What a file driver is besides its functions.
static inline void apus_h5_prepare_driver(H5FD_class_t *driver) {
    const H5FD_mem_t lists[] = H5FD_FLMAP_DICHOTOMY;
#ifdef H5FD_CLASS_VERSION
    driver->version = H5FD_CLASS_VERSION;
    driver->value = (H5FD_class_value_t)511; // of those that HDF5 leaves to tests and private use
#endif
    driver->name = "apus";
    driver->maxaddr = (((haddr_t)1) << (8 * sizeof(haddr_t) - 2));
    driver->fc_degree = H5F_CLOSE_WEAK;
    for (int i = 0; i < H5FD_MEM_NTYPES; i++) driver->fl_map[i] = lists[i];
}
static inline unsigned long apus_h5_driver_features(void) {
    return H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
}

// Types in files.
static inline hid_t apus_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t apus_h5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t apus_h5_int8(void) { return H5T_STD_I8LE; }
static inline hid_t apus_h5_int32(void) { return H5T_STD_I32LE; }
static inline hid_t apus_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t apus_h5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t apus_h5_string(void) { return H5T_C_S1; }

// Types in memory.
static inline hid_t apus_h5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t apus_h5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t apus_h5_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t apus_h5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t apus_h5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t apus_h5_native_uint8(void) { return H5T_NATIVE_UINT8; }

static inline size_t apus_h5_variable(void) { return H5T_VARIABLE; }

// The error stack.
static inline hid_t apus_h5_error_stack(void) { return H5E_DEFAULT; }
static inline int apus_h5_is_memory_error(const H5E_error2_t *error) {
    return error->min_num == H5E_NOSPACE || error->min_num == H5E_CANTALLOC;
}

// Ids of every kind that are open in this process.
static inline long long apus_h5_open_ids(void) {
    const H5I_type_t types[] = { H5I_FILE, H5I_GROUP, H5I_DATATYPE, H5I_DATASPACE, H5I_DATASET, H5I_ATTR,
                                 H5I_GENPROP_LST };
    long long total = 0;
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        hsize_t count = 0;
        if (H5Inmembers(types[i], &count) >= 0) total += (long long)count;
    }
    return total;
}

#endif
