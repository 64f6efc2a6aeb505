#include "wire/event_stream.h"
