#pragma once
const char *chdf5_name(void);
