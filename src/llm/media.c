#include "llm/media.h"
