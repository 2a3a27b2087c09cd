#pragma once

// Reads the program's own table of symbols, which the dynamic linker does not: most functions are only in there.
void symbols_open(void);
