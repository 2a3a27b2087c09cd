#pragma once
const char *conednn_name(void);
