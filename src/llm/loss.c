#include "llm/loss.h"
