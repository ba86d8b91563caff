/* Memory for libcurl, overwritten when it is given back; see httpmem.h. */
#include <curl/curl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "httpmem.h"

static void
give_back(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* realloc(3) would leave the old piece as it is where it moves. */
static void *
resize(void *p, size_t n)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;
	void *q;

	q = malloc(n);
	if (q != NULL && p != NULL) {
		memcpy(q, p, had < n ? had : n);
		give_back(p);
	}
	return q;
}

static char *
copy(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = malloc(n);

	return p != NULL ? memcpy(p, s, n) : NULL;
}

bool
httpmem_start(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, give_back,
		   resize, copy, calloc) == CURLE_OK;
}
