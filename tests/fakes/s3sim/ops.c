/* S3's operations on objects and buckets, listings apart (list.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "auth.h"
#include "log.h"
#include "ops.h"
#include "timefmt.h"

#define XML   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define XMLNS "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static bool
refuse(struct request *r, const char *code, const char *message)
{
	reply_error(r, code, message);
	return false;
}

/* The error for what the store says. */
static void
store_error(struct request *r, enum store_result result)
{
	switch (result) {
	case STORE_NO_BUCKET:
		reply_error(r, "NoSuchBucket", NULL);
		reply_field(r, "BucketName", "%s", r->bucket);
		break;
	case STORE_NO_KEY:
		reply_error(r, "NoSuchKey", NULL);
		reply_field_bytes(r, "Key", r->key.p, r->key.len);
		break;
	case STORE_NOT_EMPTY:
		reply_error(r, "BucketNotEmpty", NULL);
		reply_field(r, "BucketName", "%s", r->bucket);
		break;
	case STORE_EXISTS:
		reply_error(r, "PreconditionFailed", NULL);
		reply_field(r, "Condition", "If-None-Match");
		break;
	default:
		reply_error(r, "InternalError", NULL);
	}
}

/* Sub-resources and features that this server does not have: it says so. */
static bool
check_features(struct request *r)
{
	static const char *const params[] = {"acl", "uploads", "uploadId",
	    "partNumber", "versions", "versioning", "tagging", "policy",
	    "lifecycle", "cors", "notification", "torrent", "select",
	    "retention", "legal-hold", "restore", "attributes", "encryption"};

	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (request_has(r, params[i]))
			return refuse(r, "NotImplemented", NULL);
	if (r->op == OP_PUT && request_header(r, "x-amz-copy-source") != NULL)
		return refuse(r, "NotImplemented", NULL);
	return true;
}

static bool
check_version(struct request *r)
{
	struct buf v = BUF_INIT(1024);
	bool ok = true;

	/* No versioning: every object has the version "null". */
	if (request_param(r, "versionId", &v) && strcmp(v.p, "null") != 0) {
		if (v.len == 32)
			reply_error(r, "NoSuchVersion", NULL);
		else
			reply_error(r, "InvalidArgument",
			    "Invalid version id specified");
		ok = false;
	}
	buf_clear(&v);
	return ok;
}

static bool
check_target(struct request *r)
{
	const char *owner = request_header(r, "x-amz-expected-bucket-owner");

	if (r->bad_escape)
		return refuse(r, "InvalidURI", NULL);
	if (r->key.err != 0 || r->key.len > STORE_KEY_MAX) {
		reply_error(r, "KeyTooLongError", NULL);
		reply_field(r, "MaxSizeAllowed", "%d", STORE_KEY_MAX);
		return false;
	}
	if (r->op == OP_OTHER)
		return refuse(r, "MethodNotAllowed", NULL);
	if (owner != NULL && strcmp(owner, sim.owner) != 0)
		return refuse(r, "AccessDenied", NULL);
	return check_features(r) && check_version(r);
}

/* What a PUT needs before its body. */
static bool
check_upload(struct request *r)
{
	if (r->content_length < 0)
		return refuse(r, "MissingContentLength", NULL);
	if (r->content_length > sim.object_max)
		return refuse(r, "EntityTooLarge", NULL);
	return true;
}

bool
ops_begin(struct request *r)
{
	char region[STORE_REGION_MAX];
	bool known =
	    r->bucket[0] != '\0' && store_bucket_region(r->bucket, region);

	if (r->too_many_headers)
		return refuse(r, "InvalidRequest", "too many headers");
	if (r->op == OP_BUCKETS || r->op == OP_BUCKET_PUT)
		(void)snprintf(region, sizeof(region), "%s", sim.region);
	else if (!known)
		region[0] = '\0';
	if (!auth_check(r, region[0] != '\0' ? region : NULL) ||
	    !check_target(r))
		return false;
	if (r->op != OP_PUT)
		return true;
	if (!check_upload(r))
		return false;
	if (!known) {
		store_error(r, STORE_NO_BUCKET);
		return false;
	}
	upload_begin(&r->upload);
	s3hash_init(&r->hash);
	r->uploading = true;
	return true;
}

void
ops_body(struct request *r, const void *p, size_t n)
{
	r->body_len += (int64_t)n;
	if (r->uploading) {
		upload_add(&r->upload, p, n);
		s3hash_add(&r->hash, p, n);
		r->crc32 = (uint32_t)crc32_z(r->crc32, p, n);
	} else {
		buf_add(&r->body, p, n);
	}
}

static void
object_headers(struct request *r, const struct object *o)
{
	const char *mode = request_header(r, "x-amz-checksum-mode");
	char modified[40];

	http_date(modified, o->modified_ms);
	reply_header(r, "Last-Modified", "%s", modified);
	reply_header(r, "ETag", "\"%s\"", o->etag);
	reply_header(r, "Accept-Ranges", "bytes");
	reply_header(r, "x-amz-server-side-encryption", "AES256");
	reply_header(r, "Content-Type", "%s", o->type);
	if (o->encoding[0] != '\0')
		reply_header(r, "Content-Encoding", "%s", o->encoding);
	if (o->crc32[0] != '\0' && r->reply.status == 200 && mode != NULL &&
	    strcasecmp(mode, "ENABLED") == 0) {
		reply_header(r, "x-amz-checksum-crc32", "%s", o->crc32);
		reply_header(r, "x-amz-checksum-type", "FULL_OBJECT");
	}
}

/* Scripted: another object took the place of the one that was listed. */
static void
replace_object(struct request *r)
{
	struct object *o, meta;
	struct upload u;
	struct s3hash h;
	unsigned char sha[S3HASH_SHA256], md5[S3HASH_MD5];
	char block[1 << 16];
	ssize_t n;
	int fd;

	if (store_get(r->bucket, r->key.p, r->key.len, &o, &fd) != STORE_OK)
		return;
	meta = *o;
	meta.crc32[0] = '\0';
	upload_begin(&u);
	s3hash_init(&h);
	if (fd < 0) {
		upload_add(&u, o->bytes, (size_t)o->size);
		s3hash_add(&h, o->bytes, (size_t)o->size);
	}
	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0) {
		upload_add(&u, block, (size_t)n);
		s3hash_add(&h, block, (size_t)n);
	}
	upload_add(&u, "\n", 1);
	s3hash_add(&h, "\n", 1);
	s3hash_end(&h, sha, md5);
	s3hash_hex(meta.etag, md5, sizeof(md5));
	(void)store_put(r->bucket, r->key.p, r->key.len, &meta, &u, false);
	if (fd >= 0)
		(void)close(fd);
	store_unref(o);
}

static void
get_object(struct request *r)
{
	struct object *o = NULL;
	enum store_result result;
	int fd = -1;

	if (r->mischief.replace)
		replace_object(r);
	result = store_get(
	    r->bucket, r->key.p, r->key.len, &o, r->op == OP_GET ? &fd : NULL);
	if (result != STORE_OK) {
		store_error(r, result);
		return;
	}
	if (ops_conditions(r, o) && ops_range(r, o)) {
		object_headers(r, o);
		r->reply.object = o;
		r->reply.fd = fd;
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	store_unref(o);
}

/* Copy a header that is kept with the object; false when it is too long. */
static bool
keep(const struct request *r, const char *name, char *out, size_t size)
{
	const char *v = request_header(r, name);

	if (v != NULL && strlen(v) >= size)
		return false;
	if (v != NULL)
		memcpy(out, v, strlen(v) + 1);
	return true;
}

/* The digests that a client may send along with the bytes. */
static bool
check_digests(struct request *r, struct object *meta,
    const unsigned char sha256[S3HASH_SHA256],
    const unsigned char md5[S3HASH_MD5])
{
	unsigned char crc[4] = {(unsigned char)(r->crc32 >> 24),
	    (unsigned char)(r->crc32 >> 16), (unsigned char)(r->crc32 >> 8),
	    (unsigned char)r->crc32};
	struct {
		const char *header;
		const void *digest;
		size_t n;
	} all[] = {
	    {"Content-MD5", md5, S3HASH_MD5},
	    {"x-amz-checksum-sha256", sha256, S3HASH_SHA256},
	    {"x-amz-checksum-crc32", crc, sizeof(crc)},
	};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(all) / sizeof(all[0]); i++) {
		const char *said = request_header(r, all[i].header);
		struct buf text = BUF_INIT(128);

		s3hash_base64(&text, all[i].digest, all[i].n);
		ok = said == NULL || strcmp(said, text.p) == 0;
		if (said != NULL && all[i].digest == crc)
			(void)snprintf(
			    meta->crc32, sizeof(meta->crc32), "%s", text.p);
		buf_clear(&text);
	}
	return ok || refuse(r, "BadDigest", NULL);
}

static void
put_object(struct request *r)
{
	struct object meta = {.type = "binary/octet-stream"};
	unsigned char sha256[S3HASH_SHA256], md5[S3HASH_MD5];
	const char *only_new = request_header(r, "If-None-Match");
	enum store_result result;

	s3hash_end(&r->hash, sha256, md5);
	s3hash_hex(meta.etag, md5, sizeof(md5));
	if (r->body_len != r->content_length) {
		reply_error(r, "IncompleteBody", NULL);
		return;
	}
	if (!auth_check_body(r, sha256) ||
	    !check_digests(r, &meta, sha256, md5))
		return;
	if (!keep(r, "Content-Type", meta.type, sizeof(meta.type)) ||
	    !keep(
		r, "Content-Encoding", meta.encoding, sizeof(meta.encoding))) {
		reply_error(r, "InvalidArgument", "a header is too long");
		return;
	}
	result = store_put(r->bucket, r->key.p, r->key.len, &meta, &r->upload,
	    only_new != NULL && strcmp(only_new, "*") == 0);
	if (result != STORE_OK) {
		store_error(r, result);
		return;
	}
	r->reply.status = 200;
	reply_header(r, "ETag", "\"%s\"", meta.etag);
	reply_header(r, "x-amz-server-side-encryption", "AES256");
}

static void
make_bucket(struct request *r)
{
	static const char open_tag[] = "<LocationConstraint>";
	const char *p, *end;
	char region[STORE_REGION_MAX] = "";
	struct fault f = {0};

	if (!store_bucket_valid(r->bucket)) {
		reply_error(r, "InvalidBucketName", NULL);
		reply_field(r, "BucketName", "%s", r->bucket);
		return;
	}
	buf_adds(&r->body, "");
	p = strstr(r->body.p, open_tag);
	end = p != NULL ? strchr(p + strlen(open_tag), '<') : NULL;
	if (end != NULL)
		(void)snprintf(region, sizeof(region), "%.*s",
		    (int)(end - p - (ptrdiff_t)strlen(open_tag)),
		    p + strlen(open_tag));
	if (!store_bucket_make(
		r->bucket, region[0] != '\0' ? region : NULL, &f)) {
		reply_error(r,
		    f.code == EXIT_AGAIN ? "BucketAlreadyOwnedByYou"
					 : "InternalError",
		    NULL);
		reply_field(r, "BucketName", "%s", r->bucket);
		return;
	}
	r->reply.status = 200;
	reply_header(r, "Location", "/%s", r->bucket);
}

static void
drop(struct request *r)
{
	enum store_result result =
	    r->op == OP_BUCKET_DELETE
		? store_bucket_drop(r->bucket)
		: store_delete(r->bucket, r->key.p, r->key.len);

	r->reply.status = 204;
	/* Deleting what is not there succeeds, objects that is. */
	if (result != STORE_OK &&
	    !(r->op == OP_DELETE && result == STORE_NO_KEY))
		store_error(r, result);
}

static void
add_bucket(void *arg, const char *name, int64_t made_ms)
{
	struct buf *b = arg;
	char made[TIMEFMT_MAX];

	timefmt_rfc3339(made, made_ms / 1000 * 1000, true);
	buf_addf(b,
	    "<Bucket><Name>%s</Name><CreationDate>%s</CreationDate></Bucket>",
	    name, made);
}

static void
list_buckets(struct request *r)
{
	struct buf *b = &r->reply.body;

	r->reply.status = 200;
	buf_addf(b,
	    XML "<ListAllMyBucketsResult " XMLNS "><Owner><ID>%s</ID></Owner>"
		"<Buckets>",
	    sim.owner);
	store_buckets(add_bucket, b);
	buf_adds(b, "</Buckets></ListAllMyBucketsResult>");
	reply_header(r, "Content-Type", "application/xml");
}

/* HEAD bucket and GET ?location. */
static void
show_bucket(struct request *r)
{
	char region[STORE_REGION_MAX];

	if (!store_bucket_region(r->bucket, region)) {
		store_error(r, STORE_NO_BUCKET);
		return;
	}
	r->reply.status = 200;
	reply_header(r, "x-amz-bucket-region", "%s", region);
	if (r->op != OP_LOCATION)
		return;
	/* us-east-1 is the absence of a constraint. */
	buf_addf(&r->reply.body,
	    XML "<LocationConstraint " XMLNS ">%s</LocationConstraint>",
	    strcmp(region, "us-east-1") == 0 ? "" : region);
	reply_header(r, "Content-Type", "application/xml");
}

/* Version 1 of listings and unknown types are not for new clients. */
static void
list_objects(struct request *r)
{
	struct buf v = BUF_INIT(64);

	if (request_param(r, "list-type", &v) && strcmp(v.p, "2") == 0)
		ops_list(r);
	else
		reply_error(r, "NotImplemented", "only list-type=2 is known");
	buf_clear(&v);
}

/* What a rule of the script makes of the request; true: it is answered. */
static bool
scripted(struct request *r)
{
	struct mischief *m = &r->mischief;

	script_judge(r, m);
	if (m->code[0] == '\0')
		return m->reset || m->close;
	reply_error(r, m->code, m->message[0] != '\0' ? m->message : NULL);
	if (m->status != 0)
		r->reply.status = m->status;
	if (r->key.len > 0)
		reply_field_bytes(r, "Key", r->key.p, r->key.len);
	if (m->retry_after >= 0)
		reply_header(r, "Retry-After", "%d", m->retry_after);
	return true;
}

void
ops_finish(struct request *r)
{
	unsigned char sha256[S3HASH_SHA256];

	if (scripted(r))
		return;
	if (!r->uploading) {
		s3hash_sha256(
		    sha256, r->body.p != NULL ? r->body.p : "", r->body.len);
		if (!auth_check_body(r, sha256))
			return;
	}
	switch (r->op) {
	case OP_LIST:
		list_objects(r);
		break;
	case OP_GET:
	case OP_HEAD:
		get_object(r);
		break;
	case OP_PUT:
		put_object(r);
		break;
	case OP_DELETE:
	case OP_BUCKET_DELETE:
		drop(r);
		break;
	case OP_BUCKETS:
		list_buckets(r);
		break;
	case OP_BUCKET_PUT:
		make_bucket(r);
		break;
	default:
		show_bucket(r);
	}
}
