// The way of data-parallel trainers with MPI: MPI_Allreduce of the gradient in place, then a fused SGD update of all
// parameters on every rank. The peer of `fcn-dist benchmark exchange`.
//
//   mpicc -O3 -march=native -fopenmp openmpi_allreduce.c -o openmpi_allreduce
//   mpirun -n 2 ./openmpi_allreduce [PARAMETERS] [REPEATS]
//
// Prints one line of JSON: seconds of every repetition, of the slowest rank.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static void update(float *restrict p, float *restrict v, const float *restrict g, size_t count) {
#pragma omp parallel for
  for (size_t i = 0; i < count; i++) {
    float step = 0.9f * v[i] + (g[i] + 0.0005f * p[i]);
    v[i] = step;
    p[i] -= 0.001f * step;
  }
}

static float *array(size_t count, float value) {
  float *values = aligned_alloc(4096, (count * sizeof(float) + 4095) / 4096 * 4096);
  if (!values) MPI_Abort(MPI_COMM_WORLD, 70);
#pragma omp parallel for
  for (size_t i = 0; i < count; i++) values[i] = value;
  return values;
}

static double slowest(double seconds) {
  double result = 0;
  MPI_Allreduce(&seconds, &result, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return result;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 134000000;
  int repeats = argc > 2 ? atoi(argv[2]) : 7;
  if (count < 1 || count > 2147483647 || repeats < 1 || repeats > 1000) {
    if (rank == 0) fprintf(stderr, "usage: openmpi_allreduce [PARAMETERS] [REPEATS]\n");
    MPI_Abort(MPI_COMM_WORLD, 64);
  }
  // Zeros stay finite however often they are summed.
  float *gradient = array(count, 0), *master = array(count, 0.5f), *momentum = array(count, 0);
  double sums[1000], totals[1000];
  for (int round = -1; round < repeats; round++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, gradient, (int)count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    double middle = MPI_Wtime();
    update(master, momentum, gradient, count);
    double end = MPI_Wtime();
    double sum = slowest(middle - start), total = slowest(end - start);
    if (round < 0) continue;
    sums[round] = sum;
    totals[round] = total;
  }
  if (rank == 0) {
    printf("{\"peer\": \"MPI_Allreduce\", \"ranks\": %d, \"parameters\": %zu, \"sum\": [", size, count);
    for (int i = 0; i < repeats; i++) printf("%s%.6f", i ? ", " : "", sums[i]);
    printf("], \"sum_and_update\": [");
    for (int i = 0; i < repeats; i++) printf("%s%.6f", i ? ", " : "", totals[i]);
    printf("]}\n");
  }
  MPI_Finalize();
  return 0;
}
