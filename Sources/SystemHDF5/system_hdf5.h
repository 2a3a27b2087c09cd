// Nothing of hdf5.h is imported into Swift: CHDF5/chdf5.c includes it.
