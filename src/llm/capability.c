#include "llm/capability.h"
