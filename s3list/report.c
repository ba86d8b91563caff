/* The words of s3ack about receipts; see report.h. */
#include "report.h"
#include "log.h"

void
report_receipt(const struct state_receipt *r, const struct state_effect *e)
{
	const struct state_object *o = &r->object;
	const int key_len = (int)o->key_len;
	const char *key = o->key;

	if (e->quarantined)
		log_error("'%s://%s/%.*s' failed %u times and is not given "
			  "again: %s",
		    o->store, o->bucket, key_len, key, e->tries, r->reason);
	else if (r->status == STATE_IS_FAILED && !e->settled)
		log_warn("'%s://%s/%.*s' is not settled: %s", o->store,
		    o->bucket, key_len, key,
		    r->reason[0] != '\0' ? r->reason : "no reason given");
	else if (r->status == STATE_GONE)
		log_info("'%s://%s/%.*s' is gone", o->store, o->bucket, key_len,
		    key);
	if (e->quarantined)
		log_hint("look into it, then free it: s3list --state FILE "
			 "--forget GLOB");
}

enum exitcode
report_refused(uint64_t line, enum receipt_result result, const char *why)
{
	log_error(
	    "receipt on line %llu refused: %s", (unsigned long long)line, why);
	switch (result) {
	case RECEIPT_FORGED:
		log_hint("the stage that wrote it mixes up objects; nothing "
			 "was marked done by it");
		return EXIT_BUG;
	case RECEIPT_UNBALANCED:
		log_hint("the stage that wrote it lost count of records; "
			 "nothing was marked done by it");
		return EXIT_BUG;
	case RECEIPT_MALFORMED:
	case RECEIPT_FINE:
		break;
	}
	return EXIT_SETASIDE;
}
