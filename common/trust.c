/* Certificate authorities, read early and parsed once; see trust.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "trust.h"

enum { PEM_MAX = 16 * 1024 * 1024 /* eighty times Debian's */ };

struct trust {
	struct buf pem; /* until it is parsed */
	X509_STORE *store;
};

static struct trust *
trust_new(void)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (t == NULL)
		log_oom();
	t->pem.max = PEM_MAX;
	return t;
}

/* Read all of it; 0 or errno. */
static int
read_file(struct buf *b, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;
	ssize_t n = 1;
	char *room;

	if (fd == -1)
		return errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		err = EISDIR;
	while (err == 0 && n != 0) {
		room = buf_room(b, BUFSIZ);
		n = room != NULL ? read(fd, room, BUFSIZ) : 0;
		if (n > 0)
			buf_wrote(b, (size_t)n);
		else if (n == -1 && errno != EINTR)
			err = errno;
	}
	(void)close(fd);
	return err != 0 ? err : b->err;
}

/* Parse what was read, as libcurl has its own store behave: an intermediate
 * certificate may be trusted for itself, and what is trusted wins over what
 * the peer sends. */
static void
parse(struct trust *t)
{
	BIO *bio;
	X509 *cert;

	t->store = X509_STORE_new();
	bio =
	    BIO_new_mem_buf(t->pem.p != NULL ? t->pem.p : "", (int)t->pem.len);
	if (t->store == NULL || bio == NULL)
		log_oom();
	(void)X509_STORE_set_flags(
	    t->store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	while ((cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
		(void)X509_STORE_add_cert(t->store, cert);
		X509_free(cert);
	}
	/* The end of the file is an error to it. */
	ERR_clear_error();
	(void)BIO_free(bio);
	buf_clear(&t->pem);
}

/* Is there a certificate in it?  Parsing all of them is for those who connect
 * by TLS: some 25 ms. */
static bool
looks_right(const struct buf *pem)
{
	static const char *const begin[] = {"-----BEGIN CERTIFICATE-----",
	    "-----BEGIN TRUSTED CERTIFICATE-----",
	    "-----BEGIN X509 CERTIFICATE-----"};

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (pem->len > 0 && memmem(pem->p, pem->len, begin[i],
					strlen(begin[i])) != NULL)
			return true;
	return false;
}

struct trust *
trust_file(const char *file, struct fault *f)
{
	struct trust *t = trust_new();
	int err = read_file(&t->pem, file);

	if (err != 0)
		fault_set(f, EXIT_BADCONFIG, "cannot read '%s': %s", file,
		    strerror(err));
	else if (!looks_right(&t->pem))
		fault_set(f, EXIT_BADCONFIG, "'%s' holds no certificate", file);
	else
		return t;
	fault_hint(f, "it takes a file of certificates in PEM form");
	trust_free(t);
	return NULL;
}

struct trust *
trust_system(const char *file)
{
	struct trust *t = trust_new();
	int err = file != NULL ? read_file(&t->pem, file) : ENOENT;

	if (err != 0) {
		log_info("no certificate authorities at '%s': %s",
		    file != NULL ? file : "", strerror(err));
		buf_clear(&t->pem);
	}
	return t;
}

void
trust_use(struct trust *t, void *ssl_ctx)
{
	if (t->store == NULL)
		parse(t);
	SSL_CTX_set1_cert_store(ssl_ctx, t->store);
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	X509_STORE_free(t->store);
	buf_clear(&t->pem);
	free(t);
}
