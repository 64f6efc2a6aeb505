#include "llm/seal.h"
