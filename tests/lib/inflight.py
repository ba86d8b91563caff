#!/usr/bin/env python3
"""Judge a series of interrupted runs: what came twice must have been in flight.

    inflight.py OBJECTS ROWS RUNS SETTLED PARTIAL ROWS-OF-A-REQUEST RECEIPTS

OBJECTS   folder of CloudTrail files, named as s3sim names them
ROWS      the rows that the destination accepted, in order, one a line
RUNS      a line a run: number, bytes of ROWS after it, time it was over (ms),
          victims (comma-separated names of the filters that were killed)
SETTLED   at the end: key, the time (ms) its receipt was entered
PARTIAL   a line an object that was settled in part after a run: run, key, how
          many leading records
RECEIPTS  how many receipts a pipe holds, and s3ack in one transaction

A row is in flight in a run when it was accepted there, and no receipt that
covers it was in the state when the run was over. Such a row, and no other, is
sent again; and of how many objects they are is bounded by who was killed:

    s3list, s3fetch    none: what comes after them ends in order
    logparse           16 that were begun
    sentinelpost       also those of 8 requests, and of one just answered
    s3ack              also those whose receipts are on the way, or in its hands

Prints what it found, a line a run with rows in flight; exit 1 when it is wrong.
"""
import bisect
import collections
import gzip
import json
import os
import re
import sys
import urllib.parse

JOBS, REQUESTS = 16, 8 + 1  # of s3fetch; of sentinelpost
wrong = []


def complain(text):
    wrong.append(text)
    if len(wrong) <= 20:
        print("wrong:", text)


def read_objects(folder):
    """Where each event belongs: id -> (key, n); and key -> records."""
    place, size = {}, {}
    for name in os.listdir(folder):
        key = urllib.parse.unquote(name)
        with gzip.open(os.path.join(folder, name)) as f:
            records = json.load(f)["Records"]
        size[key] = len(records)
        for n, record in enumerate(records):
            assert record["eventID"] not in place
            place[record["eventID"]] = key, n
    return place, size


def read_table(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f]


def read_arrivals(path, place, ends):
    """(key, n) -> the runs it arrived in, in order."""
    arrivals = collections.defaultdict(list)
    event = re.compile(rb'"AwsEventId":"([^"]*)"')
    at = 0
    with open(path, "rb") as f:
        for line in f:
            record = place.get(event.search(line)[1].decode())
            if record is None:
                complain(f"a row that no object holds, at byte {at}")
            else:
                arrivals[record].append(bisect.bisect_right(ends, at))
            at += len(line)
    return arrivals


def judge_rows(place, arrivals, covered):
    """Count the rows in flight a run, and complain of any that came in vain."""
    flying = collections.defaultdict(collections.Counter)
    for key, n in place.values():
        runs = arrivals[key, n]
        if not runs:
            complain(f"record {n} of {key} is missing")
            continue
        for i, run in enumerate(runs):
            if covered(key, n, run - 1):
                complain(f"record {n} of {key}: sent in run {run}, though it had a receipt")
            if run in runs[:i]:
                complain(f"record {n} of {key}: sent twice in run {run}")
            if not covered(key, n, run):
                flying[run][key] += 1
        if not covered(key, n, runs[-1]):
            complain(f"record {n} of {key} was settled, but not by the run that sent it last")
    return flying


def main():
    folder, rows, runs, settled, partial = sys.argv[1:6]
    request, receipts = int(sys.argv[6]), int(sys.argv[7])
    place, size = read_objects(folder)
    runs = read_table(runs)
    arrivals = read_arrivals(rows, place, [int(r[1]) for r in runs])
    times = [int(r[2]) for r in runs]
    settled_in = {key: bisect.bisect_left(times, int(ms)) for key, ms in read_table(settled)}
    through = collections.defaultdict(dict)
    for run, key, n in read_table(partial):
        through[int(run)][key] = int(n)

    def covered(key, n, run):
        """Was there a receipt for record n when that run was over?"""
        return settled_in.get(key, len(runs)) <= run or through[run].get(key, 0) > n

    for key in size:
        if key not in settled_in:
            complain(f"{key} is not settled")
    flying = judge_rows(place, arrivals, covered)
    smallest = min(size.values())
    for run, objects in sorted(flying.items()):
        victims = set(runs[run][3].split(","))
        limit = 0
        if victims & {"logparse", "sentinelpost", "s3ack"}:
            limit += JOBS
        if victims & {"sentinelpost", "s3ack"}:
            limit += REQUESTS * request // smallest
        if "s3ack" in victims:
            limit += receipts
        count = sum(objects.values())
        print(f"run {run}, killed {runs[run][3]}: {count} rows of {len(objects)} objects"
              f" were in flight, such as {os.path.basename(min(objects))}")
        if len(objects) > limit:
            complain(f"run {run}: rows of {len(objects)} objects in flight, {limit} can be")
    twice = sum(len(a) - 1 for a in arrivals.values() if a)
    total = sum(sum(o.values()) for o in flying.values())
    if twice != total:
        complain(f"{twice} rows came again, {total} were in flight")
    print(f"{len(size)} objects, {len(place)} records, {len(runs)} runs; {twice} rows came more than once")
    sys.exit(bool(wrong))


main()
