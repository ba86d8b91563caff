# memsecrets.py PID SECRET ..: where a process holds these secrets, a line for
# each place: "locked" or "MAPPING at ADDRESS", and which secret, by number from
# 0.  "re:.." is an expression for one.
import re
import sys

pid = sys.argv[1]
secrets = [re.compile(s[3:].encode() if s.startswith("re:") else re.escape(s.encode())) for s in sys.argv[2:]]
maps, here = [], None
with open(f"/proc/{pid}/smaps") as f:
    for line in f:
        m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
        if m:
            here = [int(m[1], 16), int(m[2], 16), m[3], m[4] or "memory", False]
            maps.append(here)
        elif line.startswith("VmFlags:"):
            here[4] = " lo" in line
looked = 0
with open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for start, end, mode, name, locked in maps:
        if "r" not in mode or name in ("[vvar]", "[vsyscall]"):
            continue
        try:
            mem.seek(start)
            data = mem.read(end - start)
        except OSError:
            continue
        looked += len(data)
        for i, secret in enumerate(secrets):
            for m in secret.finditer(data):
                print("locked" if locked else f"{name} at {start + m.start():#x}", i)
if looked < 100000:
    sys.exit("its memory is not to be seen")
