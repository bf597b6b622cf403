# SPDX-License-Identifier: BSD-3-Clause
# Makes a call flow of the telephony part of fgw/demo: of sgs.agw (what fgw-agw was told),
# sgs-agw.log (JSON lines of fgw-agw) and fgwd.log. What a VLR sent is shown at the moment the gateway
# had it: end of the procedure less its duration. Times are microseconds of the day.

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

function hex(octets,  i, n) {
    for (i = 1; i <= length(octets); i++)
        n = n * 16 + index("0123456789abcdef", substr(octets, i, 1)) - 1
    return n
}

function swapped(octets,  i, out) { # digits
    for (i = 1; i < length(octets); i += 2)
        out = out substr(octets, i + 1, 1) substr(octets, i, 1)
    sub(/f$/, "", out)
    return out
}

function septets(octets, count,  i, bits, have, at, out, c) { # 7-bit default alphabet
    for (i = 0; i < count; i++) {
        if (have < 7) {
            bits += hex(substr(octets, at * 2 + 1, 2)) * 2 ^ have
            at++
            have += 8
        }
        c = bits % 128
        bits = int(bits / 128)
        have -= 7
        out = out sprintf("%c", c)
    }
    return out
}

# What is in a NAS container: CP and RP of TS 24.011, the text of TS 23.040.
function nas(octets,  kind, rp, rest, digits) {
    if (substr(octets, 3, 2) == "04")
        return "CP-ACK"
    kind = hex(substr(octets, 7, 2))
    if (kind == 2 || kind == 3)
        return "CP-DATA, RP-ACK"
    rest = substr(octets, 11)                                      # two addresses follow
    rest = substr(rest, 3 + 2 * hex(substr(rest, 1, 2)))
    rest = substr(rest, 3 + 2 * hex(substr(rest, 1, 2)) + 2)       # and the length of the TPDU
    rest = substr(rest, kind == 0 ? 5 : 3)                         # its head
    digits = hex(substr(rest, 1, 2))
    rp = swapped(substr(rest, 5, int((digits + 1) / 2) * 2))
    rest = substr(rest, 5 + int((digits + 1) / 2) * 2 + (kind == 0 ? 4 : 18))
    return (kind == 0 ? "text to " : "text from ") rp ": " \
        septets(substr(rest, 3), hex(substr(rest, 1, 2)))
}

function add(at, rank, from, to, what, detail) {
    if (n++ == 0)
        base = at
    if (at < base - 43200e6) # over midnight
        at += 86400e6
    time[n] = at + rank / 1000
    line[n] = from SUBSEP to SUBSEP what SUBSEP detail
}

FILENAME ~ /sgs\.agw$/ && $2 == "Uplink" {
    match($0, /nas_message_container=[0-9a-f]+/)
    container[++uplinks] = substr($0, RSTART + 22, RLENGTH - 22)
}

FILENAME ~ /sgs-agw\.log$/ && /"event":"answer"/ {
    method = text("method")
    add(day(number("at_us")) - number("elapsed_us"), 0, "agw1", "fgw", method,
        method == "Uplink" ? nas(container[++used]) : \
            method == "LocationUpdateReq" ? "combined attach" : "")
}

FILENAME ~ /sgs-agw\.log$/ && /"event":"request"/ {
    method = text("method")
    detail = ""
    if (method == "PagingReq" && text("service_indicator") == "01")
        detail = "call from " swapped(substr(text("cli"), 3))
    if (method == "PagingReq" && text("service_indicator") == "02")
        detail = "short message"
    if (method == "LocationUpdateAcc")
        detail = "TMSI " text("new_tmsi")
    if (method == "MMInformationReq")
        detail = "network \"" text("full_name") "\""
    if (method == "Downlink")
        detail = nas(text("nas_message_container"))
    add(day(number("at_us")), 3, "fgw", "agw1", method, detail)
}

# ... info sgs imsi=... agw=agw1: LOCATION-UPDATE-REQUEST sent, 0.137 ms
# ... info sgs imsi=... agw=agw1 peer=vlr...: PAGING-REQUEST success, 0.112 ms
FILENAME ~ /fgwd\.log$/ && $3 == "sgs" && / ms$/ {
    for (i = 1; i < NF && $i !~ /:$/; i++)
        ;
    at = clock($1)
    if ($(i + 2) == "sent,")
        add(at, 1, "fgw", "vlr", $(i + 1), "")
    else
        add(at - $(NF - 1) * 1000, 2, "vlr", "fgw", $(i + 1), $(i + 2) == "success," ? "" : $(i + 2))
}

END {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && time[j] < time[j - 1]; j--) {
            t = time[j]; time[j] = time[j - 1]; time[j - 1] = t
            t = line[j]; line[j] = line[j - 1]; line[j - 1] = t
        }
    for (i = 1; i <= n; i++) {
        split(line[i], f, SUBSEP)
        first = f[1] != "fgw" && (f[3] ~ /^(LocationUpdateReq|IMSIDetachInd|PAGING-REQUEST)$/ || \
            f[4] ~ /^text to/)
        if (first && i > 1)
            print ""
        printf "%10.3f  %-4s %s %-4s  %s%-36s%s %s\n", (time[i] - time[1]) / 1000, f[1], arrow, \
            f[2], first ? bold : "", f[3], first ? off : "", f[4]
    }
}
