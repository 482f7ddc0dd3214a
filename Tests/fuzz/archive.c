/* The same for archives of Keras, which have a corpus of their own: a zip file, its texts and its HDF5 file. */
#include "model.c"
