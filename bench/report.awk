# goals.tsv and results.tsv in, a markdown report out.

BEGIN { FS = "\t" }
/^#/ { next }

FILENAME ~ /goals/ {
	goal[++ngoals] = $0
	next
}

{
	key = $1 FS $2 FS $3
	if (!(key in n)) {
		group = $1 FS $2
		if (!(group in members))
			groups[++ngroups] = group
		members[group] = members[group] (group in members && \
		    members[group] != "" ? FS : "") $3
	}
	value[key, ++n[key]] = $5
	at[key, $4] = $5
	if ($4 > rounds)
		rounds = $4
}

# The median of v[1..k]; sorts v.
function median(v, k,    i, j, x) {
	for (i = 2; i <= k; i++) {
		x = v[i]
		for (j = i - 1; j > 0 && v[j] > x; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
	return k % 2 ? v[(k + 1) / 2] : (v[k / 2] + v[k / 2 + 1]) / 2
}

function collect(key, v,    i) {
	for (i = 1; i <= n[key]; i++)
		v[i] = value[key, i] + 0
	return n[key]
}

function digits(x) {
	return x >= 1000 || x == int(x) ? sprintf("%d", x) : \
	    x >= 100 ? sprintf("%.1f", x) : x >= 0.1 ? sprintf("%.2f", x) : \
	    sprintf("%.3f", x)
}

function row(group, series,    key, k, m, v) {
	key = group FS series
	k = collect(key, v)
	m = median(v, k)
	printf "| %s | %s | %s | %s | %d |\n", series, digits(m), digits(v[1]), \
	    digits(v[k]), k
}

function ours(series) {
	return series ~ /^(relay|direct|bare|published|fdpass|vsapd|ircd-lite)/
}

# The peer with the highest (sign 1) or lowest (-1) median.
function extreme(group, sign,    i, k, m, s, v, best, found) {
	k = split(members[group], s, FS)
	for (i = 1; i <= k; i++) {
		if (ours(s[i]))
			continue
		m = median(v, collect(group FS s[i], v)) * sign
		if (found == "" || m > best) {
			best = m
			found = s[i]
		}
	}
	return found
}

function verdict(f,    group, ref, a, b, i, k, v, m, ok, shown) {
	group = f[1] FS f[2]
	ref = f[5] == "best" ? extreme(group, 1) : \
	    f[5] == "least" ? extreme(group, -1) : f[5]
	a = group FS f[3]
	b = group FS ref
	for (i = 1; i <= rounds; i++) {
		if (!((a, i) in at) || (f[4] != "=" && !((b, i) in at)))
			continue
		if (f[4] == "=")
			v[++k] = at[a, i] + 0
		else if (f[4] == "-")
			v[++k] = at[a, i] - at[b, i]
		else if (at[b, i] > 0)
			v[++k] = at[a, i] / at[b, i]
	}
	if (k == 0) {
		printf "| %s | %s | | %s | | not measured |\n", f[7], ref, f[6]
		return
	}
	m = median(v, k)
	ok = f[4] == ">=" ? m >= f[6] : m <= f[6]
	shown = f[4] == ">=" ? "at least" : "at most"
	printf "| %s | %s | %s | %s %s | %s to %s | %s |\n", f[7], ref, \
	    digits(m), shown, f[6], digits(v[1]), digits(v[k]), \
	    ok ? "met" : "**not met**"
}

END {
	print "| promise | against | median ratio | bound | least to most | |"
	print "|---|---|---|---|---|---|"
	for (i = 1; i <= ngoals; i++) {
		split(goal[i], f, FS)
		verdict(f)
	}
	for (i = 1; i <= ngroups; i++) {
		split(groups[i], g, FS)
		printf "\n%s: %s\n\n", g[1], g[2]
		print "| series | median | least | most | runs |"
		print "|---|---|---|---|---|"
		k = split(members[groups[i]], s, FS)
		for (j = 1; j <= k; j++)
			row(groups[i], s[j])
	}
}
