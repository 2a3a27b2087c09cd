// Nothing of mpi.h is imported into Swift: CMPI/cmpi.c includes it.
