#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conednn_internal.h"

static _Thread_local char message[512];
static _Thread_local int64_t live_handles;

int32_t conednn_fail(int32_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return status;
}

const char *conednn_message(void) { return message; }
void conednn_count_handle(int64_t change) { live_handles += change; }
int64_t conednn_live_handles(void) { return live_handles; }

#ifdef CONEDNN_HEADERS

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define HEADER_VERSION TEXT(DNNL_VERSION_MAJOR) "." TEXT(DNNL_VERSION_MINOR) "." TEXT(DNNL_VERSION_PATCH)

conednn_functions conednn_dnnl;
dnnl_engine_t conednn_engine;
dnnl_stream_t conednn_stream;
static char version[32] = "";

int32_t conednn_has_headers(void) { return 1; }
const char *conednn_header_version(void) { return HEADER_VERSION; }
const char *conednn_version(void) { return version; }

static int32_t find_functions(void *library, const char *name) {
#define X(function)                                                                            \
  conednn_dnnl.function = (__typeof__(conednn_dnnl.function))dlsym(library, "dnnl_" #function); \
  if (!conednn_dnnl.function) return conednn_fail(CONEDNN_FAILED, "%s has no dnnl_" #function, name);
  CONEDNN_FUNCTIONS(X)
#undef X
  return CONEDNN_OK;
}

/// libgomp's entry points by way of the library's own dependencies, so that it is the same runtime.
static void find_threading(void *library) {
  conednn_threading.parallel = (__typeof__(conednn_threading.parallel))dlsym(library, "GOMP_parallel");
  conednn_threading.set_num_threads =
      (__typeof__(conednn_threading.set_num_threads))dlsym(library, "omp_set_num_threads");
  conednn_threading.set_dynamic = (__typeof__(conednn_threading.set_dynamic))dlsym(library, "omp_set_dynamic");
  conednn_threading.in_parallel = (__typeof__(conednn_threading.in_parallel))dlsym(library, "omp_in_parallel");
}

static int32_t open_library(const char *path) {
  const char *name = path ? path : "libdnnl.so.3";
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return conednn_fail(CONEDNN_FAILED, "cannot open oneDNN: %s", dlerror());
  if (find_functions(library, name)) return CONEDNN_FAILED;
  const dnnl_version_t *found = conednn_dnnl.version();
  snprintf(version, sizeof version, "%d.%d.%d", found->major, found->minor, found->patch);
  if (found->major != DNNL_VERSION_MAJOR || found->minor != DNNL_VERSION_MINOR)
    return conednn_fail(CONEDNN_FAILED,
                        "%s is oneDNN %s, but this program was built with the headers of " HEADER_VERSION, name,
                        version);
  find_threading(library);
  if (conednn_check(conednn_dnnl.engine_create(&conednn_engine, dnnl_cpu, 0), "dnnl_engine_create"))
    return CONEDNN_FAILED;
  return conednn_check(conednn_dnnl.stream_create(&conednn_stream, conednn_engine, dnnl_stream_default_flags),
                       "dnnl_stream_create");
}

int32_t conednn_open(const char *path) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static int tried = 0;
  static int32_t status;
  static char reason[sizeof message];
  pthread_mutex_lock(&lock);
  if (!tried) {
    tried = 1;
    status = open_library(path);
    memcpy(reason, message, sizeof reason);
  }
  pthread_mutex_unlock(&lock);
  if (status) memcpy(message, reason, sizeof message);
  return status;
}

const char *conednn_instruction_set(void) {
  switch (conednn_dnnl.get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse41";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx2_vnni: return "avx2_vnni";
    case dnnl_cpu_isa_avx2_vnni_2: return "avx2_vnni_2";
    case dnnl_cpu_isa_avx512_core: return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_fp16: return "avx512_core_fp16";
    case dnnl_cpu_isa_avx512_core_amx: return "avx512_core_amx";
    case dnnl_cpu_isa_avx512_core_amx_fp16: return "avx512_core_amx_fp16";
    default: return "other";
  }
}

static int has_isa(dnnl_cpu_isa_t wanted) {
  return conednn_dnnl.get_effective_cpu_isa && (conednn_dnnl.get_effective_cpu_isa() & wanted) == wanted;
}

int32_t conednn_supports_bfloat16(void) { return has_isa(dnnl_cpu_isa_avx512_core); }
int conednn_has_avx2(void) { return has_isa(dnnl_cpu_isa_avx2); }
int conednn_has_avx512(void) { return has_isa(dnnl_cpu_isa_avx512_core); }
int conednn_has_avx512_bfloat16(void) { return has_isa(dnnl_cpu_isa_avx512_core_bf16); }
int32_t conednn_has_matrix_tiles(void) { return has_isa(dnnl_cpu_isa_avx512_core_amx); }

int32_t conednn_check(dnnl_status_t status, const char *what) {
  switch (status) {
    case dnnl_success: return CONEDNN_OK;
    case dnnl_out_of_memory: return conednn_fail(CONEDNN_FAILED, "%s: out of memory", what);
    case dnnl_invalid_arguments: return conednn_fail(CONEDNN_FAILED, "%s: invalid arguments", what);
    case dnnl_unimplemented: return conednn_fail(CONEDNN_UNIMPLEMENTED, "%s: oneDNN has no kernel for this", what);
    default: return conednn_fail(CONEDNN_FAILED, "%s: status %d", what, (int)status);
  }
}

#endif
