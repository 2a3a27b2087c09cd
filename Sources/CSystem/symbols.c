#define _GNU_SOURCE
#include "symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csystem.h"
#include "text.h"

static struct {
    const ElfW(Sym) * symbols;
    size_t count;
    const char *names;
    size_t name_bytes;
    uintptr_t bias;
} program;

static int find_bias(struct dl_phdr_info *info, size_t size, void *bias) {
    (void)size;
    *(uintptr_t *)bias = info->dlpi_addr;
    // The program itself comes first.
    return 1;
}

// Whether `count` bytes at `offset` lie in a file of `size` bytes.
static int is_inside(uint64_t offset, uint64_t count, uint64_t size) {
    return offset <= size && count <= size - offset;
}

static void read_tables(const unsigned char *file, uint64_t size) {
    const ElfW(Ehdr) *header = (const void *)file;
    if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
    if (header->e_shentsize != sizeof(ElfW(Shdr))) return;
    if (!is_inside(header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr)), size)) return;
    const ElfW(Shdr) *sections = (const void *)(file + header->e_shoff);
    for (size_t i = 0; i < header->e_shnum; i++) {
        const ElfW(Shdr) *table = &sections[i];
        if (table->sh_type != SHT_SYMTAB || table->sh_link >= header->e_shnum) continue;
        const ElfW(Shdr) *names = &sections[table->sh_link];
        if (!is_inside(table->sh_offset, table->sh_size, size)) continue;
        if (!is_inside(names->sh_offset, names->sh_size, size) || names->sh_size == 0) continue;
        if (file[names->sh_offset + names->sh_size - 1] != 0) continue;
        program.names = (const char *)(file + names->sh_offset);
        program.name_bytes = names->sh_size;
        program.symbols = (const void *)(file + table->sh_offset);
        program.count = table->sh_size / sizeof(ElfW(Sym));
    }
}

void symbols_open(void) {
    dl_iterate_phdr(find_bias, &program.bias);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat status;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes != MAP_FAILED) read_tables(bytes, (uint64_t)status.st_size);
    }
    close(file);
}

// A function of the program itself. A scan of some ten thousand symbols: nobody waits for a dying process.
static const char *own_function(uint64_t address, uint64_t *offset) {
    uint64_t place = address - program.bias;
    for (size_t i = 0; i < program.count; i++) {
        const ElfW(Sym) *symbol = &program.symbols[i];
        if ((symbol->st_info & 15) != STT_FUNC || symbol->st_name >= program.name_bytes) continue;
        if (place < symbol->st_value || place - symbol->st_value >= symbol->st_size) continue;
        *offset = place - symbol->st_value;
        return program.names + symbol->st_name;
    }
    return NULL;
}

void csystem_symbol(uint64_t address, char *buffer, size_t capacity) {
    struct text text = {buffer, capacity, 0};
    text_add(&text, "");
    uint64_t offset = 0;
    const char *name = own_function(address, &offset);
    if (name != NULL) {
        text_add(&text, name);
        return;
    }
    Dl_info info;
    if (dladdr((void *)(uintptr_t)address, &info) == 0) return;
    const char *file = info.dli_fname == NULL ? "" : info.dli_fname;
    const char *slash = strrchr(file, '/');
    if (info.dli_sname != NULL) {
        text_add(&text, info.dli_sname);
    } else {
        text_add(&text, slash == NULL ? file : slash + 1);
        text_add(&text, "+0x");
        text_add_number(&text, address - (uint64_t)(uintptr_t)info.dli_fbase, 16);
    }
}

// Of Swift's runtime.
char *swift_demangle(const char *name, size_t count, char *buffer, size_t *capacity, uint32_t flags)
    __attribute__((weak));

void csystem_demangle(const char *name, char *buffer, size_t capacity) {
    struct text text = {buffer, capacity, 0};
    char *result = swift_demangle == NULL ? NULL : swift_demangle(name, strlen(name), NULL, NULL, 0);
    text_add(&text, result == NULL ? name : result);
    free(result);
}
