#pragma once
const char *cmpi_name(void);
