/*
 * sentinelsim: the Azure Monitor Logs Ingestion API and Entra's token
 * endpoint, for tests on one machine.  Start, wait for a signal, stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "keep.h"
#include "proof.h"
#include "rnd.h"
#include "server.h"
#include "sim.h"

enum { REUSE_BYTES = 256 * 1024 * 1024 };

/* Write a number and a LF, so that a reader never sees half of it. */
static bool
write_number(const char *file, unsigned long n, struct fault *f)
{
	char *tmp;
	FILE *out;
	bool ok;

	if (file == NULL)
		return true;
	if (asprintf(&tmp, "%s.tmp", file) < 0)
		sim_oom();
	out = fopen(tmp, "we");
	ok = out != NULL && fprintf(out, "%lu\n", n) > 0;
	if (out != NULL && fclose(out) != 0)
		ok = false;
	ok = ok && rename(tmp, file) == 0;
	if (!ok)
		(void)fault_set(
		    f, EXIT_IO, "cannot write '%s': %s", file, strerror(errno));
	free(tmp);
	return ok;
}

static bool
declare(struct sim *sim, struct fault *f)
{
	struct options *o = &sim->opt;
	struct rule *r;

	if (o->config != NULL && !schema_load(&sim->schema, o->config, f))
		return false;
	if (o->tables == NULL && o->nstreams == 0)
		return true;
	r = schema_rule(&sim->schema, o->rule);
	if (o->tables != NULL && !schema_tables(&sim->schema, r, o->tables, f))
		return false;
	for (size_t i = 0; i < o->nstreams; i++) {
		char *file = strchr(o->stream[i], '=');

		if (file != NULL)
			*file++ = '\0';
		if (!schema_stream(
			&sim->schema, r, o->stream[i], NULL, file, f))
			return false;
	}
	return true;
}

static bool
prepare(struct sim *sim, struct fault *f)
{
	struct options *o = &sim->opt;

	if (!o->has_seed)
		rnd_bytes(&o->fault_seed, sizeof(uint32_t));
	sim->start_limits = o->limits;
	sim->secret = sim_dup(o->secret, strlen(o->secret));
	if (o->now >= 0)
		sim->clock_offset = o->now * 1000 - clock_wall_ms();
	sim->start_offset = sim->clock_offset;
	if (!declare(sim, f) ||
	    !plan_seed(&sim->plan, o->fault_seed, o->faults, f) ||
	    !proof_load(o->client_cert, o->federation, &sim->proof, f))
		return false;
	if (o->rows_dir != NULL && !keep_open(&sim->schema, o->rows_dir, f))
		return false;
	if (o->request_log != NULL) {
		sim->request_log = open(o->request_log,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (sim->request_log == -1)
			return fault_set(f, EXIT_IO, "cannot open '%s': %s",
			    o->request_log, strerror(errno));
	}
	return true;
}

static bool
run(struct sim *sim, const sigset_t *signals, struct fault *f)
{
	struct options *o = &sim->opt;
	uint16_t port = o->port, control = o->control_port;
	int sig;

	if (!server_start(sim, &port, &control, f) ||
	    !write_number(o->pid_file, (unsigned long)getpid(), f) ||
	    !write_number(o->control_port_file, control, f) ||
	    !write_number(o->port_file, port, f))
		return false;
	printf("listening on %s://127.0.0.1:%u\n"
	       "control on http://127.0.0.1:%u\n"
	       "fault seed %llu\n",
	    o->tls_cert != NULL ? "https" : "http", port, control,
	    (unsigned long long)o->fault_seed);
	if (fflush(stdout) != 0)
		return fault_set(f, EXIT_IO, "cannot write to stdout");
	while (sigwait(signals, &sig) != 0)
		continue;
	return true;
}

static void
stop(struct sim *sim)
{
	uint64_t one = 1;

	pthread_mutex_lock(&sim->lock);
	sim->stopping = true;
	(void)pthread_cond_broadcast(&sim->wake);
	pthread_mutex_unlock(&sim->lock);
	if (write(sim->stop_fd, &one, sizeof(one)) != sizeof(one))
		perror("sentinelsim: error: cannot stop");
	server_stop(sim->server);
	keep_close(&sim->schema);
	if (sim->request_log != -1)
		(void)close(sim->request_log);
	(void)close(sim->stop_fd);
	schema_free(&sim->schema);
	stats_free(&sim->stats);
	plan_free(&sim->plan);
	proof_free(sim->proof);
	json_decref(sim->poison);
	explicit_bzero(sim->secret, strlen(sim->secret));
	free(sim->secret);
}

int
main(int argc, char **argv)
{
	static struct sim sim;
	struct fault f = {0};
	enum options_verdict v = options_read(&sim.opt, argc, argv, &f);
	sigset_t signals;
	bool ok;

	if (v == OPTIONS_HELP) {
		options_free(&sim.opt);
		return fflush(stdout) == 0 ? 0 : EXIT_IO;
	}
	/* All threads inherit the mask; main alone takes the signals. */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	/* Bodies are megabytes: take them from the heap, not mmap each. */
	(void)mallopt(M_MMAP_THRESHOLD, REUSE_BYTES / 8);
	(void)mallopt(M_TRIM_THRESHOLD, REUSE_BYTES);
	json_object_seed(0);
	(void)pthread_mutex_init(&sim.lock, NULL);
	(void)pthread_cond_init(&sim.wake, NULL);
	sim.request_log = -1;
	sim.stop_fd = eventfd(0, EFD_CLOEXEC);
	bearer_init(&sim.bearer);
	plan_init(&sim.plan);
	stats_init(&sim.stats);
	sim.poison = json_array();
	ok = v == OPTIONS_RUN && sim.stop_fd != -1 && sim.poison != NULL;
	if (ok)
		ok = prepare(&sim, &f) && run(&sim, &signals, &f);
	else
		sim.secret = sim_dup("", 0);
	stop(&sim);
	options_free(&sim.opt);
	if (!ok)
		fprintf(stderr, "sentinelsim: error: %s\n", f.text);
	return ok ? 0 : (int)f.code;
}
