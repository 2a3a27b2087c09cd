#include "cmpi.h"

#include <mpi.h>
#include <string.h>

// MPI handles are pointers in Open MPI and ints in MPICH; both fit in an intptr_t.
static MPI_Comm comm_of(cmpi_communicator handle) { return (MPI_Comm)(intptr_t)handle; }

static cmpi_communicator handle_of(MPI_Comm comm) {
    return comm == MPI_COMM_NULL ? NULL : (cmpi_communicator)(intptr_t)comm;
}

static MPI_Datatype datatype_of(cmpi_type type) {
    switch (type) {
    case CMPI_FLOAT32: return MPI_FLOAT;
    case CMPI_FLOAT64: return MPI_DOUBLE;
    case CMPI_INT64: return MPI_INT64_T;
    }
    return MPI_DATATYPE_NULL;
}

static int64_t byte_count_of(cmpi_type type) { return type == CMPI_FLOAT32 ? 4 : 8; }

static MPI_Op op_of(cmpi_operation operation) {
    switch (operation) {
    case CMPI_SUM: return MPI_SUM;
    case CMPI_MINIMUM: return MPI_MIN;
    case CMPI_MAXIMUM: return MPI_MAX;
    }
    return MPI_OP_NULL;
}

static int length_of(int64_t remaining, int64_t piece) { return (int)(remaining < piece ? remaining : piece); }

static void copy_text(const char *source, char *text, int32_t capacity) {
    if (capacity < 1) return;
    strncpy(text, source, (size_t)capacity - 1);
    text[capacity - 1] = 0;
}

static cmpi_thread_level thread_level_of(int level) {
    return level >= MPI_THREAD_MULTIPLE     ? CMPI_MULTIPLE
           : level >= MPI_THREAD_SERIALIZED ? CMPI_SERIALIZED
           : level >= MPI_THREAD_FUNNELED   ? CMPI_FUNNELED
                                            : CMPI_SINGLE;
}

int32_t cmpi_initialize(cmpi_thread_level *provided) {
    int level = MPI_THREAD_SINGLE;
    int status = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
    *provided = thread_level_of(level);
    return status;
}

int32_t cmpi_query_thread_level(cmpi_thread_level *provided) {
    int level = MPI_THREAD_SINGLE;
    int status = MPI_Query_thread(&level);
    *provided = thread_level_of(level);
    return status;
}

int32_t cmpi_is_initialized(int32_t *flag) { return MPI_Initialized(flag); }
int32_t cmpi_is_finalized(int32_t *flag) { return MPI_Finalized(flag); }
int32_t cmpi_finalize(void) { return MPI_Finalize(); }

int32_t cmpi_error_string(int32_t status, char *text, int32_t capacity) {
    char whole[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    int result = MPI_Error_string(status, whole, &length);
    copy_text(whole, text, capacity);
    return result;
}

int32_t cmpi_is_truncation(int32_t status, int32_t *flag) {
    int error_class = MPI_SUCCESS;
    int result = MPI_Error_class(status, &error_class);
    *flag = error_class == MPI_ERR_TRUNCATE;
    return result;
}

int32_t cmpi_library_version(char *text, int32_t capacity) {
    char whole[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    int result = MPI_Get_library_version(whole, &length);
    copy_text(whole, text, capacity);
    return result;
}

int32_t cmpi_duplicate_world(cmpi_communicator *duplicate) {
    MPI_Comm comm = MPI_COMM_NULL;
    // A duplicate inherits the handler. The default one ends the process before a status can be returned.
    int status = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (status == MPI_SUCCESS) status = MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    *duplicate = handle_of(comm);
    return status;
}

int32_t cmpi_split(cmpi_communicator parent, int32_t color, int32_t key, cmpi_communicator *part) {
    MPI_Comm comm = MPI_COMM_NULL;
    int status = MPI_Comm_split(comm_of(parent), color < 0 ? MPI_UNDEFINED : color, key, &comm);
    *part = handle_of(comm);
    return status;
}

int32_t cmpi_split_by_machine(cmpi_communicator parent, int32_t key, cmpi_communicator *part) {
    MPI_Comm comm = MPI_COMM_NULL;
    int status = MPI_Comm_split_type(comm_of(parent), MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &comm);
    *part = handle_of(comm);
    return status;
}

int32_t cmpi_free(cmpi_communicator communicator) {
    MPI_Comm comm = comm_of(communicator);
    return MPI_Comm_free(&comm);
}

int32_t cmpi_rank(cmpi_communicator communicator, int32_t *rank) { return MPI_Comm_rank(comm_of(communicator), rank); }
int32_t cmpi_size(cmpi_communicator communicator, int32_t *size) { return MPI_Comm_size(comm_of(communicator), size); }
int32_t cmpi_abort(cmpi_communicator communicator, int32_t code) { return MPI_Abort(comm_of(communicator), code); }
int32_t cmpi_barrier(cmpi_communicator communicator) { return MPI_Barrier(comm_of(communicator)); }

int32_t cmpi_allreduce(
    void *values, int64_t count, cmpi_type type, cmpi_operation operation, int64_t piece,
    cmpi_communicator communicator) {
    int status = MPI_SUCCESS;
    for (int64_t done = 0; done < count && status == MPI_SUCCESS; done += piece) {
        status = MPI_Allreduce(
            MPI_IN_PLACE, (char *)values + done * byte_count_of(type), length_of(count - done, piece),
            datatype_of(type), op_of(operation), comm_of(communicator));
    }
    return status;
}

int32_t cmpi_broadcast(void *bytes, int64_t count, int32_t root, int64_t piece, cmpi_communicator communicator) {
    int status = MPI_SUCCESS;
    for (int64_t done = 0; done < count && status == MPI_SUCCESS; done += piece) {
        status = MPI_Bcast(
            (char *)bytes + done, length_of(count - done, piece), MPI_BYTE, root, comm_of(communicator));
    }
    return status;
}

int32_t cmpi_allgather_int64(const int64_t *values, int32_t count, int64_t *all, cmpi_communicator communicator) {
    return MPI_Allgather(values, count, MPI_INT64_T, all, count, MPI_INT64_T, comm_of(communicator));
}

int32_t cmpi_allgatherv(
    const void *bytes, const int32_t *counts, const int32_t *offsets, int32_t own_count, void *all,
    cmpi_communicator communicator) {
    return MPI_Allgatherv(bytes, own_count, MPI_BYTE, all, counts, offsets, MPI_BYTE, comm_of(communicator));
}

int32_t cmpi_send(
    const void *bytes, int64_t count, int32_t destination, int32_t tag, int64_t piece,
    cmpi_communicator communicator) {
    int64_t done = 0;
    int status = MPI_SUCCESS;
    do {
        int length = length_of(count - done, piece);
        status = MPI_Send((const char *)bytes + done, length, MPI_BYTE, destination, tag, comm_of(communicator));
        done += length;
    } while (done < count && status == MPI_SUCCESS);
    return status;
}

int32_t cmpi_receive(
    void *bytes, int64_t count, int32_t source, int32_t tag, int64_t piece, cmpi_communicator communicator,
    int64_t *received) {
    int status = MPI_SUCCESS;
    int length = 0, arrived = 0;
    *received = 0;
    do {
        MPI_Status details;
        length = length_of(count - *received, piece);
        status = MPI_Recv((char *)bytes + *received, length, MPI_BYTE, source, tag, comm_of(communicator), &details);
        if (status == MPI_SUCCESS) status = MPI_Get_count(&details, MPI_BYTE, &arrived);
        if (status == MPI_SUCCESS) *received += arrived;
    } while (*received < count && arrived == length && status == MPI_SUCCESS);
    return status;
}

int32_t cmpi_start_send(
    const void *bytes, int32_t count, int32_t destination, int32_t tag, cmpi_communicator communicator,
    cmpi_request *request) {
    MPI_Request mpi_request = MPI_REQUEST_NULL;
    int status = MPI_Isend(bytes, count, MPI_BYTE, destination, tag, comm_of(communicator), &mpi_request);
    *request = (cmpi_request)(intptr_t)mpi_request;
    return status;
}

int32_t cmpi_start_receive(
    void *bytes, int32_t count, int32_t source, int32_t tag, cmpi_communicator communicator, cmpi_request *request) {
    MPI_Request mpi_request = MPI_REQUEST_NULL;
    int status = MPI_Irecv(bytes, count, MPI_BYTE, source, tag, comm_of(communicator), &mpi_request);
    *request = (cmpi_request)(intptr_t)mpi_request;
    return status;
}

int32_t cmpi_wait(cmpi_request *request, int32_t *received) {
    MPI_Request mpi_request = (MPI_Request)(intptr_t)*request;
    MPI_Status details;
    int status = MPI_Wait(&mpi_request, &details);
    *request = (cmpi_request)(intptr_t)mpi_request;
    if (status == MPI_SUCCESS && received != NULL) status = MPI_Get_count(&details, MPI_BYTE, received);
    return status;
}

int32_t cmpi_test(cmpi_request *request, int32_t *is_done, int32_t *received) {
    MPI_Request mpi_request = (MPI_Request)(intptr_t)*request;
    MPI_Status details;
    int status = MPI_Test(&mpi_request, is_done, &details);
    *request = (cmpi_request)(intptr_t)mpi_request;
    if (status == MPI_SUCCESS && *is_done && received != NULL) status = MPI_Get_count(&details, MPI_BYTE, received);
    return status;
}

int32_t cmpi_probe(int32_t source, int32_t tag, cmpi_communicator communicator, int32_t *is_waiting) {
    return MPI_Iprobe(source, tag, comm_of(communicator), is_waiting, MPI_STATUS_IGNORE);
}

int32_t cmpi_window_allocate(int64_t count, cmpi_communicator communicator, void **base, cmpi_window *window) {
    MPI_Win mpi_window = MPI_WIN_NULL;
    MPI_Aint size = 0;
    int rank = 0, unit = 1;
    void *own = NULL;
    int status = MPI_Comm_rank(comm_of(communicator), &rank);
    if (status == MPI_SUCCESS) {
        status = MPI_Win_allocate_shared(
            rank == 0 ? (MPI_Aint)count : 0, 1, MPI_INFO_NULL, comm_of(communicator), &own, &mpi_window);
    }
    if (status == MPI_SUCCESS) status = MPI_Win_set_errhandler(mpi_window, MPI_ERRORS_RETURN);
    if (status == MPI_SUCCESS) status = MPI_Win_shared_query(mpi_window, 0, &size, &unit, base);
    // One access epoch for the window's whole life: ranks use plain loads and stores and order them themselves.
    if (status == MPI_SUCCESS) status = MPI_Win_lock_all(MPI_MODE_NOCHECK, mpi_window);
    *window = mpi_window == MPI_WIN_NULL ? NULL : (cmpi_window)(intptr_t)mpi_window;
    return status;
}

int32_t cmpi_window_free(cmpi_window window) {
    MPI_Win mpi_window = (MPI_Win)(intptr_t)window;
    int status = MPI_Win_unlock_all(mpi_window);
    if (status == MPI_SUCCESS) status = MPI_Win_free(&mpi_window);
    return status;
}
