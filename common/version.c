/* The release's name, in a file of its own so that it rebuilds alone. */
#include "version.h"

const char version[] = VERSION;
