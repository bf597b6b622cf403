// SPDX-License-Identifier: BSD-3-Clause
// Identities, log lines and metric labels from arbitrary bytes: what decodes must encode back, and
// whatever a peer sends, a log line stays one line and an export stays text. First byte: which.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

BASE_LOG_CATEGORY(log_fuzz, "fuzz");

static struct metric_family labelled = {
    .name = "fuzz_total", .help = "Fuzz.", .type = METRIC_COUNTER, .labels = {"a"}};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_be_printable(const char *text, size_t len, bool lines)
{
    while (len > 0) {
        size_t n = lines && *text == '\n' ? 1 : base_utf8_printable(text, len);
        must(n > 0);
        text += n;
        len -= n;
    }
}

static void tbcd(const uint8_t *data, size_t size)
{
    char digits[64];
    uint8_t back[32];
    size_t len;
    if (base_tbcd_decode(data, size, digits, sizeof(digits)) != ERR_OK)
        return;
    must(base_tbcd_encode(digits, back, sizeof(back), &len) == ERR_OK);
    must(len <= size && memcmp(back, data, len) == 0); // what follows is filler
}

static void plmn(const uint8_t *data, size_t size)
{
    struct base_plmn plmn, again;
    uint8_t back[3];
    char text[7];
    if (size < 3 || base_plmn_from_bcd(data, &plmn) != ERR_OK)
        return;
    base_plmn_to_bcd(&plmn, back);
    must(memcmp(back, data, 3) == 0);
    base_plmn_text(&plmn, text);
    must(base_plmn_parse(text, strlen(text), &again) == ERR_OK);
    must(base_plmn_equal(&plmn, &again));
}

static void texts(const char *text, size_t len)
{
    struct base_imsi imsi;
    uint8_t bytes[64];
    char hex[129];
    size_t n;
    int64_t value;
    if (base_imsi_parse(text, len, &imsi) == ERR_OK)
        must(strlen(imsi.digits) == imsi.len);
    if (base_hex_decode(text, bytes, sizeof(bytes), &n) == ERR_OK) {
        base_hex_encode(bytes, n, hex);
        must(strcasecmp(hex, text) == 0);
    }
    if (conf_value_parse(CONF_MS, text, &value) == ERR_OK)
        must(value >= 0);
    if (conf_value_parse(CONF_SIZE, text, &value) == ERR_OK)
        must(value >= 0);
}

static void check_line(enum base_log_level lvl, const char *line, void *arg)
{
    size_t len = strlen(line);
    must(len < 1024);
    must_be_printable(line, len, false);
}

static void log_line(const char *text)
{
    struct base_log_subject subject = {.imsi = text, .agw = text, .peer = text};
    base_log_set_sink(check_line, NULL);
    base_log(&log_fuzz, BASE_LOG_WARN, &subject, "%s", text);
    base_log_set_masking(true);
    base_log(&log_fuzz, BASE_LOG_WARN, &subject, "%s", text);
    base_log_set_masking(false);
}

static void label(const char *text)
{
    size_t len;
    metric_inc(METRIC_CELL(&labelled, text));
    char *export = metrics_export(&len);
    must(export != NULL);
    must_be_printable(export, len, true);
    free(export);
    metric_unregister(&labelled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    char *text = strndup((const char *)data + 1, size - 1);
    must(text != NULL);
    switch (data[0] % 5) {
    case 0:
        tbcd(data + 1, size - 1);
        break;
    case 1:
        plmn(data + 1, size - 1);
        break;
    case 2:
        texts(text, strlen(text));
        break;
    case 3:
        log_line(text);
        break;
    default:
        label(text);
        break;
    }
    free(text);
    return 0;
}
