/* The two helpers of a filter with business on the network. */
#include "helpers.h"
#include "names.h"

void
helpers_init(struct helpers *h)
{
	h->files = helper_new("files", SANDBOX_FILES);
	h->names = helper_new("names", SANDBOX_NAMES);
	names_serve(h->names);
}

bool
helpers_start(struct helpers *h, struct fault *f)
{
	return helper_start(h->files, f) && helper_start(h->names, f);
}

void
helpers_free(struct helpers *h)
{
	helper_free(h->files);
	helper_free(h->names);
	*h = (struct helpers){0};
}
