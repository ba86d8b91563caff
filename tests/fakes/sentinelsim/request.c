/* One request from its first byte to its line in the log; see request.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "entra.h"
#include "identity.h"
#include "ingest.h"
#include "request.h"
#include "sim.h"

const char *
request_header_name(enum request_header h)
{
	static const char *const names[HEADERS] = {"Authorization",
	    "Content-Type", "Content-Encoding", "Content-Length", "Expect",
	    "x-ms-client-request-id", "Metadata", "X-IDENTITY-HEADER", "Host"};

	return names[h];
}

enum kind {
	KIND_INGEST,
	KIND_TOKEN,
	KIND_DISCOVERY,
	KIND_IDENTITY,
	KIND_CONTROL,
	KIND_OTHER
};

static const char *const kind_names[] = {
    "ingest", "token", "discovery", "identity", "control", "other"};

static enum kind
kind_of(const struct request *q)
{
	const struct target *t = &q->target;

	if (!q->target_ok)
		return KIND_OTHER;
	if (target_is(t, "/_status") || strcmp(t->segment[0], "_control") == 0)
		return KIND_CONTROL;
	if (target_is(t, "/dataCollectionRules/*/streams/*"))
		return KIND_INGEST;
	if (target_is(t, "/*/oauth2/v2.0/token"))
		return KIND_TOKEN;
	if (target_is(t, "/*/v2.0/.well-known/openid-configuration") ||
	    target_is(t, "/common/discovery/instance"))
		return KIND_DISCOVERY;
	if (target_is(t, "/metadata/identity/oauth2/token") ||
	    target_is(t, "/msi/token"))
		return KIND_IDENTITY;
	return KIND_OTHER;
}

struct request *
request_new(struct sim *sim, const char *raw_target)
{
	struct request *q = sim_zalloc(1, sizeof(*q));

	q->sim = sim;
	q->fd = -1;
	q->raw_target =
	    sim_dup(raw_target, strnlen(raw_target, REQUEST_TARGET_MAX));
	q->target_ok = strlen(raw_target) <= REQUEST_TARGET_MAX &&
		       target_parse(&q->target, q->raw_target);
	q->body = (struct buf)BUF_INIT(sim->opt.max_length);
	reply_init(&q->reply);
	sim_guid(q->id);
	q->in_flight = kind_of(q) == KIND_INGEST;
	if (q->in_flight) {
		pthread_mutex_lock(&sim->lock);
		if (++sim->stats.in_flight > sim->stats.in_flight_max)
			sim->stats.in_flight_max = sim->stats.in_flight;
		pthread_mutex_unlock(&sim->lock);
	}
	return q;
}

void
request_free(struct request *q)
{
	if (q == NULL)
		return;
	if (q->in_flight) {
		pthread_mutex_lock(&q->sim->lock);
		q->sim->stats.in_flight--;
		pthread_mutex_unlock(&q->sim->lock);
	}
	for (size_t i = 0; i < HEADERS; i++)
		free(q->header[i]);
	target_free(&q->target);
	free(q->raw_target);
	buf_clear(&q->body);
	reply_free(&q->reply);
	free(q);
}

void
request_begin(struct request *q)
{
	const char *length = q->header[HEADER_CONTENT_LENGTH];

	/* The server has checked that it is a number. */
	if (length != NULL)
		q->length = strtoull(length, NULL, 10);
	q->too_long = q->length > q->sim->opt.max_length;
}

bool
request_body(struct request *q, const char *p, size_t n)
{
	if (q->header[HEADER_CONTENT_LENGTH] == NULL)
		q->length += n;
	if (!q->too_long && n <= q->body.max - q->body.len) {
		buf_add(&q->body, p, n);
		if (q->body.err != 0)
			sim_oom();
		return true;
	}
	q->too_long = true;
	return q->length <= REQUEST_DRAIN_MAX;
}

/* A request line for the log; query and headers may hold secrets: left out. */
static void
write_log(struct request *q, const char *status)
{
	char when[SIM_TIME_MAX], *line;
	size_t path = strcspn(q->raw_target, "?");
	const char *client = q->header[HEADER_CLIENT_REQUEST_ID];
	json_t *o, *p;
	size_t n;

	if (q->sim->request_log == -1)
		return;
	sim_time(when, sim_now_ms(q->sim));
	p = json_stringn(q->raw_target, path);
	o = json_pack("{s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:s}", "time", when,
	    "method", q->method, "path",
	    p != NULL ? p : sim_text("(not UTF-8)"), "status", status, "rows",
	    (json_int_t)q->rows, "bytes", (json_int_t)q->length, "raw",
	    (json_int_t)q->raw, "request_id", q->id);
	if (o != NULL && client != NULL)
		(void)json_object_set_new(
		    o, "client_request_id", sim_text(client));
	if (o != NULL && q->reply.code[0] != '\0')
		(void)json_object_set_new(o, "code", sim_text(q->reply.code));
	if (o != NULL && q->planned[0] != '\0')
		(void)json_object_set_new(o, "planned", sim_text(q->planned));
	line = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (line == NULL)
		return; /* a method or id that is not UTF-8 */
	/* One write with O_APPEND: lines of several threads do not mix. */
	n = strlen(line);
	line[n] = '\n'; /* in place of the NUL */
	if (write(q->sim->request_log, line, n + 1) == -1)
		perror("sentinelsim: error: cannot write the request log");
	free(line);
}

static void
count(struct request *q, enum kind kind, const char *status)
{
	struct stats *s = &q->sim->stats;

	pthread_mutex_lock(&q->sim->lock);
	s->requests++;
	stats_count(s->by_kind, kind_names[kind], 1);
	stats_count(s->by_status, status, 1);
	if (q->reply.code[0] != '\0')
		stats_count(s->refused, q->reply.code, 1);
	if (kind == KIND_INGEST && q->length > s->max_wire)
		s->max_wire = q->length;
	if (q->raw > s->max_raw)
		s->max_raw = q->raw;
	pthread_mutex_unlock(&q->sim->lock);
}

static void
serve_kind(struct request *q, enum kind kind)
{
	switch (kind) {
	case KIND_INGEST:
		ingest_serve(q);
		break;
	case KIND_TOKEN:
		entra_token(q);
		break;
	case KIND_DISCOVERY:
		entra_discovery(q);
		break;
	case KIND_IDENTITY:
		identity_serve(q);
		break;
	case KIND_CONTROL:
		control_serve(q);
		break;
	case KIND_OTHER:
		reply_error(&q->reply, q->target_ok ? 404 : 400,
		    q->target_ok ? "NotFound" : "InvalidRequest",
		    "No such resource.");
		break;
	}
}

/* Wait while the tests hold ingestion; false when there shall be no reply. */
static bool
wait_hold(struct request *q)
{
	struct sim *sim = q->sim;
	bool go_on;

	pthread_mutex_lock(&sim->lock);
	sim->stats.held++;
	while (sim->hold && !sim->stopping)
		pthread_cond_wait(&sim->wake, &sim->lock);
	sim->stats.held--;
	go_on = !sim->stopping;
	pthread_mutex_unlock(&sim->lock);
	return go_on;
}

static void
plan_headers(struct reply *r, const json_t *headers)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)headers, name, v)
		if (json_is_string(v))
			reply_header(r, name, "%s", json_string_value(v));
}

/* The reply that a step of the plan asks for. */
static void
planned_reply(struct request *q, const struct plan_step *step)
{
	const json_t *body = json_object_get(step->item, "body");
	const char *code =
	    json_string_value(json_object_get(step->item, "code"));
	const char *message =
	    json_string_value(json_object_get(step->item, "message"));
	struct reply *r = &q->reply;

	reply_free(r);
	reply_init(r);
	if (strcmp(step->name, "413-timeout") == 0)
		code = "TimeoutExpired";
	else if (strcmp(step->name, "413-abort") == 0)
		code = "ReadyBody_ClientConnectionAbort";
	if (json_is_string(body)) {
		r->status = step->status;
		buf_adds(&r->body, json_string_value(body));
	} else if (body != NULL) {
		reply_json(r, step->status, json_deep_copy(body));
	} else if (step->status >= 400) {
		reply_error(r, step->status,
		    code != NULL ? code : reply_usual_code(step->status), "%s",
		    message != NULL ? message
				    : reply_usual_message(step->status));
	} else {
		r->status = step->status;
	}
	if (step->retry_after >= 0)
		reply_header(
		    r, "Retry-After", "%lld", (long long)step->retry_after);
	plan_headers(r, json_object_get(step->item, "headers"));
}

static void
note_plan(struct request *q, const struct plan_step *step)
{
	struct stats *s = &q->sim->stats;

	if (step->name[0] == '\0')
		return;
	(void)snprintf(q->planned, sizeof(q->planned), "%s", step->name);
	pthread_mutex_lock(&q->sim->lock);
	stats_count(step->scripted ? s->scripted : s->faults, step->name, 1);
	pthread_mutex_unlock(&q->sim->lock);
}

static enum request_outcome
serve_planned(struct request *q, enum kind kind, const struct plan_step *step)
{
	switch (step->action) {
	case PLAN_RESET_BEFORE:
		sim_pause(q->sim, q->fd, step->delay_ms);
		return REQUEST_RESET;
	case PLAN_TIMEOUT:
		sim_pause(q->sim, q->fd, step->delay_ms);
		return REQUEST_CLOSE;
	case PLAN_RESET_AFTER:
		serve_kind(q, kind);
		sim_pause(q->sim, q->fd, step->delay_ms);
		return REQUEST_RESET;
	case PLAN_REPLY:
		if (step->after)
			serve_kind(q, kind);
		planned_reply(q, step);
		break;
	case PLAN_SERVE:
		serve_kind(q, kind);
		break;
	}
	sim_pause(q->sim, q->fd, step->delay_ms);
	return REQUEST_REPLY;
}

static bool
is_down(struct sim *sim)
{
	bool down;

	pthread_mutex_lock(&sim->lock);
	down = sim->down;
	pthread_mutex_unlock(&sim->lock);
	return down;
}

static enum request_outcome
serve(struct request *q, enum kind kind)
{
	struct sim *sim = q->sim;
	struct plan_step step;
	enum request_outcome outcome;
	const char *rule = NULL, *stream = NULL;

	if (kind == KIND_INGEST && !wait_hold(q))
		return REQUEST_CLOSE;
	if (kind != KIND_CONTROL && is_down(sim))
		return REQUEST_RESET;
	if (kind != KIND_INGEST && kind != KIND_TOKEN) {
		serve_kind(q, kind);
		return REQUEST_REPLY;
	}
	if (kind == KIND_INGEST) {
		rule = q->target.segment[1];
		stream = q->target.segment[3];
	}
	pthread_mutex_lock(&sim->lock);
	plan_next(&sim->plan, kind == KIND_INGEST ? PLAN_INGEST : PLAN_TOKEN,
	    rule, stream, &step);
	pthread_mutex_unlock(&sim->lock);
	note_plan(q, &step);
	outcome = serve_planned(q, kind, &step);
	plan_step_free(&step);
	return outcome;
}

enum request_outcome
request_serve(struct request *q)
{
	enum kind kind = kind_of(q);
	enum request_outcome outcome = serve(q, kind);
	char status[16];

	if (kind == KIND_CONTROL)
		return outcome;
	if (outcome == REQUEST_REPLY)
		(void)snprintf(status, sizeof(status), "%u", q->reply.status);
	else
		(void)snprintf(status, sizeof(status), "%s",
		    outcome == REQUEST_RESET ? "reset" : "closed");
	reply_header(&q->reply, "x-ms-request-id", "%s", q->id);
	count(q, kind, status);
	write_log(q, status);
	return outcome;
}
