// HDF5 for Swift.
#ifndef APUS_CHDF5_H
#define APUS_CHDF5_H

#include <hdf5.h>

#endif
