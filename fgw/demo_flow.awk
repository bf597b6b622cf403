# SPDX-License-Identifier: BSD-3-Clause
# Makes a call flow of what three programs wrote, for fgw/demo: agw.log (JSON lines of fgw-agw),
# fgwd.log and core.log. What is shown was written by the program it happened in, with its clock; only
# the moment a request left the gateway is computed (end of the procedure less its duration).
# Times are microseconds of the day.

function clock(stamp,  part) { # 2026-01-31T12:34:56.123456Z
    split(substr(stamp, index(stamp, "T") + 1), part, ":")
    return part[1] * 3600e6 + part[2] * 60e6 + part[3] * 1e6
}

function day(us) {
    return us - int(us / 86400e6) * 86400e6
}

function text(name) { # of a JSON member
    if (!match($0, "\"" name "\":\"[^\"]*\""))
        return ""
    return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
}

function number(name) {
    if (!match($0, "\"" name "\":-?[0-9]+"))
        return 0
    return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) + 0
}

# rank orders what happened in the same microsecond
function add(at, rank, from, to, what, result, took) {
    if (n++ == 0)
        base = at
    if (at < base - 43200e6) # over midnight
        at += 86400e6
    if (at > base + 43200e6)
        at -= 86400e6
    time[n] = at + rank / 1000
    line[n] = from SUBSEP to SUBSEP what SUBSEP result SUBSEP took
}

BEGIN {
    title["AIR"] = "Authentication-Information"
    title["ULR"] = "Update-Location"
    title["CLR"] = "Cancel-Location"
    title["PUR"] = "Purge-UE"
    title["CCR"] = "Credit-Control"
    title["RAR"] = "Re-Auth"
    type["CCR-I"] = "initial"
    type["CCR-U"] = "update"
    type["CCR-T"] = "termination"
    why[2] = "the last of it"
    why[3] = "quota exhausted"
    why[7] = "asked for"
    action[0] = "end"
    action[1] = "redirect"
    action[2] = "restrict"
}

# ---- sessions ----

function within(part, name) { # a number in a piece of JSON
    if (!match(part, "\"" name "\":[0-9]+"))
        return 0
    return substr(part, RSTART + length(name) + 3, RLENGTH - length(name) - 3) + 0
}

function octets(n) {
    return n == 0 ? "0" : n % 1000000 == 0 ? n / 1000000 " MB" : n / 1000 " kB"
}

function usages(kind,  rest, out, part) { # what is reported
    rest = $0
    while (match(rest, /[{]("bytes_rx":[0-9]+,)?"charging_key":[0-9]+,"type":[0-9]+[}]/)) {
        part = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        out = out (out == "" ? "" : ", ") "group " within(part, "charging_key") ": used " \
            octets(within(part, "bytes_rx"))
        if (kind == "UpdateSession")
            out = out ", " why[within(part, "type")]
    }
    return out
}

function grants(  piece, n, i, out) { # what is granted
    n = split($0, piece, /"success":/)
    for (i = 2; i <= n; i++) {
        out = out ", group " within(piece[i], "charging_key") ": "
        if (piece[i] ~ /^true/ && within(piece[i], "volume"))
            out = out octets(within(piece[i], "volume"))
        else
            out = out "nothing"
        if (piece[i] ~ /"is_final":true/)
            out = out ", the last; then " action[within(piece[i], "final_action")]
    }
    return out
}

function rules(  rest, out) { # names of the rules that come
    rest = $0
    while (match(rest, /"policy_rule":[{]"id":"[^"]*"/)) {
        out = out " " substr(rest, RSTART + 21, RLENGTH - 22)
        rest = substr(rest, RSTART + RLENGTH)
    }
    return out
}

function removed(  list) {
    if (!match($0, /"rules_to_remove":\[[^]]*\]/))
        return ""
    list = substr($0, RSTART + 19, RLENGTH - 20)
    gsub(/"/, "", list)
    return list
}

FILENAME ~ /agw\.log$/ && /"event":"call"/ {
    method = text("method")
    add(day(number("at_us")), 0, "agw1", "fgw", method,
        method == "CreateSession" ? "IMSI " imsi : usages(method), 0)
}

FILENAME ~ /agw\.log$/ && /"event":"answer"/ && /"method":"[A-Za-z]*Session"/ {
    add(day(number("at_us")), 9, "fgw", "agw1", text("method") " answer",
        text("status") (/"dynamic_rules"/ ? ", rules" rules() : "") grants(), number("elapsed_us"))
    next
}

FILENAME ~ /agw\.log$/ && /"event":"answer"/ {
    at = day(number("at_us"))
    took = number("elapsed_us")
    method = text("method")
    result = text("status")
    if (method ~ /^Auth/)
        result = result ", " (/eutran_vectors/ ? "1 vector: RAND XRES AUTN KASME" : "no vector")
    if (method ~ /^Update/)
        result = result ", APN " text("service_selection")
    add(at - took, 0, "agw1", "fgw", method, "IMSI " imsi, 0)
    add(at, 9, "fgw", "agw1", method " answer", result, took)
}

FILENAME ~ /agw\.log$/ && /"event":"request"/ {
    what = /"cancellation_type":2/ ? "subscription withdrawal" : ""
    if (/"method":"PolicyReAuth"/)
        what = "removes " removed() ", installs" rules()
    if (/"method":"ChargingReAuth"/)
        what = "group " number("charging_key")
    add(day(number("at_us")), 2, "fgw", "agw1", text("method"), what, 0)
    if (number("answered_us"))
        add(day(number("answered_us")), 3, "agw1", "fgw", text("method") " answer", "OK", 0)
}

# 2026-01-31T12:34:56.123456Z info s6a imsi=... agw=... peer=...: AIR success, 1.234 ms
FILENAME ~ /fgwd\.log$/ && $3 == "s6a" && / ms$/ {
    for (i = 1; i < NF && $i !~ /:$/; i++)
        ;
    at = clock($1)
    took = $(NF - 1) * 1000
    name = $(i + 1)
    result = $(i + 2)
    sub(/,$/, "", result)
    if (name == "CLR") {
        add(at - took, 1, "hss", "fgw", title[name] "-Request", "", 0)
        add(at, 8, "fgw", "hss", title[name] "-Answer",
            result == "success" ? "2001 success" : result, took)
    } else if (name in title) {
        add(at - took, 1, "fgw", "hss", title[name] "-Request", "", 0)
    }
}

# ... peer=...: gx CCR-I 0 success, 1.234 ms
FILENAME ~ /fgwd\.log$/ && $3 == "gx_gy" && / ms$/ {
    for (i = 1; i < NF && $i !~ /:$/; i++)
        ;
    at = clock($1)
    took = $(NF - 1) * 1000
    whom = $(i + 1) == "gx" ? "pcrf" : "ocs"
    name = $(i + 2)
    if (name == "RAR") {
        result = $(i + 3)
        sub(/,$/, "", result)
        add(at - took, 1, whom, "fgw", title[name] "-Request", "", 0)
        add(at, 8, "fgw", whom, title[name] "-Answer",
            result == "success" ? "2001 success" : \
                result == "limited_success" ? "2002 limited success" : result, took)
    } else {
        add(at - took, 1, "fgw", whom, title["CCR"] "-Request", type[name], 0)
    }
}

FILENAME ~ /core\.log$/ && ($3 == "pcrf" || $3 == "ocs") && / answered [0-9]+$/ {
    add(clock($1), 5, $3, "fgw", title["CCR"] "-Answer", $NF ($NF == 2001 ? " success" : ""), 0)
}

FILENAME ~ /core\.log$/ && match($0, /(AIR|ULR|PUR) answered [0-9]+/) {
    split(substr($0, RSTART, RLENGTH), word, " ")
    match($0, /[0-9-]+T[0-9:.]+Z/)
    add(clock(substr($0, RSTART, RLENGTH)), 5, "hss", "fgw", title[word[1]] "-Answer",
        word[3] (word[3] == 2001 ? " success" : ""), 0)
}

function sort(  i, j, t) { # by insertion: some dozen lines
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && time[j] < time[j - 1]; j--) {
            t = time[j]; time[j] = time[j - 1]; time[j - 1] = t
            t = line[j]; line[j] = line[j - 1]; line[j - 1] = t
        }
}

# The moment a request left is computed from a log line, which may be written a little late: it is
# never after its answer. The requests to a party, and its answers, are in order.
function clamp(  i, f, key, asked, answered, left) {
    for (i = 1; i <= n; i++) {
        split(line[i], f, SUBSEP)
        if (f[1] == "fgw" && f[3] ~ /-Request$/) {
            key = f[2] SUBSEP substr(f[3], 1, length(f[3]) - 8)
            left[key, ++asked[key]] = i
        }
    }
    for (i = 1; i <= n; i++) {
        split(line[i], f, SUBSEP)
        if (f[2] == "fgw" && f[3] ~ /-Answer$/) {
            key = f[1] SUBSEP substr(f[3], 1, length(f[3]) - 7)
            answered[key]++
            if ((key, answered[key]) in left && time[left[key, answered[key]]] >= time[i])
                time[left[key, answered[key]]] = time[i] - 1
        }
    }
}

END {
    clamp()
    sort()
    for (i = 1; i <= n; i++) {
        split(line[i], f, SUBSEP)
        answer = f[3] ~ /[aA]nswer$/
        first = f[1] ~ /^(agw1|hss|pcrf|ocs)$/ && !answer
        if (first && i > 1)
            print ""
        colour = !answer ? "" : f[4] == "" || f[4] ~ /^(OK|200[12])/ ? green : red
        printf "%10.3f  %-4s %s %-4s  %s%-36s%s %s%s%s", (time[i] - time[1]) / 1000, f[1], arrow, \
            f[2], first ? bold : "", f[3], first ? off : "", colour, f[4], off
        if (f[5] > 0)
            printf "%s  %.3f ms%s", dim, f[5] / 1000, off
        print ""
    }
}
