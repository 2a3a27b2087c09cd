print("mpi-conformance")
