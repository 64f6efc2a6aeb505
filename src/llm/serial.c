#include "llm/serial.h"
