#ifndef INGEST_H
#define INGEST_H

struct request;

/**
 * Answer POST /dataCollectionRules/{id}/streams/{stream}: the rules of the
 * Logs Ingestion API in the order method, api-version, token, rule, role,
 * stream, headers, length, rate, body (the real order is not documented).
 */
void ingest_serve(struct request *q);

#endif
