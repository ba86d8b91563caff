# What samples of HTTP logs share.
function hex(n,    s) {
	for (s = ""; length(s) < n;)
		s = s sprintf("%06x", rand() * 16777216)
	return substr(s, 1, n)
}
function one_of(list, n) { return list[1 + int(rand() * n)] }
function address() { return sprintf("%d.%d.%d.%d", 1 + rand() * 222, rand() * 256, rand() * 256, rand() * 256) }
# A number that goes on from where it was.
function time_at(    s) {
	clock += rand() * .05
	s = int(clock)
	return sprintf("2026-11-20T%02d:%02d:%02d.%06dZ", s / 3600 % 24, s / 60 % 60, s % 60, (clock - s) * 1000000)
}
BEGIN {
	srand(1)
	clock = 32400
	nagents = split("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36|" \
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1|" \
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0|curl/8.5.0|" \
		"ELB-HealthChecker/2.0|okhttp/4.12.0|python-requests/2.32.3|Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", agents, "|")
	npaths = split("/|/index.html|/api/v1/orders|/api/v1/orders/8812734/items|/static/js/main.8f1c2a7b.js|/static/css/site.css|" \
		"/images/products/large/58231.webp|/login|/wp-login.php|/api/v2/search|/healthz|/account/settings/notifications", paths, "|")
	nqueries = split("|?page=2&sort=price_desc|?q=garden+chairs&lang=en|?utm_source=newsletter&utm_medium=email&utm_campaign=nov26|?id=58231||", queries, "|")
	nhosts = split("www.example.com|shop.example.com|api.example.net|cdn.example.org", hosts, "|")
	nmethods = split("GET GET GET GET GET POST POST PUT HEAD OPTIONS", methods, " ")
	ncountries = split("US DE IE GB FR IN BR JP NL CN", countries, " ")
}
