# VPC flow logs of version 2 with their header, MB million bytes of them.
BEGIN {
	srand(1)
	print "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	for (n = 0; n < MB * 1000000; n += length(line) + 1) {
		start = 1763632500 + int(rand() * 600)
		line = sprintf("2 123456789012 eni-%08x%08x %d.%d.%d.%d 10.%d.%d.%d %d %d %d %d %d %d %d %s OK", rand() * 4294967295, rand() * 4294967295,
			1 + rand() * 222, rand() * 256, rand() * 256, rand() * 256, rand() * 256, rand() * 256, rand() * 256,
			1024 + rand() * 64000, rand() < .5 ? 443 : rand() * 65536, rand() < .8 ? 6 : 17, 1 + rand() * 500,
			40 + rand() * 500000, start, start + 60, rand() < .9 ? "ACCEPT" : "REJECT")
		print line
	}
}
