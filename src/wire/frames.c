#include "wire/frames.h"
