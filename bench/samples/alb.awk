# Access logs of an application load balancer, MB million bytes of them.
BEGIN {
	for (n = 0; n < MB * 1000000; n += length(line) + 1) {
		host = one_of(hosts, nhosts)
		dead = rand() < .02
		target = dead ? "-" : sprintf("10.0.%d.%d:8080", rand() * 256, rand() * 256)
		status = dead ? "-" : rand() < .9 ? 200 : rand() < .7 ? 404 : 302
		at = time_at()
		line = sprintf("%s %s app/shop-prod/50dc6c495c0c9188 %s:%d %s %s %s %s %s %s %d %d \"%s https://%s:443%s%s HTTP/%s\" \"%s\" %s %s " \
			"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/shop-web/73e2d6bc24d8a067 \"Root=1-%s-%s\" \"%s\" " \
			"\"arn:aws:acm:us-east-2:123456789012:certificate/%s-4fd2-4c1e-9f3e-%s\" %d %s \"%s\" \"-\" \"-\" \"%s\" \"%s\" \"-\" \"-\" TID_%s",
			rand() < .7 ? "h2" : "https", at, address(), 1024 + rand() * 64000, target,
			dead ? "-1" : sprintf("0.%03d", rand() * 4), dead ? "-1" : sprintf("0.%03d", rand() * 400), dead ? "-1" : "0.000",
			dead ? 502 : status, status, 60 + rand() * 2000, 150 + rand() * 60000,
			one_of(methods, nmethods), host, one_of(paths, npaths), one_of(queries, nqueries), rand() < .7 ? "2.0" : "1.1",
			one_of(agents, nagents), "ECDHE-RSA-AES128-GCM-SHA256", rand() < .8 ? "TLSv1.3" : "TLSv1.2",
			hex(8), hex(24), host, hex(8), hex(12), rand() * 20, at, rand() < .9 ? "forward" : "waf,forward",
			target, status, hex(32))
		print line
	}
}
